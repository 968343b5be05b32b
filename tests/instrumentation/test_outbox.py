"""The exporter against real receivers: away, slow, refusing, dying, back again; and in a process that forks."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from unspan_instrumentation.outbox import Outbox, Pace
from unspan_instrumentation.provider import resource_bytes
from unspan_instrumentation.recording import DROPPED, Recording
from unspan_instrumentation.records import Record
from unspan_instrumentation.sending import Sender
from unspan_instrumentation.settings import Settings, Target
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .serving import Server, free_port
from .sink import Sink


def outbox(address: str, **settings: Any) -> Outbox:
    made = Outbox(found := Settings(target=Target(address), export_interval=0.05, **settings), Sender(found))
    made.resource = resource_bytes(Resource({"service.name": "test"}))
    return made


def tape(number: int, text: str = "") -> Record:
    return Record(1, number, 9, v.TAPE, "random.random", 10, 20, {v.SOURCE: "random.random", v.VALUE: text})


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, logger="unspan")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "unspan"]


def test_what_is_put_arrives_in_order(sink: Sink) -> None:
    box = outbox(sink.address, headers=(("x-key", "secret"),))
    assert [box.put(tape(number)) for number in range(1, 101)] == [True] * 100
    spans = sink.until(lambda found: len(found) == 100)
    assert [int(span.span_id, 16) for span in spans] == list(range(1, 101))
    assert (dict(spans[0].resource), spans[0].scope, sink.metadata[0]["x-key"]) == ({"service.name": "test"}, v.SCOPE, "secret")
    assert box.flush(1)


def test_what_is_ready_is_sent_while_more_comes_all_the_time(sink: Sink) -> None:
    taken: list[bool] = []

    class Unceasing(Outbox):
        def _window(self, pace: Pace) -> list[Any]:
            if not sink.spans():
                taken.append(self.put(tape(1, "x" * 1_100_000)))
            return super()._window(pace)

    box = Unceasing(found := Settings(target=Target(sink.address), export_interval=0.05), Sender(found))
    box.put(tape(1, "first"))

    assert sink.until(lambda spans: len(spans) > 1)
    assert all(taken), "nothing was refused because what came before it was not sent"


def test_messages_stay_small(sink: Sink) -> None:
    """Whatever is put, no message comes near gRPC's limit of 4 MiB."""
    box = outbox(sink.address)
    for number in range(1, 11):
        box.put(tape(number, "x" * 900_000))
    assert box.flush(20)
    spans = [span for span in sink.spans() if span.what == v.TAPE]
    assert [span.value(v.VALUE) for span in spans] == ["x" * 900_000] * 10
    assert max(sink.sizes) < 3 << 20


def test_a_collector_that_is_away_and_comes(warnings: Any) -> None:
    """One line when it is missed, one when it answers; what was kept is sent."""
    address = f"127.0.0.1:{free_port()}"
    box = outbox(address)
    for number in range(1, 4):
        box.put(tape(number))
        assert box.flush(0.7) is False
    assert [line.partition(" (")[0] for line in warnings()] == [f"unspan: no collector answers at {address}"]
    with Sink(address) as sink:
        spans = sink.until(lambda found: len(found) == 3)
        assert box.flush(5)
    assert {int(span.span_id, 16) for span in spans} == {1, 2, 3}
    assert warnings()[1:] == [f"unspan: the collector at {address} answers again; nothing was lost"]


def test_the_queue_is_bounded_and_says_what_it_dropped(warnings: Any) -> None:
    """A megabyte holds some records; the rest are refused, and the end record, which says so, is still taken."""
    address = f"127.0.0.1:{free_port()}"
    box = outbox(address, queue_bytes=1 << 20)
    recording = Recording(5, 6, box.put)
    for _ in range(30):
        recording.emit(v.TAPE, "a", 1, 2, {v.VALUE: "x" * 100_000})
    taken = recording.recorded
    recording.end()
    assert 5 < taken < 15
    assert recording.lost == {DROPPED: 30 - taken}
    with Sink(address) as sink:
        [end] = [span for span in sink.until(lambda found: any(span.what == v.END for span in found)) if span.what == v.END]
        assert box.flush(5)
    assert end.value(v.LOST) == [f"{DROPPED} ({30 - taken} times)"]
    assert sum(1 for span in sink.spans() if span.what == v.TAPE) == taken


