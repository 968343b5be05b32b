"""Transaction steps that reach the database without a cursor: BEGIN, COMMIT and ROLLBACK. Savepoints, and SQLite's BEGIN, are statements."""

from collections.abc import Callable
from typing import Any

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import current, now
from unspan_instrumentation.sql.statement import Statement


def step(name: str) -> Callable[..., Any]:
    """The wrapper that records a step `name`: around `_commit` and `_rollback` of a connection."""

    def wrapper(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        recording = current()
        if recording is None or recording.closed or connection.connection is None:
            return original(connection, *args, **kwargs)
        statement = quietly(recording, "a transaction step", Statement, recording, connection, name)
        try:
            result = original(connection, *args, **kwargs)
        except BaseException as error:
            if statement is not None:
                quietly(recording, "a transaction step", statement.failed, error)
            raise
        if statement is not None:
            statement.end = now()
            statement.emit()
        return result

    return wrapper


def set_autocommit(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Autocommit off is the beginning of a transaction, which the driver begins with the next statement; SQLite's own BEGIN passes the cursor."""
    before = connection.autocommit
    forced = len(args) > 1 or "force_begin_transaction_with_broken_autocommit" in kwargs
    result = original(connection, *args, **kwargs)
    recording = current()
    begins = before and not connection.autocommit and not (forced and hasattr(connection, "_start_transaction_under_autocommit"))
    if recording is not None and not recording.closed and begins:
        statement = quietly(recording, "a transaction step", Statement, recording, connection, "BEGIN")
        if statement is not None:
            statement.emit()
    return result


def patch(module: Any) -> None:
    """For `django.db.backends.base.base`."""
    around(module.BaseDatabaseWrapper, "_commit", step("COMMIT"))
    around(module.BaseDatabaseWrapper, "_rollback", step("ROLLBACK"))
    around(module.BaseDatabaseWrapper, "set_autocommit", set_autocommit)
