"""What is read beside statements is let go of when the recording ends, takes no more than its bounds, and is never in the way of a time limit."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from unspan_instrumentation import recording
from unspan_instrumentation.lineage import images
from unspan_instrumentation.settings import Settings
from unspan_proto import vocabulary as v


def under_lineage(act: Callable[[], Any]) -> tuple[list[recording.Record], "weakref.ref[recording.Recording]"]:
    records: list[recording.Record] = []
    one = recording.Recording(1, 2, lambda record: not records.append(record), Settings(sql="lineage"))  # type: ignore[func-returns-value]
    token = recording.begin(one)
    try:
        act()
    finally:
        recording.finish(token)
        one.end()
    return records, weakref.ref(one)


@pytest.fixture(params=["default", "pg"])
def alias(request: pytest.FixtureRequest, emptied: Callable[[str], None]) -> str:
    from library.models import Author, Book

    name: str = request.param
    emptied(name)
    ann = Author.objects.using(name).create(name="Ann")
    Book.objects.using(name).bulk_create([Book(title=f"Book {number}", author=ann) for number in range(3)])
    return name


def test_a_recording_is_let_go_of(alias: str) -> None:
    from library.models import Book

    _, reference = under_lineage(Book.objects.using(alias).count)
    gc.collect()
    assert reference() is None


def test_no_more_is_taken_than_there_is_room_for(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from library.models import Copy

    Copy.objects.using(alias).all().delete()
    Copy.objects.using(alias).bulk_create([Copy(scan=b"x" * 50_000) for _ in range(120)])
    monkeypatch.setattr(images, "MOST_BYTES", 1_000_000)
    records, _ = under_lineage(Copy.objects.using(alias).count)
    [found] = [record.attributes for record in records if record.kind == v.SUPPORT]
    [[label, _, rows]] = found[v.SUPPORT_ROWS]
    assert (label, len(rows), found[v.SUPPORT_CUT]) == ("library.Copy", 50, True)


class TimeIsUp(Exception):
    """As a task queue raises it from a signal's handler."""


def test_a_time_limit_passes(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from library.models import Book

    def refused(*_: Any) -> Any:
        raise TimeIsUp

    monkeypatch.setattr(images, "fetched", refused)
    with pytest.raises(TimeIsUp):
        under_lineage(Book.objects.using(alias).count)


def test_an_own_transaction_survives_a_question_that_is_refused(emptied: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The application began it by itself, so Django knows nothing of it."""
    from django.db import connections
    from library.models import Author

    emptied("pg")
    plain = images.fetched
    monkeypatch.setattr(images, "fetched", lambda connection, question: plain(connection, question._replace(text="SELECT nothing")))

    def act() -> None:
        with connections["pg"].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO library_author (name) VALUES ('Ann')")
            cursor.execute("SELECT COUNT(*) FROM library_author WHERE name = 'Ann'")
            assert cursor.fetchall() == [(1,)]
            cursor.execute("INSERT INTO library_author (name) VALUES ('Bob')")
            cursor.execute("COMMIT")

    records, _ = under_lineage(act)
    gaps = [record.attributes.get(v.SUPPORT_GAP) for record in records if record.kind == v.SUPPORT]
    assert gaps == ["the database refused the question (UndefinedColumn)"]
    assert Author.objects.using("pg").count() == 2
