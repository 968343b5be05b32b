"""The recording of one request or unit of work: where every seam puts what it saw.

On its thread a seam only freezes values and appends a `Record`; encoding and sending happen in the exporter's thread.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from unspan_proto import FORMAT
from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing.limits import Weight
from unspan_instrumentation.records import RECORD_BYTES, Calls, Record, Within, weight
from unspan_instrumentation.settings import Settings

now: Final = time.time_ns
"""Taken before a tape of the clock stands in its place."""
GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF
MAX_RECORDS = 100_000
"""Of one recording: what polls or loops for days ends here."""
DROPPED = "a record was dropped because the exporter's queue was full"
NO_VALUES = "arguments, locals, results and rows were not recorded: UNSPAN_VALUES=0"
UNSEEN: Final[dict[str, int]] = {}
"""What cannot be seen in this process, as sentences."""
FORKED = "the process made a copy of itself (os.fork), and what that did was not recorded"
TOO_MANY = f"a record was dropped because there were {MAX_RECORDS:,} before it"


class Recording:
    """One request being recorded. Thread-safe; `emit` never raises and never blocks.

    `sink` takes each Record (the exporter's queue) and returns whether it was taken.
    """

    def __init__(self, trace_id: int, root: int, sink: Callable[[Any], bool], settings: Settings | None = None) -> None:
        self.trace_id, self.root, self.sink = trace_id, root, sink
        self.settings = settings or Settings()
        self.calls_left = self.settings.max_calls
        self.exchange: Any = None
        self.work: Any = None
        """The unit of work that is recorded; None for a request."""
        self.within: Within | None = None
        """For a request inside a unit of work; its own `trace_id` is the work's then."""
        self.span_id: Callable[[], int] = itertools.count((root * GOLDEN & MASK) >> 1 | 1).__next__
        """A new id, unique in the trace: cheaper than randomness, which the application may have seeded."""
        self.suspended: dict[int, Any] = {}
        self._unfinished: dict[Callable[[], None], None] = {}
        self.calls: list[Any] = []
        """Values of calls that have ended; any thread adds a call in one step."""
        self._taking = threading.Lock()
        self.lost: dict[str, int] = {**UNSEEN} if self.settings.values else {**UNSEEN, NO_VALUES: 1}
        self.recorded = 0
        self.bytes = 0
        """What the records weigh that were handed over."""
        self._weighed = 0
        """What of `Weight` was counted already: the exporter's queue begins it anew with each record, others need not."""
        self.closed = False

    def parent(self) -> int:
        """The innermost open call on this thread that belongs to this recording, else the one that a coroutine was started from in another
        thread, else the server span."""
        for entry in reversed(open_calls.stack):
            if entry[0] is self:
                return entry[1]
        root, call = started_from.get()
        return call if root == self.root else self.root

    def emit(
        self, kind: str, name: str, start: int, end: int, attributes: Mapping[str, Any], *,
        span_id: int = 0, parent: int = 0, failed: bool = False, span_kind: int = 1,
    ) -> int:  # fmt: skip
        """Adds a record and returns its span id. Times are `time.time_ns()`; attributes are frozen already."""
        span_id = span_id or self.span_id()
        self.take(Record(self.trace_id, span_id, parent or self.parent(), kind, name, start, end, attributes, failed, span_kind))
        return span_id

    def take(self, record: Any) -> None:
        """Hands a finished record to the exporter, counted; one that comes after the end is nobody's."""
        if not self.closed:
            self._hand_over(record, 1)

    def take_calls(self, patience: float = 0.0) -> None:
        """Hands the calls that have ended so far to the exporter, in one piece: one by one they would cost twice as much."""
        if self.closed or not self._taking.acquire(timeout=patience):  # another thread is at it, or a finaliser within this very step
            return
        try:
            values = self.calls[:]
            del self.calls[: len(values)]  # what is added in between stays
            if values:
                count = counted(values)
                self._hand_over(Calls(self.trace_id, values, count), count)
        finally:
            self._taking.release()

    def _hand_over(self, record: Any, count: int) -> None:
        size = max(weight(record) - self._weighed, RECORD_BYTES)
        if self.recorded >= MAX_RECORDS:
            self._drop(TOO_MANY, count)
        elif self.bytes + size > self.settings.max_trace:
            self._drop(f"a record was dropped because the trace was over UNSPAN_MAX_TRACE={self.settings.max_trace}", count)
        elif self.sink(record):
            self.recorded += count
            self.bytes += size
        else:
            self._drop(DROPPED, count)
        self._weighed = Weight.bytes

    def _drop(self, why: str, count: int) -> None:
        self.lost[why] = self.lost.get(why, 0) + count
        Weight.bytes = 0
        self.calls_left = 0  # of a trace that is broken anyway, no more: taking calls only to drop them costs the application time

    def lose(self, why: str) -> None:
        """Notes that something was not recorded; the trace will say so."""
        self.lost[why] = self.lost.get(why, 0) + 1

    def at_end(self, emit: Callable[[], None]) -> None:
        """Has `emit` called when the request ends, for what is not a record yet, unless `finished(emit)` comes first."""
        self._unfinished[emit] = None

    def finished(self, emit: Callable[[], None]) -> None:
        self._unfinished.pop(emit, None)

    def settle(self) -> None:
        """Calls what waits for the end."""
        while self._unfinished:
            emit = next(iter(self._unfinished))
            del self._unfinished[emit]
            try:
                emit()
            except Exception as error:
                self.lose(f"a record was lost to {type(error).__name__} inside unspan")

    def close(self) -> None:
        """Nothing more is recorded."""
        self.closed, self.calls_left = True, 0

    def end(self) -> None:
        """Sends the `end` record. The server span, or the root of the work, has been handed over before, and counts."""
        if self.closed:
            return
        self.settle()
        self.take_calls(1.0)
        self.close()
        at = now()
        sentences = [why if n == 1 else f"{why} ({n} times)" for why, n in self.lost.items()]
        attributes = {v.FORMAT: FORMAT, v.RECORDED: self.recorded + 1, v.LOST: sentences}
        self.sink(Record(self.trace_id, self.span_id(), self.root, v.END, "end", at, at, attributes))


def unseen(what: str) -> None:
    """From now on something cannot be seen in this process: every trace says so."""
    UNSEEN[what] = 1
    recording = current()
    if recording is not None:
        recording.lose(what)


def counted(values: list[Any]) -> int:
    """How many calls the values of `Calls` are. Each begins with its plan, which knows how many values the call has."""
    count = place = 0
    while place < len(values):
        count, place = count + 1, place + values[place].size
    return count


class Stack(list[Any]):
    """The calls that are open on one thread, outermost first; each begins with its recording and its span id."""

    def __init__(self) -> None:
        self.thread = threading.get_native_id()
        self.working = 0
        """How many recordings this thread works for at once: requests within requests."""


class OpenCalls(threading.local):
    """The stack of this thread."""

    stack: Any = ()
    """Seen while the thread's own is being made: that is a call too, whose end the cores are told of."""

    def __init__(self) -> None:
        self.stack = Stack()


open_calls = OpenCalls()
started_from: ContextVar[tuple[int, int]] = ContextVar("unspan_started_from", default=(0, 0))
"""The root of a recording, and the call of it that the code of this context was started from, where that is open on another thread."""
_current: ContextVar[Recording | None] = ContextVar("unspan_recording", default=None)


def current() -> Recording | None:
    """The recording of the request that this code runs for, or None."""
    recording = _current.get()
    return None if recording is None or recording.closed else recording


begin = _current.set
finish = _current.reset


def forked_here() -> None:
    recording = current()
    if recording is not None:
        recording.lose(FORKED)


def left_behind() -> None:
    """In a process that was forked: the recording is the parent's, and two processes would give the same ids to different spans."""
    recording = current()
    if recording is not None:
        recording.close()


os.register_at_fork(after_in_parent=forked_here, after_in_child=left_behind)
