"""The whole way for units of work: recorded in real workers and commands, turned into tests, which the project's own runner runs."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterable
from pathlib import Path

from instrumentation.serving import WRAPPER, environment, run
from instrumentation.sink import Sink
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace, built
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

PROJECT = Path(__file__).parent / "project"
WORKER = ("-m", "celery", "-A", "mysite", "worker", "--pool", "solo", "--without-mingle", "--without-gossip", "--without-heartbeat")
OF_CELERY, OF_DJANGO = 8, 4
"""How many tasks the two workers run: one is tried twice, and one hands on two others."""
COMMANDS = {
    "expire": ["expire", "old", "older", "--limit", "5", "--no-color"],
    "expire strictly": ["expire", "gone", "--strict"],
    "welcome": ["welcome", "41", "--subject", "Hello"],
}
DB_WORKER = ["manage.py", "db_worker", "--batch", "--interval", "0", "--no-startup-delay", "-v0"]


def installed(folder: Path) -> Path:
    """A copy of the project with its tables and rows; the tasks wait in their queues."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3", "messages"))
    run(["manage.py", "makemigrations", "depot", "-v0"], folder)
    run(["manage.py", "migrate", "-v0"], folder)
    run(["handing.py"], folder)
    return folder


class Recorded:
    """The traces of everything that the queues held, and of the commands: name → trace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with Sink() as sink:
            env = environment({"UNSPAN_ENDPOINT": sink.address})
            worker = subprocess.Popen(
                [WRAPPER, sys.executable, *WORKER], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                for words in (DB_WORKER, *(["manage.py", *words] for words in COMMANDS.values())):
                    subprocess.run([WRAPPER, sys.executable, *words], cwd=folder, env=env, capture_output=True, timeout=60)
                sink.until(lambda spans: ended(spans) >= OF_CELERY + OF_DJANGO + len(COMMANDS) + 1, 60)
            finally:
                worker.terminate()
                worker.wait(30)
            spans = sink.spans()
        self.traces = traces(spans)

    def write(self, style: str) -> dict[str, str]:
        """Writes a test for each; gives the files by the names of the traces."""
        found: dict[str, str] = {}
        for name, trace in self.traces.items():
            found[name] = text = generated([trace], style=style).source
            (self.folder / f"test_{file_name(name)}.py").write_text(text)
        return found

    def run(self, folder: Path) -> dict[str, str]:
        """Runs all tests in a copy of the project: name → what was wrong, empty when it passed."""
        report = folder / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "django", "-q", f"--junitxml={report}"], cwd=folder, env=environment({}),
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert report.exists(), done.stdout + done.stderr
        cases = [(one.get("classname") or one.get("name") or "", one) for one in xml.parse(report).iter("testcase")]
        return {
            name: next((str(part.text) for part in one if part.tag in ("failure", "error", "skipped")), "")
            for name in self.traces
            for classname, one in cases
            if classname.partition(".")[0] == f"test_{file_name(name)}"
        }


def ended(spans: list[Span]) -> int:
    return sum(span.what == v.WORK for span in spans)


def traces(spans: list[Span]) -> dict[str, Trace]:
    """Each unit of work by its name, of several of one name with a number; without the worker's own command."""
    found: dict[str, Trace] = {}
    described = [span for span in spans if span.what == v.PROJECT]
    for root in sorted((span for span in spans if span.what == v.WORK), key=lambda span: span.start):
        name = str(root.attributes[v.WORK_NAME]).removeprefix("depot.").removeprefix("management.commands.")
        if "db_worker" not in name:
            number = sum(one.partition(" ")[0] == name for one in found)
            trace = built([span for span in spans if span.trace_id == root.trace_id], described)
            found[f"{name} {number + 1}" if number else name] = trace
    return found


def file_name(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def changed(folder: Path, there: Path, changes: Iterable[tuple[str, str, str]]) -> Path:
    """A copy of the project in which its code is wrong: file, a text of it, and what that is changed to."""
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in changes:
        text = (there / file).read_text()
        assert text.count(old) == 1, (file, old)
        (there / file).write_text(text.replace(old, new))
    return there
