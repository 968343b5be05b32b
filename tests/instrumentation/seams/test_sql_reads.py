"""Every shape of a read, on SQLite and PostgreSQL: the whole record of each statement compared."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import django
import pytest
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import encode

AT = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone.utc)
KEY = UUID("11111111-2222-4333-8444-555555555555")
BOOK = ("id", "title", "author_id", "sequel_of_id", "price", "pages")
ONE = [1, "One", 1, None, Decimal("3.50"), 10]
TWO = [2, "Two", 1, 1, Decimal("4.00"), 20]
COPY = ("id", "bought", "due", "at", "loan", "value", "notes", "is_lent", "scan", "file", "updated")


@pytest.fixture(params=["default", "pg"])
def alias(request: pytest.FixtureRequest, emptied: Callable[[str], None]) -> str:
    """A database that holds two authors, two books, one tag, one copy and one shop."""
    alias: str = request.param
    emptied(alias)
    seed(alias)
    return alias


def seed(alias: str) -> None:
    from library.models import Author, Book, Copy, Shop, Tag

    ann = Author.objects.using(alias).create(name="Ann")
    Author.objects.using(alias).create(name="Bob")
    one = Book.objects.using(alias).create(title="One", author=ann, price=Decimal("3.50"), pages=10)
    Book.objects.using(alias).create(title="Two", author=ann, sequel_of=one, price=Decimal(4), pages=20)
    one.tags.add(Tag.objects.using(alias).create(name="new"))
    Shop.objects.using(alias).create(name="Corner", sells="tea")
    copy = Copy(
        id=KEY, bought=AT, due=date(2026, 4, 1), at=time(8, 0, 1), loan=timedelta(days=2, microseconds=3), value=Decimal("0.10"),
        notes={"a": [1, None, {"b": "ü"}]}, is_lent=True, scan=b"\x00\xff", file="copies/x.pdf", updated=AT,
    )  # fmt: skip
    copy.save_base(raw=True, using=alias)
    Copy.objects.using(alias).update(updated=AT)


def columns(model: str, *names: str, alias: str | None = "") -> list[list[str | None]]:
    table = "library_" + model.lower() if alias == "" else alias
    return [[f"library.{model}", name, table] for name in names]


def computed(*names: str) -> list[list[str | None]]:
    return [[None, name, None] for name in names]


def read(model: str | None, cols: list[Any], rows: list[Any], tables: list[str] | None = None, **shape: bool) -> dict[str, Any]:
    """The attributes of a SELECT's record, without those that differ between databases."""
    found: dict[str, Any] = {v.OPERATION: "SELECT", v.IN_ATOMIC: False, v.COLUMNS: cols, v.ROWS: rows, v.ROWS_COMPLETE: True}
    if model is not None:
        found[v.MODEL] = f"library.{model}"
    if tables is not None:
        plain = {"distinct": False, "aggregate": False, "sliced": False, "ordered": False}
        found[v.DISTINCT_SHAPE] = {**plain, **shape, "tables": [f"library.{one}" for one in tables]}
    return found


def seen(records: Any) -> list[dict[str, Any]]:
    """The SQL records' attributes; every encoded one survives the codec."""
    found = []
    for record in records.of(v.SQL):
        attributes = dict(record.attributes)
        for name in v.ENCODED & attributes.keys():
            encode(attributes[name])
        assert record.parent_id == 2
        assert record.failed is False
        for name in (v.SYSTEM, v.DATABASE, v.STATEMENT, v.PARAMETERS, v.ROW_COUNT):
            attributes.pop(name, None)
        found.append(attributes)
    return found


def checked(alias: str) -> bool:
    from django.db.models import Q, Value

    return Q(pages__gte=0).check({"pages": Value(3)}, using=alias)


def models() -> Any:
    import library.models

    return library.models


def expressions() -> Any:
    from django.db import models as found

    return found


def raw_cursor(alias: str, statement: str, *parameters: Any) -> list[Any]:
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def nothing_left_open(alias: str) -> Any:
    """A cursor that nobody closes, read row by row."""
    from django.db import connections

    cursor = connections[alias].cursor()
    cursor.execute("SELECT name FROM library_author ORDER BY name")
    return [cursor.fetchone(), cursor.fetchone(), cursor.fetchone()]


async def async_read(alias: str) -> list[Any]:
    m = models()
    return [book.title async for book in m.Book.objects.using(alias)]


def books(alias: str) -> Any:
    return models().Book.objects.using(alias)


def authors(alias: str) -> Any:
    return models().Author.objects.using(alias)


