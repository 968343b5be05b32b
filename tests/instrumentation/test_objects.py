"""Objects by their fields, and what libraries hand around: each is what it is, or a visible stand-in, and nothing of the application's ran."""

import collections
import contextlib
import dataclasses
import decimal
import enum
import functools
import io
import re
import sys
import types
import zoneinfo
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import numpy
import pydantic
import pytest
from psycopg.types.range import Range as PsycopgRange
from psycopg2.extras import DateRange
from unspan_instrumentation.encoding import encoded
from unspan_instrumentation.freezing import KEPT, WHOLE, Own, freeze, same
from unspan_instrumentation.freezing.snapshot import WAYS
from unspan_proto.values import Derived, Instance, Interval, Named, Opaque, Truncated, decode, encode

HERE = __name__


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """This module is the project's; what was learnt of types before is forgotten."""
    monkeypatch.setattr(Own, "is_module", staticmethod(lambda name: name == HERE))
    for kind in [kind for kind in KEPT if type.__dict__["__module__"].__get__(kind) == HERE]:
        WAYS.pop(id(kind), None)
        WHOLE.pop(id(kind), None)


@dataclasses.dataclass
class Line:
    name: str
    prices: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    x: int
    y: object = None


@attrs.define
class Order:
    number: int
    line: Line


class Product(pydantic.BaseModel):
    name: str
    tags: list[str] = []


class Plain:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    @property
    def computed(self) -> int:
        raise AssertionError("a property was asked")


class Parent:
    __slots__ = ("a", "unset")


class Child(Parent):
    __slots__ = ("b",)


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: int


class Names(collections.UserList[str]):
    pass


class Handler:
    def handle(self) -> None: ...


def slots() -> Child:
    found = Child()
    found.a, found.b = 1, "b"
    return found


def nested(depth: int) -> Plain:
    return Plain(inner=nested(depth - 1)) if depth else Plain(x=1)


