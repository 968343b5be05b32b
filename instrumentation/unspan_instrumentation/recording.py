"""The recording of one request: where every seam puts what it saw.

On the request's thread a seam only freezes values and appends a `Record`; encoding and sending happen in the exporter's thread.
"""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from unspan_proto import vocabulary as v


class Record(NamedTuple):
    """One span before it is a span. Attribute values whose names are in `vocabulary.ENCODED` are frozen (see `freezing`), others OTLP scalars."""

    trace_id: int
    span_id: int
    parent_id: int
    kind: str
    name: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    failed: bool = False
    span_kind: int = 1


class Recording:
    """One request being recorded. Thread-safe; `emit` never raises and never blocks.

    `sink` takes each Record (the exporter's queue) and returns whether it was taken.
    """

    def __init__(self, trace_id: int, root: int, sink: Callable[[Record], bool]) -> None:
        self.trace_id, self.root, self._sink = trace_id, root, sink
        self._ids = itertools.count(1)
        self._salt = root
        self.lost: dict[str, int] = {}
        self.recorded = 0
        self.closed = False
        self._open: dict[Callable[[], None], None] = {}

    def span_id(self) -> int:
        """A new id, unique in the trace: cheaper than randomness, which the application may have seeded."""
        return (self._salt + next(self._ids) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF or 1

    def parent(self) -> int:
        """The innermost open call on this thread that belongs to this recording, else the server span."""
        stack = open_calls.stack
        for recording, span_id in reversed(stack):
            if recording is self:
                return span_id
        return self.root

    def emit(
        self, kind: str, name: str, start: int, end: int, attributes: Mapping[str, Any], *,
        span_id: int = 0, parent: int = 0, failed: bool = False, span_kind: int = 1,
    ) -> int:  # fmt: skip
        """Adds a record and returns its span id. Times are `time.time_ns()`; attributes are frozen already."""
        span_id = span_id or self.span_id()
        record = Record(self.trace_id, span_id, parent or self.parent(), kind, name, start, end, attributes, failed, span_kind)
        if self._sink(record):
            self.recorded += 1
        else:
            self.lose("records were dropped because the exporter's queue was full")
        return span_id

    def lose(self, why: str) -> None:
        """Notes that something was not recorded; the trace will say so."""
        self.lost[why] = self.lost.get(why, 0) + 1

    def at_end(self, finish: Callable[[], None]) -> None:
        """Has `finish` called when the recording ends, for what is still open then; `finished` takes it back. `finish` must not raise."""
        self._open[finish] = None

    def finished(self, finish: Callable[[], None]) -> None:
        self._open.pop(finish, None)

    def end(self) -> None:
        """Sends what is still open, then the `end` record. The server span has been handed over before, and counts."""
        while self._open and not self.closed:
            self._open.popitem()[0]()
        if not self.closed:
            self.closed = True
            now = time.time_ns()
            sentences = [why if n == 1 else f"{why} ({n} times)" for why, n in self.lost.items()]
            attributes = {v.FORMAT: 1, v.RECORDED: self.recorded + 1, v.LOST: sentences}
            self._sink(Record(self.trace_id, self.span_id(), self.root, v.END, "end", now, now, attributes))


class OpenCalls(threading.local):
    """The calls that are open on this thread, outermost first, each with its recording."""

    def __init__(self) -> None:
        self.stack: list[tuple[Recording, int]] = []


open_calls = OpenCalls()
_current: ContextVar[Recording | None] = ContextVar("unspan_recording", default=None)


def current() -> Recording | None:
    """The recording of the request that this code runs for, or None."""
    return _current.get()


begin = _current.set
finish = _current.reset
