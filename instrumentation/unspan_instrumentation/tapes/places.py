"""Where code looks up what it asks: the dotted place that a test has to patch.

Read off the asking code itself: of the names that it loads before the call, the nearest that leads to what was asked, compared by identity.
"""

import dis
from collections.abc import Iterator, Mapping
from types import CodeType, ModuleType
from typing import Any, Final

MOST: Final = 4_096
"""Places remembered, and codes."""
ATTRIBUTES: Final = ("LOAD_ATTR", "LOAD_METHOD")
_known: dict[tuple[str, int, int, str, int], str] = {}
_chains: dict[tuple[str, int, str], list["Chain"]] = {}

Chain = tuple[int, str, tuple[str, ...]]
"""Where in the code a name is loaded; the name, empty for a local variable's; and the attributes that are taken from it."""


def place(code: CodeType, at: int, space: Mapping[str, Any], found: tuple[Any, ...], source: str) -> str:
    """The place of one of the objects in `found`, as the code names it before the instruction `at`; empty where no name of the module leads there.

    `space`: the globals of the code's module. `source`: what the object is called where it comes from; empty for an instance.
    """
    key = (code.co_filename, code.co_firstlineno, at, source, id(found[0]))
    known = _known.get(key)
    if known is None:
        if len(_known) >= MOST:
            _known.clear()
        known = _known[key] = next(places(code, at, space, found, source), "")
    return known


def places(code: CodeType, at: int, space: Mapping[str, Any], found: tuple[Any, ...], source: str) -> Iterator[str]:
    before = [chain for chain in reversed(chains(code)) if chain[0] <= at]
    for _, name, attributes in before:
        if name:
            yield from followed(space, name, attributes, found)
    for _, name, attributes in before:
        if not name:
            yield from kept(space, attributes, found)
    holder, _, last = source.rpartition(".")
    if any(step.opname in ("IMPORT_FROM", "IMPORT_NAME") and step.argval in (last, holder) for step in dis.get_instructions(code)):
        yield source  # imported inside of the function


def followed(space: Mapping[str, Any], name: str, attributes: tuple[str, ...], found: tuple[Any, ...]) -> Iterator[str]:
    """The places on the way from a global name over its attributes, through modules and classes."""
    value, path = space.get(name), f"{space.get('__name__')}.{name}"
    for attribute in ("", *attributes):
        if attribute:
            if type(value) is ModuleType:
                value, path = value.__dict__.get(attribute), f"{value.__name__}.{attribute}"
            elif issubclass(type(value), type):
                value, path = held(value).get(attribute), f"{path}.{attribute}"
            else:
                return
        if among(value, found):
            yield path


def kept(space: Mapping[str, Any], attributes: tuple[str, ...], found: tuple[Any, ...]) -> Iterator[str]:
    """Places in classes of the module, whose instances the code asks: `clock = staticmethod(time.time)`."""
    module = space.get("__name__")
    for name, value in list(space.items()):
        if issubclass(type(value), type) and type.__dict__["__module__"].__get__(value) == module:
            yield from (f"{module}.{name}.{one}" for one in attributes if among(held(value).get(one), found))


def held(kind: Any) -> Mapping[str, Any]:
    """What a class itself has, asked of `type` so that no metaclass runs."""
    found: Mapping[str, Any] = type.__dict__["__dict__"].__get__(kind)
    return found


def chains(code: CodeType) -> list[Chain]:
    """The names that a code loads, in their order, each with the attributes that follow."""
    key = (code.co_filename, code.co_firstlineno, code.co_qualname)
    known = _chains.get(key)
    if known is None:
        if len(_chains) >= MOST:
            _chains.clear()
        known = _chains[key] = loaded(code)
    return known


def loaded(code: CodeType) -> list[Chain]:
    result: list[Chain] = []
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            result.append((step.offset, str(step.argval), ()))
        elif step.opname.startswith("LOAD_FAST"):
            result.append((step.offset, "", ()))
        elif step.opname in ATTRIBUTES and result:
            offset, name, attributes = result[-1]
            result[-1] = (offset, name, (*attributes, str(step.argval)))
    return result


def among(value: Any, found: tuple[Any, ...]) -> bool:
    plain = value.__func__ if type(value) is staticmethod else value
    return any(plain is one for one in found)
