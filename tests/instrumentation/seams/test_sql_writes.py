"""Every way to write, on SQLite and PostgreSQL: what was written under which keys, and the steps of transactions."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import django
import pytest
from django.utils.translation import gettext_lazy
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

KEY = UUID("11111111-2222-4333-8444-555555555555")
PLUS = Opaque("django.db.models.expressions.CombinedExpression")
RETURNS = django.VERSION >= (6, 0)
"""Whether Django asks the database for what it has computed."""
BOOK = {"title": "", "author_id": None, "sequel_of_id": None, "price": Decimal(1), "pages": 0}


@pytest.fixture(params=["default", "pg"])
def alias(request: pytest.FixtureRequest, emptied: Callable[[str], None]) -> str:
    """A database that holds an author and two books."""
    from library.models import Author, Book, Tag

    alias: str = request.param
    emptied(alias)
    ann = Author.objects.using(alias).create(name="Ann")
    Book.objects.using(alias).create(title="One", author=ann)
    Book.objects.using(alias).create(title="Two", author=ann)
    Tag.objects.using(alias).create(name="old")
    return alias


def models() -> Any:
    import library.models

    return library.models


def db() -> Any:
    from django.db import models as found

    return found


def books(alias: str) -> Any:
    return models().Book.objects.using(alias)


def in_transaction(alias: str, *, undo: bool = False) -> None:
    """Three inserts in nested blocks; the inner block's own is undone, and with `undo` the outer's too."""
    from django.db import transaction

    tags = models().Tag.objects.using(alias)
    with suppress(ZeroDivisionError), transaction.atomic(using=alias):
        tags.create(name="kept")
        with transaction.atomic(using=alias):
            tags.create(name="kept too")
        with suppress(ZeroDivisionError), transaction.atomic(using=alias):
            tags.create(name="undone")
            raise ZeroDivisionError
        if undo:
            raise ZeroDivisionError


def changed(alias: str) -> None:
    book = books(alias).get(pk=1)
    book.pages = "7"
    book.price = "2.5"
    book.save()


def many(alias: str) -> None:
    one, two = books(alias).order_by("id")
    one.pages, two.pages, two.title = 11, 22, "Zwei"
    books(alias).bulk_update([one, two], ["pages", "title"])


def add_tags(alias: str) -> None:
    models().Book.objects.using(alias).get(pk=1).tags.add(models().Tag.objects.using(alias).get())


def bare(alias: str) -> None:
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE library_book SET pages = %s WHERE id = %s", [5, 1])
        cursor.executemany("UPDATE library_book SET pages = %s WHERE id = %s", [(6, 1), (7, 2)])
        cursor.executemany("UPDATE library_book SET pages = %s WHERE id = %s", iter([(8, 1), (9, 2)]))


def insert(model: str, *rows: dict[str, Any]) -> tuple[str, str, Any, None]:
    return "INSERT", f"library.{model}", list(rows), None


def update(model: str, values: Any, keys: list[Any] | None = None) -> tuple[str, str, Any, list[Any] | None]:
    return "UPDATE", f"library.{model}", values, keys


def delete(model: str, keys: list[Any] | None = None) -> tuple[str, str, None, list[Any] | None]:
    return "DELETE", f"library.{model}", None, keys


def step(name: str) -> tuple[str, None, None, None]:
    return name, None, None, None


STEPS = [step("BEGIN")], [step("COMMIT")]
WRITES: list[Any] = [
    pytest.param(
        lambda a: books(a).create(title="Three", price="3.50", pages="12", author_id="1"),
        [insert("Book", {**BOOK, "title": "Three", "price": Decimal("3.50"), "pages": 12, "author_id": 1, "id": 3})],
        id="create: values as the field holds them, with the new key",
    ),
    pytest.param(
        lambda a: (
            models()
            .Copy.objects.using(a)
            .create(id=KEY, bought="2026-01-02T03:04:05Z", file="copies/a.pdf", notes={"a": [1]}, scan=b"\x00")
        ),
        [
            insert(
                "Copy",
                {
                    "id": KEY,
                    "bought": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
                    "due": None,
                    "at": None,
                    "loan": None,
                    "value": None,
                    "notes": {"a": [1]},
                    "is_lent": False,
                    "scan": b"\x00",
                    "file": "copies/a.pdf",
                },
            )
        ],
        id="create: values that drivers adapt",
    ),
    pytest.param(
        lambda a: models().Shop.objects.using(a).create(name="Corner", sells="tea"),
        [step("BEGIN"), insert("Place", {"name": "Corner", "id": 1}), insert("Shop", {"place_ptr_id": 1, "sells": "tea"}), step("COMMIT")],
        id="create: a parent's row and its own",
    ),
    pytest.param(
        lambda a: books(a).bulk_create([models().Book(title="A"), models().Book(title="B", author_id=1)]),
        [
            step("BEGIN"),
            insert("Book", {**BOOK, "title": "A", "id": 3}, {**BOOK, "title": "B", "author_id": 1, "id": 4}),
            step("COMMIT"),
        ],
        id="bulk_create",
    ),
    pytest.param(
        lambda a: models().Tag.objects.using(a).bulk_create([models().Tag(name="old"), models().Tag(name="new")], ignore_conflicts=True),
        [step("BEGIN"), insert("Tag", {"name": "old"}, {"name": "new"}), step("COMMIT")],
        id="bulk_create, conflicts ignored: no keys are known",
    ),
    pytest.param(
        add_tags,
        [step("BEGIN"), insert("Book_tags", {"book_id": 1, "tag_id": 1}), step("COMMIT")],
        id="add to a many-to-many",
    ),
    pytest.param(
        lambda a: books(a).create(title=db().functions.Upper(db().Value("x"))),
        [insert("Book", {**BOOK, "title": "X" if RETURNS else Opaque("django.db.models.functions.text.Upper"), "id": 3})],
        id="create: what the database computes is opaque, unless it is returned",
    ),
    pytest.param(
        lambda a: books(a).create(title=gettext_lazy("Three")),
        [insert("Book", {**BOOK, "title": "Three", "id": 3})],
        id="create: a lazy text by the text that was sent",
    ),
    pytest.param(
        lambda a: models().Tag.objects.using(a).create(name=models().Tag.objects.using(a).get()),
        [insert("Tag", {"name": "Tag object (1)", "id": 2})],
        id="create: a row in a column of text by the text that was sent",
    ),
    pytest.param(
        lambda a: books(a).filter(pk=1).update(author=None, pages=3, title=gettext_lazy("Uno")),
        [update("Book", {"author_id": None, "pages": 3, "title": "Uno"}, [1])],
        id="update: a lazy text by the text that was sent",
    ),
    pytest.param(
        lambda a: books(a).filter(pk=1).update(pages=3, price="2.50", author=None),
        [update("Book", {"pages": 3, "price": Decimal("2.50"), "author_id": None}, [1])],
        id="update of one key",
    ),
    pytest.param(
        lambda a: books(a).filter(pk__in=[2, 1]).update(pages=db().F("pages") + 1),
        [update("Book", {"pages": PLUS}, [2, 1])],
        id="update of keys by an expression",
    ),
    pytest.param(
        lambda a: books(a).filter(pages=0).update(author=models().Author.objects.using(a).get()),
        [update("Book", {"author_id": 1})],
        id="update by another condition names no keys; a relation by its key",
    ),
    pytest.param(
        lambda a: books(a).filter(pk=1, pages=0).update(pages=1),
        [update("Book", {"pages": 1})],
        id="update by the key and more names no keys",
    ),
    pytest.param(lambda a: books(a).update(pages=1), [update("Book", {"pages": 1})], id="update of all"),
    pytest.param(changed, [update("Book", {**BOOK, "title": "One", "author_id": 1, "pages": 7, "price": Decimal("2.5")}, [1])], id="save"),
    pytest.param(
        many,
        [
            step("BEGIN"),
            update("Book", [{"id": 1, "pages": 11, "title": "One"}, {"id": 2, "pages": 22, "title": "Zwei"}], [1, 2]),
            step("COMMIT"),
        ],
        id="bulk_update: one value a row",
    ),
    pytest.param(
        lambda a: books(a).filter(pk=1).delete(),
        [step("BEGIN"), delete("Book_tags"), delete("Book", [1]), step("COMMIT")],
        id="delete: the rows that refer to it first",
    ),
    pytest.param(
        lambda a: models().Tag.objects.using(a).filter(name="old")._raw_delete(a), [delete("Tag")], id="delete by a condition names no keys"
    ),
    pytest.param(
        lambda a: in_transaction(a),
        [
            step("BEGIN"),
            insert("Tag", {"name": "kept", "id": 2}),
            step("SAVEPOINT"),
            insert("Tag", {"name": "kept too", "id": 3}),
            step("RELEASE"),
            step("SAVEPOINT"),
            insert("Tag", {"name": "undone", "id": 4}),
            step("ROLLBACK TO"),
            step("RELEASE"),
            step("COMMIT"),
        ],
        id="savepoints",
    ),
    pytest.param(
        lambda a: in_transaction(a, undo=True),
        [
            step("BEGIN"),
            insert("Tag", {"name": "kept", "id": 2}),
            step("SAVEPOINT"),
            insert("Tag", {"name": "kept too", "id": 3}),
            step("RELEASE"),
            step("SAVEPOINT"),
            insert("Tag", {"name": "undone", "id": 4}),
            step("ROLLBACK TO"),
            step("RELEASE"),
            step("ROLLBACK"),
        ],
        id="rollback",
    ),
    pytest.param(bare, [("UPDATE", None, None, None)] * 3, id="bare cursor"),
]


def seen(records: Any) -> list[tuple[Any, ...]]:
    """Operation, model, values and keys of each statement that is not a SELECT. `updated` is the clock's."""
    found = []
    for record in records.of(v.SQL):
        attributes = record.attributes
        if attributes[v.OPERATION] == "SELECT":
            continue
        written = attributes.get(v.WRITTEN)
        for row in written if isinstance(written, list) else []:
            row.pop("updated", None)
        found.append((attributes[v.OPERATION], attributes.get(v.MODEL), written, attributes.get(v.WRITTEN_KEYS)))
    return found


