"""Encoding never runs a method of the application: every class here records, or refuses, being looked at."""

from collections import OrderedDict, UserDict
from collections.abc import Iterator
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, NoReturn

import pytest
from unspan_proto.values import Opaque, Truncated, decode, encode, type_name

NAME = __name__


def alarm(*args: object, **kwargs: object) -> NoReturn:
    raise AssertionError("a method of the application was called")


SPECIAL = [
    "__repr__", "__str__", "__format__", "__bytes__", "__eq__", "__ne__", "__lt__", "__hash__", "__bool__", "__len__", "__iter__", "__next__",
    "__contains__", "__getitem__", "__getattr__", "__getattribute__", "__int__", "__index__", "__float__", "__reduce__", "__reduce_ex__",
    "__copy__", "__deepcopy__", "__dir__", "__sizeof__", "__call__", "__enter__", "__del__", "__instancecheck__", "__get__", "__buffer__",
]  # fmt: skip
METHODS = {name: alarm for name in SPECIAL if name != "__del__"} | {"__class__": property(alarm), "__dict__": property(alarm)}


def hostile(base: type, metaclass: type = type, **more: Any) -> type:
    return metaclass("Hostile", (base,), {"__module__": NAME, **METHODS, **more})


Meta = type(
    "Meta",
    (type,),
    {name: alarm for name in [*SPECIAL, "__subclasscheck__", "mro_"] if name not in ("__call__", "__del__")} | {"__module__": NAME},
)


def with_hostile_metaclass() -> object:
    cls = type.__new__(Meta, "Hostile", (), {"__module__": NAME, **METHODS})
    return object.__new__(cls)


def new(cls: type, base: Any = object, *args: Any) -> Any:
    return base.__new__(cls, *args)


def lazy() -> object:
    """As Django's SimpleLazyObject: being asked for its class evaluates it."""
    return new(hostile(object))


HOSTILE = {
    "object": new(hostile(object)),
    "object that is lazy about its class": lazy(),
    "metaclass": with_hostile_metaclass(),
    "str": new(hostile(str), str, "text"),
    "int": new(hostile(int), int, 5),
    "float": new(hostile(float), float, 5.0),
    "list": new(hostile(list), list),
    "dict": new(hostile(dict), dict),
    "tuple": new(hostile(tuple), tuple, (1,)),
    "set": new(hostile(set), set),
    "bytes": new(hostile(bytes), bytes, b"x"),
    "datetime": new(hostile(datetime), datetime, 2026, 1, 1),
    "ordered dict": new(hostile(OrderedDict), OrderedDict),
    "user dict": new(hostile(UserDict), object),
    "exception": new(hostile(Exception), Exception, "x"),
}


@pytest.mark.parametrize("which", HOSTILE)
def test_a_hostile_object_is_opaque_and_not_asked(which: str) -> None:
    value = HOSTILE[which]
    stand_in = Opaque(f"{NAME}.Hostile")
    assert decode(encode(value)) == stand_in
    assert decode(encode([value, (value,), {"k": value}])) == [stand_in, (stand_in,), {"k": stand_in}]


class Key:
    """Hashes like the key `$` and tells when it is compared."""

    compared = 0

    def __hash__(self) -> int:
        return hash("$")

    def __eq__(self, other: object) -> bool:
        Key.compared += 1
        return self is other


def test_hostile_keys_are_not_compared() -> None:
    value = {Key(): 1, Key(): 2}
    Key.compared = 0
    assert encode(value) == f'{{"$":"dict","v":[[{{"$":"opaque","v":"{NAME}.Key"}},1],[{{"$":"opaque","v":"{NAME}.Key"}},2]]}}'
    assert Key.compared == 0


def test_a_generator_is_not_advanced() -> None:
    def numbers() -> Iterator[int]:
        alarm()
        yield 1

    assert decode(encode(numbers())) == Opaque("generator")


class OwnZone(tzinfo):
    def utcoffset(self, dt: datetime | None) -> NoReturn:
        alarm()

    dst = tzname = __repr__ = __str__ = __bool__ = __len__ = __eq__ = alarm  # type: ignore[assignment]
    __hash__ = alarm  # type: ignore[assignment]


@pytest.mark.parametrize("naive", [datetime(2026, 1, 2, 3, fold=1), time(3, 4)], ids=["datetime", "time"])
def test_the_application_s_own_zone_is_not_asked(naive: datetime | time) -> None:
    value = naive.replace(tzinfo=OwnZone())
    assert decode(encode({"at": value})) == {"at": Truncated(type_name(type(value)), -1, naive)}


class DstTzInfo(tzinfo):
    """Stands for a zone of pytz: a key, and an offset that each instance knows itself."""

    __module__ = "pytz.tzinfo"
    zone = "Europe/Berlin"

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return self.offset if dt else None


SUMMER, WINTER, SUN = timedelta(hours=2), timedelta(hours=1), timedelta(minutes=53)


@pytest.mark.parametrize(
    ("moment", "offset", "text"),
    [
        (datetime(2026, 7, 1), SUMMER, '["2026-07-01T00:00:00","Europe/Berlin",0]'),
        (datetime(2026, 10, 25, 2, 30), SUMMER, '["2026-10-25T02:30:00","Europe/Berlin",0]'),
        (datetime(2026, 10, 25, 2, 30), WINTER, '["2026-10-25T02:30:00","Europe/Berlin",1]'),
        (datetime(2026, 7, 1), SUN, '["2026-07-01T00:00:00",3180000000,0]'),
    ],
    ids=["plain", "first of the repeated hours", "second of the repeated hours", "an offset that the key never had then"],
)
def test_a_zone_of_pytz_keeps_its_moment(moment: datetime, offset: timedelta, text: str) -> None:
    value = moment.replace(tzinfo=DstTzInfo(offset))
    assert encode(value) == '{"$":"datetime","v":' + text + "}"
    assert decode(encode(value)).utcoffset() == offset


class Loud(str):
    __str__ = __format__ = __repr__ = alarm  # type: ignore[assignment]


NAMES: dict[str, tuple[type, str]] = {
    "built-in": (int, "int"),
    "standard library": (datetime, "datetime.datetime"),
    "no module": (type("Odd", (), {"__module__": None}), "Odd"),
    "module that is no text": (type("Odd", (), {"__module__": object()}), "Odd"),
    "module that is a hostile text": (type("Odd", (), {"__module__": str.__new__(Loud, "x")}), "Odd"),
    "name that is a hostile text": (type("Odd", (), {"__module__": "m", "__qualname__": str.__new__(Loud, "Odd")}), "m.Odd"),
}


@pytest.mark.parametrize("which", NAMES)
def test_the_name_of_a_type_is_asked_of_type_itself(which: str) -> None:
    cls, name = NAMES[which]
    assert type_name(cls) == name