TITLES = columns("Book", "title")
READS: list[Any] = [
    pytest.param(lambda a: list(books(a)), [read("Book", columns("Book", *BOOK), [ONE, TWO], ["Book"], ordered=True)], id="all"),
    pytest.param(
        lambda a: list(models().PaperBook.objects.using(a).filter(pk=1)),
        [read("PaperBook", columns("Book", *BOOK), [ONE], ["Book"], ordered=True)],
        id="proxy",
    ),
    pytest.param(lambda a: books(a).get(pk=2), [read("Book", columns("Book", *BOOK), [TWO], ["Book"], sliced=True)], id="get"),
    pytest.param(
        lambda a: list(books(a).select_related("author", "sequel_of__author")),
        [
            read(
                "Book",
                [
                    *columns("Book", *BOOK),
                    *columns("Author", "id", "name"),
                    *columns("Book", *BOOK, alias="T3"),
                    *columns("Author", "id", "name", alias="T4"),
                ],
                [[*ONE, 1, "Ann", *([None] * 8)], [*TWO, 1, "Ann", *ONE, 1, "Ann"]],
                ["Book", "Author"],
                ordered=True,
            )
        ],
        id="select_related with aliases",
    ),
    pytest.param(
        lambda a: list(books(a).only("title", "author__name").select_related("author")),
        [
            read(
                "Book",
                [*columns("Book", "id", "title", "author_id"), *columns("Author", "id", "name")],
                [[1, "One", 1, 1, "Ann"], [2, "Two", 1, 1, "Ann"]],
                ["Book", "Author"],
                ordered=True,
            )
        ],
        id="only over a join",
    ),
    pytest.param(
        lambda a: list(books(a).defer("price", "pages")),
        [read("Book", columns("Book", *BOOK[:4]), [ONE[:4], TWO[:4]], ["Book"], ordered=True)],
        id="defer",
    ),
    pytest.param(
        lambda a: [books(a).only("title")[0].price],
        [
            read("Book", columns("Book", "id", "title"), [[1, "One"]], ["Book"], ordered=True, sliced=True),
            read("Book", columns("Book", "id", "price"), [[1, Decimal("3.50")]], ["Book"], sliced=True),
        ],
        id="a deferred field is loaded",
    ),
    pytest.param(
        lambda a: list(books(a).values("title", "author__name")),
        [
            read(
                "Book",
                [*TITLES, *columns("Author", "name")],
                [["One", "Ann"], ["Two", "Ann"]],
                ["Book", "Author"],
                ordered=True,
            )
        ],
        id="values",
    ),
    pytest.param(
        lambda a: list(books(a).values_list("price", flat=True).order_by("-price")),
        [read("Book", columns("Book", "price"), [[Decimal("4.00")], [Decimal("3.50")]], ["Book"], ordered=True)],
        id="values_list flat",
    ),
    pytest.param(
        lambda a: list(books(a).values_list("title", expressions().F("pages") + 1)),
        [read("Book", [*TITLES, *computed("combinedexpression1")], [["One", 11], ["Two", 21]], ["Book"], ordered=True)],
        id="values_list with an expression",
    ),
    pytest.param(
        lambda a: list(authors(a).annotate(n=expressions().Count("books")).order_by("id")),
        [
            read(
                "Author",
                [*columns("Author", "id", "name"), *computed("n")],
                [[1, "Ann", 2], [2, "Bob", 0]],
                ["Author", "Book"],
                aggregate=True,
                ordered=True,
            )
        ],
        id="annotate",
    ),
    pytest.param(lambda a: books(a).count(), [read("Book", computed("__count"), [[2]], ["Book"], aggregate=True)], id="count"),
    pytest.param(lambda a: books(a).exists(), [read("Book", computed("a"), [[1]], ["Book"], sliced=True)], id="exists"),
    pytest.param(
        lambda a: books(a).filter(title="none").exists(), [read("Book", computed("a"), [], ["Book"], sliced=True)], id="exists not"
    ),
    pytest.param(
        lambda a: books(a).aggregate(total=expressions().Sum("price"), most=expressions().Max("pages")),
        [read("Book", computed("total", "most"), [[Decimal("7.50"), 20]], ["Book"], aggregate=True)],
        id="aggregate, as Django converts it",
    ),
    pytest.param(
        lambda a: books(a).all()[:1].aggregate(total=expressions().Sum("price")),
        [read("Book", computed("total"), [[Decimal("3.50")]], ["Book"], aggregate=True, sliced=True)],
        id="aggregate of a slice",
    ),
    pytest.param(
        lambda a: books(a).values("author").distinct().count(),
        [read("Book", computed("__count"), [[1]], ["Book"], aggregate=True, distinct=True)],
        id="count of distinct",
    ),
    pytest.param(
        lambda a: list(books(a).filter(author__in=authors(a).filter(name="Ann")).values_list("title")),
        [read("Book", TITLES, [["One"], ["Two"]], ["Book", "Author"], ordered=True)],
        id="subquery",
    ),
    pytest.param(
        lambda a: list(authors(a).filter(~expressions().Exists(models().Book.objects.filter(author=expressions().OuterRef("pk"))))),
        [read("Author", columns("Author", "id", "name"), [[2, "Bob"]], ["Author", "Book"], ordered=True)],
        id="not exists",
    ),
    pytest.param(
        lambda a: list(books(a).filter(author_id=1, author__id=1).values_list("title")),
        [read("Book", TITLES, [["One"], ["Two"]], ["Book"], ordered=True)],
        id="a join that Django trims is no table read",
    ),
    pytest.param(
        lambda a: list(books(a).prefetch_related("tags")),
        [
            read("Book", columns("Book", *BOOK), [ONE, TWO], ["Book"], ordered=True),
            read(
                "Tag",
                [["library.Book_tags", "book_id", "library_book_tags"], *columns("Tag", "id", "name")],
                [[1, 1, "new"]],
                ["Tag", "Book_tags"],
            ),
        ],
        id="prefetch many-to-many",
    ),
    pytest.param(
        lambda a: list(authors(a).filter(pk=1).prefetch_related("books")),
        [
            read("Author", columns("Author", "id", "name"), [[1, "Ann"]], ["Author"], ordered=True),
            read("Book", columns("Book", *BOOK), [ONE, TWO], ["Book"], ordered=True),
        ],
        id="prefetch reverse",
    ),
    pytest.param(
        lambda a: list(models().Shop.objects.using(a)),
        [
            read(
                "Shop",
                [*columns("Place", "id", "name"), *columns("Shop", "place_ptr_id", "sells")],
                [[1, "Corner", 1, "tea"]],
                ["Shop", "Place"],
            )
        ],
        id="multi-table inheritance",
    ),
    pytest.param(
        lambda a: list(models().Copy.objects.using(a)),
        [
            read(
                "Copy",
                columns("Copy", *COPY),
                [
                    [
                        KEY,
                        AT,
                        date(2026, 4, 1),
                        time(8, 0, 1),
                        timedelta(days=2, microseconds=3),
                        Decimal("0.10"),
                        {"a": [1, None, {"b": "ü"}]},
                        True,
                        b"\x00\xff",
                        "copies/x.pdf",
                        AT,
                    ]
                ],
                ["Copy"],
            )
        ],
        id="every type of value, as Django converts it",
    ),
    pytest.param(
        lambda a: list(books(a).filter(pk=1).order_by().union(books(a).filter(pk=2).order_by()).order_by("id")),
        [read("Book", columns("Book", *BOOK), [ONE, TWO], ["Book"], ordered=True)],
        id="union of the same model",
    ),
    pytest.param(
        lambda a: list(books(a).values_list("title").order_by().union(authors(a).values_list("name").order_by()).order_by("title")),
        [
            read(
                "Book",
                computed("title" if django.VERSION >= (5,) else "col1"),
                [["Ann"], ["Bob"], ["One"], ["Two"]],
                ["Book", "Author"],
                ordered=True,
            )
        ],
        id="union of two models has no model's columns",
    ),
    pytest.param(
        lambda a: list(books(a).only("title").iterator(chunk_size=1)),
        [read("Book", columns("Book", "id", "title"), [[1, "One"], [2, "Two"]], ["Book"], ordered=True)],
        id="iterator",
    ),
    pytest.param(
        lambda a: next(iter(books(a).only("title").iterator(chunk_size=1))),
        [read("Book", columns("Book", "id", "title"), [[1, "One"]], ["Book"], ordered=True)],
        id="iterator left early: the rows that were given",
    ),
    pytest.param(
        lambda a: asyncio.run(async_read(a)),
        [read("Book", columns("Book", *BOOK), [ONE, TWO], ["Book"], ordered=True)],
        id="async",
    ),
    pytest.param(lambda a: list(books(a).none()), [], id="none is no statement"),
    pytest.param(
        lambda a: list(books(a).raw("SELECT pages AS n, price, title, id FROM library_book WHERE id = %s", [1])),
        [read("Book", [*computed("n"), *columns("Book", "price", "title", "id", alias=None)], [[10, Decimal("3.50"), "One", 1]])],
        id="raw",
    ),
    pytest.param(
        lambda a: list(authors(a).raw("SELECT id, name FROM library_author ORDER BY id")),
        [read("Author", columns("Author", "id", "name", alias=None), [[1, "Ann"], [2, "Bob"]])],
        id="raw without converters",
    ),
    pytest.param(
        lambda a: raw_cursor(a, "SELECT title, pages FROM library_book WHERE id = %s", 1),
        [read(None, computed("title", "pages"), [["One", 10]])],
        id="bare cursor",
    ),
    pytest.param(
        checked,
        [read(None, computed("_check"), [[1]])],
        id="a constraint that the database is asked about",
    ),
    pytest.param(nothing_left_open, [read(None, computed("name"), [["Ann"], ["Bob"]])], id="bare cursor left open"),
    pytest.param(
        lambda a: list(books(a).extra(select={"one": "1"}).filter(pk=1).values_list("one", "title")),
        [read("Book", [*computed("one"), *TITLES], [[1, "One"]], ["Book"], ordered=True)],
        id="extra",
    ),
    pytest.param(
        lambda a: list(books(a).reverse().values_list("id")),
        [read("Book", columns("Book", "id"), [[2], [1]], ["Book"], ordered=True)],
        id="reverse",
    ),
    pytest.param(
        lambda a: list(models().Copy.objects.using(a).datetimes("bought", "day")),
        [
            read(
                "Copy",
                computed("datetimefield"),
                [[datetime(2026, 3, 1, tzinfo=timezone.utc)]],
                ["Copy"],
                distinct=True,
                ordered=True,
            )
        ],
        id="datetimes",
    ),
]


