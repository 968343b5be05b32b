"""Values of the standard library, of numpy and of database drivers that are no plain data: by the name they go under, or by what they were made of."""

import collections
import decimal
import functools
import gc
import re
import types
from typing import Any, Final

from unspan_proto.values import Derived, Instance, Interval, Named, Opaque, Truncated, type_name

from unspan_instrumentation.freezing.kinds import descends, inherits, namespace, of, state
from unspan_instrumentation.freezing.limits import ATOMS, MAX_DEPTH, MAX_ITEMS
from unspan_instrumentation.freezing.objects import function_name, of_fields
from unspan_instrumentation.freezing.snapshot import Snapshot, Way, entries

CONTEXT: Final = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
MODULE_DICT: Final[Any] = namespace(types.ModuleType)["__dict__"]
VIEWS: Final = (type({}.keys()), type({}.values()), type({}.items()))


def exact(kind: type) -> Way | None:
    """Types that nobody can inherit from, or that are looked at only as they are."""
    return next((way for known, way in EXACT if known is kind), None)


def function(value: types.FunctionType, snapshot: Snapshot, depth: int) -> Any:
    return Named("function", function_name(value))


def built_in(value: types.BuiltinFunctionType, snapshot: Snapshot, depth: int) -> Any:
    module = value.__module__
    return Named("function", f"{module}.{value.__qualname__}" if type(module) is str else value.__qualname__)


def method(value: types.MethodType, snapshot: Snapshot, depth: int) -> Any:
    inner = value.__func__
    return Named("method", function_name(inner)) if type(inner) is types.FunctionType else Opaque("method")


def module(value: types.ModuleType, snapshot: Snapshot, depth: int) -> Any:
    name = MODULE_DICT.__get__(value).get("__name__")
    return Named("module", name) if type(name) is str else Opaque("module")


def partial(value: Any, snapshot: Snapshot, depth: int) -> Any:
    members = {name: getattr(functools.partial, name).__get__(value) for name in ("func", "args", "keywords")}
    return of_fields("functools.partial", lambda found: members)(value, snapshot, depth)


def pattern(value: re.Pattern[Any], snapshot: Snapshot, depth: int) -> Any:
    return Instance("re.Pattern", {"pattern": snapshot.part(value.pattern, depth + 1), "flags": value.flags})


def context(value: decimal.Context, snapshot: Snapshot, depth: int) -> Any:
    return Instance("decimal.Context", {name: getattr(value, name) for name in CONTEXT})


def queue(value: collections.deque[Any], snapshot: Snapshot, depth: int) -> Any:
    some = [item for item, _ in zip(collections.deque.__iter__(value), range(MAX_ITEMS), strict=False)]
    found = Derived("collections.deque", snapshot.part(some, depth))
    return found if len(some) == len(value) else Truncated("collections.deque", len(value), found)


def proxy(value: Any, snapshot: Snapshot, depth: int) -> Any:
    """A view of a dict, or a read-only one: what it looks at is known to the collector of garbage, without asking."""
    name = type_name(type(value))
    held = next((one for one in gc.get_referents(value) if type(one) is dict), None)
    if held is None or depth >= MAX_DEPTH:
        return Opaque(name)
    if type(value) is types.MappingProxyType:
        return Derived(name, entries(held.items(), len(held), snapshot, depth))
    items = {VIEWS[0]: held.keys, VIEWS[1]: held.values, VIEWS[2]: held.items}[type(value)]()
    some = [item for item, _ in zip(items, range(MAX_ITEMS), strict=False)]
    found = Derived(name, snapshot.part(some, depth))
    return found if len(some) == len(held) else Truncated(name, len(held), found)


EXACT: Final[tuple[tuple[type, Way], ...]] = (
    (types.FunctionType, function), (types.BuiltinFunctionType, built_in), (types.MethodType, method), (types.ModuleType, module),
    (functools.partial, partial), (re.Pattern, pattern), (decimal.Context, context), (collections.deque, queue), (types.MappingProxyType, proxy),
    *((view, proxy) for view in VIEWS),
)  # fmt: skip


def class_itself(kind: type) -> Way | None:
    """A class: its type is `type` or a metaclass of the application's."""
    return (lambda value, snapshot, depth: Named("class", type_name(value))) if descends(kind, type) else None


def holder(kind: type) -> Way | None:
    """Classes of `collections` that keep a built-in container in one attribute."""
    for ancestor, attribute in HOLDERS:
        if descends(kind, ancestor) and (read := state(kind)) is not None:
            name = type_name(kind)
            return lambda value, snapshot, depth: Derived(name, snapshot.part(read(value)[attribute], depth))
    return None


HOLDERS: Final[tuple[tuple[type, str], ...]] = (
    (collections.UserList, "data"), (collections.UserDict, "data"), (collections.UserString, "data"), (collections.ChainMap, "maps"),
)  # fmt: skip


def number(kind: type) -> Way | None:
    """A scalar of numpy, by the Python number that it is."""
    if not inherits(kind, "numpy", "generic"):
        return None
    item, name = of("numpy", "generic").item, type_name(kind)

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        found = item(value)
        return Derived(name, found) if id(type(found)) in ATOMS or type(found) in (str, bytes) else Opaque(name)

    return way


def numbers(kind: type) -> Way | None:
    """An array of numpy, or its beginning."""
    array = of("numpy", "ndarray")
    if array is None or kind is not array:
        return None

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        if value.dtype.hasobject or value.dtype.names or depth >= MAX_DEPTH:
            return Opaque("numpy.ndarray")
        some = value.flat[:MAX_ITEMS].tolist()
        snapshot.left -= len(some)
        found = Instance("numpy.ndarray", {"dtype": value.dtype.str, "shape": value.shape, "values": some})
        return found if len(some) == value.size else Truncated("numpy.ndarray", value.size, found)

    return way


def interval(kind: type) -> Way | None:
    """A range of PostgreSQL, as psycopg and psycopg2 keep it."""
    read = state(kind) if inherits(kind, "psycopg.types.range", "Range") or inherits(kind, "psycopg2._range", "Range") else None
    if read is None:
        return None

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        held = read(value)
        return Interval(snapshot.part(held["_lower"], depth + 1), snapshot.part(held["_upper"], depth + 1), held["_bounds"] or "")

    return way
