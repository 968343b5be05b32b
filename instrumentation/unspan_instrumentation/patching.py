"""How a seam gets between Django and its callers: one function that replaces another, and one that keeps our errors from both.

What is replaced, and by what, stands in the seam's own file; when the replacing happens stands in `seams`.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from unspan_instrumentation.recording import Recording, current

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""Called instead of a method with the original function, `self`, and the arguments; `self` has to be passed on."""


class Real:
    """The application's own function while a wrapper has it, and what came of it: so an error of ours, before or after, changes nothing.

    An error leads to the frames that it passed, and one of them here: `taken` lets go of it, or it would live until a collection of garbage.
    """

    __slots__ = ("error", "function", "results")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.error: BaseException | None = None
        self.results: tuple[Any, ...] = ()
        """Its result, once it has returned."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            result = self.function(*args, **kwargs)
        except BaseException as error:
            self.error = error
            raise
        self.results = (result,)
        return result

    def taken(self) -> BaseException | None:
        error, self.error = self.error, None
        return error

    def instead(self, ours: Exception, theirs: BaseException | None, *args: Any, **kwargs: Any) -> Any:
        """What the application gets after a wrapper has raised an error of ours: its own, called now where it was not."""
        noted(self.function.__name__, ours)
        if theirs is not None:
            raise theirs
        return self.results[0] if self.results else self.function(*args, **kwargs)


class AsyncReal(Real):
    """The same of a coroutine function."""

    __slots__ = ()

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            result = await self.function(*args, **kwargs)
        except BaseException as error:
            self.error = error
            raise
        self.results = (result,)
        return result

    async def instead(self, ours: Exception, theirs: BaseException | None, *args: Any, **kwargs: Any) -> Any:
        noted(self.function.__name__, ours)
        if theirs is not None:
            raise theirs
        return self.results[0] if self.results else await self.function(*args, **kwargs)


def around(owner: type, name: str, wrapper: Wrapper) -> None:
    """Replaces the method `name` that `owner` itself defines. Does nothing where there is none (another version), or when done already."""
    original = owner.__dict__.get(name)
    if original is not None and not getattr(original, "__unspan__", False):
        setattr(owner, name, replaced(original, wrapper))


def replaced(original: Callable[..., Any], wrapper: Wrapper) -> Callable[..., Any]:
    """What stands in for a method: of the same kind, and an error of ours in it changes nothing."""

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        real = Real(original)
        try:
            return wrapper(real, self, args, kwargs)
        except BaseException as error:
            theirs = real.taken()
            if error is theirs or not isinstance(error, Exception):
                del theirs
                raise
            ours = error
        return real.instead(ours, theirs, self, *args, **kwargs)

    @functools.wraps(original)
    async def coroutine(self: Any, *args: Any, **kwargs: Any) -> Any:
        real = AsyncReal(original)
        try:
            return await wrapper(real, self, args, kwargs)
        except BaseException as error:
            theirs = real.taken()
            if error is theirs or not isinstance(error, Exception):
                del theirs
                raise
            ours = error
        return await real.instead(ours, theirs, self, *args, **kwargs)

    replacement = coroutine if inspect.iscoroutinefunction(original) else call  # `mock.patch` makes its stand-in by what it finds
    replacement.__unspan__ = True  # type: ignore[attr-defined]
    return replacement


def noted(what: str, error: Exception) -> None:
    """The loss in the trace of the request that this thread works for."""
    recording = current()
    if recording is not None:
        recording.lose(not_recorded(what, error))


def quietly(recording: Recording, what: str, function: Callable[..., Any], *args: Any) -> Any:
    """What `function` returns; None, and a loss in the trace, when it raised."""
    try:
        return function(*args)
    except Exception as error:
        recording.lose(not_recorded(what, error))
        return None


def not_recorded(what: str, error: Exception) -> str:
    return f"{what} was not recorded because of {type(error).__name__} inside unspan"
