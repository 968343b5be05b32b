"""A unit of work, and how its recording is opened and closed: one way for every kind of them. What begins one is found elsewhere."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Protocol

from unspan_proto import FORMAT
from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation import provider
from unspan_instrumentation.calls.activations import PLAN, ended
from unspan_instrumentation.calls.disposition import Project, matching
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, begin, current, finish, now, open_calls
from unspan_instrumentation.records import Record, bare
from unspan_instrumentation.request.exchange import message
from unspan_instrumentation.saying import warn
from unspan_instrumentation.settings import Settings

TASK, COMMAND, TEST, SCRIPT = "task", "command", "test", "script"
PASSING: Final = (COMMAND, SCRIPT)
"""What turns out to be no unit of work where it begins to serve requests, to run tests or the tasks of a queue."""
DONE, FAILED, RETRIED = "done", "failed", "retried"
NOTHING: Final = object()
entropy: Final = os.urandom
"""Taken before anybody replaces it; OpenTelemetry's ids come from `random`, which tests seed."""
apart: ContextVar[bool] = ContextVar("unspan_apart_from_works", default=False)
"""Whether what runs here prepares other work and is none itself: a command that serves, the making of a test's database."""


class Opens(Protocol):
    """Who holds recordings: the `recorder`."""

    settings: Settings
    outbox: Any

    def project(self) -> Project: ...
    def of_work(self, trace_id: int, span_id: int) -> Recording: ...
    def entered(self, recording: Recording) -> None: ...
    def left(self, recording: Recording) -> None: ...
    def closed(self, recording: Recording) -> None: ...
    def describe(self, with_routes: bool = True) -> str | None: ...


@dataclass(slots=True)
class Work:
    """One unit of work while it runs, and how it ended.

    `module`: what UNSPAN_EXCLUDE is compared with, where the name is no dotted one; `link`: trace id and span id of what asked for it.
    """

    kind: str
    name: str
    module: str = ""
    arguments: Any = None
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    trace_id: int = 0
    link: tuple[int, int] | None = None
    start: int = 0
    token: Token[Recording | None] | None = None
    outcome: str = DONE
    result: Any = NOTHING
    error: tuple[str, str] | None = None
    printed: Any = None
    """Of a command, who takes what it writes."""

    def raised(self, error: BaseException, outcome: str = FAILED) -> None:
        """The first exception counts: what came of it comes after."""
        if self.error is None:
            self.outcome, self.error = outcome, (type_name(type(error)), message(error))

    def returned(self, value: Any) -> None:
        self.result = freeze(value)

    def described(self) -> dict[str, Any]:
        """What is known at its beginning."""
        return {v.FORMAT: FORMAT, v.WORK_KIND: self.kind, v.WORK_NAME: self.name, **self.more}

    def attributes(self) -> dict[str, Any]:
        found = {**self.described(), v.WORK_OUTCOME: self.outcome}
        if self.arguments is not None:
            found[v.WORK_ARGUMENTS] = self.arguments
        if self.result is not NOTHING:
            found[v.WORK_RESULT] = self.result
        if self.error is not None:
            found[v.EXCEPTION] = list(self.error)
        return found


