"""Whether a record tells already of what happens now: then the layers below (a socket, a process, a log line) need no record of their own."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.instrumentation.utils import is_instrumentation_enabled

_telling: Final[ContextVar[bool]] = ContextVar("unspan_told", default=False)


def is_told() -> bool:
    """True inside of `telling()`, and in what OpenTelemetry does for itself."""
    return _telling.get() or not is_instrumentation_enabled()


@contextmanager
def telling() -> Generator[None]:
    """Around work that another record describes whole."""
    token = _telling.set(True)
    try:
        yield
    finally:
        _telling.reset(token)


@contextmanager
def untold() -> Generator[None]:
    """Around the application's own code that is called from within: what it does has records of its own again."""
    token = _telling.set(False)
    try:
        yield
    finally:
        _telling.reset(token)
