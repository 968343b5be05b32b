"""Hostile text and values as short, inert, one-line text."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import singledispatch
from pathlib import PurePath
from uuid import UUID

from unspan_proto.values import Derived, Instance, ModelRef, Named, Opaque, Truncated

ITEMS = 8
"""So many items of a container are shown."""
DEPTH = 4
"""So many levels of containers are shown."""
STRING = 200
"""So many characters of a string are looked at."""


def inert(text: str) -> str:
    """`text` without anything that a terminal acts on: what is not printable is written as Python escapes it."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else escaped(mark) for mark in text)


def escaped(mark: str) -> str:
    return mark.encode("unicode_escape", "surrogatepass").decode("ascii")


def inert_lines(text: str) -> str:
    """Like `inert`, but lines stay lines and tabs become spaces."""
    return "\n".join(inert(line.expandtabs(4)) for line in text.splitlines())


def cut(text: str, width: int) -> str:
    """At most `width` columns of a terminal, an ellipsis where something was cut away."""
    if len(text) * 2 <= width:
        return text
    used = 0
    for place, mark in enumerate(text):
        used += columns(mark)
        if used > width:
            return fitting(text[:place], width - 1) + "…"
    return text


def fitting(text: str, width: int) -> str:
    while text and sum(map(columns, text)) > width:
        text = text[:-1]
    return text


def columns(mark: str) -> int:
    """How many columns a printable character takes."""
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 0 if unicodedata.combining(mark) else 1


def brief(value: object, width: int = 60) -> str:
    """A decoded value as text of at most `width` columns: `'text'`, `[1, 2]`, `todos.Todo(pk=5)`, `<app.Thing>`."""
    return cut(inert(shown(value, DEPTH)), width)


@singledispatch
def shown(value: object, depth: int) -> str:
    return f"<{type(value).__name__}>"


@shown.register(str)
def _(value: str, depth: int) -> str:
    return repr(value[:STRING]) + ("…" if len(value) > STRING else "")


@shown.register(bytes)
@shown.register(bytearray)
def _(value: bytes, depth: int) -> str:
    return repr(value[:STRING]) + ("…" if len(value) > STRING else "")


@shown.register(memoryview)
def _(value: memoryview, depth: int) -> str:
    return shown(bytes(value[:STRING]), depth)


@shown.register(int)
def _(value: int, depth: int) -> str:
    return str(value) if value.bit_length() < 200 else f"<int of {value.bit_length()} bits>"


@shown.register(type(None))
@shown.register(float)
@shown.register(complex)
@shown.register(range)
@shown.register(slice)
@shown.register(type(...))
def _(value: object, depth: int) -> str:
    return repr(value)


@shown.register(datetime)
@shown.register(date)
@shown.register(time)
@shown.register(timedelta)
@shown.register(Decimal)
@shown.register(UUID)
@shown.register(PurePath)
def _(value: object, depth: int) -> str:
    return str(value)


@shown.register(dict)
def _(value: dict[object, object], depth: int) -> str:
    pairs = (f"{shown(key, depth - 1)}: {shown(item, depth - 1)}" for key, item in value.items())
    return f"{{{some(pairs, len(value), depth)}}}"


@shown.register(list)
def _(value: list[object], depth: int) -> str:
    return f"[{some((shown(item, depth - 1) for item in value), len(value), depth)}]"


@shown.register(tuple)
def _(value: tuple[object, ...], depth: int) -> str:
    inside = some((shown(item, depth - 1) for item in value), len(value), depth)
    return f"({inside},)" if len(value) == 1 else f"({inside})"


@shown.register(set)
@shown.register(frozenset)
def _(value: frozenset[object], depth: int) -> str:
    return f"{{{some(sorted(shown(item, depth - 1) for item in value), len(value), depth)}}}" if value else "set()"


@shown.register(Opaque)
def _(value: Opaque, depth: int) -> str:
    return f"<{value.type}>"


@shown.register(Instance)
def _(value: Instance, depth: int) -> str:
    inside = some((f"{name}={shown(item, depth - 1)}" for name, item in value.fields.items()), len(value.fields), depth)
    return f"<{value.type}{' ' if inside else ''}{inside}>"


@shown.register(Named)
def _(value: Named, depth: int) -> str:
    return f"<{value.kind} {value.name}>"


@shown.register(ModelRef)
def _(value: ModelRef, depth: int) -> str:
    return f"{value.label}(pk={shown(value.pk, depth - 1)})"


@shown.register(Truncated)
def _(value: Truncated, depth: int) -> str:
    start = "" if value.start is None else f", begins {shown(value.start, depth - 1)}"
    return f"<{value.type}{f' of size {value.size}' if value.size >= 0 else ''}, cut{start}>"


@shown.register(Derived)
def _(value: Derived, depth: int) -> str:
    return shown(value.value, depth)


def some(texts: Iterable[str], count: int, depth: int) -> str:
    """The first items joined, and how many more there are; nothing is rendered below the depth."""
    if depth <= 0:
        return "…" if count else ""
    iterator = iter(texts)
    found = [next(iterator) for _ in range(min(count, ITEMS))]
    return ", ".join(found) + (f", … {count - ITEMS} more" if count > ITEMS else "")


def size(count: int) -> str:
    """Bytes for a person: `812 B`, `4.1 kB`, `2.0 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def duration(nanoseconds: int) -> str:
    """A duration for a person: `0.3 ms`, `41 ms`, `2.1 s`."""
    milliseconds = nanoseconds / 1e6
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
