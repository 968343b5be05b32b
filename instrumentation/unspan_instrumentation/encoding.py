"""The text of a frozen value, as `unspan_proto.values.encode` gives it, only written at once: a frozen value has no cycles and few levels.

The exporter's thread shares the interpreter with the application: what is written here 10,000 times a request has to be short.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from unspan_proto.values import SAFE_INT, Derived, Encoder, Instance, ModelRef, Named, Opaque, encode

INFINITY: Final = float("inf")
REMEMBERED: Final = 2_000
"""Texts of references that are kept: one instance is an argument of many calls."""
DUMPS: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def encoded(value: Any) -> bytes:
    """`value` as the UTF-8 bytes of one line of JSON. Never raises for a value's content."""
    try:
        return (WRITERS.get(type(value)) or rare)(value).encode()
    except (UnicodeEncodeError, RecursionError):
        return encode(value).encode()


def written(value: Any) -> str:
    return (WRITERS.get(type(value)) or rare)(value)


def rare(value: Any) -> str:
    return DUMPS(Encoder().plain(value))


def integer(value: int) -> str:
    return repr(value) if -SAFE_INT < value < SAFE_INT else rare(value)


def real(value: float) -> str:
    return repr(value) if -INFINITY < value < INFINITY else rare(value)


def mapping(value: dict[Any, Any]) -> str:
    if "$" in value:
        return pairs(value)
    find = WRITERS.get
    parts = []
    for key, item in value.items():
        if type(key) is not str:
            return pairs(value)
        parts.append(f"{quoted(key)}:{(find(type(item)) or rare)(item)}")
    return f"{{{','.join(parts)}}}"


def pairs(value: dict[Any, Any]) -> str:
    return f'{{"$":"dict","v":[{",".join([f"[{written(key)},{written(item)}]" for key, item in value.items()])}]}}'


def array(value: list[Any]) -> str:
    find = WRITERS.get
    return f"[{','.join([(find(type(item)) or rare)(item) for item in value])}]"


def fixed(value: tuple[Any, ...]) -> str:
    return f'{{"$":"tuple","v":{array(value)}}}'  # type: ignore[arg-type]


def opaque(value: Opaque) -> str:
    return f'{{"$":"opaque","v":{quoted(value.type)}}}'


def derived(value: Derived) -> str:
    return f'{{"$":"derived","v":[{quoted(value.type)},{written(value.value)}]}}'


def instance(value: Instance) -> str:
    remakes = ",true" if value.remakes else ""
    return f'{{"$":"object","v":[{quoted(value.type)},{written(value.fields)}{remakes}]}}'


def named(value: Named) -> str:
    return f'{{"$":"named","v":[{quoted(value.kind)},{quoted(value.name)}]}}'


_references: dict[int, tuple[ModelRef, str]] = {}


def reference(value: ModelRef) -> str:
    known = _references.get(id(value))
    if known is not None:
        return known[1]
    if len(_references) >= REMEMBERED:
        _references.clear()
    text = f'{{"$":"model","v":[{quoted(value.label)},{written(value.pk)},{written(value.fields)}]}}'
    _references[id(value)] = value, text  # the reference is kept, so that its id stays its own
    return text


WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: quoted,
    int: integer,
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    float: real,
    dict: mapping,
    list: array,
    tuple: fixed,
    Decimal: lambda value: f'{{"$":"decimal","v":"{value}"}}',
    Opaque: opaque,
    ModelRef: reference,
    Derived: derived,
    Instance: instance,
    Named: named,
}