def test_a_trace_is_bounded_and_says_what_it_dropped() -> None:
    kept: list[Any] = []
    recording = Recording(5, 6, lambda record: kept.append(record) is None, Settings(max_trace=1 << 16))
    for _ in range(10):
        recording.emit(v.TAPE, "a", 1, 2, {v.VALUE: "x" * 10_000})
    recording.end()
    assert (len(kept), kept[-1].kind) == (7, v.END)
    assert kept[-1].attributes[v.LOST] == ["a record was dropped because the trace was over UNSPAN_MAX_TRACE=65536 (4 times)"]


def test_a_slow_collector_holds_nobody_up() -> None:
    released = threading.Event()

    def wait(context: Any) -> ExportTraceServiceResponse:
        released.wait(20)
        return ExportTraceServiceResponse()

    with Sink(answer=wait) as sink:
        box = outbox(sink.address)
        box.put(tape(1))
        while not box._sealed:  # the exporter is waiting for the answer
            time.sleep(0.01)
        taken = [box.put(tape(number)) for number in range(2, 1_002)]
        assert (taken, sink.spans()) == ([True] * 1_000, [])
        released.set()
        sink.until(lambda found: len(found) == 1_001)


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED], ids=lambda code: code.name
)
def test_what_can_be_tried_again_is(code: grpc.StatusCode, warnings: Any) -> None:
    answers = iter([code, code])

    def answer(context: Any) -> ExportTraceServiceResponse:
        found = next(answers, None)
        if found is not None:
            context.abort(found, "later")
        return ExportTraceServiceResponse()

    with Sink(answer=answer) as sink:
        box = outbox(sink.address)
        box.put(tape(1))
        assert [span.span_id for span in sink.until(lambda found: bool(found))] == [f"{1:016x}"]
        assert box.flush(5)
    assert len(warnings()) == 2


def test_what_is_refused_is_not_tried_again(warnings: Any) -> None:
    asked: list[int] = []

    def answer(context: Any) -> ExportTraceServiceResponse:
        asked.append(1)
        if len(asked) == 1:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        return ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="too old"))

    with Sink(answer=answer) as sink:
        box = outbox(sink.address)
        box.put(tape(1))
        assert box.flush(5)
        box.put(tape(2))
        assert box.flush(5)
    assert warnings() == [
        f"unspan: the collector at {sink.address} refused spans (INVALID_ARGUMENT); their traces are incomplete",
        f"unspan: the collector at {sink.address} refused spans (2 spans: too old); their traces are incomplete",
    ]


def test_a_record_that_cannot_be_encoded_harms_no_other(sink: Sink, warnings: Any) -> None:
    box = outbox(sink.address)
    box.put(Record(1, 1, 2, v.TAPE, "broken", -1, 2, {}))
    box.put(tape(2))
    assert box.flush(5)
    assert [span.name for span in sink.spans()] == ["random.random"]
    assert "could not be encoded" in warnings()[0]


def test_while_requests_run_the_exporter_waits_but_not_for_ever(sink: Sink) -> None:
    box = outbox(sink.address)
    box.busy = 1
    box.put(tape(1))
    sink.until(lambda found: bool(found))


FORKS = """
import os, sys, time
sys.path.insert(0, {tests!r})
from instrumentation.test_outbox import outbox, tape
box = outbox({address!r})
box.put(tape(1)); assert box.flush(10)
box.put(tape(2))
child = os.fork()
box.put(tape(10 if child else 20))
assert box.flush(10)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
else:
    os._exit(0)
"""


BUSY = re.compile("unspan: (no collector answers at .*|the collector at .* answers again; nothing was lost)")
"""What may be said on a busy machine, where the first connection of a new process takes longer than the sender waits."""


