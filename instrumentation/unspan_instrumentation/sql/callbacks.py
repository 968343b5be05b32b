"""Callbacks for after the commit: one record each, with what became of it. A test case never commits, and must be told to run them."""

from collections.abc import Callable
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.belonging import name_of
from unspan_instrumentation.bounds import within
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now

WHAT: Final = "a callback for after the commit"
MOST: Final = 2_000
"""Callbacks of one request."""
WAITING: Final = "_callbacks"
"""Name of the attribute of a recording that holds its callbacks that have not run."""
RAN: Final = "_callbacks_ran"
"""And of the one that counts those that have."""


class Registered:
    """A callback from its registration until it ran, or the request ended."""

    def __init__(self, recording: Recording, connection: Any, function: Any, robust: bool) -> None:
        self.recording, self.connection, self.function, self.robust = recording, connection, function, robust
        self.parent, self.start = recording.parent(), now()
        self.name = name_of(function)
        self.order: int | None = None
        self.error: BaseException | None = None
        waiting(recording).append(self)
        recording.at_end(self.emit)

    def runs(self) -> None:
        before: int = self.recording.__dict__.get(RAN, 0)
        self.order, self.recording.__dict__[RAN] = before, before + 1

    def over(self, error: BaseException | None) -> None:
        self.error = error
        self.recording.finished(self.emit)
        self.emit()

    def state(self) -> str:
        if self.order is not None:
            return "ran" if self.error is None else "raised"
        return "waiting" if any(entry[1] is self.function for entry in self.connection.run_on_commit) else "discarded"

    def emit(self) -> None:
        if self in waiting(self.recording):
            waiting(self.recording).remove(self)
        found: dict[str, Any] = {
            v.DATABASE: self.connection.alias,
            v.FUNCTION: self.name,
            v.ON_COMMIT_STATE: self.state(),
            **exception(self.error),
        }
        found[v.ON_COMMIT_ROBUST] = self.robust
        found |= {} if self.order is None else {v.ON_COMMIT_ORDER: self.order}
        failed = self.error is not None
        self.recording.emit(v.ON_COMMIT, f"on_commit {self.name}", self.start, now(), found, parent=self.parent, failed=failed)


def waiting(recording: Recording) -> list[Registered]:
    found: list[Registered] = recording.__dict__.setdefault(WAITING, [])
    return found


class Running:
    """Stands in for a callback while it runs; Django asks a robust one that raises for its name."""

    def __init__(self, registered: Registered) -> None:
        self._registered = registered

    def __call__(self) -> Any:
        one, error = self._registered, None
        quietly(one.recording, WHAT, one.runs)
        try:
            return one.function()
        except BaseException as raised:
            error = raised
            raise
        finally:
            quietly(one.recording, WHAT, one.over, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registered.function, name)


def on_commit(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`BaseDatabaseWrapper.on_commit(func, robust=False)`."""
    recording = current()
    given = dict(zip(("func", "robust"), args, strict=False)) | kwargs
    function = given.get("func")
    if recording is None or recording.closed or not callable(function) or not within(recording, "callbacks for after the commit", MOST):
        return original(connection, *args, **kwargs)
    registered = quietly(recording, WHAT, Registered, recording, connection, function, given.get("robust") is True)
    if registered is not None and not connection.in_atomic_block:  # it runs at once
        given["func"] = Running(registered)
    try:
        return original(connection, **given)
    finally:
        if registered is not None and not connection.in_atomic_block and registered.order is None:  # it was refused
            quietly(recording, WHAT, refused, registered)


def refused(registered: Registered) -> None:
    waiting(registered.recording).remove(registered)
    registered.recording.finished(registered.emit)


def run_and_clear(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`BaseDatabaseWrapper.run_and_clear_commit_hooks()`: takes the callbacks out of the list and runs them in order."""
    recording = current()
    if recording is not None and connection.run_on_commit and waiting(recording):
        quietly(recording, WHAT, stand_in, recording, connection)
    return original(connection, *args, **kwargs)


def stand_in(recording: Recording, connection: Any) -> None:
    left = [one for one in waiting(recording) if one.connection is connection]
    replaced: list[Any] = []
    for sids, function, *rest in connection.run_on_commit:
        one = next((found for found in left if found.function is function), None)
        if one is not None:
            left.remove(one)
        replaced.append((sids, function if one is None else Running(one), *rest))
    connection.run_on_commit = replaced


def patch(module: Any) -> None:
    """For `django.db.backends.base.base`."""
    around(module.BaseDatabaseWrapper, "on_commit", on_commit)
    around(module.BaseDatabaseWrapper, "run_and_clear_commit_hooks", run_and_clear)
