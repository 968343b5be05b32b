"""The exporter: one bounded queue that every seam fills and one daemon thread that turns its content into protobuf and sends it.

The thread is polite. An encoder that holds the GIL costs a request up to 5 ms each time that it comes back from a query or a socket, so the
thread works in slices shorter than a query, and while requests are in flight it waits as long as it can.
"""

import contextvars
import os
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from unspan_proto import vocabulary as v

from unspan_instrumentation import wire
from unspan_instrumentation.calls import encoding as calls
from unspan_instrumentation.freezing import Weight
from unspan_instrumentation.holding import Waiting, ending
from unspan_instrumentation.records import Calls, Heard, Record, Signed, Verified, weight
from unspan_instrumentation.redaction import Redactor
from unspan_instrumentation.saying import warn
from unspan_instrumentation.sending import Outcome, Sender
from unspan_instrumentation.settings import Settings

BATCH_BYTES: Final = 1 << 20
RESERVE: Final = 1 << 20
"""Bytes over the bound that are kept for `end` records and bare roots: they say what was lost, and of which request."""
PATIENCE: Final = 0.5
"""Seconds that records wait for a moment without a request."""
SLICE: Final = 0.0002
"""Seconds of work between two pauses, and of a pause."""
LONG_SLICE: Final = 0.004
"""The same when the queue fills: a request in Python's own code hands the interpreter over every 5 ms only."""
WINDOW_BYTES: Final = 8 << 20
"""What is looked at together."""
LATE: Final = 2.0
"""Seconds of one go after which the exporter is behind, be the queue ever so small: where processors are busy, each pause takes far longer than asked."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds between two attempts to reach the collector."""


class Finished(NamedTuple):
    """A span of the SDK that has ended, and the attributes that we add to it."""

    span: ReadableSpan
    attributes: Mapping[str, Any]
    trace_id: int = 0
    parent: int = 0
    """Where it belongs to a unit of work: the ids that stand in the place of its own."""


Draft = wire.Draft | wire.Finished | calls.Draft


class Batch:
    """Spans on their way into one request: ours, and those of the SDK as `ResourceSpans`."""

    def __init__(self) -> None:
        self.ours: list[bytes] = []
        self.others: list[bytes] = []
        self.size = 0

    def take(self, data: bytes) -> None:
        self.ours.append(data)
        self.size += len(data)


class Pace:
    """How the exporter's thread lets requests run before it."""

    def __init__(self, outbox: "Outbox") -> None:
        self._outbox = outbox
        self._since = time.monotonic()
        self._started = time.perf_counter()

    def keep(self) -> None:
        """Called after each piece of work: a request may be in flight, or about to come. The fuller the queue, and the older, the less polite."""
        box = self._outbox
        fill = box.fill()
        if box.hurried or fill > 0.5:
            return
        behind = fill >= 0.25 or time.monotonic() - self._since > LATE
        if time.perf_counter() - self._started > (LONG_SLICE if behind else SLICE):
            time.sleep(SLICE)
            while box.busy and not box.hurried and box.fill() < 0.25 and (left := self._since + PATIENCE - time.monotonic()) > 0:
                box.idle.acquire(
                    timeout=left
                )  # asleep: a thread that looks every now and then takes the interpreter from requests each time
            self._started = time.perf_counter()


