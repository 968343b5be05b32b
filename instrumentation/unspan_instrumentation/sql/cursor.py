"""The seam below Django's cursor wrappers: every statement that goes to the driver, and every row that comes back.

The driver's results are handed on unchanged (Django compares them with a sentinel); where a driver returns its own cursor, the proxy is
returned, so that chained fetches are seen too. What Django's compiler adds to a statement is `compiled`'s business.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from opentelemetry.instrumentation.dbapi import TracedCursorProxy
from wrapt import ObjectProxy

from unspan_instrumentation import lineage
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.sql.origins import claim
from unspan_instrumentation.sql.parameters import parameters, passing, text_of
from unspan_instrumentation.sql.statement import Statement

WHAT = "a statement"


class RecordedCursor(TracedCursorProxy):
    """A driver's cursor whose statements are recorded while a request is.

    OpenTelemetry's proxy, without its tracer: that one's span ends with `execute`, before the rows. Attributes named `_self_…` are ours, all
    others the driver's (wrapt).
    """

    def __init__(self, cursor: Any, connection: Any) -> None:
        ObjectProxy.__init__(self, cursor)
        self._self_connection = connection
        self._self_statement: Statement | None = None

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        return self._self_run(self.__wrapped__.execute, args, kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 2 and isinstance(args[1], Iterator):
            seen: list[Any] = []
            return self._self_run(self.__wrapped__.executemany, (args[0], passing(args[1], seen)), kwargs, many=True, seen=seen)
        return self._self_run(self.__wrapped__.executemany, args, kwargs, many=True)

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        return self._self_run(self.__wrapped__.callproc, args, kwargs, prefix="CALL ")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__wrapped__, name)
        if name in ("copy", "copy_expert"):
            return partial(self._self_copy, found)
        return partial(self._self_stream, found) if name == "stream" else found

    def _self_copy(self, copy: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """psycopg's COPY: the statement; its rows go past the cursor."""
        recording = current()
        if recording is not None:
            recording.lose("the rows of a COPY were not recorded")
        return self._self_run(copy, args, kwargs)

    def _self_stream(self, stream: Callable[..., Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        """psycopg's rows one by one."""
        for row in self._self_run(stream, args, kwargs):
            self._self_fetched((row,))
            yield row
        self._self_close()

    def fetchone(self, *args: Any, **kwargs: Any) -> Any:
        row = self._self_fetch(self.__wrapped__.fetchone, args, kwargs)
        if row is None:
            self._self_exhausted()
        else:
            self._self_fetched((row,))
        return row

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchmany, args, kwargs)
        if rows:
            self._self_fetched(rows)
        else:
            self._self_exhausted()
        return rows

    def fetchall(self, *args: Any, **kwargs: Any) -> Any:
        rows = self._self_fetch(self.__wrapped__.fetchall, args, kwargs)
        self._self_fetched(rows)
        self._self_exhausted()
        return rows

    def __iter__(self) -> Iterator[Any]:
        try:
            for row in self.__wrapped__:
                self._self_fetched((row,))
                yield row
        except GeneratorExit:
            raise
        except BaseException as error:
            self._self_failed(error)
            raise
        self._self_exhausted()

    def __next__(self) -> Any:
        try:
            row = next(self.__wrapped__)
        except StopIteration:
            self._self_exhausted()
            raise
        except BaseException as error:
            self._self_failed(error)
            raise
        self._self_fetched((row,))
        return row

    def nextset(self, *args: Any, **kwargs: Any) -> Any:
        more = self.__wrapped__.nextset(*args, **kwargs)
        statement = self._self_statement
        if more and statement is not None:
            statement.recording.lose("rows of a statement's further result sets were not recorded")
        self._self_close()
        return more

    def close(self, *args: Any, **kwargs: Any) -> Any:
        self._self_close()
        return self.__wrapped__.close(*args, **kwargs)

    def __enter__(self) -> Any:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *args: Any, **kwargs: Any) -> Any:
        self._self_close()
        return self.__wrapped__.__exit__(*args, **kwargs)

    def _self_run(
        self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *,
        many: bool = False, seen: list[Any] | None = None, prefix: str = "",
    ) -> Any:  # fmt: skip
        self._self_close()
        recording = current()
        if recording is None:
            return self._self_own(method(*args, **kwargs))
        given = [*args, *kwargs.values()]
        statement = quietly(recording, WHAT, started, recording, self, given, many, seen, prefix)
        if statement is not None:
            lineage.carefully(recording, lineage.beside, statement, self._self_connection, given)
        try:
            result = method(*args, **kwargs)
        except BaseException as error:
            if statement is not None:
                quietly(recording, WHAT, statement.failed, error)
            raise
        if statement is not None:
            self._self_statement = statement
            quietly(recording, WHAT, statement.executed, self.__wrapped__)
            if statement.after is not None:
                lineage.carefully(recording, statement.after)
        return self._self_own(result)

    def _self_own(self, result: Any) -> Any:
        return self if result is self.__wrapped__ else result

    def _self_fetch(self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            self._self_failed(error)
            raise

    def _self_failed(self, error: BaseException) -> None:
        """The driver raises when rows are asked for: SQLite does a statement with RETURNING no sooner than then."""
        statement, self._self_statement = self._self_statement, None
        if statement is not None:
            quietly(statement.recording, WHAT, statement.failed, error)

    def _self_fetched(self, rows: Iterable[Any]) -> None:
        statement = self._self_statement
        if statement is not None:
            if statement.description is None:
                quietly(statement.recording, WHAT, statement.note, self.__wrapped__)
            quietly(statement.recording, "a row", statement.fetched, rows)

    def _self_exhausted(self) -> None:
        statement = self._self_statement
        if statement is not None and (statement.description is None or not statement.held):
            quietly(statement.recording, WHAT, statement.note, self.__wrapped__)
            quietly(statement.recording, WHAT, statement.exhausted)

    def _self_close(self) -> None:
        """No more rows of the statement can come from here."""
        statement, self._self_statement = self._self_statement, None
        if statement is not None:
            if statement.operation != "SELECT":  # SQLite counts rows as they are fetched; of a SELECT all is known
                quietly(statement.recording, WHAT, statement.note, self.__wrapped__)
            quietly(statement.recording, WHAT, statement.closed)


def started(recording: Recording, cursor: Any, given: list[Any], many: bool, seen: list[Any] | None, prefix: str) -> Statement:
    """The statement that is about to go to the driver; `given` are its arguments, the text and the parameters first."""
    values = seen if seen is not None else parameters(given[1]) if len(given) > 1 else None
    statement = Statement(recording, cursor._self_connection, prefix + text_of(given[0], cursor.__wrapped__), values, many)
    made = getattr(claim(), "made", None)
    if made is not None:
        quietly(recording, "what a compiler knows of a statement", made, statement)
    return statement


def prepare_cursor(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current()
    if recording is not None and len(args) == 1 and not kwargs:
        wrapped = quietly(recording, WHAT, RecordedCursor, args[0], connection)
        args = args if wrapped is None else (wrapped,)
    return original(connection, *args, **kwargs)


def patch(module: Any) -> None:
    """For `django.db.backends.base.base`."""
    around(module.BaseDatabaseWrapper, "_prepare_cursor", prepare_cursor)
