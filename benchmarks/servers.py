"""The processes that a benchmark talks to: a collector, and the benchmark's project served under one recorder or none."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "project"
READY = re.compile(r"listening on grpc (\S+),")
PEER = "kolo==3.6.1"
DRIVER = "psycopg[binary]"
POSTGRES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Recorder:
    """What the project is served under. `tool` is what the project's settings look for; the peer has an environment of its own."""

    name: str
    tool: str = ""
    wrapped: bool = False
    peer: bool = False


UNTRACED = Recorder("untraced")
OURS = Recorder("unspan", wrapped=True)
SPANS = Recorder("OpenTelemetry spans", tool="spans")
KOLO = Recorder("kolo 3.6.1", tool="kolo", peer=True)
RECORDERS = (UNTRACED, OURS, SPANS, KOLO)


@dataclass(frozen=True, slots=True)
class Environment:
    """The interpreters of one Python version; `peer` is None where the peer could not be installed."""

    ours: Path
    peer: Path | None

    def python(self, recorder: Recorder) -> Path | None:
        return self.peer if recorder.peer else self.ours


def environment(python: str) -> Environment:
    """Virtual environments with this checkout, and with the peer and the same Django; kept for the next run."""
    version = output([python, "-c", "import platform; print(platform.python_version())"])
    ours = installed(python, f"unspan-benchmarks-{version}", ["-e", f"{HERE.parent}[collector]", DRIVER])
    assert ours is not None, "this checkout cannot be installed"
    django = output([str(ours), "-c", "import django; print(django.get_version())"])
    return Environment(ours, installed(python, f"unspan-benchmarks-peer-{version}", [PEER, f"django=={django}", DRIVER]))


def installed(python: str, name: str, packages: list[str]) -> Path | None:
    folder = Path(tempfile.gettempdir()) / name
    found = folder / "bin" / "python"
    ready, made = folder / "ready", "\n".join(packages)
    if not ready.exists() or ready.read_text() != made:  # another checkout's, or other packages
        print(f"making {folder}", flush=True)
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        if subprocess.run([found, "-m", "pip", "install", "-q", *packages]).returncode:
            return None
        ready.write_text(made)
    return found


def output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def prepared(python: Path, folder: Path, shelves: int = 30, books: int = 3) -> str:
    """A database with so many books on each of so many shelves."""
    database = str(folder / "db.sqlite3")
    env = clean({"BENCHMARK_DATABASE": database})
    manage = [str(python), "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=PROJECT, env=env, check=True)
    book = f"Book(title=f'A title of book {{n}}', shelf=n % {shelves}, price=n + 1, stock=n % 9)"
    fill = f"from shop.models import Book; Book.objects.bulk_create([{book} for n in range({shelves * books})], 1000)"
    subprocess.run([*manage, "shell", "-c", fill], cwd=PROJECT, env=env, check=True, stdout=subprocess.DEVNULL)
    return database


@contextmanager
def collecting(python: Path, folder: Path) -> Iterator[str]:
    """The address of a collector, whose store is `traces.sqlite3` in the folder."""
    arguments = ["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"sqlite:///{folder / 'traces.sqlite3'}"]
    with started([str(python), "-m", "unspan_collector", *arguments], folder, clean({}), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if found := READY.search(line):
                yield found[1]
                return
        raise SystemExit("the collector did not start")


@contextmanager
def network_database(folder: Path) -> Iterator[int]:
    """The port of a private PostgreSQL server (user `postgres`, no password)."""
    binaries = max(POSTGRES.glob("*/bin"), key=lambda path: float(path.parent.name))
    port, home = free_port(), Path(tempfile.mkdtemp(prefix="unspan-benchmark-postgres-"))
    data, own = home / "data", {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(home, "postgres")
        own = {"user": "postgres"}
    initialise = [binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(initialise, check=True, capture_output=True, cwd="/", **own)  # type: ignore[call-overload]
    command = [binaries / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", home]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **own)  # type: ignore[call-overload]
    try:
        until_ready(port)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def serving(python: Path, recorder: Recorder, database: str, collector: str, folder: Path, *options: str, **more_env: str) -> Iterator[int]:
    """The port of the project's development server under a recorder. DEBUG is on for all: the peer records nothing without."""
    port = free_port()
    (folder / ".kolo").mkdir(exist_ok=True)
    (folder / ".kolo" / "config.toml").write_text("auto_emit = false\n")  # or a process of the peer's would disturb the others' requests
    wrapper = [str(python.with_name("opentelemetry-instrument"))] if recorder.wrapped else []
    command = [*wrapper, str(python), "manage.py", "runserver", "--noreload", *options, f"127.0.0.1:{port}"]
    more = {
        "BENCHMARK_DATABASE": database, "BENCHMARK_TOOL": recorder.tool, "UNSPAN_ENDPOINT": collector, "UNSPAN_SQL": "rows",
        "KOLO_PATH": str(folder), "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector}", **more_env,
    }  # fmt: skip
    with started(command, PROJECT, clean(more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until_ready(port)
        yield port


@contextmanager
def started(command: list[str], folder: Path, env: Mapping[str, str], **streams: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=folder, env=env, text=True, **streams)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def clean(more: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "UNSPAN_", "DJANGO_", "KOLO"))} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_ready(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def answered(port: int, path: str) -> tuple[float, http.client.HTTPMessage]:
    """Milliseconds until the last byte of an answer that must be a 200, and its headers."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 200, response.status
    return (time.perf_counter() - start) * 1e3, response.headers
