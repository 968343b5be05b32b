"""The functions of an application that its recorded requests called, and the tests of level unit that they became: a file for each function."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from making import Home, stem
from unspan_inverter.code import source
from unspan_inverter.errors import InverterError
from unspan_inverter.exporting import TraceFile
from unspan_inverter.generate import planned
from unspan_inverter.levels import Considered, considered
from unspan_inverter.plan import NONE, Plan
from unspan_inverter.plan.tables import tabled
from unspan_inverter.trace import Trace, built

MOST = 6
"""Tests of one function."""
RUN_SECONDS = 580.0


@dataclass(frozen=True)
class Function:
    """One function: the plans of its tests, whether it was ever called with what was recorded by value, and why it has no test.

    `requests`: the names of the requests that have a plan. `verdict`: `passed`, `failed`, or `excluded`.
    """

    name: str
    plans: tuple[Plan, ...] = ()
    requests: tuple[str, ...] = ()
    by_value: bool = False
    why: str = ""
    base: str = ""
    verdict: str = "excluded"
    lines: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        return f"test_{stem(self.name)}"


@dataclass
class Gathered:
    """What is known of a function so far."""

    plans: list[Plan] = field(default_factory=list[Plan])
    requests: list[str] = field(default_factory=list[str])
    by_value: bool = False
    why: str = ""
    base: str = ""


def functions(traces: Mapping[str, Path]) -> list[Function]:
    """All that ran, over all traces. The reason that counts is the last one given for a call that was recorded by value, else the last one."""
    found: dict[str, Gathered] = {}
    for name, path in traces.items():
        for one in calls_of(path):
            known = found.setdefault(one.function, Gathered())
            if one.plan is not None:
                known.plans.append(one.plan)
                known.requests.append(name)
                known.base = known.base or one.base
            elif one.by_value or not known.by_value:
                known.why = one.why
            known.by_value |= one.by_value
    return [
        Function(
            name, tuple(tabled(one.plans)[:MOST]), tuple(dict.fromkeys(one.requests)), one.by_value, "" if one.plans else one.why, one.base
        )
        for name, one in sorted(found.items())
    ]


def read(path: Path) -> Trace | None:
    try:
        one = TraceFile(path).fetched("")
        return built(one.spans(), one.project_spans())
    except (InverterError, OSError):
        return None


def calls_of(path: Path) -> Iterator[Considered]:
    """Of one trace."""
    trace = read(path)
    if trace is not None:
        yield from considered(trace, "*", True, NONE, partial(planned, trace, level="view"))


def written(home: Home, some: Sequence[Function]) -> list[Path]:
    """The files of those that have tests."""
    files = list[Path]()
    for one in some:
        if one.plans:
            files.append(home.tests / f"{one.stem}.py")
            files[-1].write_text(source(one.plans, "django"), encoding="utf-8")
    return files


@dataclass(frozen=True)
class Ran:
    """What a run of several files said: `failed` by stem, with the lines that tell why; `tests`: how many ran; `seconds`: by unittest's own watch."""

    failed: Mapping[str, tuple[str, ...]]
    tests: int
    seconds: float
    text: str


def run(home: Home, files: Sequence[Path], **environ: str) -> Ran:
    """The files in one run of the application's own runner."""
    one = home.run(files[0])
    labels = [one.words[-1].replace(files[0].stem, file.stem) for file in files]
    done = subprocess.run(
        [*one.words[:-1], *labels], cwd=one.folder, env={**home.environ, **one.environ, **environ}, capture_output=True, text=True,
        timeout=RUN_SECONDS, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return told(done.stdout + done.stderr, [file.stem for file in files])


def told(text: str, stems: Sequence[str]) -> Ran:
    """unittest's report, by files; where no test ran, all of them failed."""
    failed: dict[str, tuple[str, ...]] = {}
    for block in re.split(r"^={70}$", text, flags=re.MULTILINE)[1:]:
        head = block.strip().partition("\n")[0]
        for name in stems:
            if re.search(rf"\b{name}\b", head):
                failed.setdefault(name, (head, *block.strip().splitlines()[-6:]))
    count = re.search(r"^Ran (\d+) tests? in ([\d.]+)s", text, re.MULTILINE)
    if count is None:
        return Ran(dict.fromkeys(stems, tuple(text.splitlines()[-6:])), 0, 0.0, text)
    return Ran(failed, int(count[1]), float(count[2]), text)


def judged(home: Home, some: Sequence[Function]) -> list[Function]:
    """The functions with what became of their tests."""
    files = written(home, some)
    ran = run(home, files) if files else Ran({}, 0, 0.0, "")
    found = list[Function]()
    for one in some:
        lines = ran.failed.get(one.stem, ())
        found.append(replace(one, verdict="failed" if lines else "passed", lines=lines) if one.plans else one)
    return found
