"""The lossless value codec: a Python value as one line of tagged JSON, and back.

JSON's own types stand for themselves; everything else is `{"$": tag, "v": …}`, one row of `TAGS` a type. What cannot be carried by value
is a visible stand-in with its type's name (`Opaque`, `ModelRef`, `Truncated`, `Derived`), never a wrong value. The encoder looks at exact
types only and never calls a method that user code could have overridden.
"""

import base64
import ipaddress
import json
import math
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from unspan_proto.errors import NotEncoded

MAX_DEPTH = 60
"""Levels of nesting that are carried; below it stands `Truncated`."""
SAFE_INT = 2**53
"""Larger integers travel as text: other languages' JSON readers would round them."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that cannot be carried: only the name of its type is known."""

    type: str


@dataclass(frozen=True, slots=True)
class ModelRef:
    """An instance of a Django model: its label (`app.Model`), its primary key and the fields that were loaded."""

    label: str
    pk: object
    fields: "dict[str, object] | None" = None


@dataclass(frozen=True, slots=True)
class Truncated:
    """The beginning of a value that was over a limit; `size` is its full length in characters, bytes or items, -1 where unknown."""

    type: str
    size: int
    start: object = None


@dataclass(frozen=True, slots=True)
class Derived:
    """An instance of a subclass of a built-in type (`SafeString`, an enum, a named tuple): the subclass's name and the built-in value."""

    type: str
    value: object


STAND_INS = (Opaque, ModelRef, Truncated, Derived)


class Tag(NamedTuple):
    """A type and its two directions. `to_json` returns what `from_json` takes."""

    name: str
    type: type
    to_json: Callable[[Any, "Encoder"], object]
    from_json: Callable[[Any], object]


class Encoder:
    """One encoding: knows the depth and the containers it is inside of, so that a cycle ends as a stand-in."""

    def __init__(self) -> None:
        self._inside: set[int] = set()

    def plain(self, value: object) -> object:
        """`value` in terms of JSON's own types."""
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            return value if -SAFE_INT < value < SAFE_INT else {"$": "int", "v": int_text(value)}  # type: ignore[operator]
        if kind is float:
            return value if math.isfinite(value) else {"$": "float", "v": repr(value)}  # type: ignore[arg-type]
        tag = BY_TYPE.get(kind) or zone_tag(value)
        if kind is not list and kind is not dict and tag is None:
            return {"$": "opaque", "v": type_name(kind)}
        return self._nested(value, kind, tag)

    def _nested(self, value: Any, kind: type, tag: Tag | None) -> object:
        if id(value) in self._inside or len(self._inside) >= MAX_DEPTH:
            return {"$": "truncated", "v": [type_name(kind), -1, None]}
        self._inside.add(id(value))
        try:
            if kind is list:
                return [self.plain(item) for item in value]
            if kind is dict:
                return self._mapping(value)
            assert tag is not None
            return {"$": tag.name, "v": tag.to_json(value, self)}
        finally:
            self._inside.discard(id(value))

    def _mapping(self, value: dict[object, object]) -> object:
        if "$" not in value and all(type(key) is str for key in value):
            return {key: self.plain(item) for key, item in value.items()}
        return {"$": "dict", "v": self.pairs(value)}

    def pairs(self, value: dict[object, object]) -> list[object]:
        return [[self.plain(key), self.plain(item)] for key, item in value.items()]

    def items(self, value: Any) -> list[object]:
        return [self.plain(item) for item in value]


def encode(value: object) -> str:
    """`value` as one line of JSON that is valid UTF-8. Never raises for a value's content."""
    plain = Encoder().plain(value)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no protobuf string may hold
        return json.dumps(plain, separators=(",", ":"))
    return text


def decode(text: str) -> Any:
    """The value that `encode` was given. Raises NotEncoded for anything else."""
    try:
        return restored(json.loads(text, parse_int=parsed_int))
    except NotEncoded:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise NotEncoded(f"{type(error).__name__}: {error}"[:200]) from None


