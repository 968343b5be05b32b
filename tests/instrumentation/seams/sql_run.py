"""Runs the acts of a module on one database and driver, each plain and recorded, and prints what was seen as JSON.

    python sql_run.py DATABASE-AS-JSON MODULE-OF-ACTS [MODULE-THAT-IS-NOT-THERE …]

A process of its own: Django chooses between psycopg 3 and psycopg2 once.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from unspan_instrumentation import recording, seams, sql
from unspan_instrumentation.settings import Settings
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
    from library.models import Author, Book, Tag

    tables = [one._meta.db_table for one in (Book.tags.through, Book, Author, Tag)]
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, reset_sequences=True))


def under(act: Callable[[], Any], savepoint: Any, sql: str) -> tuple[Any, list[str], recording.Recording, list[recording.Record]]:
    """What `acted` gives, with the recording that it was done under."""
    emptied()
    records: list[recording.Record] = []
    one = recording.Recording(1, 2, lambda record: not records.append(record), Settings(sql=sql))  # type: ignore[func-returns-value]
    token = recording.begin(one)
    try:
        result, statements = acted(act, savepoint)
    finally:
        one.settle()
        recording.finish(token)
        one.end()
    for record in records:
        for name in v.ENCODED & record.attributes.keys():
            encode(record.attributes[name])
    return result, statements, one, sorted(records, key=lambda record: record.start)


def recorded(act: Callable[[], Any], savepoint: Any) -> dict[str, Any]:
    emptied()
    plain, statements = acted(act, savepoint)
    result, again, one, records = under(act, savepoint, "rows")
    found = [record for record in records if record.kind == v.SQL]
    beside, beside_again, two, lineage = under(act, savepoint, "lineage")
    return {
        "plain": plain, "recorded": result, "statements": statements, "again": again, "lost": list(one.lost),
        "seen": [savepoint.sub("s", record.attributes[v.STATEMENT]) for record in found],
        "failed": [record.attributes[v.OPERATION] for record in found if record.failed],
        "beside": beside, "beside_again": beside_again, "beside_lost": list(two.lost),
        "beside_seen": [savepoint.sub("s", record.attributes[v.STATEMENT]) for record in lineage if record.kind == v.SQL],
        "support": [told(record) for record in lineage if record.kind == v.SUPPORT],
    }  # fmt: skip


def told(record: recording.Record) -> dict[str, Any]:
    """A record of supporting rows without what is empty; models and rows sorted, as databases give them in no order."""
    found = {name.rpartition(".")[2]: value for name, value in record.attributes.items() if name != v.DATABASE and value not in ([], False)}
    if "rows" in found:
        found["rows"] = sorted([label, names, sorted(rows, key=lambda row: row[0])] for label, names, rows in found["rows"])
    return json.loads(json.dumps(found, default=str))


def main() -> None:
    for name in sys.argv[3:]:
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
    from sql_acts import SAVEPOINT

    print(json.dumps({act.__name__: recorded(act, SAVEPOINT) for act in import_module(sys.argv[2]).ACTS}))


if __name__ == "__main__":
    main()
