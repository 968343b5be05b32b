"""What recording costs: one request served over HTTP by `manage.py runserver`, untraced and traced, alternating in one run.

    python benchmarks/recording.py                                  in this environment
    python benchmarks/recording.py --python python3.11 --python python3.13    in an environment made for each

Prints medians and their ratio, and asks the collector whether every call arrived.
"""

import argparse
import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "project"
READY = re.compile(r"listening on grpc (\S+),")


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the calls of the project's functions that it makes."""

    name: str
    path: str
    calls: int
    peer: float


CASES = (Case("301 calls, 30 queries", "/report/1/", 301, 1.6), Case("3,001 calls, 30 queries", "/report/11/", 3_001, 2.2))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="an interpreter to make an environment for; may be given again")
    parser.add_argument("--requests", type=int, default=100, help="requests of each kind (100)")
    parser.add_argument(
        "--pause", type=float, default=0.1, help="seconds between two requests (0.1); 0 keeps the exporter working all the time"
    )
    options = parser.parse_args()
    if not options.python:
        return measured(options.requests, options.pause)
    arguments = ["--requests", str(options.requests), "--pause", str(options.pause)]
    return max(subprocess.run([environment(python), __file__, *arguments]).returncode for python in options.python)


def environment(python: str) -> Path:
    """The interpreter of a virtual environment with this checkout installed; kept for the next run."""
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=True
    )
    folder = Path(tempfile.gettempdir()) / f"unspan-benchmark-{version.stdout.strip()}"
    found = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"making {folder}", flush=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([found, "-m", "pip", "install", "-q", "-e", f"{HERE.parent}[collector]"], check=True)
        (folder / "ready").touch()
    return found


def measured(requests: int, pause: float) -> int:
    """Serves, asks, prints; 1 when calls were lost."""
    import django

    print(f"Python {sys.version.split()[0]}, Django {django.get_version()}, {requests} requests of each kind, {pause} s apart", flush=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database = prepared(Path(folder))
        collector = stack.enter_context(collecting(Path(folder)))
        plain = stack.enter_context(serving((), {"BENCHMARK_DATABASE": database}))
        wrapper = (str(Path(sys.executable).with_name("opentelemetry-instrument")),)
        traced = stack.enter_context(serving(wrapper, {"BENCHMARK_DATABASE": database, "UNSPAN_ENDPOINT": collector}))
        lost = 0
        for case in CASES:
            alternate(case, plain, traced, 10, pause)
            first, second = alternate(case, plain, traced, requests, pause)
            show(case, first, second)
            lost += missing(collector, case, requests + 10)
    return 1 if lost else 0


def prepared(folder: Path) -> str:
    """A database with three books on each of thirty shelves."""
    database = str(folder / "db.sqlite3")
    env = clean({"BENCHMARK_DATABASE": database})
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=PROJECT, env=env, check=True)
    fill = "from shop.models import Book; Book.objects.bulk_create(Book(title=f'A title of book {n}', shelf=n % 30, price=n + 1, stock=n % 9) for n in range(90))"
    subprocess.run([*manage, "shell", "-c", fill], cwd=PROJECT, env=env, check=True, stdout=subprocess.DEVNULL)
    return database


@contextmanager
def collecting(folder: Path) -> Iterator[str]:
    """The address of a collector."""
    arguments = ["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"sqlite:///{folder / 'traces.sqlite3'}"]
    with started([sys.executable, "-m", "unspan_collector", *arguments], folder, clean({}), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if found := READY.search(line):
                yield found[1]
                return
        raise SystemExit("the collector did not start")


@contextmanager
def serving(wrapper: Sequence[str], more: dict[str, str]) -> Iterator[int]:
    """The port of the project's development server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [*wrapper, sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with started(command, PROJECT, clean(more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until_ready(port)
        yield port


@contextmanager
def started(command: list[str], folder: Path, env: dict[str, str], **streams: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=folder, env=env, text=True, **streams)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def clean(more: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "UNSPAN_", "DJANGO_"))} | more


def until_ready(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def alternate(case: Case, plain: int, traced: int, requests: int, pause: float) -> tuple[list[float], list[float]]:
    """Seconds of each request, untraced and traced, each on a connection of its own (on a kept one, TCP's delayed acknowledgement hides all)."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(requests):
        for port, times in zip((plain, traced), taken, strict=True):
            start = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", case.path)
            response = connection.getresponse()
            response.read()
            connection.close()
            times.append(time.perf_counter() - start)
            assert response.status == 200, response.status
            time.sleep(pause)
    return taken


def show(case: Case, plain: list[float], traced: list[float]) -> None:
    """Medians and their ratio; and the ratio of the quickest tenths, which other work on the machine disturbs least."""
    first, second = statistics.median(plain) * 1e3, statistics.median(traced) * 1e3
    quick = sorted(traced)[len(traced) // 10] / sorted(plain)[len(plain) // 10]
    print(
        f"  {case.name}: untraced {first:.1f} ms, traced {second:.1f} ms, ×{second / first:.2f} (quickest tenth ×{quick:.2f}; "
        f"the peer ×{case.peer})",
        flush=True,
    )  # fmt: skip


def missing(collector: str, case: Case, requests: int) -> int:
    """How many of the newest traces are not whole: less calls than were made, or a loss that they report."""
    import grpc
    from unspan_proto.readapi import traces_pb2 as api
    from unspan_proto.readapi.traces_pb2_grpc import TracesStub

    with grpc.insecure_channel(collector) as channel:
        for _ in range(60):
            time.sleep(0.5)
            found = TracesStub(channel).List(api.ListRequest(limit=requests * 2, path=case.path)).traces
            whole = [one for one in found if one.complete and one.spans >= case.calls + 30]
            if len(whole) == requests:
                break
    print(f"    {len(whole)} of {requests} traces are complete with all {case.calls:,} calls", flush=True)
    for trace in () if len(whole) == requests else found:
        print(f"    {trace.trace_id}: {trace.spans} spans, {'; '.join(trace.lost)}")
    return requests - len(whole)


if __name__ == "__main__":
    sys.exit(main())