CYCLE = Plain(x=1)
CYCLE.me = CYCLE  # type: ignore[attr-defined]
PLAIN = f"{HERE}.Plain"
FEW = {"a": 1, "b": [2]}
TABLE: dict[str, tuple[Callable[[], Any], Any]] = {
    "dataclass": (lambda: Line("x", [1]), Instance(f"{HERE}.Line", {"name": "x", "prices": [1]})),
    "dataclass with slots": (lambda: Slotted(1, (2,)), Instance(f"{HERE}.Slotted", {"x": 1, "y": (2,)})),
    "attrs": (lambda: Order(1, Line("x")), Instance(f"{HERE}.Order", {"number": 1, "line": Instance(f"{HERE}.Line", {"name": "x", "prices": []})})),
    "pydantic": (lambda: Product(name="x", tags=["t"]), Instance(f"{HERE}.Product", {"name": "x", "tags": ["t"]})),
    "own object": (lambda: Plain(x=1, y=[Point(2)]), Instance(PLAIN, {"x": 1, "y": [Derived(f"{HERE}.Point", (2,))]})),
    "own object with slots": (slots, Instance(f"{HERE}.Child", {"a": 1, "b": "b"})),
    "half-made object": (lambda: object.__new__(Slotted), Instance(f"{HERE}.Slotted", {})),
    "deep objects": (lambda: nested(4), Instance(PLAIN, {"inner": Instance(PLAIN, {"inner": Instance(PLAIN, {"inner": Opaque(PLAIN)})})})),
    "a cycle": (lambda: CYCLE, Instance(PLAIN, {"x": 1, "me": Instance(PLAIN, {"x": 1, "me": Instance(PLAIN, {"x": 1, "me": Opaque(PLAIN)})})})),
    "many fields": (
        lambda: Plain(**{f"f{n}": n for n in range(60)}),
        Truncated(PLAIN, 60, Instance(PLAIN, {f"f{n}": n for n in range(50)})),
    ),
    "a library's object": (lambda: io.StringIO("x"), Opaque("_io.StringIO")),
    "an object that holds a file": (lambda: Plain(file=io.BytesIO(b"x")), Instance(PLAIN, {"file": Opaque("_io.BytesIO")})),
    "flag": (lambda: Colour.RED | Colour.BLUE, Derived(f"{HERE}.Colour", 3)),
    "exception": (lambda: KeyError("a", 1), Instance("KeyError", {"args": ("a", 1)})),
    "function": (lambda: slots, Named("function", f"{HERE}.slots")),
    "lambda": (lambda: Handler.handle, Named("function", f"{HERE}.Handler.handle")),
    "built-in function": (lambda: len, Named("function", "builtins.len")),
    "method of a built-in": (lambda: [].append, Named("function", "list.append")),
    "bound method": (lambda: Handler().handle, Named("method", f"{HERE}.Handler.handle")),
    "class": (lambda: Handler, Named("class", f"{HERE}.Handler")),
    "module": (lambda: sys, Named("module", "sys")),
    "partial": (
        lambda: functools.partial(slots, 1, x=[2]),
        Instance("functools.partial", {"func": Named("function", f"{HERE}.slots"), "args": (1,), "keywords": {"x": [2]}}),
    ),
    "pattern": (lambda: re.compile("a+", re.I), Instance("re.Pattern", {"pattern": "a+", "flags": int(re.I | re.U)})),
    "path": (lambda: Path("/a"), Path("/a")),
    "zone": (lambda: zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("Europe/Berlin")),
    "decimal context": (
        lambda: decimal.Context(prec=5, rounding=decimal.ROUND_UP, Emin=-9, Emax=9, capitals=1, clamp=0),
        Instance("decimal.Context", {"prec": 5, "rounding": "ROUND_UP", "Emin": -9, "Emax": 9, "capitals": 1, "clamp": 0}),
    ),
    "deque": (lambda: collections.deque([1, [2]]), Derived("collections.deque", [1, [2]])),
    "long deque": (lambda: collections.deque(range(300)), Truncated("collections.deque", 300, Derived("collections.deque", list(range(200))))),
    "default dict": (lambda: collections.defaultdict(list, a=[1]), Derived("collections.defaultdict", {"a": [1]})),
    "ordered dict": (lambda: collections.OrderedDict(FEW), Derived("collections.OrderedDict", FEW)),
    "counter": (lambda: collections.Counter("aab"), Derived("collections.Counter", {"a": 2, "b": 1})),
    "chain map": (lambda: collections.ChainMap({"a": 1}, FEW), Derived("collections.ChainMap", [{"a": 1}, FEW])),
    "user list": (lambda: Names(["a"]), Derived(f"{HERE}.Names", ["a"])),
    "read-only dict": (lambda: types.MappingProxyType(FEW), Derived("mappingproxy", FEW)),
    "keys": (lambda: FEW.keys(), Derived("dict_keys", ["a", "b"])),
    "values": (lambda: FEW.values(), Derived("dict_values", [1, [2]])),
    "items": (lambda: FEW.items(), Derived("dict_items", [("a", 1), ("b", [2])])),
    "psycopg range": (lambda: PsycopgRange(1, Decimal("2.5"), "(]"), Interval(1, Decimal("2.5"), "(]")),
    "psycopg empty range": (lambda: PsycopgRange(empty=True), Interval(None, None, "")),
    "psycopg2 range": (lambda: DateRange(None, date(2020, 1, 2)), Interval(None, date(2020, 1, 2))),
    "psycopg2 empty range": (lambda: DateRange(empty=True), Interval(None, None, "")),
    "numpy integer": (lambda: numpy.int64(5), Derived("numpy.int64", 5)),
    "numpy float": (lambda: numpy.float32(0.5), Derived("numpy.float32", 0.5)),
    "numpy double": (lambda: numpy.float64(0.1), Derived("numpy.float64", 0.1)),
    "numpy bool": (lambda: numpy.bool_(True), Derived(f"numpy.{numpy.bool_.__name__}", True)),
    "numpy text": (lambda: numpy.str_("x"), Derived("numpy.str_", "x")),
    "numpy long double": (lambda: numpy.longdouble("0.1"), Opaque("numpy.longdouble")),
    "numpy array": (
        lambda: numpy.array([[1, 2], [3, 4]], dtype="int32"),
        Instance("numpy.ndarray", {"dtype": "<i4", "shape": (2, 2), "values": [1, 2, 3, 4]}),
    ),
    "large numpy array": (
        lambda: numpy.arange(1000, dtype="int64"),
        Truncated("numpy.ndarray", 1000, Instance("numpy.ndarray", {"dtype": "<i8", "shape": (1000,), "values": list(range(200))})),
    ),
    "numpy array of objects": (lambda: numpy.array([object()]), Opaque("numpy.ndarray")),
    "context manager": (lambda: contextlib.nullcontext(), Opaque("contextlib.nullcontext")),
}  # fmt: skip


