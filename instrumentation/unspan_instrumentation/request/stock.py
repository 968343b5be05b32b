"""What OpenTelemetry's Django middleware would do to the application, kept from it.

It asks for the request's address and resolves its path for a name; both may raise, or run converters of the application, where the application
alone would not: so it gets an address that is made here, and its span is named when Django has found the view. It is synchronous only, which
takes a whole ASGI request from the server's event loop: so it is made asynchronous where Django's own is.
"""

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from unspan_instrumentation.patching import replaced
from unspan_instrumentation.request import incoming


def bound(original: Any, wrapper: Any) -> Any:
    return replaced(original, lambda real, one, args, kwargs: wrapper(real, one, *args, **kwargs))


def marked(original: Any, middleware: Any, get_response: Any) -> None:
    """Under ASGI the middleware is asynchronous too, so that the chain stays on the server's own task, as it is without it."""
    original(middleware, get_response)
    if is_async(get_response):
        asgiref().markcoroutinefunction(middleware)


def is_async(function: Any) -> bool:
    """Whether Django will await what the function returns."""
    return bool(asgiref().iscoroutinefunction(function))


def asgiref() -> Any:
    """Django's own library for both worlds; it is there when Django is."""
    return importlib.import_module("asgiref.sync")


def method_alone(request: Any) -> str:
    """The span's name until the view is found."""
    return str(request.method)


@contextmanager
def addressed(request: Any) -> Generator[None]:
    """Inside, `build_absolute_uri` gives the address at once: it neither refuses a host nor remembers one that a middleware will change."""
    state = request.__dict__
    before = state.get("build_absolute_uri")
    text = f"{incoming.scheme(request)}://{incoming.host(request)}{incoming.path(request)}"
    state["build_absolute_uri"] = lambda location=None: text
    try:
        yield
    finally:
        if before is None:
            state.pop("build_absolute_uri", None)
        else:
            state["build_absolute_uri"] = before
