"""What is asked of a server while something goes wrong: the requests, the answers, and how long each took."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from .places import Place

Between = Callable[[float], None]
"""Called between two requests, with the share of them that was made."""


@dataclass(frozen=True)
class Asked:
    """One request's answer; a status of 0 where none came."""

    label: str
    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Workload:
    """`small` is the form in which it is asked in `make test`."""

    name: str
    run: Callable[[Place, bool, Between], list[Asked]]
    of_servers: bool = False
    """Whether it makes no sense elsewhere: a message is no large body, and a queue hands over no more tasks at once than there are processes."""


def ask(server: Place, method: str, path: str, body: bytes | None = None) -> Asked:
    started = time.perf_counter()
    status, said = server.answered(method, path, body)
    return Asked(f"{method} {path}", status, said, time.perf_counter() - started)


def usual(server: Place, small: bool, between: Between) -> list[Asked]:
    """Rows, calls, a write and a body, again and again."""
    rounds, asked = 5 if small else 25, []
    for number in range(rounds):
        for method, path, body in (
            ("GET", "/rows/", None), ("GET", "/calls/?n=300", None), ("POST", f"/write/?name=n{number}", b""), ("POST", "/body/", b"x" * 20_000),
        ):  # fmt: skip
            asked.append(ask(server, method, path, body))
            between(len(asked) / rounds / 4)
    return asked


def many_calls(server: Place, small: bool, between: Between) -> list[Asked]:
    return [ask(server, "GET", "/calls/?n=10000") for _ in range(1 if small else 5)]


def large_body(server: Place, small: bool, between: Between) -> list[Asked]:
    return [ask(server, "POST", "/body/", bytes(range(250)) * 200_000) for _ in range(1 if small else 5)]


def forks(server: Place, small: bool, between: Between) -> list[Asked]:
    return [ask(server, "GET", path) for _ in range(2 if small else 10) for path in ("/fork/", "/rows/")]


def crowd(server: Place, small: bool, between: Between) -> list[Asked]:
    """A hundred at one time."""
    gate = threading.Barrier(100)

    def one(_: int) -> Asked:
        gate.wait(60)
        return ask(server, "GET", "/rows/")

    with ThreadPoolExecutor(100) as pool:
        return [asked for _ in range(1 if small else 5) for asked in pool.map(one, range(100))]


def stopped(server: Place, small: bool, between: Between) -> list[Asked]:
    """The server is told to end while six clients ask: what they were answered until then, with which code it ended, and how long that took."""
    told, asked = threading.Event(), [ask(server, "GET", "/rows/")]

    def client() -> None:
        while (one := ask(server, "GET", "/rows/")).status and not told.is_set():
            asked.append(one)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    told.set()
    started = time.perf_counter()
    server.told_to_end()
    code = server.popen.wait(30)
    seconds = time.perf_counter() - started
    for thread in threads:
        thread.join()
    with suppress(ProcessLookupError):  # a child that outlived it
        os.killpg(server.popen.pid, signal.SIGKILL)
    return [*dict.fromkeys(Asked(one.label, one.status, one.body, 0.0) for one in asked), Asked("its end", code, b"", seconds)]


USUAL: Final = Workload("usual", usual)
MANY, LARGE, FORKS = (
    Workload("10,000 calls", many_calls),
    Workload("a body of 50 MB", large_body, True),
    Workload("fork in mid-request", forks),
)
CROWD, STOPPED = Workload("100 at once", crowd, True), Workload("SIGTERM", stopped)


WARM: Final = 8


def warm(server: Place) -> Iterator[Asked]:
    """What makes a server's processes ready."""
    for _ in range(WARM // 2):
        yield ask(server, "GET", "/rows/")
        yield ask(server, "GET", "/calls/?n=3")
