"""Faults × ways to start Django: the answers and the times beside those of an untraced server, and whether a trace that is called complete lacks a span."""

import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from instrumentation.serving import environment
from launching.forms import Form, Work
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .places import PLACES, SITE, Site, Worker, started
from .traces import ROOTS, kinds
from .troubles import TROUBLES, Reached, Receiving, Trouble, trouble
from .workloads import CROWD, FORKS, LARGE, MANY, STOPPED, USUAL, WARM, Asked, Workload, warm

SEED = """
import django
django.setup()
from strain.models import Item
Item.objects.bulk_create(Item(name=f"item {n}", level=n) for n in range(40))
"""
NUMBER = re.compile(r"(?<=name=n)\d+")


@dataclass(frozen=True)
class Fault:
    """One row of the table."""

    name: str
    workload: Workload = USUAL
    trouble: type[Trouble] = Receiving
    hooks: bool = False
    """Whether each function of the recorder that runs raises once."""

    def concerns(self, place: Form | Work) -> bool:
        return isinstance(place, Form) or not self.workload.of_servers


FAULTS = (
    Fault("none"),
    *(Fault(name, trouble=kind) for name, kind in TROUBLES.items()),
    Fault("an exception in every hook", hooks=True),
    *(Fault(one.name, one) for one in (STOPPED, FORKS, MANY, LARGE, CROWD)),
)


@dataclass(frozen=True)
class Cell:
    """What one fault did to one form."""

    fault: str
    form: str
    wrong: list[str]
    """Answers that are not those of the untraced server."""
    lacking: list[str]
    """What traces lack that are called complete."""
    whole: int
    others: int
    median: float
    """The traced server's time in the untraced one's, in the median, and in the slowest hundredth."""
    slowest: float
    added: float
    """Milliseconds that the slowest hundredth took longer."""


