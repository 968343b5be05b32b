"""Tasks of Celery: handed over in a request, run by a worker in a trace of their own, and each names the other."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.span import Link, Span

from ..serving import WRAPPER, Server, environment
from ..sink import Sink
from .outline import entire, losses, outline, settled

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2", "--max-tasks-per-child", "1"),
    "threads": ("--pool", "threads", "--concurrency", "2"),
    "solo": ("--pool", "solo"),
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Sink]:
    with Sink() as one:
        yield one


@pytest.fixture(scope="module")
def server(yard: Path, receiver: Sink) -> Iterator[Server]:
    with Server(yard, env={"UNSPAN_ENDPOINT": receiver.address}) as one:
        yield one


def started(yard: Path, queue: str, options: tuple[str, ...], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A worker that takes the messages of one queue."""
    command = [
        WRAPPER,
        sys.executable,
        "-m",
        "celery",
        "-A",
        "mysite",
        "worker",
        "-Q",
        queue,
        *options,
        "--without-mingle",
        "--without-gossip",
    ]
    return subprocess.Popen(command, cwd=yard, env=environment(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finished(worker: subprocess.Popen[bytes]) -> str:
    """What it said, once it has finished as it was told to."""
    return worker.communicate(timeout=30)[0].decode()


@pytest.fixture(scope="module")
def workers(yard: Path, receiver: Sink) -> Iterator[None]:
    """One of each kind."""
    running = [started(yard, pool, options, {"UNSPAN_ENDPOINT": receiver.address}) for pool, options in POOLS.items()]
    yield
    for one in running:
        one.terminate()
    said = "".join(map(finished, running))
    assert "unspan:" not in said, said


def trace_of(receiver: Sink, chosen: Callable[[Span], bool]) -> list[Span]:
    """The one trace with such a span, once all of it is there."""

    def there(spans: list[Span]) -> bool:
        ids = {span.trace_id for span in spans if chosen(span)}
        return bool(ids) and all(settled([span for span in spans if span.trace_id == one]) for one in ids)

    spans = receiver.until(there, 40)
    [trace_id] = {span.trace_id for span in spans if chosen(span)}
    return entire(spans, trace_id)


def run_of(receiver: Sink, handed: Span) -> list[Span]:
    """The trace that the span says its task runs in."""
    return trace_of(receiver, lambda span: span.trace_id == handed.attributes[v.TASK_TRACE] and span.what == v.WORK)


def root(trace: list[Span]) -> Span:
    return next(span for span in trace if span.what == v.WORK)


def handed(trace: list[Span]) -> Span:
    return next(span for span in trace if span.what == v.TASK)


def of_request(receiver: Sink, path: str) -> list[Span]:
    return trace_of(receiver, lambda span: span.what == v.REQUEST and span.attributes[v.PATH] == path)


RUNS = {
    "restock": ("POOL", ["task yard.tasks.restock: done", "  call yard.tasks.restock", "    call yard.stock.restock"]),
    "broken": ("because", ["task yard.tasks.broken: failed", "  call yard.tasks.broken", "    call yard.stock.fail"]),
    "hand_on": ("NUT", ["task yard.tasks.hand_on: done", "  call yard.tasks.hand_on", "    task yard.tasks.restock"]),
    "again": ("", ["task yard.tasks.again: retried", "  call yard.tasks.again", "    task yard.tasks.again"]),
}
LATER = {
    "hand_on": ["task yard.tasks.restock: done", "  call yard.tasks.restock", "    call yard.stock.restock"],
    "again": ["task yard.tasks.again: done", "  call yard.tasks.again"],
}
"""What the runs of those tasks hand over themselves: another task, the same once more."""


@pytest.mark.parametrize("pool", POOLS)
def test_a_worker(receiver: Sink, server: Server, workers: None, pool: str) -> None:
    ids = {name: server.ask(f"/queued/{name}/{pool}/?{given.replace('POOL', pool)}").body.decode() for name, (given, _) in RUNS.items()}
    requests = {name: of_request(receiver, f"/queued/{name}/{pool}/") for name in RUNS}
    runs = {name: run_of(receiver, handed(trace)) for name, trace in requests.items()}
    later = {name: run_of(receiver, handed(runs[name])) for name in LATER}
    assert {name: outline(trace) for name, trace in runs.items()} == {name: lines for name, (_, lines) in RUNS.items()}
    assert {name: outline(trace) for name, trace in later.items()} == LATER
    assert [why for trace in (*runs.values(), *later.values(), *requests.values()) for why in losses(trace)] == []
    for name, trace in requests.items():
        span, run = handed(trace), root(runs[name])
        assert outline(trace) == [f"GET /queued/{name}/{pool}/ 200", "  call yard.queues.queued", f"    task yard.tasks.{name}"]
        assert (span.attributes[v.TASK_ID], run.attributes[v.TASK_ID]) == (ids[name], ids[name])
        assert (run.links, span.attributes[v.TASK_BACKEND], span.attributes[v.TASK_EAGER]) == (
            (Link(span.trace_id, span.span_id),),
            "celery",
            False,
        )
        assert (
            span.value(v.TASK_ARGUMENTS)
            == run.value(v.WORK_ARGUMENTS)
            == [[RUNS[name][0].replace("POOL", pool)] if RUNS[name][0] else [], {}]
        )
        assert span.value(v.TASK_OPTIONS)["queue"] == pool
    for name, trace in later.items():
        assert root(trace).links == (Link(root(runs[name]).trace_id, handed(runs[name]).span_id),)
    assert root(later["again"]).attributes[v.TASK_ID] == ids["again"]
    assert (root(runs["restock"]).value(v.WORK_RESULT), root(later["again"]).value(v.WORK_RESULT)) == (1, "the second time")
    assert (root(runs["broken"]).value(v.EXCEPTION), root(runs["broken"]).status) == (["ValueError", "because"], 2)


def test_an_eager_task_is_a_part_of_its_request(receiver: Sink, server: Server) -> None:
    assert server.ask("/eager/").body == b"3"
    trace = of_request(receiver, "/eager/")
    assert outline(trace) == [
        "GET /eager/ 200", "  call yard.queues.eager", "    task yard.tasks.restock", "      call yard.tasks.restock", "        call yard.stock.restock",
    ]  # fmt: skip
    span = handed(trace)
    assert (span.attributes[v.TASK_EAGER], v.TASK_TRACE in span.attributes) == (True, False)
    assert span.value(v.TASK_ARGUMENTS) == [["eager"], {"count": 3}]


@pytest.fixture(scope="module")
def instrumentor(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with `opentelemetry-instrumentation-celery`, as an environment that has it would have it."""
    folder = tmp_path_factory.mktemp("instrumentor")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*command, "opentelemetry-instrumentation-celery", "opentelemetry-distro"], check=True, timeout=300)
    return str(folder)


def of_theirs(spans: list[Span]) -> list[tuple[str, str, int, bool]]:
    """What the instrumentor itself sends of one task: two spans in one trace, the second below the first."""
    ids = {span.span_id: span.name for span in spans}
    own = [span for span in spans if "celery" in span.scope]
    return sorted((span.name, ids.get(span.parent_id, ""), span.kind, len({one.trace_id for one in own}) == 1) for span in own)


HANDING = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
import django
django.setup()
from yard import tasks
tasks.restock.apply_async(("beside",), queue="beside")
"""


@pytest.mark.parametrize("enabled", ["1", pytest.param("0", marks=pytest.mark.deep)], ids=["with us", "without us"])
def test_beside_the_instrumentor_of_opentelemetry(yard: Path, receiver: Sink, instrumentor: str, enabled: str) -> None:
    """Its spans go where they went, with the same names, kinds and parents, and ours come once."""
    (yard / "handing.py").write_text(HANDING)
    with Sink() as theirs, Sink() as ours:
        env = {
            "PYTHONPATH": instrumentor, "UNSPAN_ENABLED": enabled, "UNSPAN_ENDPOINT": ours.address, "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{theirs.address}", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
        }  # fmt: skip
        command = [WRAPPER, sys.executable, "handing.py"]
        subprocess.run(command, cwd=yard, env=environment(env), check=True, timeout=60)
        worker = started(yard, "beside", POOLS["solo"], env)
        try:
            spans = theirs.until(lambda found: sum("celery" in span.scope for span in found) == 2)
            if enabled == "1":
                ours.until(lambda found: sum(span.what == v.WORK for span in found) == 2)
        finally:
            worker.kill()
            finished(worker)
        assert of_theirs(spans) == [
            ("apply_async/yard.tasks.restock", "", 4, True), ("run/yard.tasks.restock", "apply_async/yard.tasks.restock", 5, True),
        ]  # fmt: skip
        assert {span.scope for span in spans if v.SCOPE in span.scope} == set()
        roots = sorted(span.name for span in ours.spans() if span.what == v.WORK)
        assert roots == (["script handing.py", "task yard.tasks.restock"] if enabled == "1" else [])