@pytest.mark.parametrize(("act", "expected"), READS)
def test_reads(alias: str, act: Callable[[str], Any], expected: list[Any], recorded: Recording, records: Any) -> None:
    act(alias)
    recorded.settle()
    assert seen(records) == expected
    assert recorded.lost == {}


def test_the_rest_of_a_record(alias: str, recorded: Recording, records: Any) -> None:
    books(alias).filter(pk=1).values_list("title").get()
    (record,) = records.of(v.SQL)
    text = 'SELECT "library_book"."title" AS "title" FROM "library_book" WHERE "library_book"."id" = %s LIMIT 21'
    found = {name: record.attributes[name] for name in (v.SYSTEM, v.DATABASE, v.STATEMENT, v.PARAMETERS)}
    assert found == {
        v.SYSTEM: "sqlite" if alias == "default" else "postgresql", v.DATABASE: alias, v.PARAMETERS: [1],
        v.STATEMENT: text if 'AS "title"' in record.attributes[v.STATEMENT] else text.replace(' AS "title"', ""),
    }  # fmt: skip
    assert (record.name, record.span_kind, record.start <= record.end) == ("SELECT library_book", 3, True)


def test_rows_over_the_limit_are_left_out_and_said_to_be(alias: str, records: Any) -> None:
    from unspan_instrumentation import recording
    from unspan_instrumentation.settings import Settings

    one = Recording(1, 2, records.take, Settings(max_rows=1))
    token = recording.begin(one)
    try:
        assert len(books(alias).all()) == 2
        assert len(raw_cursor(alias, "SELECT 1 UNION ALL SELECT 2")) == 2
    finally:
        recording.finish(token)
    assert [(record.attributes[v.ROWS], record.attributes[v.ROWS_COMPLETE]) for record in records.of(v.SQL)] == [
        ([ONE], False),
        ([[1]], False),
    ]
    assert one.lost == {"rows of a statement: over UNSPAN_MAX_ROWS=1": 2}


