"""One value being frozen, and how the built-in containers are. Everything else is `learning`'s."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

from unspan_proto.values import Derived, Opaque, Truncated, type_name

from unspan_instrumentation.freezing.limits import (
    ATOMS,
    FLAT,
    HASHABLE,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_NODES,
    MAX_TEXT,
    NODE_BYTES,
    SMALL,
    Weight,
)  # fmt: skip

Way = Callable[[Any, "Snapshot", int], Any]
WAYS: Final[dict[int, Way]] = {}
"""How each type is frozen, by its id; types of the application are learnt."""
WHOLE: Final[dict[int, Callable[[Any], Any]]] = {}
"""Ids of types with what freezes a value of that type at once, without a snapshot where it can: the stand-in of a type that is never looked into,
an instance of a model that has not changed since it was last frozen, a short list."""


class Snapshot:
    """One value being frozen: how many nodes are left of what it may have, and the bytes of its texts."""

    __slots__ = ("bytes", "left")
    learn: Callable[[type], Way]
    """Finds the way of a type that is met for the first time; set by `learning`."""

    def __init__(self) -> None:
        self.left = MAX_NODES
        self.bytes = 0

    def part(self, value: Any, depth: int) -> Any:
        """`value`, inside of `depth` containers."""
        kind = type(value)
        if (kind is str and len(value) <= SMALL) or id(kind) in ATOMS:
            return value
        return (WAYS.get(id(kind)) or Snapshot.learn(kind))(value, self, depth)

    def parts(self, values: Iterable[Any], size: int, depth: int) -> list[Any]:
        """Frozen items of a container, as many as may be."""
        room = min(MAX_ITEMS, max(self.left, 0))
        self.left -= min(size, room)
        deeper, part = depth + 1, self.part
        return [
            value if ((kind := type(value)) is str and len(value) <= SMALL) or id(kind) in ATOMS else part(value, deeper)
            for value in (values if size <= room else list(islice(values, room)))
        ]


def freeze(value: Any) -> Any:
    """`value` in terms of the codec. Never raises; texts, bytes and atoms by reference, containers copied up to the limits."""
    kind = type(value)
    if (kind is str and len(value) <= SMALL) or id(kind) in ATOMS:
        return value
    return WHOLE.get(id(kind), counted)(value)


def counted(value: Any) -> Any:
    """`value` frozen within a snapshot of its own."""
    kind = type(value)
    try:
        snapshot = Snapshot()
        found = (WAYS.get(id(kind)) or Snapshot.learn(kind))(value, snapshot, 0)
        Weight.bytes += snapshot.bytes + NODE_BYTES * (MAX_NODES - snapshot.left)
        return found
    except Exception:  # a container that another thread changes, an instance half made
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
        whole = kind(taken) if all(id(type(item)) in HASHABLE for item in taken) else Derived(kind.__name__, taken)
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
        if type(key) is not str and id(type(key)) not in HASHABLE:
            snapshot.left += size
            return entries(value.items(), size, snapshot, depth)
        if (kind is str and len(item) <= SMALL) or id(kind) in ATOMS:
            whole[key] = item
        else:
            whole[key] = (WAYS.get(id(kind)) or Snapshot.learn(kind))(item, snapshot, depth + 1)
    return whole


def entries(items: Iterable[tuple[Any, Any]], size: int, snapshot: Snapshot, depth: int) -> Any:
    """A dict of frozen keys and values, as many as may be; where a key's hash would run user code, a stand-in with the pairs."""
    if depth >= MAX_DEPTH:
        return Truncated("dict", size)
    taken = list(islice(items, min(MAX_ITEMS, max(snapshot.left, 0))))
    snapshot.left -= len(taken)
    deeper, part = depth + 1, snapshot.part
    whole: Any
    if all(id(type(key)) in HASHABLE for key, _ in taken):
        whole = {part(key, deeper): part(item, deeper) for key, item in taken}
    else:
        whole = Derived("dict", [[part(key, deeper), part(item, deeper)] for key, item in taken])
    return whole if len(taken) == size else Truncated("dict", size, whole)


def cut(value: slice, snapshot: Snapshot, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return Truncated("slice", -1)
    return slice(*snapshot.parts((value.start, value.stop, value.step), 3, depth))


def flat_list(value: list[Any]) -> Any:
    """A short list of small scalars, as most are."""
    if len(value) > FLAT:
        return counted(value)
    copy = value[:]
    for item in copy:
        kind = type(item)
        if (kind is not str or len(item) > SMALL) and id(kind) not in ATOMS:
            return counted(value)
    return copy


def flat_tuple(value: tuple[Any, ...]) -> Any:
    if len(value) > FLAT:
        return counted(value)
    for item in value:
        kind = type(item)
        if (kind is not str or len(item) > SMALL) and id(kind) not in ATOMS:
            return counted(value)
    return value


def flat_dict(value: dict[Any, Any]) -> Any:
    if len(value) > FLAT:
        return counted(value)
    copy = value.copy()
    for key, item in copy.items():
        kind = type(item)
        if ((kind is not str or len(item) > SMALL) and id(kind) not in ATOMS) or type(key) is not str:
            return counted(value)
    return copy


BUILT_IN: Final[tuple[tuple[type, Way], ...]] = (
    (str, text), (bytes, octets), (bytearray, array), (memoryview, view), (list, sequence), (tuple, fixed), (set, unordered(set)),
    (frozenset, unordered(frozenset)), (dict, mapping), (slice, cut),
)  # fmt: skip
WAYS.update({id(kind): way for kind, way in BUILT_IN})
WHOLE.update({id(list): flat_list, id(tuple): flat_tuple, id(dict): flat_dict})
