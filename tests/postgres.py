"""A private PostgreSQL cluster for the tests that need one, from the installed binaries, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

POSTGRES = Path("/usr/lib/postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def served() -> Iterator[int]:
    """The port of a private PostgreSQL server (user `postgres`, no password), stopped and removed afterwards."""
    binaries = max(POSTGRES.glob("*/bin"), key=lambda path: float(path.parent.name))
    folder, port = Path(tempfile.mkdtemp(prefix="unspan-postgres-")), free_port()
    folder.chmod(0o755)
    data, own = folder / "data", {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        own = {"user": "postgres"}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], check=True, capture_output=True, cwd="/", **own
    )
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **own,
    )  # fmt: skip
    try:
        until_ready(binaries / "pg_isready", port)
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # the fast shutdown, which does not wait for clients
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def until_ready(probe: Path, port: int) -> None:
    for _ in range(300):
        if subprocess.run([probe, "-h", "127.0.0.1", "-p", str(port)], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start")


postgres = pytest.fixture(scope="session", name="postgres")(served)