def restored(plain: Any) -> object:
    """The value of a parsed JSON document."""
    if isinstance(plain, list):
        return [restored(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "$" not in plain:
        return {key: restored(item) for key, item in plain.items()}
    tag = BY_NAME.get(plain["$"])
    if tag is None or set(plain) != {"$", "v"}:
        raise NotEncoded(f"unknown tag {str(plain['$'])[:40]!r}")
    return tag.from_json(plain["v"])


def type_name(kind: type) -> str:
    """`module.Qualified.Name` of a type, asked of `type` itself so that no metaclass runs."""
    module = type.__dict__["__module__"].__get__(kind) if "__module__" in kind.__dict__ else kind.__module__
    name = type.__dict__["__qualname__"].__get__(kind)
    return name if module == "builtins" else f"{module}.{name}"


def int_text(value: Any) -> str:
    """An int of any size as text: hexadecimal, because Python refuses to print more than 4,300 decimal digits."""
    return hex(value)


def parsed_int(text: str) -> int:
    if len(text) > 20:
        raise NotEncoded("an integer of over 20 digits outside its tag")
    return int(text)


def zone_tag(value: object) -> "Tag | None":
    return ZONE if isinstance(value, zoneinfo.ZoneInfo) and value.key else None


def datetime_json(value: datetime, encoder: Encoder) -> object:
    naive = datetime.isoformat(datetime.replace(value, tzinfo=None, fold=0))
    zone = value.tzinfo
    if zone is None:
        return [naive, None, value.fold]
    return [naive, zone_json(zone, value), value.fold]


def datetime_from(plain: Any) -> datetime:
    naive, zone, fold = plain
    return datetime.fromisoformat(naive).replace(tzinfo=zone_from(zone), fold=fold)


def time_json(value: time, encoder: Encoder) -> object:
    return [time.isoformat(time.replace(value, tzinfo=None, fold=0)), value.tzinfo and zone_json(value.tzinfo, None), value.fold]


def time_from(plain: Any) -> time:
    naive, zone, fold = plain
    return time.fromisoformat(naive).replace(tzinfo=zone_from(zone), fold=fold)


def zone_json(zone: tzinfo, at: datetime | None) -> object:
    """A zone's key, or a fixed offset in microseconds; another kind of zone is carried as the offset it had `at` that moment."""
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        return zone.key
    key = getattr(zone, "zone", None) if type(zone).__module__.startswith("pytz") else None
    if isinstance(key, str):
        return key
    offset = zone.utcoffset(at)
    return None if offset is None else offset // timedelta(microseconds=1)


def zone_from(plain: Any) -> tzinfo | None:
    if plain is None:
        return None
    if isinstance(plain, str):
        try:
            return zoneinfo.ZoneInfo(plain)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise NotEncoded(f"time zone {plain[:40]!r} is unknown on this machine") from None
    return timezone.utc if plain == 0 else timezone(timedelta(microseconds=plain))


def zone_value(plain: Any) -> tzinfo:
    found = zone_from(plain)
    if found is None:
        raise NotEncoded("a time zone without a name or offset")
    return found


def timedelta_json(value: timedelta, encoder: Encoder) -> object:
    return [value.days, value.seconds, value.microseconds]


def octets(value: Any, encoder: Encoder) -> str:
    return base64.b64encode(value).decode("ascii")


def unoctets(plain: Any) -> bytes:
    return base64.b64decode(plain, validate=True)


def text_of(value: Any, encoder: Encoder) -> str:
    return str(value)


def path_tag(name: str, kind: type) -> Tag:
    return Tag(name, kind, text_of, pathlib.PurePosixPath if "Posix" in kind.__name__ else pathlib.PureWindowsPath)


TAGS: tuple[Tag, ...] = (
    Tag("int", int, lambda value, encoder: int_text(value), lambda plain: int(plain, 16)),
    Tag("float", float, lambda value, encoder: repr(value), float),
    Tag(
        "complex",
        complex,
        lambda value, encoder: [repr(value.real), repr(value.imag)],
        lambda plain: complex(float(plain[0]), float(plain[1])),
    ),
    Tag("dict", dict, lambda value, encoder: encoder.pairs(value), lambda plain: {restored(key): restored(item) for key, item in plain}),
    Tag("tuple", tuple, lambda value, encoder: encoder.items(value), lambda plain: tuple(restored(item) for item in plain)),
    Tag("set", set, lambda value, encoder: encoder.items(value), lambda plain: {restored(item) for item in plain}),
    Tag("frozenset", frozenset, lambda value, encoder: encoder.items(value), lambda plain: frozenset(restored(item) for item in plain)),
    Tag("bytes", bytes, octets, unoctets),
    Tag("bytearray", bytearray, octets, lambda plain: bytearray(unoctets(plain))),
    Tag("memoryview", memoryview, lambda value, encoder: octets(value.tobytes(), encoder), lambda plain: memoryview(unoctets(plain))),
    Tag("decimal", Decimal, lambda value, encoder: Decimal.__str__(value), Decimal),
    Tag("fraction", Fraction, text_of, Fraction),
    Tag("datetime", datetime, datetime_json, datetime_from),
    Tag("date", date, lambda value, encoder: date.isoformat(value), date.fromisoformat),
    Tag("time", time, time_json, time_from),
    Tag("timedelta", timedelta, timedelta_json, lambda plain: timedelta(*plain)),
    Tag("timezone", timezone, lambda value, encoder: zone_json(value, None), zone_value),
    Tag("uuid", uuid.UUID, lambda value, encoder: value.hex, uuid.UUID),
    Tag("range", range, lambda value, encoder: [value.start, value.stop, value.step], lambda plain: range(*plain)),
    Tag(
        "slice",
        slice,
        lambda value, encoder: encoder.items((value.start, value.stop, value.step)),
        lambda plain: slice(*map(restored, plain)),
    ),
    Tag("ellipsis", type(...), lambda value, encoder: 0, lambda plain: ...),
    Tag("ipv4", ipaddress.IPv4Address, text_of, ipaddress.IPv4Address),
    Tag("ipv6", ipaddress.IPv6Address, text_of, ipaddress.IPv6Address),
    Tag("ipv4interface", ipaddress.IPv4Interface, text_of, ipaddress.IPv4Interface),
    Tag("ipv6interface", ipaddress.IPv6Interface, text_of, ipaddress.IPv6Interface),
    Tag("ipv4network", ipaddress.IPv4Network, text_of, ipaddress.IPv4Network),
    Tag("ipv6network", ipaddress.IPv6Network, text_of, ipaddress.IPv6Network),
    path_tag("posixpath", pathlib.PurePosixPath),
    path_tag("windowspath", pathlib.PureWindowsPath),
    Tag("opaque", Opaque, lambda value, encoder: value.type, Opaque),
    Tag(
        "model",
        ModelRef,
        lambda value, encoder: [value.label, encoder.plain(value.pk), encoder.plain(value.fields)],
        lambda plain: ModelRef(plain[0], restored(plain[1]), restored(plain[2])),  # type: ignore[arg-type]
    ),
    Tag(
        "truncated",
        Truncated,
        lambda value, encoder: [value.type, value.size, encoder.plain(value.start)],
        lambda plain: Truncated(plain[0], plain[1], restored(plain[2])),
    ),
    Tag(
        "derived",
        Derived,
        lambda value, encoder: [value.type, encoder.plain(value.value)],
        lambda plain: Derived(plain[0], restored(plain[1])),
    ),
)
ZONE = Tag("zone", zoneinfo.ZoneInfo, lambda value, encoder: value.key, zone_value)
"""Apart from the table by type: a zone read from a file without a key cannot be carried."""

BY_NAME = {tag.name: tag for tag in (*TAGS, ZONE)}
BY_TYPE = {tag.type: tag for tag in TAGS} | {pathlib.PosixPath: BY_NAME["posixpath"], pathlib.WindowsPath: BY_NAME["windowspath"]}


def bare(value: object) -> object:
    """`value` with every `Derived` replaced by the built-in value it carries, at any depth."""
    if isinstance(value, Derived):
        return bare(value.value)
    if type(value) is list:
        return [bare(item) for item in value]
    if type(value) is tuple:
        return tuple(bare(item) for item in value)
    if type(value) is dict:
        return {key: bare(item) for key, item in value.items()}
    return value


def lossy(value: object) -> bool:
    """Whether any part of `value` is a stand-in for something that was not carried whole."""
    if isinstance(value, (Opaque, Truncated)):
        return True
    if isinstance(value, Derived):
        return lossy(value.value)
    if isinstance(value, ModelRef):
        return lossy(value.pk)
    if isinstance(value, dict):
        return any(lossy(key) or lossy(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(lossy(item) for item in value)
    return False
