"""Every function of the recorder that runs for a request raises once: the answers are those of an untraced server, and no trace that is called
complete lacks a span."""

import re
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from instrumentation.serving import Answer, Server
from instrumentation.sink import Sink
from launching.companions import COMPANIONS
from launching.conftest import manage
from launching.feature import Feature, Step
from launching.features import FEATURES
from launching.forms import FORMS, PROJECT, Form
from launching.serving import Client, Receivers, Start, arrived, environment
from unspan_instrumentation import recording
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.records import Record
from unspan_instrumentation.seams import guarded
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .traces import complete, kinds

IN_SHORT = ("uvicorn",)
VARYING = re.compile(rb"0x[0-9a-f]+|\b\d{5}\b|\d+\.\d{5,}")
"""Addresses, ports and moments."""


@dataclass
class Round:
    """One feature's requests in one round: the last answer, and the cell that its trace bears."""

    number: int
    feature: Feature
    answer: tuple[object, ...]
    cell: str


@dataclass
class Run:
    rounds: list[Round]
    traces: Mapping[str, list[Span]]
    fired: list[str]
    said: str


class Serving:
    """Serves the project in one way, untraced, traced, and with faults."""

    def __init__(self, form: Form, folder: Path) -> None:
        self.start, self.folder = Start(form, COMPANIONS[0], "sqlite", False, False), folder
        self.database = {"SHOP_ENGINE": "sqlite3", "SHOP_NAME": str(folder / "shop.sqlite3")}
        manage(["migrate", "-v0"], self.database)
        manage(["loaddata", "-v0", "rows.json"], self.database)

    def run(self, name: str, rounds: int, **more: str) -> Run:
        folder, receivers = self.folder / name, Receivers()
        folder.mkdir()
        shutil.copy(self.database["SHOP_NAME"], folder / "shop.sqlite3")
        database = {**self.database, "SHOP_NAME": str(folder / "shop.sqlite3")}
        env = {**environment(self.start, receivers.addresses(), [], database, folder), **more}
        try:
            with Server(PROJECT, env=env, command=self.start.form.command, cwd=PROJECT, wrapped=name != "untraced") as server:
                client = Client(server)
                asked = [self.ask(client, number, feature) for number in range(rounds) for feature in FEATURES]
                traces = {} if name == "untraced" else received(receivers.ours, client.cells, server, whole=name == "traced")
                said = server.said()
            fired = Path(more["UNSPAN_FAULTS"]).read_text().split() if "UNSPAN_FAULTS" in more else []
            return Run(asked, traces, fired, said)
        finally:
            receivers.close()

    def ask(self, client: Client, number: int, feature: Feature) -> Round:
        answers: list[Answer] = []
        ask = client.ask

        def noted(step: Step, cell: str, cookies: Mapping[str, str]) -> Answer:
            answers.append(ask(step, cell, cookies))
            return answers[-1]

        client.ask = noted  # type: ignore[method-assign]
        client.use(feature)
        client.ask = ask  # type: ignore[method-assign]
        return Round(number, feature, tuple((one.status, VARYING.sub(b"N", plain(one.body))) for one in answers), client.cells[-1])


def plain(body: bytes) -> bytes:
    """Of Django's page on an error only that it is one: it shows every variable of every frame."""
    return b"a debug page" if b"Traceback" in body or b"DEBUG = True" in body else body


def received(sink: Sink, cells: list[str], server: Server, whole: bool) -> Mapping[str, list[Span]]:
    """Cell → its trace; with faults some never come, or not whole."""
    if whole:
        return arrived(sink, cells, server)
    sink.until(lambda found: sum(span.what == v.END for span in found) >= len(cells) // 2, 30)
    settle(sink)
    found: dict[str, list[Span]] = {}
    spans = sink.spans()
    for trace_id in {span.trace_id for span in spans}:
        own = [span for span in spans if span.trace_id == trace_id]
        for span in own:
            if span.what == v.REQUEST:
                cell = (
                    next((str(value) for name, value in span.value(v.REQUEST_HEADERS) if name == "X-Cell"), "")
                    if v.REQUEST_HEADERS in span.attributes
                    else ""
                )
                found[cell] = own
    return found


def settle(sink: Sink) -> None:
    """Until nothing more has come for a while."""
    known = -1
    while known != len(sink.spans()):
        known = len(sink.spans())
        time.sleep(1)


@pytest.fixture(
    scope="module", params=[pytest.param(one, marks=[] if one.name in IN_SHORT else [pytest.mark.deep]) for one in FORMS], ids=repr
)
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("faults")
    serving = Serving(request.param, folder)
    return SimpleNamespace(
        untraced=serving.run("untraced", 2),
        traced=serving.run("traced", 2),
        faulty=serving.run("faulty", 2, UNSPAN_FAULTS=str(folder / "fired")),
    )


def test_many_functions_failed(runs: SimpleNamespace) -> None:
    assert len(runs.faulty.fired) > 250
    assert len(set(runs.faulty.fired)) >= 250  # a server of several processes has each once in each


def test_the_answers_are_those_of_an_untraced_server(runs: SimpleNamespace) -> None:
    expected = [(one.number, one.feature.name, one.answer) for one in runs.untraced.rounds]
    for run in (runs.traced, runs.faulty):
        assert [(one.number, one.feature.name, one.answer) for one in run.rounds] == expected


def test_no_complete_trace_lacks_a_span(runs: SimpleNamespace) -> None:
    expected = {(one.number, one.feature.name): kinds(runs.traced.traces[one.cell]) for one in runs.traced.rounds}
    whole = [one for one in runs.faulty.rounds if complete(runs.faulty.traces.get(one.cell, []))]
    found = {(one.number, one.feature.name): kinds(runs.faulty.traces[one.cell]) for one in whole}
    assert {key: expected[key] - found[key] for key in found} == {key: Counter() for key in found}
    assert found


def test_what_cannot_be_watched_is_said_in_every_trace(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(recording, "UNSEEN", {})
    records: list[Record] = []

    def patch(module: object) -> None:
        raise LookupError("another version")

    guarded(patch)(recording)
    for number in (1, 2):
        Recording(number, number, lambda record: not records.append(record)).end()
    sentence = "what the application does by unspan_instrumentation.recording was not recorded, because of LookupError inside unspan"
    assert [record.attributes[v.LOST] for record in records] == [[sentence], [sentence]]
    assert [one.getMessage() for one in caplog.records] == [
        "unspan: unspan_instrumentation.recording  cannot be watched (LookupError: another version)"
    ]