def alone(steps: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A single write without the transaction that some versions of Django put around it."""
    inner = [one for one in steps if one[0] not in ("BEGIN", "COMMIT")]
    return inner if len(inner) == 1 else steps


@pytest.mark.parametrize(("act", "expected"), WRITES)
def test_writes(alias: str, act: Callable[[str], Any], expected: list[Any], recorded: Recording, records: Any) -> None:
    act(alias)
    recorded.settle()
    assert alone(seen(records)) == alone(expected)
    assert recorded.lost == {}


def test_parameters_and_counts_of_a_bare_cursor(alias: str, recorded: Recording, records: Any) -> None:
    bare(alias)
    found = [(r.attributes[v.PARAMETERS], r.attributes.get(v.MANY), r.attributes[v.ROW_COUNT]) for r in records.of(v.SQL)]
    assert found == [([5, 1], None, 1), ([[6, 1], [7, 2]], True, 2), ([[8, 1], [9, 2]], True, 2)]


def test_a_failed_insert_is_recorded_with_what_it_would_have_written(alias: str, recorded: Recording, records: Any) -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        models().Tag.objects.using(alias).create(name="old")
    (record,) = records.of(v.SQL)
    assert (record.failed, record.attributes[v.WRITTEN]) == (True, [{"name": "old"}])


def test_returning_is_a_result(alias: str, recorded: Recording, records: Any) -> None:
    models().Tag.objects.using(alias).create(name="new")
    (record,) = records.of(v.SQL)
    assert {name: record.attributes.get(name) for name in (v.COLUMNS, v.ROWS, v.ROW_COUNT, v.ROWS_COMPLETE)} == {
        v.COLUMNS: [["library.Tag", "id", "library_tag"]], v.ROWS: [[2]], v.ROW_COUNT: 1, v.ROWS_COMPLETE: True,
    }  # fmt: skip


def test_what_is_written_later_does_not_change_the_record(alias: str, recorded: Recording, records: Any) -> None:
    notes = {"a": [1]}
    models().Copy.objects.using(alias).create(id=KEY, notes=notes)
    notes["a"].append(2)
    (record,) = records.of(v.SQL)
    assert record.attributes[v.WRITTEN][0]["notes"] == {"a": [1]}


def test_a_connection_opened_by_a_query_keeps_the_columns_to_the_query(alias: str, recorded: Recording, records: Any) -> None:
    from django.db import connections

    connections[alias].close()
    assert models().Tag.objects.using(alias).values_list("name").get() == ("old",)
    (record,) = [r for r in records.of(v.SQL) if v.MODEL in r.attributes]
    assert record.attributes[v.ROWS] == [["old"]]


def test_statements_that_somebody_slips_in_do_not_take_the_columns(alias: str, recorded: Recording, records: Any) -> None:
    from django.db import connections

    connection = connections[alias]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith("SAVEPOINT"):
            with connection.cursor() as cursor:
                cursor.cursor.execute("SAVEPOINT slipped_in")
        return execute(sql, params, many, context)

    from django.db import transaction

    with transaction.atomic(using=alias), connection.execute_wrapper(wrapper):
        models().Tag.objects.using(alias).create(name="new")
        assert models().Tag.objects.using(alias).count() == 2
        models().Tag.objects.using(alias).filter(pk=1).update(name="older")
    recorded.settle()
    found = [(r.attributes[v.OPERATION], r.attributes.get(v.MODEL), r.attributes.get(v.ROWS)) for r in records.of(v.SQL)[1:-1]]
    slipped, tag = ("SAVEPOINT", None, None), "library.Tag"
    assert found == [slipped, ("INSERT", tag, [[2]]), slipped, ("SELECT", tag, [[2]]), slipped, ("UPDATE", tag, None)]


def test_inserted_rows_over_the_limit_are_said_to_be_missing(alias: str, records: Any) -> None:
    from unspan_instrumentation import recording
    from unspan_instrumentation.settings import Settings

    one = Recording(1, 2, records.take, Settings(max_rows=2))
    token = recording.begin(one)
    try:
        models().Tag.objects.using(alias).bulk_create([models().Tag(name=str(n)) for n in range(5)])
    finally:
        recording.finish(token)
    (record,) = [r for r in records.of(v.SQL) if r.attributes[v.OPERATION] == "INSERT"]
    assert record.attributes[v.WRITTEN] == [{"name": "0", "id": 2}, {"name": "1", "id": 3}]
    assert "rows that a statement wrote: over UNSPAN_MAX_ROWS=2" in one.lost


class TestPostgres:
    """What only PostgreSQL has."""

    @pytest.fixture
    def pg(self, emptied: Callable[[str], None]) -> Any:
        from django.db import connections

        emptied("pg")
        return connections["pg"]

    def test_copy_is_recorded_and_its_rows_said_to_be_missing(self, pg: Any, recorded: Recording, records: Any) -> None:
        with pg.cursor() as cursor, cursor.copy("COPY library_tag (name) FROM STDIN") as copy:
            copy.write_row(("copied",))
        (record,) = records.of(v.SQL)
        assert (record.attributes[v.OPERATION], recorded.lost) == ("COPY", {"the rows of a COPY were not recorded": 1})
        assert models().Tag.objects.using("pg").get().name == "copied"

    def test_stream(self, pg: Any, recorded: Recording, records: Any) -> None:
        with pg.cursor() as cursor:
            assert list(cursor.stream("SELECT generate_series(1, %s) AS n", [3])) == [(1,), (2,), (3,)]
        (record,) = records.of(v.SQL)
        assert (record.attributes[v.COLUMNS], record.attributes[v.ROWS]) == ([[None, "n", None]], [[1], [2], [3]])

    def test_a_driver_that_returns_its_cursor_returns_ours(self, pg: Any, recorded: Recording, records: Any) -> None:
        with pg.cursor() as cursor:
            assert cursor.execute("SELECT 1 AS n").fetchall() == [(1,)]
        (record,) = records.of(v.SQL)
        assert record.attributes[v.ROWS] == [[1]]

    def test_a_server_side_cursor_is_left_when_the_iteration_is(self, pg: Any, recorded: Recording, records: Any) -> None:
        models().Tag.objects.using("pg").bulk_create([models().Tag(name=str(n)) for n in range(10)])
        rows = models().Tag.objects.using("pg").order_by("id").iterator(chunk_size=2)
        assert [next(rows).name, next(rows).name, next(rows).name] == ["0", "1", "2"]
        del rows
        record = records.of(v.SQL)[-1]
        assert (record.attributes[v.OPERATION], [row[1] for row in record.attributes[v.ROWS]]) == ("SELECT", ["0", "1", "2"])
