"""The whole way for a batch of programs: recorded under the recorder, inverted, and the generated tests run on an empty database."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instrumentation.serving import WRAPPER, environment
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.settings import under_recorder
from unspan_inverter.trace import built

from .comparing import Ran, departs
from .program import Program

PROJECT = Path(__file__).parent / "project"
ASKING = Path(__file__).parents[1] / "asking.py"
IMPORTS = """import contextlib
import datetime
import uuid
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import (
    Avg, Case, Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, Subquery, Sum, TextField, Value, When, Window,
)
from django.db.models.functions import Coalesce, Lag, Length, RowNumber, Upper
from journal import Notes

from .models import *
"""
ROWS = """import datetime
import uuid
from decimal import Decimal
from urllib.parse import urlencode

from .models import *
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one program fared. `kind`: `same`, `refused`, `red` (the test failed), `reads` or `rows` (it did otherwise), `invalid` (no program)."""

    program: Program
    kind: str
    why: str = ""
    test: str = ""

    @property
    def failed(self) -> bool:
        return self.kind not in ("same", "invalid")


@dataclass(slots=True)
class Round:
    """A project with these programs in a folder of its own."""

    folder: Path
    programs: Sequence[Program]
    database: Mapping[str, Any] | None = None
    tests: dict[str, str] = field(default_factory=dict[str, str])

    def verdicts(self) -> list[Verdict]:
        self.write()
        done, traces = self.record()
        refused = self.invert(done, traces)
        ran, outcomes = self.run()
        found: list[Verdict] = []
        for program, one in zip(self.programs, done, strict=True):
            kind, why = judged(program, one, refused.get(name_of(program)), outcomes.get(name_of(program)), ran.get(name_of(program)))
            found.append(Verdict(program, kind, why, self.tests.get(name_of(program), "")))
        return found

    def write(self) -> None:
        shutil.copytree(PROJECT, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ASKING, self.folder)
        for lab in {program.schema.lab: program.schema for program in self.programs}.values():
            folder, own = self.folder / lab.lab, [program for program in self.programs if program.schema.lab == lab.lab]
            (folder / "tests").mkdir(parents=True)
            (folder / "migrations").mkdir()
            for name in ("__init__.py", "tests/__init__.py", "migrations/__init__.py"):
                (folder / name).touch()
            (folder / "models.py").write_text(lab.source())
            (folder / "views.py").write_text("\n\n".join([IMPORTS, *("\n".join(program.view()) for program in own)]) + "\n")
            (folder / "rows.py").write_text("\n\n".join([ROWS, *("\n".join(program.made()) for program in own)]) + "\n")
            paths = [f"    path('{program.name}/', views.{program.name})," for program in own]
            (folder / "urls.py").write_text(
                "\n".join(["from django.urls import path", "", "from . import views", "", "urlpatterns = [", *paths, "]", ""])
            )

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        database = {"PROGRAMS_DATABASE": json.dumps(self.database)} if self.database else {}
        return environment({"DJANGO_SETTINGS_MODULE": "mysite.settings", **database, **more})

    def command(self, words: Sequence[str], more: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(words, cwd=self.folder, env=self.environ(more), capture_output=True, text=True, timeout=1200)

    def record(self) -> tuple[list[dict[str, Any]], Any]:
        labs = sorted({program.schema.lab for program in self.programs})
        for words in (["makemigrations", "-v0", *labs], ["migrate", "-v0"]):
            done = self.command([sys.executable, "manage.py", *words], {})
            assert done.returncode == 0, done.stderr[-3000:]
        asked = [[program.schema.lab, program.name, trace_id(number)] for number, program in enumerate(self.programs)]
        (self.folder / "asked.json").write_text(json.dumps(asked))
        with Receiver() as receiver:
            variables = {
                **under_recorder(receiver.address),
                "UNSPAN_EXCLUDE": "journal",
                "UNSPAN_CALLS": os.environ.get("PROGRAMS_CALLS", "1"),
            }
            done = self.command([WRAPPER, sys.executable, "record.py", "asked.json", "done.json"], variables)
            assert (self.folder / "done.json").exists(), done.stdout[-2000:] + done.stderr[-3000:]
            traces = receiver.traces()
        return json.loads((self.folder / "done.json").read_text()), traces

    def invert(self, done: Sequence[Mapping[str, Any]], traces: Any) -> dict[str, str]:
        """Writes a test for each program; program → why there is none."""
        refused: dict[str, str] = {}
        described = descriptions(traces)
        for number, program in enumerate(self.programs):
            name = name_of(program)
            if "invalid" in done[number]:
                continue
            try:
                text = generated([built(traces.get(trace_id(number), []), described)]).source
            except InverterError as error:
                refused[name] = str(error)
                continue
            self.tests[name] = text
            (self.folder / program.schema.lab / "tests" / f"test_{program.name}.py").write_text(text)
        return refused

    def run(self) -> tuple[dict[str, Ran], dict[str, list[str]]]:
        """What the requests of the tests did, and what each test said."""
        watched = self.folder / "watched.jsonl"
        self.command([sys.executable, "manage.py", "test", "--noinput", "-v0"], {"PROGRAMS_WATCHED": str(watched)})
        if not watched.exists():
            return {}, {}
        ran: dict[str, Ran] = {}
        outcomes: dict[str, list[str]] = {}
        for line in watched.read_text().splitlines():
            kind, name, *told = json.loads(line)
            if kind == "request":
                ran[name] = Ran(*told)
            else:
                lab, _, file = name.removeprefix("unittest.loader._FailedTest.").split(".")[:3]
                outcomes.setdefault(f"{lab}.{file.removeprefix('test_')}", []).append(told[0])
        return ran, outcomes


def name_of(program: Program) -> str:
    return f"{program.schema.lab}.{program.name}"


def judged(program: Program, one: Mapping[str, Any], refused: str | None, outcome: list[str] | None, ran: Ran | None) -> tuple[str, str]:
    if "invalid" in one:
        return "invalid", one["invalid"]
    if refused is not None:
        return "refused", refused
    if not outcome or any(outcome):
        return "red", "\n".join(outcome or ["the test was not run"])
    if ran is None:
        return "red", "the test made no request"
    recording = Ran(one["before"], one["after"], one["read"])
    return departs(recording, ran, one["ranges"], (one["began"], one["ended"]), program.hidden)


def trace_id(number: int) -> str:
    return f"{'5' * 24}{number:08x}"
