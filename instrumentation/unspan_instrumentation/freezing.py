"""A value as it is now, safe from later changes, for the codec: `freeze`. Bounded, and blind to user code.

Looks at exact types; a subclass of a built-in type is read by the built-in's own methods; no `__getattr__`, `__iter__`, `__repr__`,
`__class__`, descriptor or metaclass hook of the application runs, no QuerySet, generator, file or lazy object is touched.
"""

import enum
import ipaddress
import pathlib
import sys
import uuid
import zoneinfo
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from unspan_proto.values import Derived, ModelRef, Opaque, Truncated, type_name

MAX_ITEMS: Final = 200
"""Items of one container."""
MAX_NODES: Final = 2_000
"""Values in one snapshot."""
MAX_DEPTH: Final = 6
MAX_TEXT: Final = 64 << 10
"""Characters of a text, bytes of a byte string."""
NODE_BYTES: Final = 60
"""What a node takes in memory, roughly."""
FLAT: Final = 20
"""Items of a container that is copied without being counted."""
SMALL: Final = 512
"""Texts up to this length are not weighed."""
MODEL_FIELDS_DEPTH: Final = 1
"""Instances of models inside more containers than this are carried without their fields."""
KNOWN_TYPES: Final = 4_096
"""Types remembered with the way to freeze them."""
KNOWN_INSTANCES: Final = 1_000
"""Instances of one model whose last frozen value is remembered."""

HASHABLE: Final = frozenset({type(None), bool, int, float, complex, Decimal, Fraction, date, timedelta, uuid.UUID, str, bytes})
"""Types whose hashing and comparing runs no user code (a moment asks its time zone)."""
ATOMS: Final = (HASHABLE - {str, bytes}) | {
    datetime, time, timezone, zoneinfo.ZoneInfo, range, type(...),
    ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Interface, ipaddress.IPv6Interface, ipaddress.IPv4Network,
    ipaddress.IPv6Network, pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath,
    Opaque, ModelRef, Truncated, Derived,
}  # fmt: skip
"""Types whose instances never change: carried by reference."""


class Weight:
    """Rough bytes of what was frozen beyond small scalars; the exporter's queue takes it as it takes records."""

    bytes = 0


class Snapshot:
    """One value being frozen: how many nodes are left of what it may have, and the bytes of its texts."""

    __slots__ = ("bytes", "left")

    def __init__(self) -> None:
        self.left = MAX_NODES
        self.bytes = 0

    def part(self, value: Any, depth: int) -> Any:
        """`value`, inside of `depth` containers."""
        kind = type(value)
        if kind in ATOMS or (kind is str and len(value) <= SMALL):
            return value
        return (WAYS.get(kind) or learnt(kind))(value, self, depth)

    def parts(self, values: Iterable[Any], size: int, depth: int) -> list[Any]:
        """Frozen items of a container, as many as may be."""
        room = min(MAX_ITEMS, max(self.left, 0))
        self.left -= min(size, room)
        deeper, part = depth + 1, self.part
        return [
            value if (kind := type(value)) in ATOMS or (kind is str and len(value) <= SMALL) else part(value, deeper)
            for value in (values if size <= room else list(islice(values, room)))
        ]


Way = Callable[[Any, Snapshot, int], Any]


def freeze(value: Any) -> Any:
    """`value` in terms of the codec. Never raises; texts, bytes and atoms by reference, containers copied up to the limits."""
    kind = type(value)
    try:
        if kind in ATOMS or (kind is str and len(value) <= SMALL):
            return value
        if at_once := AT_ONCE.get(kind):
            found = at_once(value)
            if found is not None:
                return found
        snapshot = Snapshot()
        found = (WAYS.get(kind) or learnt(kind))(value, snapshot, 0)
        Weight.bytes += snapshot.bytes + NODE_BYTES * (MAX_NODES - snapshot.left)
        return found
    except Exception:  # a container that another thread changes, an instance half made, a metaclass without a hash
        return Opaque(type_name(kind))


def text(value: str, snapshot: Snapshot, depth: int) -> Any:
    size = len(value)
    snapshot.bytes += min(size, MAX_TEXT)
    return value if size <= MAX_TEXT else Truncated("str", size, value[:MAX_TEXT])


def octets(value: bytes, snapshot: Snapshot, depth: int) -> Any:
    size = len(value)
    snapshot.bytes += min(size, MAX_TEXT)
    return value if size <= MAX_TEXT else Truncated("bytes", size, value[:MAX_TEXT])


def array(value: bytearray, snapshot: Snapshot, depth: int) -> Any:
    size = len(value)
    snapshot.bytes += min(size, MAX_TEXT)
    return value[:] if size <= MAX_TEXT else Truncated("bytearray", size, bytes(value[:MAX_TEXT]))


