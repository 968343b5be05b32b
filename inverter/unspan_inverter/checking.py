"""Runs a test once in the project's own runner and says whether it passed. It never hangs and never asks."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unspan_inverter.errors import NoRunner
from unspan_inverter.outcomes import Outcome, outcome
from unspan_inverter.runners import Run, absolute, runner
from unspan_inverter.settings import Settings, for_tests

OUTPUT = 4 << 20
"""Bytes of a runner's output that are looked at, from its end."""
GRACE = 10
"""Seconds that an interrupted runner gets to remove its test database."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a test passed, in a sentence; the runner's lines about it, what to do, and the command that was run. `ran`: whether any test was begun, as far
    as the runner says."""

    passed: bool
    sentence: str
    lines: tuple[str, ...] = ()
    remedy: str = ""
    command: str = ""
    ran: bool = True


def check(file: Path, style: str, settings: Settings, here: Path, environ: Mapping[str, str] | None = None) -> Verdict:
    """Runs one test file as a person who stands in `here` would run it."""
    variables = for_tests() if environ is None else environ
    try:
        run = runner(absolute(file), style, settings, absolute(here), variables)
    except NoRunner as error:
        sentence, _, remedy = str(error).partition("\n")
        return Verdict(False, sentence.rstrip("."), remedy=remedy)
    return judged(run, settings.test_timeout, variables)


def judged(run: Run, seconds: float, environ: Mapping[str, str]) -> Verdict:
    """What a run came to."""
    with tempfile.TemporaryDirectory(prefix="unspan-") as scratch:
        report = Path(scratch, "report.xml")
        words = (*run.words, f"--junitxml={report}") if run.kind == "pytest" else run.words
        try:
            code, text = output(words, run.folder, {**environ, **run.environ}, seconds, Path(scratch, "output"))
        except OSError as error:
            return Verdict(False, f"{words[0]} could not be run ({(error.strerror or 'unknown reason').lower()})", command=str(run))
        found = outcome(run.kind, text, report.read_text(errors="replace") if report.exists() else "", code or 0)
    if code is None:
        sentence = f"it did not end within {seconds:g} s and was stopped"
        return Verdict(False, sentence, tail_of(found), "Raise test-timeout in [tool.unspan] if it is only slow.", str(run))
    if found.passed:
        return Verdict(True, found.summary(), command=str(run))
    return explained(found, text, str(run))


def output(words: tuple[str, ...], folder: Path, environ: Mapping[str, str], seconds: float, file: Path) -> tuple[int | None, str]:
    """Exit code and output of a command, None when it took too long. A file takes the output: a pipe would be waited for as long as a grandchild holds it."""
    with file.open("w+b") as taken:
        process = subprocess.Popen(
            words, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=taken, stderr=subprocess.STDOUT, start_new_session=True
        )
        code = None
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if code is None:
                stopped(process)
        taken.seek(max(0, taken.seek(0, os.SEEK_END) - OUTPUT))
        text = taken.read().decode(errors="replace").replace("\r\n", "\n")
    return code, re.sub(r"\x1b\[[0-9;]*m", "", text)


def stopped(process: "subprocess.Popen[bytes]") -> None:
    """Ends a runner and all that it started: first so that it can clean up, then for sure."""
    for sign, seconds in ((signal.SIGINT, GRACE), (signal.SIGKILL, GRACE)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            if sign is signal.SIGKILL:
                return


def tail_of(found: Outcome) -> tuple[str, ...]:
    return found.lines[-6:]


REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"permission denied to create database|Access denied for user .* to database 'test_",
        "the database user may not create the test database",
        "Let it: ALTER ROLE … CREATEDB on PostgreSQL, GRANT ALL ON `test_%`.* on MySQL and MariaDB.",
    ),
    (
        r"(?:connection to server .* failed|could not connect to server|Can't connect to|Connection refused|could not translate host name)(?=[\s\S]*(?:OperationalError|database))",
        "the project's database cannot be reached",
        "Start the database, or run inverter where the tests run.",
    ),
    (
        r"database .* is being accessed by other users",
        "the test database is in use by another run",
        "Wait for the other run to end, then generate again.",
    ),
    (
        r"No module named 'django'|Couldn't import Django",
        "Django is not installed in the Python that ran the test",
        "Activate the project's virtual environment, or name its Python: python = … in [tool.unspan].",
    ),
    (
        r"No module named pytest$|No module named 'pytest'$",
        "pytest is not installed in the project's environment",
        "Install it, or generate with --style django.",
    ),
    (
        r"fixture '(?:db|client|settings|django_\w+)' not found",
        "pytest-django is not installed in the project's environment",
        "Install pytest-django, or generate with --style django.",
    ),
    (
        r"importlib\.import_module\(self\.SETTINGS_MODULE\)",
        "Django's settings module cannot be imported",
        "Set DJANGO_SETTINGS_MODULE to a module that can be, or activate the environment that its imports need.",
    ),
    (
        r"settings are not configured|no Django settings|DJANGO_SETTINGS_MODULE is undefined|You must either define the environment variable DJANGO_SETTINGS_MODULE",
        "Django's settings are not configured where the test ran",
        "Set DJANGO_SETTINGS_MODULE, in pytest's settings for style pytest.",
    ),
)
"""Patterns of a runner's output, the sentence that a person understands, and what to do. They are looked for only where no test passed."""


def explained(found: Outcome, text: str, command: str) -> Verdict:
    """The verdict on a run that did not pass."""
    told = "\n".join([text, *found.lines])
    for pattern, sentence, remedy in REASONS if found.ran in (None, 0, found.failed, found.skipped) else ():
        if re.search(pattern, told, re.M):
            return Verdict(False, sentence, found.lines[-4:], remedy, command, bool(found.ran))
    return Verdict(False, found.summary(), found.lines, command=command, ran=bool(found.ran))
