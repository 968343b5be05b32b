"""How a seam gets between Django and its callers: one function that replaces another, and one that keeps our errors from both.

What is replaced, and by what, stands in the seam's own file; when the replacing happens stands in `seams`.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from unspan_instrumentation.recording import Recording

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""Called instead of a method with the original function, `self`, and the arguments; `self` has to be passed on."""


def around(owner: type, name: str, wrapper: Wrapper) -> None:
    """Replaces the method `name` that `owner` itself defines. Does nothing where there is none (another version), or when done already."""
    original = owner.__dict__.get(name)
    if original is None or getattr(original, "__unspan__", False):
        return

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wrapper(original, self, args, kwargs)

    @functools.wraps(original)
    async def coroutine(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await wrapper(original, self, args, kwargs)

    replacement = coroutine if inspect.iscoroutinefunction(original) else call  # `mock.patch` makes its stand-in by what it finds
    replacement.__unspan__ = True  # type: ignore[attr-defined]
    setattr(owner, name, replacement)


def quietly(recording: Recording, what: str, function: Callable[..., Any], *args: Any) -> Any:
    """What `function` returns; None, and a loss in the trace, when it raised."""
    try:
        return function(*args)
    except Exception as error:
        recording.lose(not_recorded(what, error))
        return None


def not_recorded(what: str, error: Exception) -> str:
    return f"{what} was not recorded because of {type(error).__name__} inside unspan"