def view(value: memoryview, snapshot: Snapshot, depth: int) -> Any:
    size = value.nbytes
    snapshot.bytes += min(size, MAX_TEXT)
    return memoryview(value.tobytes()) if size <= MAX_TEXT else Truncated("memoryview", size)


def sequence(value: list[Any], snapshot: Snapshot, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return Truncated("list", len(value))
    taken = snapshot.parts(value, len(value), depth)
    return taken if len(taken) == len(value) else Truncated("list", len(value), taken)


def fixed(value: tuple[Any, ...], snapshot: Snapshot, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return Truncated("tuple", len(value))
    taken = tuple(snapshot.parts(value, len(value), depth))
    return taken if len(taken) == len(value) else Truncated("tuple", len(value), taken)


def unordered(kind: type) -> Way:
    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return Truncated(kind.__name__, len(value))
        taken = snapshot.parts(value, len(value), depth)
        whole = kind(taken) if all(type(item) in HASHABLE for item in taken) else Derived(kind.__name__, taken)
        return whole if len(taken) == len(value) else Truncated(kind.__name__, len(value), whole)

    return way


def mapping(value: dict[Any, Any], snapshot: Snapshot, depth: int) -> Any:
    size = len(value)
    if depth >= MAX_DEPTH or size > MAX_ITEMS or size > snapshot.left:
        return entries(value.items(), size, snapshot, depth)
    snapshot.left -= size
    whole: dict[Any, Any] = {}
    for key, item in value.items():
        kind = type(item)
        if type(key) is not str and type(key) not in HASHABLE:
            snapshot.left += size
            return entries(value.items(), size, snapshot, depth)
        if kind in ATOMS or (kind is str and len(item) <= SMALL):
            whole[key] = item
        else:
            whole[key] = (WAYS.get(kind) or learnt(kind))(item, snapshot, depth + 1)
    return whole


def entries(items: Iterable[tuple[Any, Any]], size: int, snapshot: Snapshot, depth: int) -> Any:
    """A dict of frozen keys and values, as many as may be; where a key's hash would run user code, a stand-in with the pairs."""
    if depth >= MAX_DEPTH:
        return Truncated("dict", size)
    taken = list(islice(items, min(MAX_ITEMS, max(snapshot.left, 0))))
    snapshot.left -= len(taken)
    deeper, part = depth + 1, snapshot.part
    whole: Any
    if all(type(key) in HASHABLE for key, _ in taken):
        whole = {part(key, deeper): part(item, deeper) for key, item in taken}
    else:
        whole = Derived("dict", [[part(key, deeper), part(item, deeper)] for key, item in taken])
    return whole if len(taken) == size else Truncated("dict", size, whole)


def cut(value: slice, snapshot: Snapshot, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return Truncated("slice", -1)
    return slice(*snapshot.parts((value.start, value.stop, value.step), 3, depth))


WAYS: Final[dict[type, Way]] = {
    str: text,
    bytes: octets,
    bytearray: array,
    memoryview: view,
    list: sequence,
    tuple: fixed,
    set: unordered(set),
    frozenset: unordered(frozenset),
    dict: mapping,
    slice: cut,
}
"""How each type is frozen; types of the application are learnt."""

BUILT_IN: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
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


AT_ONCE: Final[dict[type, Callable[[Any], Any]]] = {}
"""Types with what finds a frozen value without a snapshot, or None: the stand-in of a type that is never looked into, an instance of a model
that has not changed since it was last frozen."""


def flat_list(value: list[Any]) -> list[Any] | None:
    """A short list of small scalars, as most are."""
    if len(value) > FLAT:
        return None
    copy = value[:]
    for item in copy:
        kind = type(item)
        if kind not in ATOMS and (kind is not str or len(item) > SMALL):
            return None
    return copy


def flat_tuple(value: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if len(value) > FLAT:
        return None
    for item in value:
        kind = type(item)
        if kind not in ATOMS and (kind is not str or len(item) > SMALL):
            return None
    return value


def flat_dict(value: dict[Any, Any]) -> dict[Any, Any] | None:
    if len(value) > FLAT:
        return None
    copy = value.copy()
    for key, item in copy.items():
        kind = type(item)
        if (kind not in ATOMS and (kind is not str or len(item) > SMALL)) or type(key) is not str:
            return None
    return copy


AT_ONCE.update({list: flat_list, tuple: flat_tuple, dict: flat_dict})
MEMORIES: Final[list[dict[int, Any]]] = []
"""What is remembered of instances."""


def forget() -> None:
    """Lets go of every value: a request has ended."""
    for memory in MEMORIES:
        memory.clear()


def learnt(kind: type) -> Way:
    """How to freeze instances of a type met for the first time."""
    way, lasting = way_of(kind), not premature(kind)
    if way is None:
        stand_in = Opaque(type_name(kind))
        if len(AT_ONCE) < KNOWN_TYPES and lasting:
            AT_ONCE[kind] = lambda value: stand_in
        way = known_by_name(stand_in)
    return WAYS.setdefault(kind, way) if len(WAYS) < KNOWN_TYPES and lasting else way


def known_by_name(stand_in: Opaque) -> Way:
    return lambda value, snapshot, depth: stand_in


def premature(kind: Any) -> bool:
    """Whether it is a model whose fields are not known yet, because not all models are loaded."""
    model = of("django.db.models.base", "Model")
    return bool(model) and issubclass(kind, model) and not kind._meta.abstract and not kind._meta.apps.models_ready


def way_of(kind: type) -> Way | None:
    """None for a type that only its name is known of."""
    if (model := of("django.db.models.base", "Model")) and issubclass(kind, model):
        return instance(kind)
    if (lazy := of("django.utils.functional", "LazyObject")) and issubclass(kind, lazy):
        return resolved(Opaque(type_name(kind)))
    if issubclass(kind, dict):
        return derived_mapping(type_name(kind), OrderedDict.items if issubclass(kind, OrderedDict) else dict.items)
    for built_in, read in BUILT_IN:
        if issubclass(kind, built_in):
            return derived(type_name(kind), read)
    return member(type_name(kind)) if issubclass(kind, enum.Enum) else None


def of(module: str, name: str) -> Any:
    """A class of a module that the application has imported."""
    return getattr(sys.modules.get(module), name, None)


def derived(name: str, read: Callable[[Any], Any]) -> Way:
    return lambda value, snapshot, depth: Derived(name, snapshot.part(read(value), depth))


def derived_mapping(name: str, items: Callable[[Any], Iterable[tuple[Any, Any]]]) -> Way:
    return lambda value, snapshot, depth: Derived(name, entries(items(value), dict.__len__(value), snapshot, depth))


def member(name: str) -> Way:
    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        return Derived(name, snapshot.part(object.__getattribute__(value, "__dict__").get("_value_"), depth))

    return way


def resolved(stand_in: Opaque) -> Way:
    """A lazy object of Django's: what it wraps when something has asked it already."""

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        wrapped = object.__getattribute__(value, "__dict__").get("_wrapped", None)
        if wrapped is None or wrapped is of("django.utils.functional", "empty") or depth >= MAX_DEPTH:
            return stand_in
        return snapshot.part(wrapped, depth + 1)

    return way


def instance(kind: Any) -> Way | None:
    """An instance of a model: its key and the concrete fields that its `__dict__` holds."""
    options = kind._meta
    if options.abstract or not options.apps.models_ready:
        return None
    label: str = options.label
    names: tuple[str, ...] = tuple(field.attname for field in options.concrete_fields)
    keys = tuple(field.attname for field in getattr(options, "pk_fields", None) or (options.pk,))
    known: dict[int, tuple[tuple[Any, ...], ModelRef]] = {}

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        state = object.__getattribute__(value, "__dict__")
        pk = snapshot.part(state.get(keys[0]) if len(keys) == 1 else tuple(state.get(key) for key in keys), MAX_DEPTH - 1)
        if depth > MODEL_FIELDS_DEPTH:
            return ModelRef(label, pk)
        snapshot.left -= len(names)
        fields = {name: snapshot.part(state[name], MAX_DEPTH - 3) for name in names if name in state}
        reference = ModelRef(label, pk, fields)
        if len(fields) == len(names) and all(state[name] is fields[name] for name in names):
            if len(known) >= KNOWN_INSTANCES:
                known.clear()
            known[id(value)] = tuple(fields.values()), reference
        return reference

    if len(AT_ONCE) < KNOWN_TYPES and plainly_stored(kind):
        AT_ONCE[kind] = comparison(names, known)
        MEMORIES.append(known)
    return way


def plainly_stored(kind: type) -> bool:
    """Whether `instance.__dict__` runs no code of the application's."""
    return not any(
        name in base.__dict__ for base in type.__dict__["__mro__"].__get__(kind)[:-1] for name in ("__getattribute__", "__slots__")
    )


def comparison(names: tuple[str, ...], known: dict[int, tuple[tuple[Any, ...], ModelRef]]) -> Callable[[Any], ModelRef | None]:
    """Finds the reference made before, when every field still holds the very same unchanging object; whose id it was does not matter then.

    Written for the model's fields, as `dataclass` writes its methods: a loop takes twice as long, and this runs for most arguments of most calls.
    """
    same = " and ".join(f"state[{name!r}] is values[{place}]" for place, name in enumerate(names))
    source = f"""
def unchanged(instance):
    before = recall(id(instance))
    if before is None:
        return None
    values, reference = before
    state = instance.__dict__
    try:
        return reference if {same} else None
    except KeyError:  # a field was deferred since
        return None
"""
    space: dict[str, Any] = {"recall": known.get}
    exec(source, space)
    return space["unchanged"]  # type: ignore[no-any-return]
