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
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, cast

from unspan_proto.errors import NotEncoded
from unspan_proto.moments import ZoneNotCarried, datetime_from, datetime_json, time_from, time_json, zone_json, zone_value

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


@dataclass(frozen=True, slots=True)
class Instance:
    """An object by the fields that were looked at: of a class of the project, a dataclass, a form. Not the object: what made it is not known, unless
    `remakes`: the class, called with these fields by their names, makes an equal one, as the `__init__` that `dataclass` writes does."""

    type: str
    fields: dict[str, object]
    remakes: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Named:
    """A function, a class or a module (`kind` says which): the dotted name it was defined under."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of PostgreSQL, as its drivers hand one out: from `lower` to `upper`, None where it is open. `bounds`: one of BOUNDS, empty for the empty range."""

    lower: object
    upper: object
    bounds: str = "[)"


BOUNDS = ("[)", "(]", "()", "[]", "")
STAND_INS = (Opaque, ModelRef, Truncated, Derived, Instance, Named)


class Tag(NamedTuple):
    """A type and its two directions. `to_json` returns what `from_json` takes; `nests` when it holds values of any type."""

    name: str
    type: type
    to_json: Callable[[Any, "Encoder"], object]
    from_json: Callable[[Any], object]
    nests: bool = False


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
        tag = TAG_OF.get(id(kind))  # by id: a metaclass may have a __hash__ of its own
        if kind is list or kind is dict or (tag is not None and tag.nests):
            return self._nested(value, kind, tag)
        return {"$": "opaque", "v": type_name(kind)} if tag is None else self._tagged(value, kind, tag)

    def _nested(self, value: Any, kind: type, tag: Tag | None) -> object:
        if id(value) in self._inside or len(self._inside) >= MAX_DEPTH:
            return {"$": "truncated", "v": [*cut(value, kind), None]}
        self._inside.add(id(value))
        try:
            if kind is list:
                return self.items(value)
            return self._mapping(value) if kind is dict or tag is None else self._tagged(value, kind, tag)
        finally:
            self._inside.discard(id(value))

    def _tagged(self, value: Any, kind: type, tag: Tag) -> object:
        try:
            return {"$": tag.name, "v": tag.to_json(value, self)}
        except ZoneNotCarried as gap:
            return {"$": "truncated", "v": [type_name(kind), -1, self.plain(gap.naive)]}
        except ValueError:  # a memoryview that was released, a zone that was read from a file and has no key
            return {"$": "opaque", "v": type_name(kind)}

    def _mapping(self, value: dict[object, object]) -> object:
        if all(type(key) is str and key != "$" for key in tuple(value)):
            return {str(key): self.plain(item) for key, item in list(value.items())}
        return {"$": "dict", "v": self.pairs(value)}

    def pairs(self, value: dict[object, object]) -> list[object]:
        return [[self.plain(key), self.plain(item)] for key, item in list(value.items())]

    def items(self, value: Any) -> list[object]:
        return [self.plain(item) for item in tuple(value)]


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
    try:
        module = type.__dict__["__module__"].__get__(kind)
    except AttributeError:
        module = None
    name = str.__str__(type.__dict__["__qualname__"].__get__(kind))
    return name if type(module) is not str or module == "builtins" else f"{module}.{name}"


def cut(value: Any, kind: type) -> tuple[str, int]:
    """What remains of a nested value where nesting ends: its type, and its size where that is known."""
    if kind is Truncated:
        return value.type, value.size
    return (value.type if kind is Derived or kind is Instance else value.label if kind is ModelRef else type_name(kind)), -1


def int_text(value: Any) -> str:
    """An int of any size as text: hexadecimal, because Python refuses to print more than 4,300 decimal digits."""
    return hex(value)


def parsed_int(text: str) -> int:
    if len(text) > 20:
        raise NotEncoded("an integer of over 20 digits outside its tag")
    return int(text)


def timedelta_json(value: timedelta, encoder: Encoder) -> object:
    return [value.days, value.seconds, value.microseconds]


