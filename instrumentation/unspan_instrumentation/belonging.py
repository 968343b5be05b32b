"""Whose code a function is, as far as a seam has to know: the project's own or not. Asked once per module and file."""

import os
import sys
from functools import cache, partial
from types import FunctionType, MethodType
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.calls.disposition import OURS, Project, matching, roots
from unspan_instrumentation.settings import active

FRAMES: Final = 100
"""How many frames are looked at for the project's own."""


@cache
def of_project(module: str, filename: str) -> bool:
    """Whether code of this module, in this file, is the project's own, by where it lies and by the settings."""
    settings = active()
    if matching(module, settings.exclude) or module.partition(".")[0] in OURS:
        return False
    return bool(matching(module, settings.include)) or _project().placed(filename)[0]


@cache
def _project() -> Project:
    from django.conf import settings  # in the user's process Django comes when the application brings it

    given = active()
    folders = roots(getattr(settings, "SETTINGS_MODULE", None), sys.argv, getattr(settings, "BASE_DIR", None))
    return Project(folders, given.include, given.exclude)


def function_of(called: Any) -> FunctionType | None:
    """The Python function that runs when `called` is called, where that can be known without asking `called`."""
    for _ in range(10):
        kind = type(called)
        if kind is FunctionType:
            return called
        if kind is MethodType:
            called = called.__func__
        elif kind is partial:
            called = called.func
        else:
            found = next((base.__dict__["__call__"] for base in kind.__mro__ if "__call__" in base.__dict__), None)
            return found if type(found) is FunctionType else None
    return None


def name_of(called: Any) -> str:
    """Dotted name of what is called: a function, a method, or the type of an object that can be called."""
    function = function_of(called)
    if function is None:
        return type_name(called if issubclass(type(called), type) else type(called))
    return f"{function.__module__}.{function.__qualname__}"


def is_project_code(called: Any) -> bool:
    """Whether what is called is a function of the project's."""
    function = function_of(called)
    return function is not None and of_project(str(function.__globals__.get("__name__", "")), function.__code__.co_filename)


def place() -> dict[str, Any]:
    """Attributes for the place in the project's code from which this thread came here; empty where there is none."""
    frame = sys._getframe(1)
    for _ in range(FRAMES):
        if frame.f_back is None:
            break
        frame = frame.f_back
        module, code = str(frame.f_globals.get("__name__", "")), frame.f_code
        if of_project(module, code.co_filename):
            return {v.FUNCTION: f"{module}.{code.co_qualname}", v.FILE: os.path.abspath(code.co_filename), v.LINE: frame.f_lineno}
    return {}
