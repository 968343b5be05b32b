"""Answers the prover: versions of a test come over a socket, each is run by a child of this process. Needs Django and the standard library.

The socket's path is in UNSPAN_WARM, a line is one JSON document: `{"name": module, "file": path, "source": text, "seconds": n}`; the answer is
`{"passed": bool, "ran": int, "message": text}`. With `"watched": [paths]` the answer has `"lines": {path: [numbers]}` that ran; with
`"mutant": {"file": path, "lines": [numbers], "number": n}` the n-th fault on those lines is in place; with `"used": true` the child is of a
process that has run tests itself, those that came with `"alone": true`: what processes keep for ever is there, as in one that has served.
"""

import importlib
import json
import os
import socket
import sys
import types
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, NamedTuple

from . import faults, forking, keeping
from .watching import Watched

SOCKET = "UNSPAN_WARM"
FLUSH_SECONDS = 5.0
MESSAGE = 2_000


class Result(NamedTuple):
    """How many tests ran, how many were skipped, and what each that did not pass said."""

    ran: int
    skipped: int
    bad: list[str]


Run = Callable[[types.ModuleType], Result]


def serve(run: Run) -> None:
    """Answers until nobody asks any more. `run` runs the tests of a module, in the child."""
    warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(os.environ[SOCKET])
        lines = asked.makefile("rwb")
        loaded()
        used = forking.Deputy(partial(serve_used, run))
        for line in lines:
            request = json.loads(line)
            keeping.disconnected()
            lines.write((used.answered(line, request["seconds"]) if request.get("used") else once(request, run)) + b"\n")
            lines.flush()
        used.ended()


def once(request: dict[str, Any], run: Run) -> bytes:
    return forking.answered(lambda: answer(request, run), request["seconds"])


def serve_used(run: Run, lines: Any) -> None:
    """Answers in a process that first runs by itself what it is told to."""
    for line in lines:
        request = json.loads(line)
        if request.get("alone"):
            with unsent():
                lines.write(json.dumps(ran(request, run)).encode() + b"\n")
            keeping.emptied()
        else:
            keeping.disconnected()
            lines.write(once(request, run) + b"\n")
        lines.flush()


def answer(request: dict[str, Any], run: Run) -> dict[str, Any]:
    try:
        return ran(request, run)
    finally:
        flushed()


def ran(request: dict[str, Any], run: Run) -> dict[str, Any]:
    watched = Watched(request.get("watched", ()))
    try:
        if "mutant" in request:
            faults.in_place(**request["mutant"])
        with watched:
            found = run(module(request))
    except BaseException as error:
        return {"passed": False, "ran": 0, "message": f"{type(error).__name__}: {error}"[:MESSAGE]}
    passed = found.ran > 0 and not found.bad and not found.skipped
    return {"passed": passed, "ran": found.ran, "message": found.bad[0][-MESSAGE:] if found.bad else "", "lines": watched.found()}


def module(request: dict[str, Any]) -> types.ModuleType:
    """The source as the module that the file would be."""
    made = types.ModuleType(request["name"])
    made.__file__ = request["file"]
    made.__package__ = request["name"].rpartition(".")[0]
    sys.modules[request["name"]] = made
    exec(compile(request["source"], request["file"], "exec"), made.__dict__)
    return made


def flushed() -> None:
    """Sends what was recorded, where this process records: the child has no other end."""
    launch = sys.modules.get("unspan_instrumentation.launch")
    if launch is not None:
        launch.flush(FLUSH_SECONDS)


def loaded() -> None:
    """Imports what sends recordings, so that not each child does."""
    if "unspan_instrumentation.launch" in sys.modules:
        with suppress(ImportError):
            importlib.import_module("grpc")


def unsent() -> AbstractContextManager[None]:
    """Inside, what is recorded goes nowhere."""
    launch = sys.modules.get("unspan_instrumentation.launch")
    return launch.aside() if launch is not None else nullcontext()
