"""Collectors in trouble, each with what reached it in the end."""

import itertools
import resource
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from collector.process import Process
from instrumentation.serving import free_port
from instrumentation.sink import Sink
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from unspan_inverter.cli.options import source
from unspan_inverter.errors import InverterError
from unspan_proto.span import Span

from .traces import ROOTS, complete

PATIENT: Final = 20.0
"""The exporter waits the longer for its next attempt, the more have failed."""
FAILURES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, None, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNKNOWN, None)
"""What a failing collector answers, in turn; None: that it has taken the spans."""


@dataclass(frozen=True)
class Reached:
    """The traces of requests that arrived: those that are called complete, and how many are not."""

    whole: list[list[Span]] = field(default_factory=list)
    others: int = 0


class Trouble:
    """A collector at `address`. `pass_by` is told how far the requests are; `reached` comes last."""

    address = ""
    quiet = 2.0
    """Seconds without anything new after which nothing more is waited for."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"

    def pass_by(self, share: float) -> None:
        """Nothing of its own goes wrong with the time."""

    def arrived(self) -> Reached:
        return Reached()

    def reached(self, asked: int) -> Reached:
        """What has arrived, once it is all that was asked for, or nothing more comes."""
        known, since = self.arrived(), time.monotonic()
        while len(known.whole) + known.others < asked and time.monotonic() - since < self.quiet:
            time.sleep(0.3)
            found = self.arrived()
            if found != known:
                known, since = found, time.monotonic()
        return known

    def close(self) -> None:
        """Nothing runs."""


class Absent(Trouble):
    """Nobody listens."""


class Receiving(Trouble):
    """A receiver in this process, which answers as it is told to."""

    def __init__(self, folder: Path) -> None:
        self.sink = Sink(answer=self.answer)
        self.address = self.sink.address

    def answer(self, context: Any) -> ExportTraceServiceResponse:
        return ExportTraceServiceResponse()

    def arrived(self) -> Reached:
        traces: dict[str, list[Span]] = {}
        for span in self.sink.spans():
            traces.setdefault(span.trace_id, []).append(span)
        asked = [one for one in traces.values() if any(span.what in ROOTS for span in one)]
        whole = [one for one in asked if complete(one)]
        return Reached(whole, len(asked) - len(whole))

    def close(self) -> None:
        self.sink.stop()


class Slow(Receiving):
    def answer(self, context: Any) -> ExportTraceServiceResponse:
        time.sleep(1.0)
        return ExportTraceServiceResponse()


class Failing(Receiving):
    def __init__(self, folder: Path) -> None:
        self.turns = itertools.cycle(FAILURES)
        super().__init__(folder)

    def answer(self, context: Any) -> ExportTraceServiceResponse:
        code = next(self.turns)
        if code is not None:
            context.abort(code, "a failure of the tests")
        return ExportTraceServiceResponse()


class Running(Trouble):
    """A collector as users run it."""

    def __init__(self, folder: Path) -> None:
        self.store, self.address = folder / "traces.sqlite3", f"127.0.0.1:{free_port()}"
        self.process = self.started()

    def started(self) -> Process:
        return Process(self.store, "--grpc", self.address)

    def arrived(self) -> Reached:
        whole, others = [], 0
        with source(self.address, None) as received:
            for summary in self.process.list(limit=10_000):
                try:
                    spans = received.fetched(summary.trace_id).spans() if summary.complete else []
                except InverterError:
                    spans = []
                whole += [list(spans)] if spans else []
                others += not spans
        return Reached(whole, others)

    def close(self) -> None:
        self.process.stop()


class Killed(Running):
    """It is killed while spans are on their way, and started anew, three times."""

    quiet = PATIENT

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.due = [0.25, 0.5, 0.75]
        self.reviving: threading.Thread | None = None

    def pass_by(self, share: float) -> None:
        if self.due and share >= self.due[0]:
            self.due.pop(0)
            self.revived()
            self.process.stop(9)
            self.reviving = threading.Thread(target=self.revive)
            self.reviving.start()

    def revive(self) -> None:
        self.process = self.started()

    def revived(self) -> None:
        if self.reviving is not None:
            self.reviving.join()

    def reached(self, asked: int) -> Reached:
        self.revived()
        return super().reached(asked)


class Full(Running):
    """The disk behind it is full from a quarter on, no file may grow, until all was asked."""

    quiet = PATIENT

    def pass_by(self, share: float) -> None:
        if share >= 0.25:
            self.bound(max(path.stat().st_size for path in self.store.parent.glob("traces.sqlite3*")))

    def bound(self, size: int) -> None:
        resource.prlimit(self.process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def reached(self, asked: int) -> Reached:
        time.sleep(1)
        self.bound(resource.RLIM_INFINITY)
        return super().reached(asked)


TROUBLES: Mapping[str, type[Trouble]] = {
    "no collector": Absent, "a slow one": Slow, "one that fails": Failing, "one that is killed": Killed, "its disk full": Full,
}  # fmt: skip


@contextmanager
def trouble(kind: type[Trouble], folder: Path) -> Generator[Trouble]:
    folder.mkdir(parents=True)
    found = kind(folder)
    try:
        yield found
    finally:
        found.close()
