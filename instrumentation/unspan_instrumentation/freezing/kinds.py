"""What is known of a type without asking it: its ancestors, and how the fields of its instances are read. No metaclass, no property runs."""

import sys
from collections.abc import Callable
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

MRO: Final[Any] = type.__dict__["__mro__"]
NAMESPACE: Final[Any] = type.__dict__["__dict__"]

State = Callable[[Any], dict[str, Any]]
"""Reads the fields that an instance holds now; raises where it holds none."""


def ancestors(kind: type) -> tuple[type, ...]:
    """The type and all that it descends from."""
    return MRO.__get__(kind)  # type: ignore[no-any-return]


def descends(kind: type, ancestor: Any) -> bool:
    """What `issubclass` says, without the hooks that it asks."""
    return any(one is ancestor for one in ancestors(kind))


def namespace(kind: type) -> Any:
    """The class's own dict, read only."""
    return NAMESPACE.__get__(kind)


def declared(kind: type, name: str) -> Any:
    """A class attribute as it stands in the class or an ancestor, no descriptor asked; None where there is none."""
    return next((space[name] for one in ancestors(kind) if name in (space := namespace(one))), None)


def of(module: str, name: str) -> Any:
    """A class of a module that the application has imported."""
    return getattr(sys.modules.get(module), name, None)


def inherits(kind: type, module: str, name: str) -> bool:
    """Whether a type descends from a class of a module that need not be there."""
    ancestor = of(module, name)
    return ancestor is not None and descends(kind, ancestor)


def state(kind: type) -> State | None:
    """How the fields of instances are read: from their dict, and from slots; None where there is neither."""
    own = next((found for one in ancestors(kind) if type(found := namespace(one).get("__dict__")) is GetSetDescriptorType), None)
    slots = {
        name: found
        for one in reversed(ancestors(kind))
        for name, found in namespace(one).items()
        if type(found) is MemberDescriptorType and not name.startswith("__")
    }
    if own is None and not slots:
        return None

    def read(value: Any) -> dict[str, Any]:
        held = {} if own is None else own.__get__(value)
        if type(held) is not dict:  # the application has put a mapping of its own there
            raise TypeError("no plain fields")
        return slotted(value) | held if slots else held

    def slotted(value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, slot in slots.items():
            try:
                found[name] = slot.__get__(value)
            except AttributeError:  # not set
                continue
        return found

    return read
