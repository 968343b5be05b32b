"""Tests of the project: one trace each, whoever runs them, with the requests of their client inside."""

import re
from collections.abc import Mapping

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from ..sink import Sink
from .conftest import Run
from .outline import losses, outline, works

UNITS, COMMAND = "test_units.ItemTests", "yard.management.commands.restock.Command"
REQUEST = ["    GET /item/bolt/ 200", "      call yard.views.item", "        call yard.stock.restock"]
ENDINGS = {
    "test_asynchronous": ("passed", [
        "  call yard.stock.restock", "  call test_units.ItemTests.test_asynchronous", "    GET /command/ 200", "      call yard.views.command",
        f"        call {COMMAND}.add_arguments", f"        call {COMMAND}.handle", "          call yard.stock.restock",
    ]),
    "test_expected": ("xfailed", ["  call yard.stock.restock", "  call test_units.ItemTests.test_expected", "    call yard.stock.fail"]),
    "test_failing": ("failed", ["  call yard.stock.restock", "  call test_units.ItemTests.test_failing", "    call yard.stock.restock"]),
    "test_passing": ("passed", ["  call yard.stock.restock", "  call test_units.ItemTests.test_passing", *REQUEST, *REQUEST]),
    "test_skipped": ("skipped", []),
}  # fmt: skip


def by_unittest() -> dict[str, list[str]]:
    """What each test of the classes is to look like: `setUp`, the test, and what these called."""
    set_up = "  call test_units.ItemTests.setUp"
    found = {}
    for name, (outcome, calls) in ENDINGS.items():
        inside = [set_up, "  " + calls[0], *calls[1:]] if calls else []
        found[f"{UNITS}.{name}"] = [f"test {UNITS}.{name}: {outcome}", *inside]
    late, name = "test_units.CleanupTests.test_failing_late", "test_units.PlainTests.test_in_a_loop_of_its_own"
    found[late] = [f"test {late}: failed", f"  call {late}", "  call yard.stock.fail"]
    found[name] = [f"test {name}: passed", f"  call {name}", "    call yard.stock.fail"]
    quiet = "test_units.QuietTests.test_passing"
    found[quiet] = [f"test {quiet}: passed", f"  call {quiet}"]
    return found


PASSING = ["test_units.ItemTests.test_passing", "test_units.QuietTests.test_passing"]


def outlines(traces: Mapping[str, list[Span]]) -> dict[str, list[str]]:
    return {name: outline(trace) for name, trace in traces.items()}


def test_the_runner_of_django(wrapped: Run, sink: Sink) -> None:
    done = wrapped("manage.py", "test", "test_units")
    assert (done.code, done.err.count("FAIL:"), done.err.count("ERROR:"), "unspan" in done.err) == (1, 1, 1, False), done.err
    traces = works(sink, 8)
    assert outlines(traces) == by_unittest()
    assert [why for trace in traces.values() for why in losses(trace)] == []
    failed = next(span for span in traces[f"{UNITS}.test_failing"] if span.what == v.WORK)
    assert (failed.value(v.EXCEPTION), failed.status) == (["AssertionError", "2 != 3"], 2)
    statements = {span.attributes[v.STATEMENT].split()[0] for span in traces[f"{UNITS}.test_failing"] if span.what == v.SQL}
    assert "CREATE" not in statements  # the test database was made outside of every test


def test_the_processes_of_a_parallel_run(wrapped: Run, sink: Sink) -> None:
    """Without `tblib` a failure cannot be sent to the parent."""
    done = wrapped("manage.py", "test", "--parallel", "2", *PASSING)
    assert (done.code, "Cloning" in done.err, "unspan" in done.err) == (0, True, False), done.err
    assert outlines(works(sink, 2)) == {name: by_unittest()[name] for name in PASSING}


def test_pytest(wrapped: Run, sink: Sink) -> None:
    done = wrapped("-m", "pytest", "-p", "no:randomly", "-q", "test_units.py", "test_functions.py")
    assert (done.code, re.findall(r"\d+ \w+", done.out.splitlines()[-1])[:4]) == (1, ["3 failed", "6 passed", "2 skipped", "2 xfailed"]), (
        done.out
    )
    traces = works(sink, 13)
    classes = {f"test_units.py::{name.removeprefix('test_units.').replace('.', '::')}": lines for name, lines in by_unittest().items()}
    renamed = {name: [f"test {name}: {lines[0].rpartition(' ')[2]}", *lines[1:]] for name, lines in classes.items()}
    module = "test_functions.py::"
    functions = {
        f"{module}test_fixture": [
            "passed", "  call test_functions.bolts", "    call yard.stock.restock", "    call yard.stock.restock", "  call test_functions.test_fixture",
            "    GET /item/bolts/ 200", "      call yard.views.item", "        call yard.stock.restock",
        ],
        f"{module}test_failing[1]": ["passed", "  call test_functions.test_failing", "    call yard.stock.restock"],
        f"{module}test_failing[2]": ["failed", "  call test_functions.test_failing", "    call yard.stock.restock"],
        f"{module}test_expected": ["xfailed", "  call test_functions.test_expected", "    call yard.stock.fail"],
        f"{module}test_skipped": ["skipped", "  call test_functions.test_skipped"],
    }  # fmt: skip
    assert outlines(traces) == {**renamed, **{name: [f"test {name}: {outcome}", *rest] for name, (outcome, *rest) in functions.items()}}
    assert [why for trace in traces.values() for why in losses(trace)] == []