def zone_key(zone: zoneinfo.ZoneInfo) -> str:
    if zone.key is None:  # type: ignore[comparison-overlap]
        raise ValueError("a zone without a key")
    return zone.key


def octets(value: Any, encoder: Encoder) -> str:
    return base64.b64encode(value).decode("ascii")


def unoctets(plain: Any) -> bytes:
    return base64.b64decode(plain, validate=True)


def checked_text(plain: object) -> str:
    if not isinstance(plain, str):
        raise NotEncoded("a text was expected inside its tag")
    return plain


def checked_list(plain: object) -> list[Any]:
    if not isinstance(plain, list):
        raise NotEncoded("a list was expected inside its tag")
    return cast(list[Any], plain)


def checked_size(plain: object) -> int:
    if type(plain) is not int:
        raise NotEncoded("a truncated value without its size")
    return plain


def loaded(plain: object) -> dict[str, object] | None:
    """The loaded fields of a model instance, None when they were not recorded."""
    return None if plain is None else checked_fields(plain)


def checked_fields(plain: object) -> dict[str, object]:
    fields = restored(plain)
    if not (isinstance(fields, dict) and all(isinstance(key, str) for key in fields)):
        raise NotEncoded("an instance whose fields are no dict")
    return cast(dict[str, object], fields)


def checked_bounds(plain: object) -> str:
    if plain not in BOUNDS:
        raise NotEncoded("a range with other bounds than a range has")
    return str(plain)


def text_tag(tag: str, kind: Callable[[str], object]) -> Tag:
    """A type whose `str()` its constructor takes back."""
    return Tag(tag, cast(type, kind), lambda value, encoder: str(value), lambda plain: kind(checked_text(plain)))


