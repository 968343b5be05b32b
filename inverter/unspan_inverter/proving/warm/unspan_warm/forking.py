"""Asks something of a child of this process, which has everything as it is now and leaves nothing behind; or of one that stays. Standard library only."""

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

ENDED = "the process ended in the test"
CHUNK = 1 << 16
GRACE_SECONDS = 5.0


def answered(ask: Callable[[], dict[str, Any]], seconds: float) -> bytes:
    """What a fork of this process finds, as JSON; one that takes too long is killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            silenced()
            with open(writing, "wb") as out:
                out.write(json.dumps(ask()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    found, why = read(reading, time.monotonic() + seconds), ENDED
    os.close(reading)
    if found is None:
        os.kill(child, signal.SIGKILL)
        why = f"it did not end within {seconds:.3g} s"
    os.waitpid(child, 0)
    return found or failed(why)


def read(reading: int, end: float) -> bytes | None:
    """All that comes until the other side closes; None when that takes too long."""
    found = b""
    while select.select([reading], [], [], max(end - time.monotonic(), 0))[0]:
        chunk = os.read(reading, CHUNK)
        if not chunk:
            return found
        found += chunk
    return None


class Deputy:
    """A child that is made when it is first asked and answers lines from then on. `serve` is run in it, with a file of its questions."""

    def __init__(self, serve: Callable[[Any], None]) -> None:
        self.serve = serve
        self.child = 0

    def answered(self, line: bytes, seconds: float) -> bytes:
        """Its answer to a line, which it has so many seconds for."""
        if not self.child:
            self.start()
        self.mine.settimeout(seconds + GRACE_SECONDS)
        try:
            self.lines.write(line)
            self.lines.flush()
            found: bytes = self.lines.readline().rstrip(b"\n")
        except OSError:
            found = b""
        if not found:
            self.ended()
        return found or failed(ENDED)

    def start(self) -> None:
        self.mine, theirs = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            try:
                self.mine.close()
                silenced()
                self.serve(theirs.makefile("rwb"))
            finally:
                os._exit(0)
        theirs.close()
        self.lines = self.mine.makefile("rwb")

    def ended(self) -> None:
        if self.child:
            self.mine.close()
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
            self.child = 0


def silenced() -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)


def failed(why: str) -> bytes:
    return json.dumps({"passed": False, "ran": 0, "message": why}).encode()
