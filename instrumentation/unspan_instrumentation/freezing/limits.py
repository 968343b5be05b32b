"""How much of a value is kept, what its parts weigh, and which types never change. Types are told by their id: hashing one may run its metaclass."""

import ipaddress
import pathlib
import uuid
import zoneinfo
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from unspan_proto.values import Derived, Instance, ModelRef, Named, Opaque, Truncated

from unspan_instrumentation.settings import active

MAX_ITEMS: Final = 200
"""Items of one container."""
MAX_NODES: Final = 2_000
"""Values in one snapshot."""
MAX_DEPTH: Final = 6
MAX_TEXT: Final = active().max_value
"""Characters of a text, bytes of a byte string."""
MAX_FIELDS: Final = 50
"""Fields of one object."""
OBJECT_DEPTH: Final = 2
"""Objects inside of more containers and objects than this are known by their type."""
MODEL_FIELDS_DEPTH: Final = 1
"""Instances of models inside more containers than this are carried without their fields."""
NODE_BYTES: Final = 60
"""What a node takes in memory, roughly."""
FLAT: Final = 20
"""Items of a container that is copied without being counted."""
SMALL: Final = 512
"""Texts up to this length are not weighed."""


class Absent:
    """Stands where no value is: a local that is not bound, the result of a call that raised."""

    __slots__ = ()


NOTHING: Final = Absent()

PLAIN: Final = (type(None), bool, int, float, complex, Decimal, Fraction, date, timedelta, uuid.UUID, str, bytes)
UNCHANGING: Final = (
    *(kind for kind in PLAIN if kind not in (str, bytes)),
    datetime, time, timezone, zoneinfo.ZoneInfo, range, type(...),
    ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Interface, ipaddress.IPv6Interface, ipaddress.IPv4Network,
    ipaddress.IPv6Network, pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath,
    Opaque, ModelRef, Truncated, Derived, Instance, Named, Absent,
)  # fmt: skip
HASHABLE: Final = frozenset(map(id, PLAIN))
"""Ids of the types whose hashing and comparing runs no user code (a moment asks its time zone)."""
ATOMS: Final = frozenset(map(id, UNCHANGING))
"""Ids of the types whose instances never change: carried by reference."""


class Weighed:
    """Rough bytes of what was frozen beyond small scalars; the exporter's queue takes it as it takes records.

    An object: to set an attribute of a class costs every cache of the interpreter that knows the class.
    """

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


Weight: Final = Weighed()


def same(one: Any, other: Any) -> bool:
    """Whether two frozen values are equal, as far as that can be told without code of the application's (a moment asks its time zone)."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is list or kind is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if kind is dict:
        return len(one) == len(other) and all(key in other and same(value, other[key]) for key, value in one.items())
    if kind is ModelRef:
        return one.label == other.label and same(one.pk, other.pk) and same(one.fields, other.fields)
    if kind is Instance:
        return one.type == other.type and same(one.fields, other.fields)
    if kind is Derived:
        return one.type == other.type and same(one.value, other.value)
    if kind is Truncated:
        return (one.type, one.size) == (other.type, other.size) and same(one.start, other.start)
    comparable = id(kind) in HASHABLE or kind in (set, frozenset, bytearray, memoryview, Opaque, Named)
    return comparable and bool(one == other)
