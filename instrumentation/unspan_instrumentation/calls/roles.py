"""How a function is reached by its name: as a function, a method, a property. Looked up once per function, where classes and modules keep things, no
attribute asked: nothing of the application runs.
"""

import functools
import sys
from collections.abc import Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from unspan_instrumentation.freezing.kinds import descends, namespace, of

MAX_WRAPPERS: Final = 20
SPREAD: Final = ((0x04, "*"), (0x08, "**"))
"""Flags of code objects that take all further arguments, with the marks of those."""


def role(code: CodeType, name: str) -> str:
    """One of `staticmethod`, `classmethod`, `property`, `wrapped` (a decorator's function stands in its place and says so), `none` (its name does not lead to
    it); empty for a plain function or method."""
    qualified = code.co_qualname
    module = sys.modules.get(name[: -len(qualified) - 1])
    if type(module) is not ModuleType or "<" in qualified:
        return "none"
    space: Mapping[str, Any] = module.__dict__
    *around, last = qualified.split(".")
    for part in around:
        owner = space.get(part)
        if owner is None or not descends(type(owner), type):
            return "none"
        space = namespace(owner)
    return found_as(space.get(last), code)


def found_as(held: Any, code: CodeType) -> str:
    """What stands under the name."""
    kind = type(held)
    if kind is FunctionType:
        return "" if held.__code__ is code else "wrapped" if leads(held, code) else "none"
    if kind is staticmethod or kind is classmethod:
        return kind.__name__ if leads(held.__func__, code) else "none"
    if kind is property:
        return "property" if leads(held.fget, code) else "none"
    if kind is functools.cached_property or kind is of("django.utils.functional", "cached_property"):
        return "property" if leads(held.__dict__.get("func"), code) else "none"
    return "none"


def leads(function: Any, code: CodeType) -> bool:
    """Whether it is the function with this code, or one that says it wraps that."""
    for _ in range(MAX_WRAPPERS):
        if type(function) is not FunctionType:
            return False
        if function.__code__ is code:
            return True
        function = function.__dict__.get("__wrapped__")
    return False


def spread(code: CodeType) -> tuple[str, ...]:
    """The names of the arguments that take all further ones: `*args`, `**kwargs`."""
    place = code.co_argcount + code.co_kwonlyargcount
    found: list[str] = []
    for flag, mark in SPREAD:
        if code.co_flags & flag:
            found.append(mark + code.co_varnames[place])
            place += 1
    return tuple(found)
