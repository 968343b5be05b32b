"""Where code looks up what it asks: the dotted place that a test has to patch. Found by identity in the asking module's own names."""

from collections.abc import Iterator, Mapping
from types import CodeType, ModuleType
from typing import Any, Final

MOST: Final = 4_096
"""Places remembered."""
_known: dict[tuple[str, int, str, int], str] = {}


def place(code: CodeType, space: Mapping[str, Any], found: tuple[Any, ...], source: str) -> str:
    """The place of one of the objects in `found`, as the code names it; empty when it is kept where no name of the module leads.

    `space`: the globals of the code's module. `source`: what the object is called where it comes from.
    """
    key = (code.co_filename, code.co_firstlineno, source, id(found[0]))
    known = _known.get(key)
    if known is None:
        if len(_known) >= MOST:
            _known.clear()
        known = _known[key] = next(places(code, space, found, source), "")
    return known


def places(code: CodeType, space: Mapping[str, Any], found: tuple[Any, ...], source: str) -> Iterator[str]:
    module = space.get("__name__")
    named = [(name, space[name]) for name in code.co_names if name in space]
    for name, value in named:
        if among(value, found):
            yield f"{module}.{name}"
    for _, value in named:
        if type(value) is ModuleType:
            yield from (f"{value.__name__}.{name}" for name in code.co_names if among(value.__dict__.get(name), found))
    yield from kept(code, space, found)
    holder, _, name = source.rpartition(".")
    if name in code.co_names and holder.partition(".")[0] in code.co_names:  # imported inside of the function
        yield source


def kept(code: CodeType, space: Mapping[str, Any], found: tuple[Any, ...]) -> Iterator[str]:
    """Places in classes of the module: `clock = staticmethod(time.time)`."""
    module = space.get("__name__")
    for name, value in list(space.items()):
        if issubclass(type(value), type) and type.__dict__["__module__"].__get__(value) == module:
            held = type.__dict__["__dict__"].__get__(value)
            for attribute in code.co_names:
                entry = held.get(attribute)
                if among(entry.__func__ if type(entry) is staticmethod else entry, found):
                    yield f"{module}.{name}.{attribute}"


def among(value: Any, found: tuple[Any, ...]) -> bool:
    return any(value is one for one in found)
