"""The view that the URLconf resolved to: its name, its arguments, its decorators, and what is active when it is called."""

from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.freezing.kinds import namespace

MAX_WRAPPERS: Final = 20


def attributes(match: Any, function: Any) -> dict[str, Any]:
    """Called when all `process_request` of middleware has run: language and time zone are what the view will see."""
    found: dict[str, Any] = {v.VIEW: dotted(function)}
    if match is not None:
        found[v.VIEW_ARGUMENTS] = freeze([list(match.args), dict(match.kwargs)])
        found[v.ROUTE] = str(match.route or "")
    if (options := made_with(function)) is not None:
        found[v.VIEW_OPTIONS] = freeze(options)
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


def named_by(function: Any) -> Any:
    """The function that a view or middleware goes by: the class for an instance or a class-based view."""
    for _ in range(MAX_WRAPPERS):
        if type(function) is not partial:
            break
        function = function.func
    if type(function) is MethodType:
        function = function.__func__
    state = own(function)
    named = state.get("view_class") or state.get("cls") or function
    return named if type(named) is FunctionType or issubclass(type(named), type) else type(named)


def dotted(function: Any) -> str:
    """Its dotted name."""
    named = named_by(function)
    return f"{named.__module__}.{named.__qualname__}" if type(named) is FunctionType else type_name(named)


def module_of(function: Any) -> str:
    """The name of the module that a view, or its class, was defined in."""
    named = named_by(function)
    found = named.__module__ if type(named) is FunctionType else namespace(named).get("__module__")
    return found if type(found) is str else ""


def made_with(function: Any) -> list[Any] | None:
    """What `as_view` was given, of the view that it made; below decorators, too."""
    for _ in range(MAX_WRAPPERS):
        state = own(function)
        if "view_class" in state or "cls" in state:
            options = state.get("view_initkwargs", state.get("initkwargs"))
            return [options if type(options) is dict else {}, state.get("actions") or {}]
        function = state.get("__wrapped__")
    return None


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
