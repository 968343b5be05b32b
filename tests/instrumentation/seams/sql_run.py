"""Runs the acts of `sql_acts` on one database and driver, each plain and recorded, and prints what was seen as JSON.

    python sql_run.py DATABASE-AS-JSON [MODULE-THAT-IS-NOT-THERE …]

A process of its own: Django chooses between psycopg 3 and psycopg2 once.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unspan_instrumentation import recording, seams, sql
from unspan_proto import vocabulary as v
from unspan_proto.values import encode


def acted(act: Callable[[], Any], savepoint: Any) -> tuple[Any, list[str]]:
    """What an act returns or raises, and the statements that pass Django's own wrappers, on emptied tables."""
    from django.db import connection

    statements: list[str] = []

    def noting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(savepoint.sub("s", sql if isinstance(sql, str) else "?"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noting):
        try:
            result = act()
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    return json.loads(json.dumps(result, default=str)), statements


def emptied() -> None:
    from django.core.management.color import no_style
    from django.db import connection
    from library.models import Book, Tag

    tables = [Book.tags.through._meta.db_table, Book._meta.db_table, Tag._meta.db_table]
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, reset_sequences=True))


def recorded(act: Callable[[], Any], savepoint: Any) -> dict[str, Any]:
    emptied()
    plain, statements = acted(act, savepoint)
    emptied()
    records: list[Any] = []
    one = recording.Recording(1, 2, lambda record: not records.append(record))  # type: ignore[func-returns-value]
    token = recording.begin(one)
    try:
        result, again = acted(act, savepoint)
    finally:
        recording.finish(token)
        one.end()
    found = sorted((record for record in records if record.kind == v.SQL), key=lambda record: record.start)
    for record in found:
        for name in v.ENCODED & record.attributes.keys():
            encode(record.attributes[name])
    return {
        "plain": plain, "recorded": result, "statements": statements, "again": again, "lost": list(one.lost),
        "seen": [savepoint.sub("s", record.attributes[v.STATEMENT]) for record in found],
        "failed": [record.attributes[v.OPERATION] for record in found if record.failed],
    }  # fmt: skip


def main() -> None:
    for name in sys.argv[2:]:
        sys.modules[name] = None  # type: ignore[assignment]
    if "pymysql" in sys.argv[1]:
        import pymysql

        pymysql.version_info = (2, 2, 4, "final", 0)
        pymysql.install_as_MySQLdb()
    sys.path.insert(0, str(Path(__file__).parent / "project"))
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="tests", USE_TZ=True, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "library"],
        DATABASES={"default": json.loads(sys.argv[1])}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIGRATION_MODULES={"library": None}, SILENCED_SYSTEM_CHECKS=["models.W036"],
    )  # fmt: skip
    seams.install(sql.PATCHES)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    import sql_acts

    print(json.dumps({act.__name__: recorded(act, sql_acts.SAVEPOINT) for act in sql_acts.ACTS}))


if __name__ == "__main__":
    main()