class Works:
    """Opens and closes the recordings of units of work. No method raises."""

    def __init__(self, opens: Opens) -> None:
        self.opens = opens

    def wanted(self, work: Work) -> bool:
        """Whether it is to be recorded here and now: settings say so, and Django's models are there."""
        settings, apps = self.opens.settings, getattr(sys.modules.get("django.apps"), "apps", None)
        return (
            work.kind in settings.works and bool(getattr(apps, "ready", False)) and not matching(work.module or work.name, settings.exclude)
        )

    def begin(self, work: Work) -> Recording | None:
        """A recording of the work on this thread, from now on; None where it is not recorded."""
        try:
            return self._begin(work) if self.wanted(work) else None
        except Exception as error:
            warn(f"{work.kind} {work.name} is not recorded because of {type(error).__name__}: {error}")
            return None

    def _begin(self, work: Work) -> Recording | None:
        work.trace_id = work.trace_id or identity(16)
        if not provider.sampled(work.trace_id, work.name):
            return None
        recording = self.opens.of_work(work.trace_id, identity(8))
        recording.work, work.start = work, now()
        self.opens.entered(recording)
        links = (work.link,) if work.link else ()
        begun = Record(
            work.trace_id, recording.span_id(), recording.root, v.BEGUN, "begun", work.start, work.start, work.described(), links=links
        )
        recording.take(begun)
        work.token = begin(recording)
        return recording

    def end(self, recording: Recording) -> None:
        """The work has ended, as its `Work` says; nothing happens where it has been closed before."""
        if recording.closed:
            return
        try:
            self._end(recording)
        except Exception as error:
            warn(f"{recording.work.kind} {recording.work.name} was not recorded because of {type(error).__name__}: {error}")

    def _end(self, recording: Recording) -> None:
        work: Work = recording.work
        token, work.token = work.token, None
        try:
            finish(token) if token is not None else begin(None)
        except ValueError:  # it ends in another context than it began in
            begin(None)
        cut(recording)
        self.opens.left(recording)
        recording.settle()
        recording.take_calls()
        attributes = work.attributes()
        if reference := quietly(recording, "the project's description", self.described, work):
            attributes[v.PROJECT_REF] = reference
        failed, links = work.error is not None, (work.link,) if work.link else ()
        name = f"{work.kind} {work.name}"
        root = Record(work.trace_id, recording.root, 0, v.WORK, name, work.start, now(), attributes, failed, links=links)
        if not recording.sink(root):
            recording.lose("all but the name of the unit of work was dropped because the exporter's queue was full")
            quietly(recording, "its name", lambda: self.opens.outbox.put(root._replace(attributes=bare(attributes)), bare=True))
        self.opens.closed(recording)
        if work.kind == TASK:  # a worker may be killed without a word; other processes wait for what they have to send
            self.opens.outbox.hurry()

    def described(self, work: Work) -> str | None:
        """The project's description; without its routes where they are not loaded: a worker would import the views of the project for us only."""
        settings = getattr(sys.modules.get("django.conf"), "settings", None)
        loaded = getattr(settings, "ROOT_URLCONF", None) in sys.modules
        return self.opens.describe(loaded) if loaded or work.kind in (TASK, COMMAND) else None

    @contextmanager
    def recorded(self, work: Work) -> Generator[Recording | None]:
        """What runs inside is the work. An exception passes, and is noted."""
        recording = self.begin(work)
        try:
            yield recording
        except SystemExit as error:
            if error.code not in (None, 0):
                work.raised(error)
            raise
        except BaseException as error:
            work.raised(error)
            raise
        finally:
            if recording is not None:
                self.end(recording)

    def supersede(self, what: str, kinds: tuple[str, ...] = PASSING) -> None:
        """What runs here turns out to be a server, a worker or a runner of tests: a command's or a script's recording ends."""
        recording = current()
        if recording is not None and recording.work is not None and recording.work.kind in kinds:
            recording.lose(f"from here on it {what}: that is recorded one by one, and the {recording.work.kind} no further")
            self.end(recording)


def cut(recording: Recording) -> None:
    """Ends the calls that are open: the work ends inside of them where it turns out to be a server."""
    mine = [call for call in open_calls.stack if call[0] is recording and len(call) > PLAN]  # not the places of threads and tasks
    for call in reversed(mine):
        ended(call, {}, None)


@contextmanager
def outside() -> Generator[None]:
    """What runs inside belongs to no unit of work, and is none."""
    token, here = apart.set(True), begin(None)
    try:
        yield
    finally:
        finish(here)
        apart.reset(token)


def wrapped(module: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Replaces a module's function by one that calls `wrapper(original, *args, **kwargs)`; once, and only where there is one."""
    original = getattr(module, name, None)
    if original is None or getattr(original, "__unspan__", False):
        return

    @wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    replacement.__unspan__ = True  # type: ignore[attr-defined]
    setattr(module, name, replacement)


def identity(size: int) -> int:
    """A random id of so many bytes, never 0."""
    return int.from_bytes(entropy(size), "big") or 1
