"""The clock: the functions of `time`, Django's `timezone.now`, and the methods `now`, `utcnow` and `today` of `datetime` and `date`.

Those methods belong to types written in C, which refuse `setattr`; they are replaced in the types' own dicts, so that every way to them leads here,
also through subclasses. time-machine overwrites the C functions behind these very names and takes what it finds there for one: before it is imported
everything is put back, for good. Nothing of the kind is done in a subinterpreter, which shares the types, or where Python is another than CPython.
"""

import ctypes
import gc
import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from importlib.abc import MetaPathFinder
from types import FunctionType, ModuleType
from typing import Any, Final

from unspan_instrumentation.recording import current
from unspan_instrumentation.tapes.noting import Told, heard
from unspan_instrumentation.tapes.stand_ins import Recorded, Skip, function

METHODS: Final = {"datetime": ("now", "utcnow"), "date": ("today",)}
WITHOUT_TIME: Final[dict[str, Skip]] = {
    "localtime": lambda seconds=None: seconds is not None,
    "gmtime": lambda seconds=None: seconds is not None,
    "ctime": lambda seconds=None: seconds is not None,
    "asctime": lambda *given: bool(given),
    "strftime": lambda form, *given: bool(given),
}
"""Functions that ask the clock only when they are given no time."""
FUNCTIONS: Final = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "clock_gettime",
    "clock_gettime_ns", *WITHOUT_TIME,
)  # fmt: skip
TRAVELLERS: Final = frozenset({"time_machine", "_time_machine"})

_undo: list[Callable[[], None]] = []


def patch_now(module: Any) -> None:
    """For `django.utils.timezone`: recorded whoever asks, Django's own `auto_now` and sessions too."""
    original = module.now
    if isinstance(original, FunctionType) and not getattr(original, "__unspan__", False):
        module.now = function(original, "django.utils.timezone.now", always=True)


def patch_time(module: Any) -> None:
    if travelling():
        return
    for name in FUNCTIONS:
        original = module.__dict__.get(name)
        if original is not None and type(original) is not Recorded:
            setattr(module, name, Recorded(original, f"time.{name}", WITHOUT_TIME.get(name)))
            _undo.append(lambda name=name, original=original: setattr(module, name, original))
    watch_travellers()


def patch_datetime(module: Any) -> None:
    if travelling() or sys.implementation.name != "cpython" or not main_interpreter():
        return
    for kind in (module.datetime, module.date):
        if kind.__flags__ & HEAP_TYPE:  # freezegun has put another class in its place
            continue
        for name in METHODS[kind.__name__]:
            replace(kind, name)
    watch_travellers()


HEAP_TYPE: Final = 1 << 9
"""In a type's flags: it was made by a class statement."""


def replace(kind: type, name: str) -> None:
    """Puts a recording class method into the dict of a type written in C."""
    held = own(kind)
    original = held.get(name) if held is not None else None
    if held is None or type(original).__name__ != "classmethod_descriptor":
        return
    put(kind, held, name, classmethod(clocked(kind, name, original)))
    _undo.append(lambda: put(kind, held, name, original))


def own(kind: type) -> dict[str, Any] | None:
    """The dict behind a type's `__dict__`, which itself is read-only."""
    found: list[Any] = [one for one in gc.get_referents(kind.__dict__) if type(one) is dict]
    return found[0] if len(found) == 1 and found[0].get("__doc__") is kind.__dict__["__doc__"] else None


def put(kind: type, held: dict[str, Any], name: str, value: Any) -> None:
    held[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def clocked(kind: type, name: str, original: Any) -> Callable[..., Any]:
    """The function of a class method that does what the type's own does, and records it."""
    plain, source = getattr(kind, name), f"datetime.{kind.__name__}.{name}"

    def recorded(cls: type, /, *args: Any, **kwargs: Any) -> Any:
        value = plain(*args, **kwargs) if cls is kind else original.__get__(None, cls)(*args, **kwargs)
        recording = current()
        if recording is not None:
            said = f"datetime.datetime.{name}" if issubclass(cls, datetime) else source
            heard(recording, Told(said, value, (cls,)), sys._getframe(1))
        return value

    recorded.__name__, recorded.__qualname__, recorded.__doc__ = name, f"{kind.__name__}.{name}", plain.__doc__
    recorded.__module__ = None  # type: ignore[assignment]
    recorded.__signature__ = signature(plain)  # type: ignore[attr-defined]
    return recorded


def signature(plain: Callable[..., Any]) -> inspect.Signature:
    """The signature of a built-in class method as its function has it, before it is bound."""
    try:
        given = inspect.signature(plain)
    except ValueError:  # a built-in that does not tell; these take nothing
        given = inspect.Signature()
    first = inspect.Parameter("type", inspect.Parameter.POSITIONAL_ONLY)
    return given.replace(parameters=[first, *given.parameters.values()])


def main_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):
        with suppress(Exception):
            module = __import__(name)
            return bool(module.get_current() == module.get_main())
    return True


def travelling() -> bool:
    """Whether a library that holds the clock has been imported already; freezegun knows the functions again that it saw then."""
    return not (TRAVELLERS | {"freezegun"}).isdisjoint(sys.modules)


class Restorer(MetaPathFinder):
    """Finds nothing; puts the clock back before time-machine is found."""

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> None:
        if fullname in TRAVELLERS:
            restore()


def watch_travellers() -> None:
    if not any(type(finder) is Restorer for finder in sys.meta_path):
        sys.meta_path.insert(0, Restorer())


def restore() -> None:
    """The clock's own functions and methods are in their places again."""
    while _undo:
        with suppress(Exception):
            _undo.pop()()


PATCHES: Final = (("time", patch_time), ("datetime", patch_datetime), ("django.utils.timezone", patch_now))