def test_a_process_that_forks(sink: Sink) -> None:
    """Both sides send what is theirs; what the parent had queued is sent once."""
    script = FORKS.format(tests=str(Path(__file__).parent.parent), address=sink.address)
    quiet = ["-W", "ignore::DeprecationWarning"]  # Python's own, of forking with threads
    done = subprocess.run([sys.executable, *quiet, "-c", script], capture_output=True, text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if not BUSY.fullmatch(line)]
    assert (done.returncode, said) == (0, [])
    assert sorted(int(span.span_id, 16) for span in sink.spans()) == [1, 2, 10, 20]


EXITS = """
import sys
sys.path.insert(0, {tests!r})
import atexit
from instrumentation.test_outbox import outbox, tape
box = outbox({address!r})
atexit.register(box.leave, 10)
box.put(tape(1))
"""


def test_a_process_that_exits_sends_what_it_has(sink: Sink) -> None:
    script = EXITS.format(tests=str(Path(__file__).parent.parent), address=sink.address)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, len(sink.spans())) == (0, "", 1)


def test_leaving_without_a_collector_is_one_attempt(warnings: Any) -> None:
    """The limit is longer than the test waits: it ends because nobody answers."""
    box = outbox(f"127.0.0.1:{free_port()}")
    box.put(tape(1))
    leaving = threading.Thread(target=box.leave, args=(600,), daemon=True)
    leaving.start()
    leaving.join(60)
    assert (leaving.is_alive(), len(warnings())) == (False, 1)


def test_an_application_without_a_collector(project: Path) -> None:
    """The application answers as always, and says one line about it, however many requests."""
    with Server(project, env={"UNSPAN_ENDPOINT": f"127.0.0.1:{free_port()}", "UNSPAN_EXPORT_INTERVAL": "0.05"}) as server:
        for _ in range(5):
            assert server.ask("/hello/21/").body == b'{"double": 42}'
            time.sleep(0.3)
        lines = [line for line in server.said().splitlines() if "unspan" in line]
    assert len(lines) == 1
    assert lines[0].startswith("unspan: no collector answers at 127.0.0.1:")


def test_a_collector_that_dies_and_comes_back(project: Path) -> None:
    with Sink() as sink, Server(project, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        server.ask("/hello/1/")
        sink.traces(1)
        sink.stop()
        assert server.ask("/hello/2/").status == 200
        with Sink(sink.address) as again:
            server.ask("/hello/3/")
            traces = again.traces(2, seconds=40)
            if "/hello/1/" in paths_of(traces):  # its receipt was lost with the collector: what is not acknowledged is sent again
                traces = again.traces(3, seconds=40)
    assert [path for path in paths_of(traces) if path != "/hello/1/"] == ["/hello/2/", "/hello/3/"]


def paths_of(traces: list[list[Span]]) -> list[str]:
    return [span.attributes[v.PATH] for trace in traces for span in trace if span.what == v.REQUEST]


def test_an_interrupted_server_sends_what_it_has(project: Path, sink: Sink) -> None:
    """Ctrl-C right after a request."""
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address, "UNSPAN_EXPORT_INTERVAL": "60"}) as server:
        server.ask("/hello/1/")
        os.kill(server.popen.pid, signal.SIGINT)
        server.popen.wait(20)
        assert len(sink.traces(1)) == 1


WATCHES_A_COLLECTOR_GO = """
import os, sys
from unspan_instrumentation.outbox import Outbox, Pace
from unspan_instrumentation.records import Record
from unspan_instrumentation.sending import Sender
from unspan_instrumentation.settings import Settings, Target

settings = Settings(target=Target({address!r}), export_interval=0.05)
box = Outbox(settings, Sender(settings))
box.put(Record(1, 1, 0, "tape", "a", 1, 2, {{}}))
print(box.flush(10), os.environ.get("GRPC_VERBOSITY"), flush=True)
sys.stdin.readline()
box.put(Record(1, 2, 0, "tape", "a", 1, 2, {{}}))
box.flush(1)
"""


def test_grpc_says_nothing_of_its_own(sink: Sink) -> None:
    """When the collector goes away, gRPC's core would write a line to the application's standard error."""
    script = WATCHES_A_COLLECTOR_GO.format(address=sink.address)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "True None\n"
        sink.stop()
        _, said = process.communicate("\n", timeout=60)
    assert [line.partition(" (")[0] for line in said.splitlines()] == [f"unspan: no collector answers at {sink.address}"]