TAGS: tuple[Tag, ...] = (
    Tag("int", int, lambda value, encoder: int_text(value), lambda plain: int(plain, 16)),
    Tag("float", float, lambda value, encoder: repr(value), float),
    Tag(
        "complex",
        complex,
        lambda value, encoder: [repr(value.real), repr(value.imag)],
        lambda plain: complex(float(plain[0]), float(plain[1])),
    ),
    Tag(
        "dict",
        dict,
        lambda value, encoder: encoder.pairs(value),
        lambda plain: {restored(key): restored(item) for key, item in checked_list(plain)},
        nests=True,
    ),
    Tag("tuple", tuple, lambda value, encoder: encoder.items(value), lambda plain: tuple(map(restored, checked_list(plain))), nests=True),
    Tag("set", set, lambda value, encoder: encoder.items(value), lambda plain: set(map(restored, checked_list(plain))), nests=True),
    Tag(
        "frozenset",
        frozenset,
        lambda value, encoder: encoder.items(value),
        lambda plain: frozenset(map(restored, checked_list(plain))),
        nests=True,
    ),
    Tag("bytes", bytes, octets, unoctets),
    Tag("bytearray", bytearray, octets, lambda plain: bytearray(unoctets(plain))),
    Tag("memoryview", memoryview, lambda value, encoder: octets(value.tobytes(), encoder), lambda plain: memoryview(unoctets(plain))),
    Tag("decimal", Decimal, lambda value, encoder: Decimal.__str__(value), Decimal),
    Tag(
        "fraction",
        Fraction,
        lambda value, encoder: [int_text(value.numerator), int_text(value.denominator)],
        lambda plain: Fraction(int(plain[0], 16), int(plain[1], 16)),
    ),
    Tag("datetime", datetime, lambda value, encoder: datetime_json(value), datetime_from),
    Tag("date", date, lambda value, encoder: date.isoformat(value), date.fromisoformat),
    Tag("time", time, lambda value, encoder: time_json(value), time_from),
    Tag("timedelta", timedelta, timedelta_json, lambda plain: timedelta(*plain)),
    Tag("timezone", timezone, lambda value, encoder: zone_json(value), zone_value),
    Tag("zone", zoneinfo.ZoneInfo, lambda value, encoder: zone_key(value), zone_value),
    Tag("uuid", uuid.UUID, lambda value, encoder: value.hex, uuid.UUID),
    Tag(
        "range",
        range,
        lambda value, encoder: encoder.items((value.start, value.stop, value.step)),
        lambda plain: range(*map(restored, checked_list(plain))),  # type: ignore[arg-type]
    ),
    Tag(
        "slice",
        slice,
        lambda value, encoder: encoder.items((value.start, value.stop, value.step)),
        lambda plain: slice(*map(restored, checked_list(plain))),
        nests=True,
    ),
    Tag(
        "interval",
        Interval,
        lambda value, encoder: [encoder.plain(value.lower), encoder.plain(value.upper), value.bounds],
        lambda plain: Interval(restored(plain[0]), restored(plain[1]), checked_bounds(plain[2])),
        nests=True,
    ),
    Tag("ellipsis", type(...), lambda value, encoder: 0, lambda plain: ...),
    text_tag("ipv4", ipaddress.IPv4Address),
    text_tag("ipv6", ipaddress.IPv6Address),
    text_tag("ipv4interface", ipaddress.IPv4Interface),
    text_tag("ipv6interface", ipaddress.IPv6Interface),
    text_tag("ipv4network", ipaddress.IPv4Network),
    text_tag("ipv6network", ipaddress.IPv6Network),
    text_tag("posixpath", pathlib.PurePosixPath),
    text_tag("windowspath", pathlib.PureWindowsPath),
    Tag("opaque", Opaque, lambda value, encoder: value.type, lambda plain: Opaque(checked_text(plain))),
    Tag(
        "model",
        ModelRef,
        lambda value, encoder: [value.label, encoder.plain(value.pk), encoder.plain(value.fields)],
        lambda plain: ModelRef(checked_text(plain[0]), restored(plain[1]), loaded(plain[2])),
        nests=True,
    ),
    Tag(
        "truncated",
        Truncated,
        lambda value, encoder: [value.type, value.size, encoder.plain(value.start)],
        lambda plain: Truncated(checked_text(plain[0]), checked_size(plain[1]), restored(plain[2])),
        nests=True,
    ),
    Tag(
        "derived",
        Derived,
        lambda value, encoder: [value.type, encoder.plain(value.value)],
        lambda plain: Derived(checked_text(plain[0]), restored(plain[1])),
        nests=True,
    ),
    Tag(
        "object",
        Instance,
        lambda value, encoder: [value.type, encoder.plain(value.fields), *([True] if value.remakes else [])],
        lambda plain: Instance(checked_text(plain[0]), checked_fields(plain[1]), len(plain) > 2 and plain[2] is True),
        nests=True,
    ),
    Tag(
        "named",
        Named,
        lambda value, encoder: [value.kind, value.name],
        lambda plain: Named(checked_text(plain[0]), checked_text(plain[1])),
    ),
)
BY_NAME = {tag.name: tag for tag in TAGS}
BY_TYPE = {tag.type: tag for tag in TAGS} | {pathlib.PosixPath: BY_NAME["posixpath"], pathlib.WindowsPath: BY_NAME["windowspath"]}
TAG_OF = {id(kind): tag for kind, tag in BY_TYPE.items()}
SIMPLE: Final = frozenset({type(None), bool, int, float, str, bytes, Decimal, uuid.UUID, datetime, date, time, timedelta})
"""Types that hold no other value: what walks values need not look into them."""


def bare(value: object) -> object:
    """`value` with every `Derived` replaced by the built-in value it carries, at any depth."""
    if type(value) in SIMPLE:
        return value
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
    if type(value) in SIMPLE:
        return False
    if isinstance(value, (Opaque, Truncated, Instance, Named)):
        return True
    if isinstance(value, Derived):
        return lossy(value.value)
    if isinstance(value, ModelRef):
        return lossy(value.pk)
    if isinstance(value, Interval):
        return lossy(value.lower) or lossy(value.upper)
    if isinstance(value, dict):
        return any(lossy(key) or lossy(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(lossy(item) for item in value)
    return False
