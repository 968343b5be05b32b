"""How to freeze instances of a type met for the first time: the first of `FINDERS` that knows it, else it stays opaque."""

import enum
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from unspan_proto.values import Derived, Opaque, type_name

from unspan_instrumentation.freezing import django, instances, library, objects
from unspan_instrumentation.freezing.kinds import declared, descends, state
from unspan_instrumentation.freezing.limits import MAX_ITEMS
from unspan_instrumentation.freezing.snapshot import WAYS, WHOLE, Snapshot, Way, entries

KNOWN_TYPES: Final = 4_096
"""Types remembered with the way to freeze them."""
KEPT: Final[list[type]] = []
"""The types that are remembered: kept, so that the id of each stays its own."""

READERS: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (bytearray, lambda value: bytearray.__getitem__(value, slice(None))),
    (list, lambda value: list.__getitem__(value, slice(0, MAX_ITEMS))),
    (tuple, lambda value: tuple.__getitem__(value, slice(None))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
    (Decimal, Decimal),
    (datetime, lambda value: datetime.combine(datetime.date(value), datetime.timetz(value))),
    (date, lambda value: date.fromordinal(date.toordinal(value))),
    (timedelta, timedelta.__pos__),
    (complex, complex.__pos__),
)
"""What reads the built-in value out of an instance of a subclass, without a method of the subclass."""


def learnt(kind: type) -> Way:
    """The way of a type, remembered from now on where it can be."""
    found = next((way for find in FINDERS if (way := find(kind)) is not None), None)
    way = found or opaque(kind)
    if len(KEPT) < KNOWN_TYPES and not instances.premature(kind):
        KEPT.append(kind)
        WAYS[id(kind)] = way
        if found is None:
            stand_in = Opaque(type_name(kind))
            WHOLE[id(kind)] = lambda value: stand_in
    return way


def opaque(kind: type) -> Way:
    stand_in = Opaque(type_name(kind))
    return lambda value, snapshot, depth: stand_in


def subclass(kind: type) -> Way | None:
    """An instance of a subclass of a built-in type: the built-in value."""
    name = type_name(kind)
    if descends(kind, dict):
        return derived_mapping(name, OrderedDict.items if descends(kind, OrderedDict) else dict.items)
    return next((derived(name, read) for built_in, read in READERS if descends(kind, built_in)), None)


def derived(name: str, read: Callable[[Any], Any]) -> Way:
    return lambda value, snapshot, depth: Derived(name, snapshot.part(read(value), depth))


def derived_mapping(name: str, items: Callable[[Any], Iterable[tuple[Any, Any]]]) -> Way:
    return lambda value, snapshot, depth: Derived(name, entries(items(value), dict.__len__(value), snapshot, depth))


def member(kind: type) -> Way | None:
    """A member of an enumeration: its value."""
    read = state(kind) if descends(kind, enum.Enum) else None
    name = type_name(kind)
    return None if read is None else lambda value, snapshot, depth: Derived(name, snapshot.part(read(value)["_value_"], depth))


def unfinished(kind: type) -> Way | None:
    """A model whose fields cannot be known: abstract, or of an application that is not loaded yet."""
    return opaque(kind) if instances.is_model(kind) and declared(kind, "_meta") is not None else None


FINDERS: Final[tuple[Callable[[type], Way | None], ...]] = (
    instances.instance, unfinished, django.lazy, library.class_itself, library.exact, library.holder, library.number, library.numbers, library.interval,
    subclass,
    member, objects.exception, django.known, objects.by_fields,
)  # fmt: skip
"""In the order in which they are asked."""
Snapshot.learn = staticmethod(learnt)
