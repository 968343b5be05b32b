"""Objects by their fields: dataclasses, attrs classes, pydantic models, exceptions, and instances of the project's own classes.

Fields are what instances hold in their dict and their slots: no property, no `__getattr__` is asked. Classes of libraries stay opaque, because
nobody can say what their fields mean, or how many there are.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass
from types import FunctionType
from typing import Any

from unspan_proto.values import Instance, Opaque, Truncated, type_name

from unspan_instrumentation.freezing.kinds import State, declared, descends, inherits, namespace, state
from unspan_instrumentation.freezing.limits import MAX_FIELDS, OBJECT_DEPTH
from unspan_instrumentation.freezing.snapshot import Snapshot, Way


class Own:
    """What says whether a module, by its name, is the project's; set when the project's folders are known."""

    is_module: Callable[[str], bool] = staticmethod(lambda name: False)


def by_fields(kind: type) -> Way | None:
    """A class that declares its fields, or that is the project's own."""
    read = state(kind)
    return of_fields(type_name(kind), read, remakes(kind)) if read is not None and (declares_fields(kind) or is_own(kind)) else None


def remakes(kind: type) -> frozenset[str] | None:
    """The fields that a dataclass makes an equal instance of, when it is called with them: its `__init__` and `__eq__` are those that `dataclass` writes, and
    nothing comes after. None for another class."""
    space = namespace(kind)
    fields = space.get("__dataclass_fields__")
    if (
        type(fields) is not dict
        or declared(kind, "__post_init__") is not None
        or not all(is_written(space.get(name)) for name in ("__init__", "__eq__"))
    ):
        return None
    plain = all(type(one) is Field and one.init and one._field_type is PLAIN for one in fields.values())
    return frozenset(fields) if plain else None


def is_written(function: Any) -> bool:
    """Whether `dataclass` has written a method: a class may have its own."""
    return type(function) is FunctionType and function.__code__.co_filename == WRITTEN


def declares_fields(kind: type) -> bool:
    if declared(kind, "__dataclass_fields__") is not None or declared(kind, "__attrs_attrs__") is not None:
        return True
    return inherits(kind, "pydantic.main", "BaseModel") or inherits(kind, "pydantic.v1.main", "BaseModel")


def is_own(kind: type) -> bool:
    module = namespace(kind).get("__module__")
    return type(module) is str and Own.is_module(module)


@dataclass
class Example:
    """By which the marks of `dataclass` are known."""

    one: int


WRITTEN = Example.__init__.__code__.co_filename
PLAIN = Example.__dict__["__dataclass_fields__"]["one"]._field_type
"""What a field is marked with that is no `ClassVar` and no `InitVar`."""


def of_fields(name: str, read: State, remade: frozenset[str] | None = None) -> Way:
    stand_in = Opaque(name)

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        if depth > OBJECT_DEPTH or snapshot.left <= 0:
            return stand_in
        try:
            fields = read(value)
        except Exception:  # half made, or with a mapping of the application's in the place of its dict
            return stand_in
        return taken(name, fields, snapshot, depth, remade)

    return way


def taken(name: str, fields: dict[str, Any], snapshot: Snapshot, depth: int, remade: frozenset[str] | None = None) -> Any:
    """A stand-in with as many of the fields as may be."""
    some = list(fields.items())[:MAX_FIELDS]
    snapshot.left -= len(some)
    kept = {key: snapshot.part(value, depth + 1) for key, value in some if type(key) is str}
    found = Instance(name, kept, remade is not None and kept.keys() == remade)
    return found if len(kept) == len(fields) else Truncated(name, len(fields), found)


def chosen(name: str, read: Callable[[Any], dict[str, Any]]) -> Way:
    """An object of a library of which we know what matters."""
    return of_fields(name, read)


def exception(kind: type) -> Way | None:
    """An exception: what it was made with."""
    if not descends(kind, BaseException):
        return None
    arguments: Any = BaseException.__dict__["args"]
    return of_fields(type_name(kind), lambda value: {"args": arguments.__get__(value)})


def function_name(function: FunctionType) -> str:
    """`module.qualified.name`; both may have been set to anything."""
    module, name = function.__module__, function.__qualname__
    return f"{module}.{str.__str__(name)}" if type(module) is str else str.__str__(name)
