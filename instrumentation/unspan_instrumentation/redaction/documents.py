"""Encoded values (`unspan_proto.values`) as parsed JSON, walked leaf by leaf with the name that each leaf goes by. What becomes of a leaf is the caller's."""

import base64
import json
from typing import Any, Protocol


class Leaf(Protocol):
    """What is done with texts, bytes and numbers; each returns what stands there from then on.

    `loose`: the name is that of something around it, so that not everything in it is a secret.
    """

    def text(self, text: str, name: str, loose: bool) -> str: ...
    def octets(self, data: bytes, name: str) -> bytes: ...
    def number(self, number: int, name: str) -> int: ...
    def secret(self, name: str) -> bool: ...


def dumped(document: Any) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(document, separators=(",", ":")).encode()


def walked(node: Any, name: str, leaf: Leaf, loose: bool = False) -> Any:
    """`node` with every leaf replaced by what `leaf` makes of it."""
    kind = type(node)
    if kind is str:
        return leaf.text(node, name, loose)
    if kind is int:
        return leaf.number(node, name)
    if kind is list:
        return [walked(item, name, leaf, loose) for item in node]
    if kind is not dict:
        return node
    return tagged(node, name, leaf, loose) if "$" in node else fields(node, name, leaf)


def fields(node: dict[str, Any], name: str, leaf: Leaf, label: str = "") -> dict[str, Any]:
    """A mapping: what stands under a key goes by it, or, where that says nothing, by the name of the whole."""
    around = bool(name) and leaf.secret(name)
    found: dict[str, Any] = {}
    for key, item in node.items():
        own = f"{label}.{key}" if label else key
        named = leaf.secret(own)
        found[key] = walked(item, own if named or not around else name, leaf, around and not named)
    return found


def tagged(node: dict[str, Any], name: str, leaf: Leaf, loose: bool) -> dict[str, Any]:
    tag: Any = node.get("$")
    value: Any = node.get("v")
    if tag in ("bytes", "bytearray", "memoryview"):
        data = base64.b64decode(value)
        made = leaf.octets(data, name)
        return node if made is data or made == data else {"$": tag, "v": base64.b64encode(made).decode()}
    if tag == "uuid":
        return {"$": tag, "v": leaf.text(value, name, loose)}
    if tag == "int":
        return {"$": tag, "v": hex(leaf.number(int(value, 16), name))}
    if tag == "dict":
        return {"$": tag, "v": [[walked(key, "", leaf), walked(item, key if type(key) is str else name, leaf)] for key, item in value]}
    if tag in ("tuple", "set", "frozenset"):
        return {"$": tag, "v": [walked(item, name, leaf, loose) for item in value]}
    if tag == "derived":
        return {"$": tag, "v": [value[0], walked(value[1], name, leaf, loose)]}
    if tag == "truncated":
        return {"$": tag, "v": [value[0], value[1], walked(value[2], name, leaf, loose)]}
    if tag == "object":
        return {"$": tag, "v": [value[0], contents(value[1], "", leaf), *value[2:]]}
    if tag == "model":
        label, key, known = value
        return {"$": tag, "v": [label, walked(key, f"{label}.pk", leaf), contents(known, label, leaf)]}
    return node


def contents(node: Any, label: str, leaf: Leaf) -> Any:
    """The fields of an object or of a row."""
    if type(node) is dict and "$" not in node:
        return fields(node, "", leaf, label)
    return walked(node, "", leaf)
