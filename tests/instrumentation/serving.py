"""A Django project as `startproject` makes it, with one application, served by its own `manage.py`."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SITE = Path(__file__).parent / "site"
WRAPPER = str(Path(sys.executable).with_name("opentelemetry-instrument"))


def environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNSPAN_", "OTEL_", "DJANGO_", "PYTHONPATH"))}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def startproject(folder: Path) -> Path:
    """A stock project in `folder`, with the application `shop` and a migrated database; `desk` is there, and in use under `desk.settings`."""
    folder.mkdir(parents=True, exist_ok=True)
    run(["-m", "django", "startproject", "mysite", str(folder)], folder)
    for name in ("shop", "desk"):
        shutil.copytree(SITE / name, folder / name, dirs_exist_ok=True)
    shutil.copy(SITE / "urls.py", folder / "mysite" / "urls.py")
    settings = folder / "mysite" / "settings.py"
    text = (
        settings.read_text()
        .replace("INSTALLED_APPS = [", "INSTALLED_APPS = [\n    'shop',")
        .replace("ALLOWED_HOSTS = []", "ALLOWED_HOSTS = ['*']")
    )
    settings.write_text(text)
    run(["manage.py", "makemigrations", "shop", "-v0"], folder)
    run(["manage.py", "migrate", "-v0"], folder)
    run(["manage.py", "loaddata", "-v0", str(SITE / "rows.json")], folder)
    return folder


def run(arguments: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment(env or {}), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Server:
    """`manage.py runserver` under the wrapper, or another command; stops with all its children."""

    def __init__(
        self, folder: Path, *, env: Mapping[str, str], command: Sequence[str] = (), cwd: Path | None = None, manage: str = "manage.py",
        flags: Sequence[str] = ("--noreload",), wrapped: bool = True,
    ) -> None:  # fmt: skip
        self.port = free_port()
        wanted = [*command] or [sys.executable, manage, "runserver", *flags, f"127.0.0.1:{self.port}"]
        self.log = tempfile.NamedTemporaryFile(mode="w+", suffix=".log", delete=False)  # noqa: SIM115
        self.popen = subprocess.Popen(
            [*([WRAPPER] if wrapped else []), *(word.replace("PORT", str(self.port)) for word in wanted)], cwd=cwd or folder,
            env=environment(env), stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.await_ready()

    def await_ready(self) -> None:
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.popen.poll() is None, self.said()
                time.sleep(0.05)
        raise AssertionError(self.said())

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        found = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return found

    def exchange(self, request: bytes) -> bytes:
        """The very bytes that come back for these bytes, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(1 << 16), b""))

    def said(self) -> str:
        return Path(self.log.name).read_text()

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, number)
            self.popen.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()
        Path(self.log.name).unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
