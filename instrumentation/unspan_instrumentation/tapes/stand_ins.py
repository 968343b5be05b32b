"""What stands in for a function whose values are recorded: same results, same looks."""

import functools
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Final

from unspan_instrumentation.patching import not_recorded, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.tapes.noting import MOST_POSITIONS, Told, chosen, heard, positions

LOOKS: Final = ("__module__", "__name__", "__qualname__", "__doc__", "__text_signature__", "__self__", "__func__")
MOST_UNHEARD: Final = 4_096

Skip = Callable[..., bool]
"""Whether a call with these arguments asks nothing of the outside."""


class Recorded:
    """Stands in for a built-in function or a bound method. No function, so that it is not bound where a class has it as an attribute.

    Says that its class is the original's: Django's migrations and `inspect` go by that.
    """

    def __init__(self, original: Callable[..., Any], source: str, skip: Skip | None = None) -> None:
        self.__dict__.update({name: getattr(original, name) for name in LOOKS if hasattr(original, name)}, __wrapped__=original)
        self._original, self._source, self._name, self._skip = original, source, source.rpartition(".")[2], skip
        self._found = (self, original)
        self._unheard: dict[int, CodeType] = {}
        """Code that asked before, and whose asking is not recorded: Django times each query."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recording = current()
        if recording is None or id((asker := sys._getframe(1)).f_code) in self._unheard:
            return self._original(*args, **kwargs)
        before = quietly(recording, self._source, shuffled, self._name, args) if args else None
        value = self._original(*args, **kwargs)
        try:
            if not (self._skip and self._skip(*args, **kwargs)):
                one = told(self._source, self._name, value, args, before, self._found)
                if not heard(recording, one, asker):
                    self._unhear(asker.f_code)
        except Exception as error:
            recording.lose(not_recorded(self._source, error))
        return value

    def _unhear(self, code: CodeType) -> None:
        if len(self._unheard) >= MOST_UNHEARD:
            self._unheard.clear()
        self._unheard[id(code)] = code  # the code is kept, so that its id stays its own

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return type(self._original)

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> str:
        return self._name


def function(original: FunctionType, source: str, always: bool) -> Callable[..., Any]:
    """Stands in for a function written in Python."""

    @functools.wraps(original)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        recording = current()
        if recording is not None:
            quietly(recording, source, heard, recording, Told(source, value, (recorded, original), always), sys._getframe(1))
        return value

    recorded.__unspan__ = True  # type: ignore[attr-defined]
    return recorded


def shuffled(name: str, args: tuple[Any, ...]) -> list[Any] | None:
    """The order before a shuffle, to tell the positions afterwards."""
    return list(args[0]) if name == "shuffle" and args and type(args[0]) is list and len(args[0]) <= MOST_POSITIONS else None


def told(source: str, name: str, value: Any, args: tuple[Any, ...], before: list[Any] | None, found: tuple[Any, ...]) -> Told:
    """What a function of `random` or `secrets` gave; for a shuffle the list in its new order."""
    if name == "shuffle" and args:
        return Told(source, args[0], found, positions=positions(before, args[0]) if before is not None else None)
    return Told(source, value, found, positions=chosen(name, args, value))
