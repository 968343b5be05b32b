"""Who answered: how far a request came in the chain of middleware, and whether the view was called.

Marks stand between Django's own functions, not around them, so that no traceback shows them.
"""

from collections.abc import Callable
from functools import wraps
from types import MethodType
from typing import Any

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.request.keys import KEY
from unspan_instrumentation.request.stock import is_async
from unspan_instrumentation.request.viewing import dotted


def watch(module: Any) -> None:
    """For `django.core.handlers.base`."""
    module.convert_exception_to_response = entering(module.convert_exception_to_response, module.BaseHandler)
    module.BaseHandler.load_middleware = marked(module.BaseHandler.load_middleware)
    module.BaseHandler.make_view_atomic = calling(module.BaseHandler.make_view_atomic)


def entering(convert: Callable[..., Any], handlers: type) -> Callable[..., Any]:
    """What makes a layer of the chain: from now on a layer notes its name when a request enters it."""

    @wraps(convert)
    def convert_exception_to_response(get_response: Any) -> Any:
        last = type(get_response) is MethodType and isinstance(get_response.__self__, handlers)
        layer, name = convert(get_response), "" if last else made_by(get_response)
        if is_async(layer):

            @wraps(layer)
            async def aentered(request: Any) -> Any:
                note(request, "entered", name)
                return await layer(request)

            return aentered

        @wraps(layer)
        def entered(request: Any) -> Any:
            note(request, "entered", name)
            return layer(request)

        return entered

    return convert_exception_to_response


def marked(load: Callable[..., Any]) -> Callable[..., Any]:
    """Puts a mark before each method of middleware that may answer before the view is called, or after it failed."""

    @wraps(load)
    def load_middleware(handler: Any, is_async: bool = False) -> Any:
        result = load(handler, is_async)
        views, failures = handler._view_middleware, handler._exception_middleware
        handler._view_middleware = [one for method in views for one in (mark("asking", owner(method), is_async), method)]
        handler._exception_middleware = [one for method in failures for one in (mark("excusing", owner(method), False), method)]
        return result

    return load_middleware


def mark(what: str, name: str, is_async: bool) -> Callable[..., Any]:
    """Stands in Django's list as a method of middleware that never answers."""

    def passed(request: Any, *args: Any, **kwargs: Any) -> None:
        note(request, what, name, *args[:1])

    async def apassed(request: Any, *args: Any, **kwargs: Any) -> None:
        note(request, what, name, *args[:1])

    return apassed if is_async else passed


def calling(make: Callable[..., Any]) -> Callable[..., Any]:
    """The last that Django does before it calls the view."""

    @wraps(make)
    def make_view_atomic(handler: Any, view: Any) -> Any:
        recording = current()
        if recording is not None and recording.exchange is not None:
            recording.exchange.called = True
        return make(handler, view)

    return make_view_atomic


def owner(method: Any) -> str:
    """The dotted name of the middleware that a method belongs to; Django may have wrapped it for or against `async`."""
    if type(method).__module__ == "asgiref.sync":
        method = method.__dict__.get("func") or method.__dict__.get("awaitable")
    return made_by(method.__self__ if type(method) is MethodType else method)


def made_by(middleware: Any) -> str:
    """The dotted name of a class of middleware, or of the function that made one."""
    return dotted(middleware).partition(".<locals>")[0]


def note(request: Any, what: str, *args: Any) -> None:
    exchange = request.__dict__.get(KEY)
    if exchange is not None:
        quietly(exchange.recording, "the way through the middleware", getattr(exchange, what), *args)
