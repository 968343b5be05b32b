"""Asking the application's own connection for rows, so that nobody notices: no open transaction is harmed, nothing locked or written, nothing logged.

The driver's cursor is Django's bare one: it passes `execute_wrapper`s, `connection.queries` and ourselves by. On PostgreSQL every question stands in a
transaction or behind a savepoint that only reads, ends after a quarter of a second and is rolled back.
"""

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final, NamedTuple

from opentelemetry.instrumentation.utils import suppress_instrumentation

from unspan_instrumentation.lineage.cells import weight
from unspan_instrumentation.recording import now
from unspan_instrumentation.told import telling

OURS: Final = "/* unspan */ "
"""Stands before each statement of ours, for whoever reads the database's log."""
MILLISECONDS: Final = 250
"""What one query may take where the database can be told."""
APART_SECONDS: Final = 0.05
"""How long a connection of our own waits for a lock on SQLite."""
AT_ONCE: Final = 50
"""Rows that are fetched before their bytes are looked at."""
IDLE, IN_TRANSACTION, FAILED = 0, 2, 3
"""A connection's states at psycopg and psycopg2."""
READING: Final = f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {MILLISECONDS}"
CURSOR: Final = "unspan_rows"
FAMILIAR: Final = frozenset(
    {"builtins", "django", "sqlglot", "psycopg", "psycopg2", "sqlite3", "MySQLdb", "pymysql", "unspan_instrumentation", "unspan_proto"}
)


class Question(NamedTuple):
    """A query of ours. `apart`: on SQLite by another connection, because the transaction has not read yet, and is about to write. `heavy`: its rows may be
    of any size. `room`: bytes after which no more rows are fetched."""

    text: str
    parameters: Sequence[Any] | None = None
    apart: bool = False
    heavy: bool = False
    room: int = 4 << 20


class Answer(NamedTuple):
    """The rows, and whether they are all."""

    rows: list[Any]
    whole: bool


def hindrance(connection: Any) -> str:
    """Why this connection cannot be asked now; empty when it can."""
    if connection.vendor not in ("sqlite", "postgresql", "mysql"):
        return "its driver is not known to read safely here"
    if connection.needs_rollback or status(connection) == FAILED:
        return "the transaction had failed"
    if connection.vendor == "postgresql" and (status(connection) not in (IDLE, IN_TRANSACTION) or in_pipeline(connection)):
        return "the connection was busy"
    return "its transactions keep to what they read first" if keeps_its_reading(connection) else ""


def unfamiliar(error: Exception) -> bool:
    """Whether an exception comes from neither us nor the database: a time limit of the application's, which a signal raised while we worked."""
    return type(error).__module__.partition(".")[0] not in FAMILIAR


def refusal(error: Exception) -> str:
    """What is said of a question that failed. Raises the error where it is not the database's or ours."""
    if unfamiliar(error):
        raise error
    return f"the database refused the question ({type(error).__name__})"


def fetched(connection: Any, question: Question) -> Answer:
    """The rows of a query. Raises what the driver raises; the transaction is as before all the same."""
    with suppress_instrumentation(), telling():
        if question.apart and connection.vendor == "sqlite" and not connection.is_in_memory_db():
            return read_apart(connection, question)
        with closing(connection.create_cursor()) as cursor:
            if connection.vendor == "postgresql":
                with guarded(connection, cursor):
                    return by_cursor(cursor, question) if question.heavy else read(cursor, question)
            return read(cursor, question._replace(text=limited(connection, question)) if connection.vendor == "mysql" else question)


def read_apart(connection: Any, question: Question) -> Answer:
    from django.db.backends.sqlite3.base import SQLiteCursorWrapper  # in the user's process Django comes when the application brings it

    parameters = {**connection.get_connection_params(), "timeout": APART_SECONDS}
    with closing(connection.get_new_connection(parameters)) as another:
        return read(another.cursor(factory=SQLiteCursorWrapper), question)


@contextmanager
def guarded(connection: Any, cursor: Any) -> Generator[None]:
    """Around a question to PostgreSQL. Whether a transaction is open is asked of the driver: Django knows only its own."""
    idle = status(connection) == IDLE
    begin = "" if idle and not connection.autocommit else "BEGIN; " if idle else "SAVEPOINT unspan; "
    cursor.execute(f"{OURS}{begin}{READING}")
    try:
        yield
    finally:
        if idle and not connection.autocommit:  # the driver has begun by itself, and psycopg2 has to know that it is over
            connection.connection.rollback()
        else:
            cursor.execute(OURS + ("ROLLBACK" if idle else "ROLLBACK TO SAVEPOINT unspan; RELEASE SAVEPOINT unspan"))


def by_cursor(cursor: Any, question: Question) -> Answer:
    """Rows of any size, some at a time."""
    execute(cursor, f"DECLARE {CURSOR} NO SCROLL CURSOR FOR {question.text}", question.parameters)
    found: list[Any] = []
    size = 0
    while size <= question.room:
        cursor.execute(f"{OURS}FETCH {AT_ONCE} FROM {CURSOR}")
        some = checked(cursor.fetchall())
        if not some:
            return Answer(found, True)
        found += some
        size += sum(map(weight, some))
    return Answer(found, False)


def read(cursor: Any, question: Question) -> Answer:
    execute(cursor, question.text, question.parameters)
    found: list[Any] = []
    size = 0
    while size <= question.room:
        some = checked(cursor.fetchmany(AT_ONCE))
        if not some:
            return Answer(found, True)
        found += some
        size += sum(map(weight, some))
    return Answer(found, False)


def execute(cursor: Any, text: str, parameters: Sequence[Any] | None) -> None:
    if parameters is None:
        cursor.execute(OURS + text)
    else:
        cursor.execute(OURS + text, parameters)


def checked(rows: Sequence[Any]) -> list[Any]:
    """Rows whose values have places. Raises TypeError for a driver that was told to hand out others."""
    if rows and not isinstance(rows[0], (tuple, list)):
        raise TypeError("rows are no tuples")
    return list(rows)


def limited(connection: Any, question: Question) -> str:
    """With the time that the server may spend on it. Raises ValueError where it cannot be told."""
    if connection.mysql_is_mariadb:
        return f"SET STATEMENT max_statement_time={MILLISECONDS / 1000} FOR {question.text}"
    if not question.text.startswith("SELECT "):
        raise ValueError("no place for a limit")
    return question.text.replace("SELECT ", f"SELECT /*+ MAX_EXECUTION_TIME({MILLISECONDS}) */ ", 1)


def status(connection: Any) -> int:
    """The state of the transaction as psycopg and psycopg2 know it without asking the server; -1 elsewhere."""
    if connection.vendor != "postgresql":
        return -1
    driver = connection.connection
    info = getattr(driver, "info", None)
    return int(info.transaction_status if info is not None else driver.get_transaction_status())


def in_pipeline(connection: Any) -> bool:
    return bool(getattr(getattr(connection.connection, "pgconn", None), "pipeline_status", 0))


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

    def __exit__(self, *error: object) -> None:
        self.seconds += (now() - self._since) / 1e9
