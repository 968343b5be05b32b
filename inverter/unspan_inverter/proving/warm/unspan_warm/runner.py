"""Run by the project's own Python as its test runner: sets everything up once, then runs versions of a test, each in a fork.

Needs Django and the standard library only. What it is asked comes over a socket whose path is in UNSPAN_WARM, one JSON document a line:
`{"name": module, "file": path, "source": text}`; the answer is `{"passed": bool, "ran": int, "message": text}`. With `"watched": [paths]` the answer
has `"lines": {path: [numbers]}` that ran; with `"mutant": {"file": path, "lines": [numbers], "number": n}` the n-th fault on those lines is in place.
"""

import ast
import gc
import json
import os
import socket
import sys
import threading
import types
import unittest
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import connections
from django.test.utils import get_runner

from .mutations import mutated, mutations

SOCKET = "UNSPAN_WARM"
FLUSH_SECONDS = 5.0
MESSAGE = 2_000
NOT_IN_PLACE = "the fault could not be put into the running code"


class Warm(get_runner(settings)):  # type: ignore[misc]
    """The project's test runner, asked many times with one set of databases."""

    def run_suite(self, suite: Any, **kwargs: Any) -> unittest.TestResult:
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(os.environ[SOCKET])
            lines = asked.makefile("rwb")
            for line in lines:
                lines.write(self.forked(json.loads(line)) + b"\n")
                lines.flush()
        return unittest.TestResult()

    def forked(self, request: dict[str, Any]) -> bytes:
        """The answer of a child that has everything as it is now, and leaves nothing behind."""
        for alias in connections:
            if not in_memory(connections[alias]):
                connections[alias].close()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                silence = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silence, 1)
                os.dup2(silence, 2)
                with open(writing, "wb") as out:
                    out.write(json.dumps(self.answer(request)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading, "rb") as found:
            answer = found.read()
        os.waitpid(child, 0)
        return answer or json.dumps({"passed": False, "ran": 0, "message": "the process ended in the test"}).encode()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        result, watched = unittest.TestResult(), Watched(request.get("watched", ()))
        try:
            if "mutant" in request and not in_place(**request["mutant"]):
                return {"passed": True, "ran": 0, "message": NOT_IN_PLACE}
            with watched:
                unittest.defaultTestLoader.loadTestsFromModule(module(request)).run(result)
        except BaseException as error:
            return {"passed": False, "ran": 0, "message": f"{type(error).__name__}: {error}"[:MESSAGE]}
        finally:
            flushed()
        bad = [*result.errors, *result.failures]
        passed = not bad and result.testsRun > 0 and not result.skipped
        return {"passed": passed, "ran": result.testsRun, "message": bad[0][1][-MESSAGE:] if bad else "", "lines": watched.found()}


class Watched:
    """Notes which lines of some files run."""

    def __init__(self, files: Sequence[str]) -> None:
        self.lines: dict[str, set[int]] = {file: set() for file in files}

    def __enter__(self) -> None:
        if self.lines:
            threading.settrace(self.trace)
            sys.settrace(self.trace)

    def __exit__(self, *error: object) -> None:
        if self.lines:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]

    def trace(self, frame: types.FrameType, event: str, arg: object) -> Any:
        lines = self.lines.get(frame.f_code.co_filename)
        if lines is None:
            return None
        if event == "line":
            lines.add(frame.f_lineno)
        return self.trace

    def found(self) -> dict[str, list[int]]:
        return {file: sorted(lines) for file, lines in self.lines.items()}


def in_place(file: str, lines: list[int], number: int) -> bool:
    """Puts a fault into the functions as they are in memory; false where none of them takes it. No file is touched."""
    with open(file, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    changed = mutated(tree, mutations(tree, frozenset(lines))[number])
    codes = dict(inner(compile(changed, file, "exec")))
    plain = dict(inner(compile(tree, file, "exec")))
    new = {key: code for key, code in codes.items() if key in plain and code != plain[key]}
    taken = False
    for function in [one for one in gc.get_objects() if isinstance(one, types.FunctionType) and one.__code__.co_filename == file]:
        code = new.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code
            taken = True
    return taken


def inner(code: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    """The code of every function, by its qualified name and first line."""
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield (one.co_qualname, one.co_firstlineno), one
            yield from inner(one)


def module(request: dict[str, Any]) -> types.ModuleType:
    """The source as the module that the file would be."""
    made = types.ModuleType(request["name"])
    made.__file__ = request["file"]
    made.__package__ = request["name"].rpartition(".")[0]
    sys.modules[request["name"]] = made
    exec(compile(request["source"], request["file"], "exec"), made.__dict__)
    return made


def in_memory(connection: Any) -> bool:
    return connection.vendor == "sqlite" and connection.is_in_memory_db()


def flushed() -> None:
    """Sends what was recorded, where this process records: the child has no other end."""
    launch = sys.modules.get("unspan_instrumentation.launch")
    if launch is not None:
        launch.flush(FLUSH_SECONDS)
