"""The whole way for many requests at once: recorded on a real server, turned into tests, which the project's own runner runs."""

import re
import secrets
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from collector.process import Process
from instrumentation.serving import Answer, Server, environment, free_port
from unspan_inverter.cli.options import source
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace, built

from .service import Running

PROJECT = Path(__file__).parent / "project"
LIBRARIES = ("time-machine", "freezegun")
MOCKING = ("mocket", "pytest-httpx", "respx")
"""Installed where our tests run; a project may have none of them."""


ANOTHER_DAY = """
from datetime import timedelta

import time_machine

time_machine.travel(timedelta(days=40, hours=5, minutes=7)).start()
"""
"""Tests that hold every way to the time run at another than they were recorded at: which ways mattered is decided alike for all."""


def installed(folder: Path) -> Path:
    """A copy of the project with its tables and rows."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3"))
    (folder / "shop" / "tests").mkdir()
    (folder / "shop" / "tests" / "__init__.py").touch()
    for words in (["migrate", "-v0"], ["loaddata", "-v0", "rows.json"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=folder, env=environment({}), check=True)
    return folder


class Recorded:
    """Every path of the project asked once: its answer, and its trace."""

    def __init__(self, folder: Path, paths: Iterable[str]) -> None:
        self.folder, self.answers, self.traces = folder, dict[str, Answer](), dict[str, Trace]()
        self.ids = ids = {path: secrets.token_hex(16) for path in paths}
        self.store = folder.parent / "traces.sqlite3"
        with Process(self.store) as collector, Running() as service:
            self.settings = {"SHOP_SERVICE": service, "SHOP_NOBODY": f"http://127.0.0.1:{free_port()}"}
            env = {**self.settings, "UNSPAN_REDACT": "off", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector.grpc}"}
            with Server(folder, env=env) as server, source(collector.grpc, None) as received:
                for path, trace_id in ids.items():
                    self.answers[path] = server.ask(path, headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"})
                for path, trace_id in ids.items():
                    found = received.fetched(trace_id)
                    self.traces[path] = built(found.spans(), found.project_spans())

    def write(self, library: str = "", style: str = "django") -> dict[str, str]:
        """Writes a test for each path, for a project with this library of time or none; gives the reasons of those that could not be."""
        (self.folder / "conftest.py").write_text(ANOTHER_DAY if library == "time-machine" else "")
        refused: dict[str, str] = {}
        for path, trace in self.traces.items():
            packages = {
                name: version for name, version in trace.project.packages.items() if name not in (*LIBRARIES, *MOCKING) or name == library
            }
            try:
                text = generated([replace(trace, project=replace(trace.project, packages=packages))], style=style).source
            except InverterError as error:
                refused[path] = str(error)
                continue
            (self.folder / "shop" / "tests" / f"test_{named(path)}.py").write_text(text)
        return refused

    def generate(self, paths: Iterable[str]) -> "subprocess.CompletedProcess[str]":
        """`inverter generate` with its check, as a person calls it: one file for these paths."""
        words = [word for path in paths for word in ("--trace-id", self.ids[path])]
        with Process(self.store) as collector:
            return subprocess.run(
                [sys.executable, "-m", "unspan_inverter", "generate", *words, "-o", "shop/tests/test_checked.py", "--endpoint", collector.grpc],
                cwd=self.folder, env=environment(self.settings), capture_output=True, text=True, timeout=300,
            )  # fmt: skip

    def run(self, folder: Path) -> dict[str, str]:
        """Runs all tests in a copy of the project: name → what was wrong, empty when it passed."""
        report = folder / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "django", "-q", "shop/tests", f"--junitxml={report}"], cwd=folder,
            env=environment({**self.settings, "DJANGO_SETTINGS_MODULE": "mysite.settings"}), capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert report.exists(), done.stdout + done.stderr
        found: dict[str, str] = {}
        for one in xml.parse(report).iter("testcase"):
            file = re.search(r"test_(\w+)", one.get("classname") or one.get("name") or "")
            assert file, one.attrib
            found[file[1]] = next((str(part.text) for part in one if part.tag in ("failure", "error", "skipped")), "")
        return found


def named(path: str) -> str:
    return re.sub(r"\W+", "_", path).strip("_")


def changed(folder: Path, there: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """A copy of the project in which views are wrong: path → a text of its module, and what it is changed to."""
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("__pycache__"))
    done: set[tuple[Path, str, str]] = set()
    for path, (old, new) in changes.items():
        module, view = path.partition("?")[0].strip("/").split("/")
        file = next(one for name in (module, f"by_{module}") if (one := there / "shop" / f"{name}.py").exists())
        text = file.read_text()
        found = re.search(rf"(?ms)^(async )?def {view}\(request\):\n.*?(?=^\S|\Z)", text)
        assert found, path
        if (file, view, old) in done:  # asked in two ways
            continue
        done.add((file, view, old))
        assert found[0].count(old) == 1, (path, old)
        file.write_text(text.replace(found[0], found[0].replace(old, new)))
    return there
