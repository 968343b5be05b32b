"""Management commands: one trace each, unless they serve or belong to something else."""

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from unspan_proto import vocabulary as v

from ..serving import WRAPPER, Server, environment
from ..sink import Sink
from .conftest import Run
from .outline import losses, outline, works

RESTOCK, SERVE = "yard.management.commands.restock", "yard.management.commands.serve"


@pytest.mark.parametrize(
    ("words", "code", "root"),
    [
        (["restock", "washer", "--count", "3"], 0, {v.WORK_OUTCOME: "done", v.WORK_RESULT: "washer: 3", v.EXCEPTION: None, "status": 0}),
        (["restock", "washer", "--fail"], 1, {v.WORK_OUTCOME: "failed", v.WORK_RESULT: None, "status": 2,
         v.EXCEPTION: ["django.core.management.base.CommandError", "no washer"]}),
    ],
    ids=["done", "failed"],
)  # fmt: skip
def test_a_command(wrapped: Run, sink: Sink, words: list[str], code: int, root: dict[str, Any]) -> None:
    assert wrapped("manage.py", *words).code == code
    [span, *_] = trace = sorted(works(sink, 1)[RESTOCK], key=lambda span: span.what != v.WORK)
    assert {name: span.status if name == "status" else span.value(name) for name in root} == root
    assert span.value(v.WORK_ARGUMENTS)[1]["name"] == "washer"
    inside = ["    call yard.stock.restock"] if not code else []
    assert outline(trace) == [f"command {RESTOCK}: {root[v.WORK_OUTCOME]}", f"  call {RESTOCK}.Command.handle", *inside]
    assert losses(trace) == []
    if not code:
        rows = [span for span in trace if span.what == v.SQL and span.attributes.get(v.MODEL) == "yard.Item"]
        assert [span.attributes[v.OPERATION] for span in rows] == ["SELECT", "INSERT", "UPDATE"]


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["console", "-c", "from yard import stock; print(stock.restock('x', 0))"], {}),
        (["restock", "bolt"], {"UNSPAN_WORKS": "task,test,script"}),
        (["restock", "bolt"], {"UNSPAN_EXCLUDE": "yard.management"}),
        (["restock", "bolt"], {"OTEL_TRACES_SAMPLER": "always_off"}),
    ],
    ids=["a shell's subclass", "other works only", "excluded", "not sampled"],
)
def test_not_recorded(wrapped: Run, sink: Sink, words: list[str], env: dict[str, str]) -> None:
    assert wrapped("manage.py", *words, env=env).code == 0
    assert sink.spans() == []


def test_a_command_that_serves_ends_where_it_begins_to(yard: Path, sink: Sink) -> None:
    """Each of its requests is a trace of its own."""
    env = environment({"UNSPAN_ENDPOINT": sink.address})
    command = [WRAPPER, sys.executable, "manage.py", "serve"]
    with subprocess.Popen(command, cwd=yard, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        assert served.stdout
        url = f"http://127.0.0.1:{served.stdout.readline().strip()}/item/nut/"
        assert urllib.request.urlopen(url, timeout=20).read() == b"1"
        assert served.wait(20) == 0
    traces = {span.trace_id for span in sink.traces(2)[0]} | {span.trace_id for span in sink.traces(2)[1]}
    assert len(traces) == 2
    [command_trace, request] = sink.traces(2)
    assert outline(command_trace) == [f"command {SERVE}: done", f"  call {SERVE}.Command.handle", "    call yard.stock.restock"]
    assert losses(command_trace) == ["from here on it serves requests: that is recorded one by one, and the command no further"]
    assert outline(request) == ["GET /item/nut/ 200", "  call yard.views.item", "    call yard.stock.restock"]


def test_a_command_within_a_request_belongs_to_the_request(yard: Path, sink: Sink) -> None:
    with Server(yard, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        assert server.ask("/command/").body == b"called"
        [trace] = sink.traces(1)
    assert outline(trace) == [
        "GET /command/ 200", "  call yard.views.command", f"    call {RESTOCK}.Command.add_arguments", f"    call {RESTOCK}.Command.handle",
        "      call yard.stock.restock",
    ]  # fmt: skip
