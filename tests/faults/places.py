"""Where the project of `site/` is asked: in servers, and in the worker of a queue."""

import http.client
import importlib.util
import os
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from celery import Celery
from instrumentation.serving import Server
from launching.forms import FORMS, WORKS, Form, Work

SITE = Path(__file__).parent / "site"
PREFORK = next(one for one in WORKS if one.name == "celery prefork")
PLACES = (*FORMS, PREFORK)


class Place(Protocol):
    """A program that answers requests."""

    popen: Any

    def answered(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """Status and body; a status of 0 where none came."""
        ...

    def told_to_end(self) -> None:
        """By a signal, as who runs it does."""
        ...

    def said(self) -> str: ...


class Site(Server):
    """A server."""

    def answered(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def told_to_end(self) -> None:
        os.killpg(self.popen.pid, signal.SIGTERM)


class Worker(Server):
    """A worker, for which each request is a task."""

    def __init__(self, folder: Path, *, env: Mapping[str, str], command: Sequence[str], wrapped: bool) -> None:
        self.folder = Path(env["STRAIN_FOLDER"])
        found = importlib.util.spec_from_file_location("strain_messages", SITE / "mysite" / "messages.py")
        assert found
        assert found.loader
        messages = importlib.util.module_from_spec(found)
        found.loader.exec_module(messages)
        self.app = Celery("sender", broker="filesystem://", set_as_current=False)
        self.app.conf.broker_transport = messages.Transport
        self.app.conf.broker_transport_options = messages.options(self.folder)
        super().__init__(folder, env=env, command=command, wrapped=wrapped)

    def await_ready(self) -> None:
        deadline = time.monotonic() + 60
        while " ready." not in self.said():
            assert self.popen.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def told_to_end(self) -> None:
        """It tells its processes itself, once they have done what they are at."""
        self.popen.terminate()

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.popen.poll() is None:
            self.told_to_end()
            self.popen.wait(60)

    def answered(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        number = uuid.uuid4().hex
        answer = self.folder / f"{number}.answer"
        self.app.send_task("strain.tasks.answer", [number, method, path, (body or b"").decode()])
        deadline = time.monotonic() + 120
        while not answer.exists():
            if self.popen.poll() is not None or time.monotonic() > deadline:
                return 0, b""
            time.sleep(0.002)
        status, _, said = answer.read_bytes().partition(b" ")
        return int(status), said


def started(place: Form | Work, env: Mapping[str, str], wrapped: bool) -> Site | Worker:
    kind = Worker if isinstance(place, Work) else Site
    return kind(SITE, env=env, command=place.command, wrapped=wrapped)
