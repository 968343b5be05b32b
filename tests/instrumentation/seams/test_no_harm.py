"""Whatever fails inside of a seam, the application gets its results, and the trace says that something is missing."""

from collections.abc import Callable
from typing import Any

import pytest
from unspan_instrumentation.recording import Recording

BREAKABLE = (
    "sql.cursor.RecordedCursor.__init__",
    "sql.cursor.started",
    "sql.origins.Compiled.__init__",
    "sql.origins.Compiled.made",
    "sql.origins.Compiled.attributes",
    "sql.origins.Inserting.__init__",
    "sql.origins.Inserting.made",
    "sql.origins.Inserting.returned",
    "sql.origins.Raw.attributes",
    "sql.compiled.raw_columns",
    "sql.selected.columns",
    "sql.selected.shape",
    "sql.written.inserted",
    "sql.written.updated",
    "sql.written.named_keys",
    "sql.statement.Statement.__init__",
    "sql.statement.Statement.note",
    "sql.statement.Statement.fetched",
    "sql.statement.Statement.convert",
    "sql.statement.Statement.failed",
    "sql.statement.Statement.attributes",
    "sql.limits.frozen_row",
)


@pytest.fixture(params=["default", "pg"])
def alias(request: pytest.FixtureRequest, emptied: Callable[[str], None]) -> str:
    emptied(request.param)
    alias: str = request.param
    return alias


def work(alias: str) -> list[Any]:
    """A bit of everything that goes through the seams."""
    from django.db import DatabaseError, connections, transaction
    from django.db.models import Sum
    from library.models import Author, Book, Shop

    books = Book.objects.using(alias)
    ann = Author.objects.using(alias).create(name="Ann")
    books.bulk_create([Book(title=title, author=ann, pages=3) for title in ("One", "Two")])
    Shop.objects.using(alias).create(name="Corner", sells="tea")
    with transaction.atomic(using=alias):
        changed = books.filter(title="One").update(pages=5)
    found = [
        changed,
        books.count(),
        books.aggregate(pages=Sum("pages")),
        books.exists(),
        [book.author.name for book in books.select_related("author")],
    ]
    found.append([book.title for book in books.iterator(chunk_size=1)])
    found.append([book.price for book in books.raw("SELECT id, price FROM library_book ORDER BY id")])
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT title FROM library_book ORDER BY id")
        found += [cursor.fetchone(), cursor.fetchmany(5), cursor.fetchall(), cursor.fetchone()]
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1 FROM nowhere")
    except DatabaseError as error:
        found.append(type(error).__name__)
    return [*found, books.all().delete()]


def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("broken on purpose")


@pytest.mark.parametrize("where", BREAKABLE)
def test_the_application_gets_its_results(
    alias: str, where: str, emptied: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, recorded: Recording
) -> None:
    expected = work(alias)
    emptied(alias)
    monkeypatch.setattr("unspan_instrumentation.sql.selected._described", {})
    monkeypatch.setattr(f"unspan_instrumentation.{where}", broken)
    assert work(alias) == expected
    recorded.settle()
    assert recorded.lost
