"""Servers that run while a block does: the application, what it calls, the collector. Each on a free port, each stopped by its process group."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from application import TrialError
from unspan_inverter.reading import Collector
from unspan_proto.readapi.traces_pb2 import ListRequest

READY_SECONDS, STOP_SECONDS, ARRIVE_SECONDS = 90, 20, 5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, path: str) -> bool:
    """Whether a web server answers at all, whatever it says."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", path)
            connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    return True


@contextlib.contextmanager
def running(
    command: Sequence[object], ready: Callable[[], bool], log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server while the block runs; nothing when there is no command."""
    if not command:
        yield
        return
    words = [str(word) for word in command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd, env=env, start_new_session=True
        )
        try:
            wait(process, ready, words, log)
            yield
        finally:
            stop(process)


def wait(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], words: Sequence[str], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TrialError(f"`{' '.join(words)}` stopped at once:\n{log.read_text(errors='replace')[-3000:]}")
        if ready():
            return
        time.sleep(0.05)
    raise TrialError(f"`{' '.join(words)}` was not ready in {READY_SECONDS} s; its words are in {log}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)


@contextlib.contextmanager
def collecting(scratch: Path) -> Iterator[str]:
    """A collector of this checkout's own environment; yields its gRPC address."""
    grpc, web = free_port(), free_port()
    command = [
        Path(sys.executable).with_name("unspan-collector"), "serve", "--grpc", f"127.0.0.1:{grpc}", "--http", f"127.0.0.1:{web}",
        "--store", f"sqlite:///{scratch}/traces.sqlite3",
    ]  # fmt: skip
    with running(command, lambda: listens(grpc), scratch / "collector.log"):
        yield f"127.0.0.1:{grpc}"


def arrived(collector: Collector, wanted: Iterable[str]) -> set[str]:
    """Which of these traces are there; they are waited for, since spans are sent every second."""
    missing, deadline = set(wanted), time.monotonic() + ARRIVE_SECONDS
    while True:
        missing -= {one.trace_id for one in collector.newest(ListRequest(limit=10_000, all_kinds=True))}
        if not missing or time.monotonic() > deadline:
            return set(wanted) - missing
        time.sleep(0.1)