def test_the_application_sees_no_difference(alias: str, recorded: Recording, records: Any) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    connection, wrapped = connections[alias], []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        wrapped.append(sql)
        return execute(sql, params, many, context)

    with CaptureQueriesContext(connection) as captured, connection.execute_wrapper(wrapper):
        list(books(alias))
        books(alias).count()
        with connection.cursor() as cursor:
            assert cursor.execute("SELECT 1 WHERE 1 = 2") is not None
            assert (cursor.fetchmany(2), cursor.fetchone(), cursor.fetchall()) == ([], None, [])
            assert not hasattr(cursor, "no_such_thing")
    assert len(captured) == len(wrapped) == len(records.of(v.SQL)) == 3


def test_values_are_those_of_the_moment(alias: str, recorded: Recording, records: Any) -> None:
    (copy,) = models().Copy.objects.using(alias)
    copy.notes["a"].append("later")
    recorded.settle()
    (record,) = records.of(v.SQL)
    assert record.attributes[v.ROWS][0][6] == {"a": [1, None, {"b": "ü"}]}


def test_an_error_is_recorded_with_its_type(alias: str, recorded: Recording, records: Any) -> None:
    from django.db import DatabaseError

    with pytest.raises(DatabaseError):
        raw_cursor(alias, "SELECT 1 FROM nowhere")
    (record,) = records.of(v.SQL)
    kind = "sqlite3.OperationalError" if alias == "default" else "psycopg.errors.UndefinedTable"
    assert (record.failed, record.attributes[v.EXCEPTION_TYPE], v.ROWS in record.attributes) == (True, kind, False)
    assert "nowhere" in record.attributes[v.EXCEPTION_MESSAGE]


def test_nothing_is_wrapped_without_a_recording(alias: str) -> None:
    from django.db import connections
    from unspan_instrumentation.sql.cursor import RecordedCursor

    with connections[alias].cursor() as cursor:
        assert not isinstance(cursor.cursor, RecordedCursor)
