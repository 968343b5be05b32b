"""The Python that makes a value again: one short function a type, found by `singledispatch`.

Every text becomes a string literal by `repr`, so nothing of a trace can become code. Expressions of a plan may stand inside containers:
`write` is what renders them.
"""

import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from math import isfinite
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from unspan_proto.values import Derived, Interval, ModelRef

from unspan_inverter.code.code import Code, joined, needs
from unspan_inverter.errors import InverterError

Write = Callable[[Any], Code]


class NoLiteral(InverterError):
    """A value that has no source form."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"no test from this trace: a value of type {type(value).__name__} has no source form.\nAccept a weaker test with --allow-gaps."
        )


@singledispatch
def literal(value: object, write: Write) -> Code:
    """The Python that makes `value` again. Raises NoLiteral."""
    raise NoLiteral(value)


@literal.register(type(None))
@literal.register(bool)
@literal.register(int)
@literal.register(bytes)
@literal.register(type(...))
def _(value: object, write: Write) -> Code:
    return Code(digits(value) if type(value) is int else repr(value))


def digits(value: int) -> str:
    """A number that Python reads again: it refuses to print or to read more than 4,300 decimal digits."""
    return hex(value) if value.bit_length() > MOST_BITS else str(value)


MOST_BITS = 13_000
"""A number of so many bits has 3,914 decimal digits."""


@literal.register
def _(value: str, write: Write) -> Code:
    return Code(text(value))


def text(value: str) -> str:
    """A string literal. `repr` escapes what is not printable, so neither a terminal nor an editor acts on it."""
    return repr(value)


@literal.register
def _(value: float, write: Write) -> Code:
    return Code(repr(value)) if isfinite(value) else Code(f"float({str(value)!r})")


@literal.register
def _(value: complex, write: Write) -> Code:
    return Code(f"complex({write(value.real).text}, {write(value.imag).text})")


@literal.register
def _(value: list, write: Write) -> Code:  # type: ignore[type-arg]
    inner = joined(write(item) for item in value)
    return Code(f"[{inner.text}]", inner.imports)


@literal.register
def _(value: tuple, write: Write) -> Code:  # type: ignore[type-arg]
    inner = joined(write(item) for item in value)
    return Code(f"({inner.text}{',' if len(value) == 1 else ''})", inner.imports)


@literal.register
def _(value: dict, write: Write) -> Code:  # type: ignore[type-arg]
    pairs = joined(joined([write(key), write(item)], ": ") for key, item in value.items())
    return Code(f"{{{pairs.text}}}", pairs.imports)


@literal.register(set)
@literal.register(frozenset)
def _(value: Any, write: Write) -> Code:
    inner = joined(sorted((write(item) for item in value), key=lambda code: code.text))
    shown = f"{{{inner.text}}}" if value else "set()"
    return Code(f"frozenset({shown if value else ''})" if isinstance(value, frozenset) else shown, inner.imports)


@literal.register(bytearray)
@literal.register(memoryview)
def _(value: Any, write: Write) -> Code:
    return Code(f"{type(value).__name__}({bytes(value)!r})")


@literal.register
def _(value: Decimal, write: Write) -> Code:
    return Code(f"Decimal({str(value)!r})", needs("decimal", "Decimal"))


@literal.register
def _(value: Fraction, write: Write) -> Code:
    return Code(f"Fraction({digits(value.numerator)}, {digits(value.denominator)})", needs("fractions", "Fraction"))


@literal.register
def _(value: uuid.UUID, write: Write) -> Code:
    return Code(f"UUID({str(value)!r})", needs("uuid", "UUID"))


@literal.register
def _(value: datetime, write: Write) -> Code:
    parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 5 and parts[-1] == 0:
        parts.pop()
    inner = joined([*(Code(str(part)) for part in parts), *zoned(value, write)])
    return Code(f"datetime({inner.text})", inner.imports | needs("datetime", "datetime"))


def zoned(value: datetime | time, write: Write) -> list[Code]:
    """The arguments of a moment after its numbers."""
    zone = timezone.utc if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key == "UTC" else value.tzinfo
    return [*([joined([Code("tzinfo="), write(zone)], "")] if zone else []), *([Code("fold=1")] if value.fold else [])]


@literal.register
def _(value: date, write: Write) -> Code:
    return Code(f"date({value.year}, {value.month}, {value.day})", needs("datetime", "date"))


@literal.register
def _(value: time, write: Write) -> Code:
    parts = [value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 2 and parts[-1] == 0:
        parts.pop()
    inner = joined([*(Code(str(part)) for part in parts), *zoned(value, write)])
    return Code(f"time({inner.text})", inner.imports | needs("datetime", "time"))


@literal.register
def _(value: timedelta, write: Write) -> Code:
    named = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
    return Code(f"timedelta({', '.join(f'{name}={n}' for name, n in named.items() if n)})", needs("datetime", "timedelta"))


@literal.register
def _(value: timezone, write: Write) -> Code:
    if value is timezone.utc:
        return Code("timezone.utc", needs("datetime", "timezone"))
    offset, *name = value.__getinitargs__()  # type: ignore[attr-defined]
    inner = joined([write(offset), *map(write, name)])
    return Code(f"timezone({inner.text})", inner.imports | needs("datetime", "timezone"))


@literal.register
def _(value: ZoneInfo, write: Write) -> Code:
    return Code(f"ZoneInfo({value.key!r})", needs("zoneinfo", "ZoneInfo"))


@literal.register
def _(value: range, write: Write) -> Code:
    parts = [value.start, value.stop, *([value.step] if value.step != 1 else [])]
    return Code(f"range({', '.join(map(digits, parts if parts[0] or len(parts) > 2 else parts[1:]))})")


@literal.register
def _(value: slice, write: Write) -> Code:
    inner = joined([write(value.start), write(value.stop), write(value.step)])
    return Code(f"slice({inner.text})", inner.imports)


@literal.register(IPv4Address)
@literal.register(IPv6Address)
@literal.register(IPv4Interface)
@literal.register(IPv6Interface)
@literal.register(IPv4Network)
@literal.register(IPv6Network)
def _(value: Any, write: Write) -> Code:
    name = type(value).__name__
    return Code(f"{name}({str(value)!r})", needs("ipaddress", name))


@literal.register
def _(value: PurePath, write: Write) -> Code:
    name = type(value).__name__
    return Code(f"{name}({str(value)!r})", needs("pathlib", name))


@literal.register
def _(value: Interval, write: Write) -> Code:
    name = range_class(value)
    if not value.bounds:
        inner = Code("empty=True")
    else:
        inner = joined([write(value.lower), write(value.upper), *([write(value.bounds)] if value.bounds != "[)" else [])])
    return Code(f"{name}({inner.text})", inner.imports | needs("django.db.backends.postgresql.psycopg_any", name))


def range_class(value: Interval) -> str:
    """The name under which Django knows the driver's class for ranges of such values."""
    bound = value.upper if value.lower is None else value.lower
    if isinstance(bound, datetime):
        return "DateTimeTZRange" if bound.tzinfo else "DateTimeRange"
    return "DateRange" if isinstance(bound, date) else "NumericRange"


@literal.register
def _(value: Derived, write: Write) -> Code:
    return write(value.value)


@literal.register
def _(value: ModelRef, write: Write) -> Code:
    raise NoLiteral(value)
