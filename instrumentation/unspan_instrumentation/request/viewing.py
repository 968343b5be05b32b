"""The view that the URLconf resolved to: its name, its arguments, its decorators, and what is active when it is called."""

from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.freezing import freeze

MAX_WRAPPERS: Final = 20


def attributes(match: Any, function: Any) -> dict[str, Any]:
    """Called when all `process_request` of middleware has run: language and time zone are what the view will see."""
    found: dict[str, Any] = {v.VIEW: dotted(function)}
    if match is not None:
        found[v.VIEW_ARGUMENTS] = freeze([list(match.args), dict(match.kwargs)])
        found[v.ROUTE] = str(match.route or "")
    if around := decorators(function):
        found[v.VIEW_DECORATORS] = around
    return {**found, **active()}


def active() -> dict[str, str]:
    from django.utils import timezone
    from django.utils.translation import get_language

    found: dict[str, str] = {}
    if language := get_language():
        found[v.LANGUAGE] = language
    if type(key := getattr(timezone.get_current_timezone(), "key", None)) is str:
        found[v.TIMEZONE] = key
    return found


def dotted(function: Any) -> str:
    """The dotted name of a view or of middleware: of the class for an instance or a class-based view."""
    for _ in range(MAX_WRAPPERS):
        if type(function) is not partial:
            break
        function = function.func
    if type(function) is MethodType:
        function = function.__func__
    state = own(function)
    named = state.get("view_class") or state.get("cls") or function
    if type(named) is FunctionType:
        return f"{named.__module__}.{named.__qualname__}"
    return type_name(named if issubclass(type(named), type) else type(named))


def own(function: Any) -> dict[str, Any]:
    """What a function holds of its own; nothing of objects that could run code when they are asked."""
    return function.__dict__ if type(function) is FunctionType else {}


def decorators(function: Any) -> list[str]:
    """Dotted names of what made the functions around the view, outermost first."""
    found: list[str] = []
    while len(found) < MAX_WRAPPERS and type(function) is FunctionType:
        inner, code = own(function).get("__wrapped__"), function.__code__
        if inner is None or code.co_qualname.endswith(".as_view.<locals>.view"):
            break
        found.append(f"{function.__globals__.get('__name__', '')}.{code.co_qualname.partition('.<locals>')[0]}")
        function = inner
    return found