class Bench:
    """Serves the project of `site/` in one way after another."""

    def __init__(self, folder: Path, small: bool) -> None:
        self.folder, self.small, self.count = folder, small, 0
        self.database = folder / "strain.sqlite3"
        self._wanted: dict[tuple[str, str], Mapping[str, Counter[str]]] = {}
        self._untraced: dict[tuple[str, str], list[Asked]] = {}
        for words in (["manage.py", "migrate", "-v0"], ["-c", SEED]):
            subprocess.run([sys.executable, *words], cwd=SITE, env=environment(self.env(self.database)), check=True)

    def env(self, database: Path) -> Mapping[str, str]:
        return {"STRAIN_DATABASE": str(database), "DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(SITE)}

    def served(self, form: Form | Work, wrapped: bool, more: Mapping[str, str]) -> Site | Worker:
        self.count += 1
        folder = self.folder / f"{self.count}"
        folder.mkdir()
        shutil.copy(self.database, folder / "strain.sqlite3")
        env = {**self.env(folder / "strain.sqlite3"), "STRAIN_FOLDER": str(folder), "UNSPAN_EXPORT_INTERVAL": "0.1", **more}
        return started(form, env, wrapped)

    def untraced(self, form: Form | Work, workload: Workload) -> list[Asked]:
        known = self._untraced.get((form.name, workload.name))
        if known is None:
            with self.served(form, False, {}) as server:
                assert {one.status for one in warm(server)} == {200}, server.said()
                known = self._untraced[form.name, workload.name] = workload.run(server, self.small, lambda share: None)
        return known

    def traced(self, form: Form | Work, fault: Fault) -> tuple[list[Asked], Reached]:
        folder = self.folder / f"trouble {self.count}"
        with trouble(fault.trouble, folder) as collector:
            more = {"UNSPAN_ENDPOINT": collector.address} | ({"UNSPAN_FAULTS": str(folder / "fired")} if fault.hooks else {})
            with self.served(form, True, more) as server:
                if not fault.hooks:
                    assert {one.status for one in warm(server)} == {200}, server.said()
                asked = fault.workload.run(server, self.small, collector.pass_by)
                return asked, collector.reached(len(asked) + WARM)

    def wanted(self, workload: Workload, place: Form | Work) -> Mapping[str, Counter[str]]:
        """Of each of its requests what a trace holds of it when nothing goes wrong: alike in all servers."""
        kind = type(place)
        known = self._wanted.get((workload.name, kind.__name__))
        if known is None:
            form = next(one for one in PLACES if isinstance(one, kind) and one.name != "runserver")
            whole = self.traced(form, Fault("none", workload))[1].whole
            known = self._wanted[workload.name, kind.__name__] = {label(one): substance(one) for one in whole}
        return known

    def cell(self, fault: Fault, form: Form | Work) -> Cell:
        wanted, plain = (
            self.wanted(USUAL if fault.workload in (STOPPED, CROWD) else fault.workload, form),
            self.untraced(form, fault.workload),
        )
        asked, reached = self.traced(form, fault)
        lacking = [f"{label(one)}: {missing}" for one in reached.whole if (missing := wanted.get(label(one), Counter()) - substance(one))]
        before, after = [one.seconds for one in plain if one.seconds], [one.seconds for one in asked if one.seconds]
        return Cell(
            fault.name, form.name, list(wrong(plain, asked)), lacking, len(reached.whole), reached.others,
            statistics.median(after) / statistics.median(before), slowest(after) / slowest(before), (slowest(after) - slowest(before)) * 1_000,
        )  # fmt: skip


def label(trace: Sequence[Span]) -> str:
    """The request that a trace is of; those that differ by a number only are alike."""
    root = next(span for span in trace if span.what in ROOTS)
    if root.what == v.WORK:
        told = root.value(v.WORK_ARGUMENTS)
        method, address = told[0][1:3] if isinstance(told, list) else ("", "")  # a stand-in after a fault
        path = urlsplit(address)
        return NUMBER.sub("", f"{method} {path.path}?{path.query}")
    return NUMBER.sub("", f"{root.attributes.get(v.METHOD)} {root.attributes.get(v.PATH)}?{root.attributes.get(v.QUERY, '')}")


def substance(trace: Sequence[Span]) -> Counter[str]:
    """The request, its calls and its statements on the project's table: that a process connects and starts is not of each request."""
    return kinds([span for span in trace if span.what in (*ROOTS, v.CALL) or "strain_item" in span.name])


def wrong(plain: Sequence[Asked], asked: Sequence[Asked]) -> Iterator[str]:
    """Answers that are others than untraced."""
    if len(plain) != len(asked):
        yield f"{len(asked)} answers, and untraced {len(plain)}"
    for one, other in zip(plain, asked, strict=False):
        if (one.label, one.status, one.body) != (other.label, other.status, other.body):
            yield f"{other.label}: {other.status} {other.body[:200]!r}, and untraced {one.status} {one.body[:100]!r}"


def slowest(seconds: Sequence[float]) -> float:
    return sorted(seconds)[max(len(seconds) * 99 // 100 - 1, 0)]


def printed(cells: Sequence[Cell]) -> Iterator[str]:
    """The table in Markdown: of each cell the times over untraced, and of how many requests whole traces came."""
    forms = list(dict.fromkeys(one.form for one in cells))
    yield f"| fault | {' | '.join(forms)} |"
    yield "| --- " * (len(forms) + 1) + "|"
    known = {(one.fault, one.form): one for one in cells}
    for fault in dict.fromkeys(one.fault for one in cells):
        yield f"| {fault} | {' | '.join(said(known.get((fault, form))) for form in forms)} |"


def said(cell: Cell | None) -> str:
    if cell is None:
        return ""
    troubles = [f"**{len(cell.wrong)} wrong answers**"] * bool(cell.wrong) + [f"**{len(cell.lacking)} lack spans**"] * bool(cell.lacking)
    return ", ".join([f"×{cell.median:.2f} (×{cell.slowest:.2f})", f"{cell.whole} of {cell.whole + cell.others}", *troubles])