@pytest.mark.parametrize("which", TABLE)
def test_what_an_object_is_frozen_to(which: str) -> None:
    make, expected = TABLE[which]
    found = freeze(make())
    assert found == expected
    assert encode(found) == encoded(found).decode()
    assert decode(encode(found)) == expected


class Asked(Exception):
    """Something of the application's ran."""


def alarm(*args: Any, **kwargs: Any) -> Any:
    raise Asked


LOOKS = (
    "__str__", "__repr__", "__getattr__", "__getattribute__", "__eq__", "__ne__", "__hash__", "__len__", "__iter__", "__bool__", "__getitem__",
    "__contains__", "__index__", "__int__", "__float__", "__copy__", "__deepcopy__", "__reduce_ex__", "__call__", "__format__", "__lt__",
    "__buffer__", "__array__", "__fspath__", "__dir__", "__sizeof__", "__length_hint__", "__instancecheck__", "__subclasscheck__",
)  # fmt: skip
METHODS = dict.fromkeys(LOOKS, alarm) | {"__module__": HERE}
Meta = type("Meta", (type,), {name: alarm for name in LOOKS if name != "__call__"} | {"__module__": HERE})


def made(*bases: type, **more: Any) -> type:
    return type.__new__(Meta, "Hostile", bases, {**METHODS, **more})


def with_fields(kind: type, base: Any = object, *args: Any, **fields: Any) -> Any:
    value = base.__new__(kind, *args)
    for name, field in fields.items():
        object.__setattr__(value, name, field)
    return value


NAME = f"{HERE}.Hostile"
HOSTILE: dict[str, tuple[Callable[[], Any], Any]] = {
    "object": (lambda: with_fields(made(), x=1), Instance(NAME, {"x": 1})),
    "object with slots": (lambda: with_fields(made(__slots__=("x",)), x=1), Instance(NAME, {"x": 1})),
    "object that is lazy about its class": (lambda: with_fields(made(__class__=property(alarm)), x=1), Instance(NAME, {"x": 1})),
    "object with a dict of its own making": (lambda: object.__new__(made(__dict__=property(alarm))), Opaque(NAME)),
    "object with a hostile mapping as its dict": (lambda: swapped(object.__new__(made())), Opaque(NAME)),
    "property and descriptor": (
        lambda: with_fields(made(p=property(alarm), d=with_fields(made(__get__=alarm))), x=1),
        Instance(NAME, {"x": 1}),
    ),
    "list": (lambda: with_fields(made(list), list), Derived(NAME, [])),
    "dict": (lambda: with_fields(made(dict), dict), Derived(NAME, {})),
    "text": (lambda: with_fields(made(str), str, "x"), Derived(NAME, "x")),
    "number": (lambda: with_fields(made(int), int, 5), Derived(NAME, 5)),
    "exception": (lambda: with_fields(made(Exception), Exception, "x"), Instance(NAME, {"args": ("x",)})),
    "deque": (lambda: with_fields(made(collections.deque), collections.deque), Instance(NAME, {})),
    "class": (lambda: made(), Named("class", NAME)),
    "partial": (
        lambda: with_fields(made(functools.partial), functools.partial, len),
        Instance(NAME, {"func": Named("function", "builtins.len"), "args": (), "keywords": {}}),
    ),
}


