"""Many runs of versions of one test: a process of the project's runner with its databases made serves them, a fork each."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from unspan_proto.span import Span

from unspan_inverter.errors import InverterError
from unspan_inverter.receiving import Receiver
from unspan_inverter.replaying import UNDER_RECORDER, one_process
from unspan_inverter.runners import Run, dotted
from unspan_inverter.settings import under_recorder

WARM = Path(__file__).parent / "warm"
SERVING = {
    "django": ("--testrunner", "unspan_warm.runner.Warm"),
    "pytest": ("-p", "unspan_warm.plugin", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=native"),
}
"""What makes a runner serve, by the kind of the run."""
START_SECONDS = 120.0
FIRST_SECONDS = 60.0
"""For the first probe; the others get a multiple of what it took, for a fault may make a loop endless."""
ERROR: Final = re.compile(r"(?:E +)?[\w.]*(?:Error|Exception|ImproperlyConfigured)\b")
"""What a runner says why it ended; pytest has a summary below it."""
TIMES, LEAST_SECONDS = 10.0, 10.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What one run came to: whether it passed, why not, and what was recorded of it."""

    passed: bool
    message: str
    traces: dict[str, list[Span]]
    lines: Mapping[str, list[int]] = field(default_factory=dict[str, list[int]])
    ran: int = 1


class NotWarm(InverterError):
    """The project's runner could not be kept running."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the project's test runner could not be kept running for many probes: {why}.\nRun the test itself to see more.")


class Prober:
    """Runs versions of a test file. A context manager; `run` is the plain command of `runners`, `limit` how many seconds something may take now that
    has a limit of its own, `python` the project's where the command does not begin with it."""

    def __init__(self, file: Path, run: Run, environ: Mapping[str, str], limit: Callable[[float], float] = float, python: str = "") -> None:
        self.file, self.run, self.environ, self.limit = file, replace(run, kind=served_as(run) or run.kind), environ, limit
        self.python = python or run.words[0]
        self.seconds = FIRST_SECONDS
        self._receiver = Receiver()
        self._used = False
        self._scratch = tempfile.TemporaryDirectory(prefix="unspan-")

    def __enter__(self) -> "Prober":
        self._receiver.__enter__()
        path = str(Path(self._scratch.name, "warm"))
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen(1)
            listening.settimeout(1.0)
            self._process = self._started(path)
            self._lines = self._accepted(listening)
        return self

    def _started(self, path: str) -> "subprocess.Popen[bytes]":
        words = (self.python, "-c", UNDER_RECORDER, *one_process(self.run, self.python, self.environ), *SERVING[self.run.kind])
        folders = ":".join(filter(None, (str(WARM), self.environ.get("PYTHONPATH", ""))))
        variables = {
            **self.environ,
            **self.run.environ,
            **under_recorder(self._receiver.address),
            "UNSPAN_WARM": path,
            "PYTHONPATH": folders,
        }
        self._output = Path(self._scratch.name, "output").open("w+b")  # noqa: SIM115 - closed with the process
        return subprocess.Popen(
            words, cwd=self.run.folder, env=variables, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT, start_new_session=True
        )  # fmt: skip

    def _accepted(self, listening: socket.socket) -> Any:
        end = time.monotonic() + self.limit(START_SECONDS)
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(TimeoutError):
                connection, _ = listening.accept()
                self._connection = connection
                return connection.makefile("rwb")
        said = self._said() if self._process.poll() is not None else "it did not start in time"
        self.__exit__(None, None, None)
        raise NotWarm(said)

    def _said(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        told = [line for line in lines if ERROR.match(line)] or lines
        return told[-1].removeprefix("E ").strip()[:300] if told else "it said nothing"

    def probe(self, source: str, used: bool = False, **more: Any) -> Probe:
        """Runs the file as if it held `source`, in a process that has run a test before or not; `more` as `unspan_warm.serving` has it.

        Raises NotWarm when the process has ended or does not answer.
        """
        if not used:
            return self._probed(source, more)
        if not self._used:
            self._probed(source, {"used": True, "alone": True})
            self._used = True
        return self._probed(source, {"used": True, **more})

    def _probed(self, source: str, more: Mapping[str, Any]) -> Probe:
        self._receiver.forget()
        seconds, begun = self.limit(self.seconds), time.monotonic()
        name = dotted(self.file, self.run.folder) or self.file.stem
        request = {"name": name, "file": str(self.file), "source": source, "seconds": seconds, **more}
        try:
            self._connection.settimeout(seconds + STOP_SECONDS)
            self._lines.write(json.dumps(request).encode() + b"\n")
            self._lines.flush()
            answer = json.loads(self._lines.readline() or b"null")
        except (OSError, ValueError):
            answer = None
        if answer is None:
            raise NotWarm(self._said())
        if self.seconds == FIRST_SECONDS and answer["ran"]:
            self.seconds = min(max(TIMES * (time.monotonic() - begun), LEAST_SECONDS), FIRST_SECONDS - LEAST_SECONDS)
        return Probe(
            bool(answer["passed"]), str(answer["message"]), self._receiver.traces(), answer.get("lines", {}), int(answer.get("ran", 1))
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if hasattr(self, "_lines"):
            with contextlib.suppress(OSError):
                self._lines.close()
            self._connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS if hasattr(self, "_lines") else 0.1)
        for sign in (signal.SIGINT, signal.SIGKILL):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    self._process.send_signal(sign)
                    self._process.wait(STOP_SECONDS)
        self._output.close()
        self._receiver.__exit__(kind, error, trace)
        self._scratch.cleanup()


def served_as(run: Run) -> str:
    """As what a runner can be kept running: Django's own command, pytest, and a command of the project that is one of these; empty for others."""
    if run.kind in SERVING:
        return run.kind
    names = [Path(word).name for word in run.words]
    for name, following in zip(names, [*names[1:], ""], strict=True):
        if name in ("manage.py", "django-admin") and following == "test":
            return "django"
        if name in ("pytest", "py.test"):
            return "pytest"
    return ""


def servable(run: Run) -> bool:
    return bool(served_as(run))
