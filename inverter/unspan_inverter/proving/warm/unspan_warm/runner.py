"""Run by the project's own Python as its test runner: sets everything up once, then runs versions of a test, each in a fork.

Needs Django and the standard library only. What it is asked comes over a socket whose path is in UNSPAN_WARM, one JSON document a line:
`{"name": module, "file": path, "source": text, "seconds": n}`; the answer is `{"passed": bool, "ran": int, "message": text}`. With `"watched": [paths]` the answer
has `"lines": {path: [numbers]}` that ran; with `"mutant": {"file": path, "lines": [numbers], "number": n}` the n-th fault on those lines is in place.
"""

import ast
import contextlib
import gc
import json
import os
import socket
import sys
import threading
import types
import unittest
import warnings
from collections.abc import Generator, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import TestCase, TransactionTestCase
from django.test.utils import get_runner

from . import forking
from .mutations import mutated, mutations

SOCKET = "UNSPAN_WARM"
FLUSH_SECONDS = 5.0
MESSAGE = 2_000


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
        return forking.answered(lambda: self.answer(request), request.get("seconds", 60.0))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        result, watched = unittest.TestResult(), Watched(request.get("watched", ()))
        try:
            if "mutant" in request:
                in_place(**request["mutant"])
            with watched:
                suite = unittest.defaultTestLoader.loadTestsFromModule(module(request))
                with kept(suite):
                    suite.run(result)
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


def in_place(file: str, lines: list[int], number: int) -> None:
    """Puts a fault into the functions as they are in memory, and into the module where it is imported only later. No file is touched."""
    with open(file, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    changed = compile(mutated(tree, mutations(tree, frozenset(lines))[number]), file, "exec")
    codes, plain = dict(inner(changed)), dict(inner(compile(tree, file, "exec")))
    new = {key: code for key, code in codes.items() if key in plain and code != plain[key]}
    for function in [one for one in gc.get_objects() if isinstance(one, types.FunctionType) and one.__code__.co_filename == file]:
        code = new.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code
    before = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: changed if self.path == file else before(self, name)  # type: ignore[method-assign]


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


@contextlib.contextmanager
def kept(suite: unittest.TestSuite) -> Generator[None, None, None]:
    """Puts the rows back that tests without a transaction of their own empty at their end: the next probe shall find those of the migrations."""
    emptying = any(isinstance(one, TransactionTestCase) and not isinstance(one, TestCase) for one in flat(suite))
    some = [connections[alias] for alias in connections if not in_memory(connections[alias])] if emptying else []
    rows = {one.alias: one.creation.serialize_db_to_string() for one in some}
    yield
    for alias, text in rows.items():
        call_command("flush", verbosity=0, interactive=False, database=alias, reset_sequences=False, inhibit_post_migrate=True)
        connections[alias].creation.deserialize_db_from_string(text)


def flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from flat(one)
        else:
            yield one


def in_memory(connection: Any) -> bool:
    return connection.vendor == "sqlite" and connection.is_in_memory_db()


def flushed() -> None:
    """Sends what was recorded, where this process records: the child has no other end."""
    launch = sys.modules.get("unspan_instrumentation.launch")
    if launch is not None:
        launch.flush(FLUSH_SECONDS)