def swapped(value: Any) -> Any:
    """Its dict is an instance of a subclass."""
    object.__setattr__(value, "__dict__", with_fields(made(dict), dict))
    return value


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: [x], lambda x: {"k": x}, lambda x: Plain(inner=x)], ids=["itself", "list", "dict", "object"]
)
@pytest.mark.parametrize("which", HOSTILE)
def test_nothing_of_the_application_is_asked(which: str, wrap: Any) -> None:
    make, expected = HOSTILE[which]
    value = make()
    for _ in range(2):  # its type is new the first time, and known the second
        assert encode(freeze(wrap(value))) == encode(wrapped(wrap, expected))


def wrapped(wrap: Any, expected: Any) -> Any:
    found = wrap(expected)
    return Instance(PLAIN, {"inner": expected}) if type(found) is Plain else found


def test_values_are_compared_without_the_application() -> None:
    """Two moments with a zone of the application's are not asked for their offset: they count as different."""
    import datetime as dt

    class Zone(dt.tzinfo):
        utcoffset = dst = tzname = alarm  # type: ignore[assignment]

    one, other = (dt.datetime(2026, 1, 1, tzinfo=Zone()) for _ in range(2))
    assert (same([one], [one]), same([one], [other]), same({"a": (1, {2})}, {"a": (1, {2})}), same([1], [1.0]), same({"a": 1}, {"b": 1})) == (
        True, False, True, False, False,
    )  # fmt: skip


def test_types_that_come_and_go_are_not_mixed_up() -> None:
    """What is known of a type stands under its id: another type that got the same one later would be frozen wrongly."""
    for number in range(300):
        fields = {"x": number}
        kind = type(f"Kind{number}", (), {"__module__": HERE, "__init__": lambda self, given=fields: self.__dict__.update(given)})
        assert freeze(kind()) == Instance(f"{HERE}.Kind{number}", fields)
        del kind


@dataclasses.dataclass
class Checked:
    x: int

    def __post_init__(self) -> None:
        self.x = abs(self.x)


@dataclasses.dataclass(eq=False)
class Alone:
    x: int


@dataclasses.dataclass
class Counted:
    x: int
    y: int = dataclasses.field(init=False, default=0)


@dataclasses.dataclass
class Made:
    x: int

    def __init__(self, *given: int) -> None:
        self.x = sum(given)


def marked(value: Any) -> Any:
    value.later = 1
    return value


REMADE: dict[str, tuple[Callable[[], Any], bool]] = {
    "a dataclass": (lambda: Line("x", [1]), True),
    "with slots": (lambda: Slotted(1, (2,)), True),
    "with a step after": (lambda: Checked(-1), False),
    "without an equality": (lambda: Alone(1), False),
    "with a field that it makes itself": (lambda: Counted(1), False),
    "with an __init__ of its own": (lambda: Made(1, 2), False),
    "with one more attribute": (lambda: marked(Line("x", [1])), False),
    "no dataclass": (lambda: Plain(x=1), False),
}


@pytest.mark.parametrize(("make", "remakes"), REMADE.values(), ids=list(REMADE))
def test_it_is_said_of_an_object_whether_its_fields_make_it_again(make: Callable[[], Any], remakes: bool) -> None:
    found = decode(encoded(freeze(make())).decode())

    assert isinstance(found, Instance)
    assert found.remakes is remakes
