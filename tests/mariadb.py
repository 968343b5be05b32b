"""A private MariaDB server for the tests that need one, from the installed binaries, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import free_port

SQL = """
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'shop';
GRANT ALL ON *.* TO shop@'127.0.0.1';
"""


def program(name: str) -> str:
    """Its path: Debian keeps servers out of a user's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, f"{name} is missing: apt-get install mariadb-server"
    return found


def served() -> Iterator[int]:
    """The port of a private MariaDB server with a database, user and password `shop`, stopped and removed afterwards."""
    folder, port = Path(tempfile.mkdtemp(prefix="unspan-mariadb-")), free_port()
    folder.chmod(0o755)
    data, socket, own = folder / "data", folder / "socket", {}
    if os.getuid() == 0:  # MariaDB refuses to run as root
        shutil.chown(folder, "mysql")
        own = {"user": "mysql"}
    subprocess.run(
        [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, capture_output=True, cwd="/", **own,
    )  # fmt: skip
    server = subprocess.Popen(
        [program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={socket}",
         f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **own,
    )  # fmt: skip
    try:
        until_ready([program("mariadb"), "--no-defaults", f"--socket={socket}", "-u", "root", "-e"])
        yield port
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def until_ready(client: list[str]) -> None:
    for _ in range(300):
        if subprocess.run([*client, SQL], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("MariaDB did not start")


mariadb = pytest.fixture(scope="session", name="mariadb")(served)
