"""Tests made of an application's recorded requests, in its own folder of tests, each replayed once. What the trials of tests begin with."""

import contextlib
import json
import re
import shutil
import tomllib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from application import Application, read, scratch
from folders import State
from processes import arrived, collecting
from runs import played, served
from unspan_inverter.errors import InverterError
from unspan_inverter.exporting import TraceFile, as_json
from unspan_inverter.generate import generated
from unspan_inverter.proving.settling import settled
from unspan_inverter.reading import Collector
from unspan_inverter.replaying import Replay
from unspan_inverter.runners import Run, runner
from unspan_inverter.settings import Endpoint, Settings, for_tests
from unspan_inverter.trace import Trace, built

TEST_SECONDS = 120.0
ORDER = "order.json"
"""Beside the traces: the requests' names in order, and the application's variables."""


@dataclass(frozen=True)
class Made:
    """What became of one request: the test and its replay, or why there is no test."""

    name: str
    file: Path
    recording: Trace | None = None
    replay: Replay | None = None
    refused: str = ""

    @property
    def verdict(self) -> str:
        """One of `refused`, `red`, `green, same`, `green, different`, `green, not compared`."""
        if self.replay is None:
            return "refused"
        if not self.replay.verdict.passed:
            return "red"
        return {True: "green, same", False: "green, different", None: "green, not compared"}[self.replay.same]


@dataclass(frozen=True)
class Home:
    """Where tests of an application stand and how they are run."""

    application: Application
    tests: Path
    settings: Settings

    traces: Path

    @property
    def environ(self) -> dict[str, str]:
        """As the application was served, with the port of what it calls; that answers no more."""
        return for_tests(self.application.environ(**json.loads((self.traces / ORDER).read_text())["env"]))

    def run(self, file: Path) -> Run:
        return runner(file, "django", self.settings, self.application.workdir, self.environ)


@contextlib.contextmanager
def at_home(folder: Path, kept: Path | None, only: Sequence[str] = ()) -> Generator[tuple[Home, dict[str, Path]], None, None]:
    """The application, prepared, and the traces of its requests, which are in `kept` or come there; afterwards its files are as they were."""
    with scratch() as folder_of_traces:
        traces = kept or folder_of_traces
        with prepared(folder, traces) as home:
            yield home, recorded(folder, traces, only)


@contextlib.contextmanager
def prepared(folder: Path, traces: Path) -> Generator[Home, None, None]:
    application = read(folder)
    application.prepare()
    spec = tomllib.loads((folder / "app.toml").read_text())
    tests = application.home / spec["tests"] if "tests" in spec else application.workdir / "unspan_tests"
    there = tests.is_dir()
    with scratch() as copies:
        state = State(application.home, copies)
        tests.mkdir(exist_ok=True)
        (tests / "__init__.py").touch()
        try:
            yield Home(application, tests, Settings(application.workdir, python=str(application.python), test_timeout=TEST_SECONDS), traces)
        finally:
            state.restore()
            shutil.rmtree(tests / "__pycache__" if there else tests, ignore_errors=True)


def recorded(folder: Path, traces: Path, only: Sequence[str] = ()) -> dict[str, Path]:
    """The requests' traces as files in a folder, by the requests' names, in their order. Those of an earlier call are taken as they are."""
    order = traces / ORDER
    if not order.exists():
        traces.mkdir(parents=True, exist_ok=True)
        order.write_text(json.dumps(record(folder, traces)))
    names = [name for name in json.loads(order.read_text())["names"] if not only or name in only]
    return {name: traces / f"{stem(name)}.json" for name in names}


def record(folder: Path, traces: Path) -> dict[str, Any]:
    with scratch() as logs, collecting(logs) as endpoint, Collector(Endpoint(endpoint)) as collector:
        with served(folder, logs, "recorded", endpoint, True) as (one, base, log):
            plays = list(played(one, base, log, look=False))
            there = arrived(collector, [play.trace_id for play in plays])
        for play in plays:
            if play.trace_id in there:
                (traces / f"{stem(play.name)}.json").write_text(as_json(collector.fetched(play.trace_id)))
        return {"names": [play.name for play in plays], "env": dict(one.env)}


def stem(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()


def made(home: Home, traces: dict[str, Path], replaying: bool = True, decoys: bool = True) -> Iterator[Made]:
    """A test of each trace, written where it belongs, and replayed."""
    for name, path in traces.items():
        file = home.tests / f"test_{stem(name)}.py"
        try:
            found = TraceFile(path).fetched("")
            recording = built(found.spans(), found.project_spans())
            test = generated([recording], decoys=decoys)
        except (InverterError, OSError) as error:
            yield Made(name, file, refused=str(error).partition("\n")[0])
            continue
        file.write_text(test.source, encoding="utf-8")
        one = Made(name, file, recording)
        if replaying:
            one = replace(one, replay=settled(file, "django", home.settings, home.application.workdir, [recording], home.environ))
        yield one


def same_ones(home: Home, traces: dict[str, Path]) -> Iterator[Made]:
    """Those that pass and do the same as their recordings, without the rows that must not matter; the others' files are taken away."""
    for one in made(home, traces, decoys=False):
        if one.verdict == "green, same":
            yield one
        else:
            one.file.unlink(missing_ok=True)