class Outbox:
    """Takes records from any thread, never blocks and never raises; `put` says no when the bound is reached."""

    def __init__(self, settings: Settings, sender: Sender) -> None:
        self.settings, self.sender = settings, sender
        self.redactor = Redactor(settings)
        self.resource = b""
        self.dropped = 0
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """The state of a process that has sent nothing: what a parent had queued before a fork is the parent's to send."""
        self._queue: deque[Any] = deque()
        self._waiting = Waiting()
        self._sealing = False
        self._pending = 0
        self._sealed: deque[bytes] = deque()
        self._backlog = 0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._empty = threading.Event()
        self._tried = threading.Event()
        self.hurried = False
        self.kept = False
        self._warned = False
        self._complained: set[type[BaseException]] = set()
        self._delay = FIRST_DELAY
        self.busy = 0
        self.idle = threading.Lock()
        """Held while requests are in flight. A lock and no event, for that is set by a finaliser too, which may come in between."""
        self.idle.acquire()
        self.sender.forget()

    def entered(self) -> None:
        """A request is in flight."""
        self.busy += 1

    def left(self) -> None:
        """It is no longer; with the last of them the exporter's thread goes on."""
        self.busy = max(self.busy - 1, 0)
        if not self.busy and self.idle.locked():
            with suppress(RuntimeError):  # another thread was faster
                self.idle.release()

    def put(self, record: Any, bare: bool = False) -> bool:
        """Queues a record. No lock: it would be taken again by a finaliser that a collection runs in between."""
        try:
            return self._put(record, bare or ending(record))
        except Exception:  # what could not be weighed is not kept
            self.dropped += 1
            return False

    def _put(self, record: Any, reserved: bool) -> bool:
        size, Weight.bytes = weight(record), 0
        total = self._pending + self._backlog + size
        if total > self.settings.queue_bytes and not (reserved and total < self.settings.queue_bytes + RESERVE):
            self.dropped += 1
            return False
        self._pending += size
        self._queue.append((record, size))
        if self._thread is None:
            return self._start()
        if self._pending - self._waiting.bytes > self.settings.queue_bytes >> 2 or self.fill() > 0.5:
            self._wake.set()
        return True

    def fill(self) -> float:
        """How full the queue is, 0 to 1."""
        return self._pending / self.settings.queue_bytes

    def flush(self, timeout: float) -> bool:
        """Whether everything queued so far was sent within `timeout` seconds."""
        if not self.waiting() and not self._sealed:
            return True
        if self._thread is None and not self._start():
            return False
        self._empty.clear()
        self._hasten()
        return self._empty.wait(timeout)

    def leave(self, timeout: float) -> None:
        """Sends what it can before the process ends; where nobody answers, one attempt is enough."""
        if not self.waiting() and not self._sealed:
            return
        if self._thread is None and not self._start():
            return
        self._tried.clear()
        self._hasten()
        self._tried.wait(timeout)

    def hurry(self) -> None:
        """Has everything queued so far sent now, without waiting for it: who queued it may not live long."""
        if self.waiting() or self._sealed:
            self._hasten()

    def _hasten(self) -> None:
        self.hurried = True
        self._wake.set()
        if self.idle.locked():
            with suppress(RuntimeError):
                self.idle.release()

    @contextmanager
    def aside(self) -> Generator[None]:
        """Inside, nothing is sent, and at its end what was queued is let go of: for what runs only so that later runs find this process used."""
        self.kept = True
        try:
            yield
        finally:
            self._reset()

    def _start(self) -> bool:
        if self.kept:
            return True
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="unspan-exporter", daemon=True)
                try:
                    contextvars.Context().run(thread.start)  # outside of the request that happens to be the first
                except RuntimeError:  # the interpreter is shutting down
                    return False
                self._thread = thread
        return True

    def _run(self) -> None:
        pause = self.settings.export_interval
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            hurried = self.hurried
            try:
                reached = self._seal() and self._send()
            except Exception as error:  # ours, and no reason to stop for ever
                warn(f"the exporter met {type(error).__name__}: {error}; some records are lost")
                reached = True
            pause = self.settings.export_interval if reached else self._delay
            if reached and not self._queue and (hurried or not self._waiting):
                self.hurried = False
                self._empty.set()
                self._tried.set()
            elif not reached:
                self._tried.set()

    def _seal(self) -> bool:
        """Turns what is queued into requests of about BATCH_BYTES. Where requests never cease there is always more: those that are ready are sent in
        between; whether all were."""
        batch, reached = Batch(), True
        pace = Pace(self)
        self._sealing = True
        try:
            while (window := self._window(pace)) or self._queue:
                for draft, weighs in window:
                    for data in self._encoded(draft, batch.others) if draft is not None else ():
                        batch.take(data)
                        pace.keep()
                        if batch.size + sum(map(len, batch.others)) > BATCH_BYTES:
                            self._add(batch)
                            batch = Batch()
                    self._pending -= weighs
                reached = reached and self._send()
            if not self._queue and not self._waiting:
                self._pending = 0  # threads that add at one moment may leave a little
        finally:
            self._add(batch)
            self._sealing = False
        return reached

    def _window(self, pace: Pace) -> list[tuple[Draft | None, int]]:
        """What is sent next, after all of it has been learnt from: a secret may be named by what comes last. Traces that have not ended stay for a while."""
        taken: list[tuple[Any, int]] = []
        size, at = 0, time.monotonic()
        while self._queue and size < WINDOW_BYTES:
            record, weighs = self._queue.popleft()
            taken.append((record, weighs))
            size += weighs
        drafts: list[tuple[Draft | None, int]] = []
        for record, weighs in self._waiting.ready(taken, at, not (self.redactor.off or self.hurried or self.fill() > 0.5)):
            drafts.append((self._drafted(record), weighs))
            pace.keep()
        return drafts

    def waiting(self) -> bool:
        """Whether there is anything that was not made into a request yet."""
        return bool(self._queue or self._waiting or self._sealing)

    def _drafted(self, record: Any) -> Draft | None:
        """The record on its way, with what it tells of secrets learnt; None for what is not sent. What could not be looked at is not sent either."""
        draft: Draft | None = None
        try:
            if type(record) is Verified:
                self.redactor.verified(*record[:3])
            elif type(record) is Signed:
                self.redactor.signed(*record[:3])
            elif type(record) is Heard:
                wire.Draft(Record(record.trace_id, 0, 0, v.REQUEST, "", 0, 0, record.attributes), self.redactor)
            elif type(record) is Calls:
                draft = calls.Draft(record, self.redactor)
            elif type(record) is Record:
                draft = wire.Draft(record, self.redactor)
            else:
                draft = wire.Finished(record, self.redactor)
        except Exception as error:
            self._failed(error)
        return draft

    def _encoded(self, draft: Draft, others: list[bytes]) -> Iterator[bytes]:
        """The spans of a record; a span of the SDK goes to `others` as it stands in a scope of its own."""
        try:
            if isinstance(draft, wire.Finished):
                batch, rest = draft.encoded()
                others.append(batch)
                yield from rest
            else:
                yield from draft.spans()
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.dropped += 1
        if type(error) not in self._complained:  # once: a queue may be full of them
            self._complained.add(type(error))
            warn(f"a record could not be encoded ({type(error).__name__}: {error}); its trace will be marked incomplete")

    def _add(self, batch: "Batch") -> None:
        if batch.ours or batch.others:
            data = wire.request([*batch.others, wire.resource_spans(self.resource, batch.ours)] if batch.ours else batch.others)
            self._backlog += len(data)
            self._sealed.append(data)

    def _send(self) -> bool:
        """Whether all requests were sent."""
        while self._sealed:
            outcome, why = self.sender.send(self._sealed[0], self.settings.send_timeout)
            if outcome is Outcome.LATER:
                self._unreachable(why)
                return False
            data = self._sealed.popleft()
            self._backlog -= len(data)
            self._reached(outcome, why)
        return True

    def _unreachable(self, why: str) -> None:
        self._delay = min(self._delay * 2, LONGEST_DELAY) if self._warned else FIRST_DELAY
        if not self._warned:
            self._warned = True
            warn(
                f"no collector answers at {self.settings.target.address} ({why}); the application runs on, and its traces are kept "
                "as long as they fit. Start one with `unspan-collector serve`, or set UNSPAN_ENABLED=0."
            )

    def _reached(self, outcome: Outcome, why: str) -> None:
        if outcome is Outcome.REFUSED:
            warn(f"the collector at {self.settings.target.address} refused spans ({why}); their traces are incomplete")
        elif self._warned:
            self._warned = False
            lost = f"{self.dropped} records were lost meanwhile" if self.dropped else "nothing was lost"
            self.dropped = 0
            warn(f"the collector at {self.settings.target.address} answers again; {lost}")
