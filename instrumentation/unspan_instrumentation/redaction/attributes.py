"""How each attribute is walked: rows by their columns, parameters by their statement, headers and cookies by their names. All else as the value that it is."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.redaction import shapes, statements
from unspan_instrumentation.redaction.documents import Leaf, walked

PAIRED: Final = frozenset({v.REQUEST_HEADERS, v.RESPONSE_HEADERS, v.REQUEST_FORM})
TABLES: Final = frozenset({v.ROWS, v.SUPPORT_ROWS, v.SUPPORT_AFTER, v.PARAMETERS})
COOKIES: Final = frozenset({v.REQUEST_COOKIES, v.RESPONSE_COOKIES})
SENT: Final = ("cookie", "set-cookie")
SIGNED: Final = 3
"""Parts of what Django signs with a time: the payload, the time, the signature."""


def applied(key: str, document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    """The attribute's value with every leaf replaced by what `leaf` makes of it."""
    way = WAYS.get(key)
    return walked(document, "", leaf) if way is None else way(document, leaf, attributes, texts)


def pairs(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    return [pair(item, leaf) for item in document] if type(document) is list else walked(document, "", leaf)


def cookies(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    """By name their text, or what else was set with it."""
    return {name: cookie_set(name, one, leaf) for name, one in document.items()} if type(document) is dict else walked(document, "", leaf)


def cookie_set(name: str, one: Any, leaf: Leaf) -> Any:
    if type(one) is dict and "$" not in one:
        return {**one, "value": cookie(name, one["value"], leaf)} if type(one.get("value")) is str else one
    return cookie(name, one, leaf)


def rows(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    names = column_names(texts.get(v.COLUMNS, b"[]"))
    return [row_of(row, names, leaf) for row in document] if type(document) is list else walked(document, "", leaf)


def groups(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    """Rows that were read beside the statement, by model."""
    if type(document) is not list:
        return walked(document, "", leaf)
    return [[label, names, labelled(label, names, some, leaf)] for label, names, some in document]


def after(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    if type(document) is not list:
        return walked(document, "", leaf)
    label, key, names, some = document
    return [label, key, names, labelled(label, names, some, leaf)]


def labelled(label: str, names: list[str], some: list[Any], leaf: Leaf) -> list[Any]:
    own = [f"{label}.{name}" for name in names]
    return [row_of(row, own, leaf) for row in some]


def written(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    label = str(attributes.get(v.MODEL, ""))
    made = [
        {name: walked(item, f"{label}.{name}", leaf) for name, item in one.items()} if plain(one) else walked(one, "", leaf)
        for one in (document if type(document) is list else [document])
    ]
    return made if type(document) is list else made[0]


def drawn(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    return walked(document, str(attributes.get(v.DEFAULT_OF, "")), leaf)


def cached(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    return walked(document, str(attributes.get(v.CACHE_KEY, "")), leaf, loose=True)


def pair(item: Any, leaf: Leaf) -> Any:
    if type(item) is not list or len(item) != 2 or type(item[0]) is not str:
        return walked(item, "", leaf)
    name, value = item
    if name.lower() in SENT and type(value) is str:
        return [name, "; ".join(cookie_pair(one, leaf) for one in value.split("; "))]
    return [name, walked(value, name, leaf)]


def cookie_pair(text: str, leaf: Leaf) -> str:
    name, equals, value = text.partition("=")
    return f"{name}{equals}{cookie(name, value, leaf)}" if equals else text


def cookie(name: str, value: Any, leaf: Leaf) -> Any:
    if type(value) is not str:
        return walked(value, name, leaf)
    if leaf.secret(name):
        return leaf.text(value, name, False)
    bare = value.strip('"')
    parts = bare.rsplit(":", 2)
    if len(parts) == SIGNED and len(parts[2]) >= 20:  # what the application said and signed: who can read it may, but nobody can use it
        return value.replace(parts[2], leaf.text(parts[2], "cookie.secret", False))
    if shapes.random_looking(bare):
        return value.replace(bare, leaf.text(bare, "cookie.secret", False))
    return leaf.text(value, "", False)


def parameters(document: Any, leaf: Leaf, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Any:
    names = statements.columns(str(attributes.get(v.STATEMENT, "")))
    if plain(document):
        return walked(document, "", leaf)
    listed = document.get("v") if type(document) is dict and document.get("$") == "tuple" else document
    if type(listed) is not list:
        return walked(document, "", leaf)
    made = (
        [parameters(one, leaf, attributes, texts) for one in listed]
        if attributes.get(v.MANY) and nested(listed)
        else row_of(listed, names, leaf)
    )
    return made if listed is document else {"$": "tuple", "v": made}


def special(key: str, data: bytes, attributes: Mapping[str, Any], texts: Mapping[str, bytes], secret: Callable[[str], bool]) -> bool:
    """Whether an encoded value may tell of a secret by the names that others have for what is in it."""
    if key in PAIRED or key in COOKIES:
        return True
    if key in TABLES:
        return any(map(secret, columns(key, attributes, texts, data)))
    if key == v.VALUE:
        return secret(str(attributes.get(v.DEFAULT_OF, "")))
    return key == v.CACHE_VALUE and secret(str(attributes.get(v.CACHE_KEY, "")))


def columns(key: str, attributes: Mapping[str, Any], texts: Mapping[str, bytes], data: bytes) -> tuple[str, ...]:
    if key == v.ROWS:
        return column_names(texts.get(v.COLUMNS, b"[]"))
    if key == v.PARAMETERS:
        return statements.columns(str(attributes.get(v.STATEMENT, "")))
    groups = json.loads(data)
    if key == v.SUPPORT_AFTER:
        return tuple(f"{groups[0]}.{name}" for name in groups[2])
    return tuple(f"{group[0]}.{name}" for group in groups for name in group[1])


def plain(document: Any) -> bool:
    return type(document) is dict and "$" not in document


def nested(listed: list[Any]) -> bool:
    return all(type(one) is list or (type(one) is dict and one.get("$") in ("tuple", None)) for one in listed)


def row_of(row: Any, names: Any, leaf: Leaf) -> Any:
    if type(row) is not list:
        return walked(row, "", leaf)
    return [walked(item, names[place] if place < len(names) else "", leaf) for place, item in enumerate(row)]


@lru_cache(1024)
def column_names(data: bytes) -> tuple[str, ...]:
    """The names of a result's columns, with their model where that is known."""
    found: list[str] = []
    for column in json.loads(data):
        label, name, alias = (*column, None, None, None)[:3] if type(column) is list else (None, None, None)
        found.append(f"{label}.{name}" if label else str(name or alias or ""))
    return tuple(found)


Way = Callable[[Any, Leaf, Mapping[str, Any], Mapping[str, bytes]], Any]
"""The value as parsed JSON, what is done with its leaves, the record's plain attributes, and its encoded ones."""
WAYS: Final[Mapping[str, Way]] = {
    **dict.fromkeys(PAIRED, pairs),
    **dict.fromkeys(COOKIES, cookies),
    v.ROWS: rows,
    v.PARAMETERS: parameters,
    v.SUPPORT_ROWS: groups,
    v.SUPPORT_AFTER: after,
    v.WRITTEN: written,
    v.VALUE: drawn,
    v.CACHE_VALUE: cached,
}
