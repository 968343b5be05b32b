"""Values that the outside handed in, one record each: the clock and randomness, with the line that asked.

`timezone.now` is recorded for every caller, Django's own included (`auto_now`, sessions); `random`, `uuid`, `secrets`, `time.time` and
`os.urandom` for the project's code only (not `time.time_ns`, which the recorder itself asks all the time). `datetime.now()`, `utcnow()`, `today()` and `date.today()` belong to types written in C, which
cannot be patched: they are not recorded. Functions that a module took by `from random import …` before recording began are not either.

What stands in for a function returns the very same result and looks the same to whoever serialises it: migrations write `uuid.uuid4` and
`django.utils.timezone.now` as before, and pickle finds it by its name.
"""

import functools
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from types import FrameType, FunctionType
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.calls.disposition import Project, matching, roots
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.settings import active

FUNCTIONS: Final = {
    "random": (
        "betavariate", "choice", "choices", "expovariate", "gauss", "getrandbits", "normalvariate", "randbytes", "randint", "random", "randrange",
        "sample", "shuffle", "triangular", "uniform",
    ),
    "uuid": ("uuid1", "uuid4"),
    "secrets": ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"),
    "time": ("time",),
    "os": ("urandom",),
    "django.utils.crypto": ("get_random_string",),
}  # fmt: skip
"""Recorded when the project's code asks."""


class Recorded:
    """Stands in for a built-in function or a bound method. No function, so that it is not bound where a class has it as an attribute."""

    def __init__(self, original: Callable[..., Any], source: str, of_project: bool) -> None:
        module, _, name = source.rpartition(".")
        self.__dict__.update(__module__=module, __name__=name, __qualname__=name, __doc__=original.__doc__, __wrapped__=original)
        self._original, self._source, self._of_project = original, source, of_project

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value = self._original(*args, **kwargs)
        recording = current()
        if recording is not None:
            quietly(recording, "a value from outside", note, recording, self._source, value, args, sys._getframe(1), self._of_project)
        return value

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> str:
        return str(self.__dict__["__qualname__"])


def function(original: FunctionType, source: str, of_project: bool) -> Callable[..., Any]:
    """Stands in for a function written in Python."""

    @functools.wraps(original)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        recording = current()
        if recording is not None:
            quietly(recording, "a value from outside", note, recording, source, value, args, sys._getframe(1), of_project)
        return value

    recorded.__unspan__ = True  # type: ignore[attr-defined]
    return recorded


def note(recording: Recording, source: str, value: Any, args: tuple[Any, ...], asker: FrameType, of_project: bool) -> None:
    code, module = asker.f_code, str(asker.f_globals.get("__name__", ""))
    if recording.closed or (of_project and not asked_by_project(module, code.co_filename)):
        return
    now = time.time_ns()
    attributes = {
        v.SOURCE: source,
        v.VALUE: freeze(args[0] if source == "random.shuffle" and args else value),
        v.FUNCTION: f"{module}.{code.co_qualname}",
        v.FILE: absolute(code.co_filename),
        v.LINE: asker.f_lineno,
    }
    recording.emit(v.TAPE, source, now, now, attributes)


absolute = cache(os.path.abspath)


@cache
def asked_by_project(module: str, filename: str) -> bool:
    """Whether code of this module, in this file, is the project's own."""
    settings = active()
    if matching(module, settings.exclude) or module.partition(".")[0] in ("unspan_instrumentation", "unspan_proto"):
        return False
    return bool(matching(module, settings.include)) or project().placed(filename)[0]


@cache
def project() -> Project:
    from django.conf import settings  # in the user's process Django comes when the application brings it

    given = active()
    folders = roots(getattr(settings, "SETTINGS_MODULE", None), sys.argv, getattr(settings, "BASE_DIR", None))
    return Project(folders, given.include, given.exclude)


def record(module: Any, name: str, of_project: bool) -> None:
    """Replaces a function of a module, once."""
    original = getattr(module, name, None)
    if original is None or isinstance(original, Recorded) or getattr(original, "__unspan__", False):
        return
    stand_in = function if isinstance(original, FunctionType) else Recorded
    setattr(module, name, stand_in(original, f"{module.__name__}.{name}", of_project))


def patch_now(module: Any) -> None:
    """For `django.utils.timezone`."""
    record(module, "now", of_project=False)


def patch(module: Any) -> None:
    for name in FUNCTIONS[module.__name__]:
        record(module, name, of_project=True)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("django.utils.timezone", patch_now),
    *((name, patch) for name in FUNCTIONS),
)
"""Module and what to do with it once it is imported."""
