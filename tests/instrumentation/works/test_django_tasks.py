"""Tasks of Django's framework: those that run at once belong to their request, those that a worker runs are traces of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from unspan_proto import vocabulary as v

from ..serving import Server
from ..sink import Sink
from .conftest import Run
from .outline import losses, outline
from .test_celery import handed, of_request, root, run_of, trace_of

WORKER = "django_tasks_db.management.commands.db_worker"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Sink]:
    with Sink() as one:
        yield one


@pytest.fixture(scope="module")
def server(yard: Path, receiver: Sink) -> Iterator[Server]:
    with Server(yard, env={"UNSPAN_ENDPOINT": receiver.address}) as one:
        yield one


@pytest.mark.parametrize(
    ("path", "lines", "eager"),
    [
        (
            "/enqueued/restock/default/",
            ["    task yard.jobs.restock", "      call yard.jobs.restock", "        call yard.stock.restock"],
            True,
        ),
        ("/enqueued/broken/default/", ["    task yard.jobs.broken", "      call yard.jobs.broken", "        call yard.stock.fail"], True),
        ("/awaited/waited/default/", ["    task yard.jobs.waited", "      call yard.jobs.waited"], True),
        ("/enqueued/restock/dummy/", ["    task yard.jobs.restock"], False),
    ],
    ids=["at once", "failing at once", "awaited", "never"],
)
def test_without_a_worker(receiver: Sink, server: Server, path: str, lines: list[str], eager: bool) -> None:
    task_id = server.ask(path).body.decode()
    trace = of_request(receiver, path)
    assert outline(trace) == [f"GET {path} 200", f"  call yard.jobs_urls.{path.split('/')[1]}", *lines]
    span = handed(trace)
    assert (span.attributes[v.TASK_ID], span.attributes[v.TASK_BACKEND], span.attributes[v.TASK_EAGER]) == (task_id, "django", eager)
    assert (v.TASK_TRACE in span.attributes, span.value(v.TASK_ARGUMENTS), losses(trace)) == (not eager, [["bolt"], {}], [])


def test_a_worker_of_another_maker(yard: Path, receiver: Sink, server: Server, wrapped: Run) -> None:
    jobs = {
        "restock": ["task yard.jobs.restock: done", "  call yard.jobs.restock", "    call yard.stock.restock"],
        "broken": ["task yard.jobs.broken: failed", "  call yard.jobs.broken", "    call yard.stock.fail"],
    }
    ids = {job: server.ask(f"/enqueued/{job}/database/").body.decode() for job in jobs}
    requests = {job: of_request(receiver, f"/enqueued/{job}/database/") for job in jobs}
    done = wrapped("manage.py", "db_worker", "--batch", "--backend", "database", "--interval", "0", "--no-startup-delay",
                   env={"UNSPAN_ENDPOINT": receiver.address})  # fmt: skip
    assert done.code == 0, done.err
    runs = {job: run_of(receiver, handed(trace)) for job, trace in requests.items()}
    assert {job: outline(trace) for job, trace in runs.items()} == jobs
    assert {job: root(trace).attributes[v.TASK_ID] for job, trace in runs.items()} == ids
    assert {job: root(trace).value(v.WORK_ARGUMENTS) for job, trace in runs.items()} == {job: [["bolt"], {}] for job in jobs}
    assert root(runs["broken"]).value(v.EXCEPTION) == ["ValueError", "bolt"]
    command = trace_of(receiver, lambda span: span.what == v.WORK and span.attributes[v.WORK_NAME] == WORKER)
    assert losses(command) == ["from here on it runs the tasks of a queue: that is recorded one by one, and the command no further"]
