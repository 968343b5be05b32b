"""Answers the prover: versions of a test come over a socket, each is run by a child of this process. Needs Django and the standard library.

The socket's path is in UNSPAN_WARM, a line is one JSON document: `{"name": module, "file": path, "source": text, "seconds": n}`; the answer is
`{"passed": bool, "ran": int, "message": text}`. With `"watched": [paths]` the answer has `"lines": {path: [numbers]}` that ran; with
`"mutant": {"file": path, "lines": [numbers], "number": n}` the n-th fault on those lines is in place.
"""

import json
import os
import socket
import sys
import types
import warnings
from collections.abc import Callable
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
        for line in lines:
            request = json.loads(line)
            keeping.disconnected()
            lines.write(forking.answered(lambda request=request: answer(request, run), request["seconds"]) + b"\n")
            lines.flush()


def answer(request: dict[str, Any], run: Run) -> dict[str, Any]:
    watched = Watched(request.get("watched", ()))
    try:
        if "mutant" in request:
            faults.in_place(**request["mutant"])
        with watched:
            found = run(module(request))
    except BaseException as error:
        return {"passed": False, "ran": 0, "message": f"{type(error).__name__}: {error}"[:MESSAGE]}
    finally:
        flushed()
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
