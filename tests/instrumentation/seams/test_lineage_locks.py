"""What is read beside a transaction's first write leaves it able to write, whoever else writes to the SQLite file."""

import sqlite3
import threading
from collections.abc import Callable

import pytest
from unspan_instrumentation import recording
from unspan_instrumentation.settings import Settings
from unspan_proto import vocabulary as v


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_another_writer_is_waited_for(journal: str, emptied: Callable[[str], None]) -> None:
    from django.db import connection, transaction
    from django.db.models import F
    from library.models import Book

    emptied("default")
    Book.objects.create(title="Emma", pages=1)
    connection.close()
    records: list[recording.Record] = []
    one = recording.Recording(1, 2, lambda record: not records.append(record), Settings(sql="lineage"))  # type: ignore[func-returns-value]
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    other.execute(f"PRAGMA journal_mode={journal}")
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE library_book SET title = 'Persuasion'")
    commits = threading.Timer(0.5, other.execute, ["COMMIT"])
    commits.start()
    token = recording.begin(one)
    try:
        with transaction.atomic():
            assert Book.objects.filter(pages=1).update(pages=F("pages") + 1) == 1
    finally:
        recording.finish(token)
        one.end()
        commits.join()
        connection.close()
        other.execute("PRAGMA journal_mode=delete")
        other.close()
    [before, after] = [record.attributes for record in records if record.kind == v.SUPPORT]
    assert [label for label, _, _ in before[v.SUPPORT_ROWS]] == ["library.Book"]
    assert [(row[1], row[5]) for row in after[v.SUPPORT_AFTER][-1]] == [("Persuasion", 2)]
