"""Each budget at a small value, in a real server: the application answers as untraced, what was cut is named in the trace, and `inverter show` says it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from click.testing import CliRunner
from collector.process import Process, eventually
from launching.forms import FORMS
from unspan_inverter.cli.show import command

from .table import Bench
from .workloads import Asked, ask

FORM = next(one for one in FORMS if one.name == "runserver --noreload")
TEXT = b"a long text " * 250
WIDE = {"COLUMNS": "200"}
"""Sentences stand whole in a terminal of this width."""


@dataclass(frozen=True)
class Budget:
    """A bound, the request that is over it, and what `show` says; `whole`: the trace lacks nothing, a value of it is a visible stand-in."""

    setting: str
    value: str
    said: Sequence[str]
    path: str = "/feast/"
    body: bytes = TEXT
    whole: bool = False

    def __repr__(self) -> str:
        return f"{self.setting}={self.value}"


BUDGETS = (
    Budget("UNSPAN_MAX_VALUE", "512", ["label=<str of size 6000, cut"], whole=True),
    Budget("UNSPAN_MAX_CONTENT", "100", ["attached menu.txt, text/plain: <str of size 3000, cut"], whole=True),
    Budget(
        "UNSPAN_MAX_BODY", "1000",
        ["request body <bytes of size 3000, cut", "lost the request's body was not recorded whole: it is over UNSPAN_MAX_BODY", "→ set UNSPAN_MAX_BODY higher"],
    ),
    Budget("UNSPAN_MAX_ROWS", "5", ["more rows were fetched than recorded", "lost rows of a statement: over UNSPAN_MAX_ROWS=5", "→ set UNSPAN_MAX_ROWS higher"]),
    Budget(
        "UNSPAN_MAX_ROW_BYTES", "500",
        ["lost rows of a statement: over UNSPAN_MAX_ROW_BYTES=500 in this trace", "UNSPAN_MAX_ROW_BYTES=500 of them, are in this trace", "→ set UNSPAN_MAX_ROW_BYTES higher"],
    ),
    Budget("UNSPAN_LINEAGE_SECONDS", "0", ["beside it nothing more", "not all: UNSPAN_LINEAGE_SECONDS=0 were spent on such rows in this trace"], whole=True),
    Budget("UNSPAN_MAX_CALLS", "10", ["there were more than UNSPAN_MAX_CALLS (34 times)", "→ set UNSPAN_MAX_CALLS higher"]),
    Budget("UNSPAN_MAX_TRACE", "65536", ["over UNSPAN_MAX_TRACE=65536 (301 times)", "→ set UNSPAN_MAX_TRACE higher"], "/calls/?n=300", b""),
    Budget(
        "UNSPAN_QUEUE_BYTES", str(1 << 20),
        ["POST /feast/ → 200", "lost all but the request's line was dropped because the exporter's queue was full", "→ set UNSPAN_QUEUE_BYTES higher"],
        body=TEXT * 300,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("collector") / "traces.sqlite3") as process:
        yield process


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), small=True)


@pytest.fixture(scope="module")
def untraced(bench: Bench) -> Mapping[str, Asked]:
    with bench.served(FORM, False, {}) as server:
        return {repr(one): ask(server, "POST", one.path, one.body) for one in BUDGETS}


@pytest.mark.parametrize("budget", BUDGETS, ids=repr)
def test_what_is_over_a_budget_is_cut_and_named(bench: Bench, collector: Process, untraced: Mapping[str, Asked], budget: Budget) -> None:
    more = {"UNSPAN_ENDPOINT": collector.grpc, budget.setting: budget.value}
    before = {one.trace_id for one in collector.list(limit=99)}
    with bench.served(FORM, True, more) as server:
        asked = ask(server, "POST", budget.path, budget.body)
        found = eventually(lambda: [one for one in collector.list(limit=99) if one.trace_id not in before and (one.complete or one.lost)])
    expected = untraced[repr(budget)]
    assert (asked.status, asked.body) == (expected.status, expected.body)
    assert [one.complete for one in found] == [budget.whole]
    told = CliRunner().invoke(command, ["--trace-id", found[0].trace_id, "--endpoint", collector.grpc], env=WIDE).output
    assert [words for words in budget.said if words not in told] == [], told
