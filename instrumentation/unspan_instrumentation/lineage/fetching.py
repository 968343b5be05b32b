"""Asking the application's own connection for rows, so that nobody notices: no open transaction is harmed, nothing locked, nothing logged.

The driver's cursor is Django's bare one: it passes `execute_wrapper`s, `connection.queries` and ourselves by.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from unspan_instrumentation.recording import now
from unspan_instrumentation.told import telling

OURS: Final = "/* unspan */ "
"""Stands before each statement of ours, for whoever reads the database's log."""
MILLISECONDS: Final = 250
"""What one query may take where the database can be told."""
ABORTED: Final = 3
"""A transaction's status at psycopg and psycopg2: it failed, and takes no more statements."""
BEFORE: Final = f"{OURS}SAVEPOINT unspan; SET LOCAL statement_timeout = {MILLISECONDS}"
AFTER: Final = f"{OURS}ROLLBACK TO SAVEPOINT unspan; RELEASE SAVEPOINT unspan"


def hindrance(connection: Any) -> str:
    """Why this connection cannot be asked now; empty when it can."""
    if connection.needs_rollback or status(connection) == ABORTED:
        return "the transaction had failed"
    if keeps_its_reading(connection):
        return "its transactions keep to what they read first"
    return "its driver is not known to read safely here" if connection.vendor not in ("sqlite", "postgresql", "mysql") else ""


def fetched(connection: Any, text: str, parameters: Sequence[Any] | None, apart: bool = False) -> list[Any]:
    """The rows of a query. Raises what the driver raises; the transaction is as before all the same.

    `apart`: on SQLite by another connection, to the same file: the transaction has not read yet, and is about to write.
    """
    with suppress_instrumentation(), telling():
        if apart and connection.vendor == "sqlite" and not connection.is_in_memory_db():
            return read_apart(connection, text, parameters)
        cursor = connection.create_cursor()
        try:
            if connection.vendor == "postgresql" and not connection.get_autocommit():
                return guarded(cursor, text, parameters)
            if connection.vendor == "mysql":
                text = limited(connection, text)
            return rows(cursor, text, parameters)
        finally:
            cursor.close()


def read_apart(connection: Any, text: str, parameters: Sequence[Any] | None) -> list[Any]:
    from django.db.backends.sqlite3.base import SQLiteCursorWrapper  # in the user's process Django comes when the application brings it

    with closing(connection.get_new_connection(connection.get_connection_params())) as another:
        return rows(another.cursor(factory=SQLiteCursorWrapper), text, parameters)


def guarded(cursor: Any, text: str, parameters: Sequence[Any] | None) -> list[Any]:
    """Inside of a transaction that an error would abort."""
    cursor.execute(BEFORE)
    try:
        return rows(cursor, text, parameters)
    finally:
        cursor.execute(AFTER)


def rows(cursor: Any, text: str, parameters: Sequence[Any] | None) -> list[Any]:
    if parameters is None:
        cursor.execute(OURS + text)
    else:
        cursor.execute(OURS + text, parameters)
    return list(cursor.fetchall())


def limited(connection: Any, text: str) -> str:
    """With the time that the server may spend on it."""
    if connection.mysql_is_mariadb:
        return f"SET STATEMENT max_statement_time={MILLISECONDS / 1000} FOR {text}"
    return text.replace("SELECT ", f"SELECT /*+ MAX_EXECUTION_TIME({MILLISECONDS}) */ ", 1)


def status(connection: Any) -> int:
    """The state of the transaction as psycopg and psycopg2 know it without asking the server; -1 elsewhere."""
    if connection.vendor != "postgresql":
        return -1
    driver = connection.connection
    info = getattr(driver, "info", None)
    return int(info.transaction_status if info is not None else driver.get_transaction_status())


def keeps_its_reading(connection: Any) -> bool:
    """Whether a query of ours would decide what the transaction sees from then on. MySQL's own default does; Django sets another."""
    if connection.vendor == "sqlite":
        return False
    level = getattr(connection, "isolation_level", None)
    name = str(getattr(level, "name", level)).lower()
    return name.startswith(("repeatable", "serializable")) or (level is None and connection.vendor == "mysql")


class Stopwatch:
    """Seconds that were spent, over several occasions."""

    def __init__(self) -> None:
        self.seconds, self._since = 0.0, 0

    def __enter__(self) -> None:
        self._since = now()

    def __exit__(self, *error: Iterable[Any]) -> None:
        self.seconds += (now() - self._since) / 1e9
