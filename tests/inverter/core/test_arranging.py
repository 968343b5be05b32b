"""What the arrange part says of rows that cannot simply be made one after the other, and which kind of test case the request needs."""

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from unspan_inverter.events import StatementFailed, events
from unspan_inverter.facts import Key, Linked
from unspan_inverter.facts.joins import as_python
from unspan_inverter.facts.links import as_link
from unspan_inverter.facts.parents import required
from unspan_inverter.generate import planned
from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

from .making import BOOK, PROJECT, Happening, blocks, field, foreign_key, insert, many_to_many, model, read, source, sql, trace, update

LOAN = UUID("00000001-2222-4333-8444-555555555555")
REFUSED = insert("shop.Tag", {"slug": "a"}, clash=True, **{v.UNDONE_APART: False})
CASES = {
    "a row that comes later is pointed to when it is there": (
        (read("shop.Book", {"id": 1, "title": "Emma", "sequel_id": 2}, {"id": 2, "title": "Emma II", "sequel_id": None}),),
        """
        cls.emma = Book.objects.create(title="Emma")
        cls.emma_ii = Book.objects.create(title="Emma II")
        Book.objects.filter(pk=cls.emma.pk).update(sequel=cls.emma_ii)
        """,
    ),
    "a row points to itself": (
        (read("shop.Book", {"id": 1, "title": "Emma", "sequel_id": 1}, {"id": 2, "title": "Persuasion", "sequel_id": None}),),
        """
        cls.emma = Book.objects.create(title="Emma")
        Book.objects.filter(pk=cls.emma.pk).update(sequel=cls.emma)
        Book.objects.create(title="Persuasion")
        """,
    ),
    "automatic keys grow as they did": (
        (read("shop.Book", {"id": 1, "title": "Emma", "author_id": 8}), read("shop.Author", {"id": 8, "name": "Jane"}, {"id": 7, "name": "Anne"})),
        """
        Author.objects.create(name="Anne")
        cls.jane = Author.objects.create(name="Jane")
        Book.objects.create(title="Emma", author=cls.jane)
        """,
    ),
    "an empty text is written where the model would leave nothing": (
        (read("shop.Author", {"id": 1, "name": "Jane", "email": ""}, {"id": 2, "name": "", "email": None}),),
        """
        Author.objects.create(name="Jane", email="")
        Author.objects.create()
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows_are_made_so_that_they_point_to_each_other(name: str) -> None:
    happened, expected = CASES[name]
    lines = [line.strip().replace("cls.", "") for line in source(trace(*happened)).splitlines()]
    wanted = [line.strip().replace("cls.", "") for line in expected.strip().splitlines()]
    made = [line for line in lines if ".objects." in line]
    assert [line.partition(" = ")[2] if " = Book" in line or " = Author" in line else line for line in made] == [
        line.partition(" = ")[2] if " = Book" in line or " = Author" in line else line for line in wanted
    ]


REAL = {
    "a refusal without a block around it": (REFUSED, True),
    "a refusal that a savepoint undoes": (insert("shop.Tag", {"slug": "a"}, clash=True, **{v.UNDONE_APART: True}), False),
    "a refusal of an older recorder": (insert("shop.Tag", {"slug": "a"}, clash=True), False),
    "a refused COMMIT": (sql("COMMIT", failed=True, **{v.UNDONE_APART: False}), True),
    "none": (insert("shop.Tag", {"slug": "a"}), False),
}


@pytest.mark.parametrize("name", REAL)
def test_what_the_database_refuses_outside_of_a_savepoint_needs_real_transactions(name: str) -> None:
    happened, real = REAL[name]
    assert planned(trace(happened)).transactions is real


def test_a_refused_statement_is_told() -> None:
    happened: Happening = REFUSED
    assert events(trace(happened))[0] == StatementFailed("0000000000000002", "default", "INSERT", False)


BOOKS = read("shop.Book", {"id": 41, "title": "Emma"}, {"id": 42, "title": "Persuasion"})
HIDING = replace(PROJECT, models=tuple(replace(one, plain_manager=False) if one == BOOK else one for one in PROJECT.models))


def test_rows_that_the_manager_may_hide_are_found_all_the_same() -> None:
    text = source(trace(*CASES["a row that comes later is pointed to when it is there"][0], project=HIDING))
    assert 'Book.objects.create(title="Emma II")' in text
    assert "Book._base_manager.filter(pk=cls.emma.pk).update(sequel=cls.emma_ii)" in text


def test_a_link_to_a_proxy_is_one_to_the_row_behind_it() -> None:
    between = model("shop.Shelf_lent", foreign_key("shelf", "shop.Shelf"), foreign_key("lentbook", "shop.LentBook"), auto_created=True)
    shelf = model("shop.Shelf", many_to_many("lent", "shop.LentBook", "shop.Shelf_lent"))
    project = replace(PROJECT, models=(*PROJECT.models, shelf, between))
    expected = Linked(Key("shop.Shelf", 1), "lent", Key("shop.Book", 2))
    assert as_link(between, {"id": 3, "shelf_id": 1, "lentbook_id": 2}, project, "default") == expected
    links = read("shop.Shelf_lent", {"id": 3, "shelf_id": 1, "lentbook_id": 42}, project=project)
    text = source(trace(BOOKS, read("shop.Shelf", {"id": 1}, project=project), links, project=project))
    assert "cls.shelf.lent.add(cls.persuasion.pk)" in text


ADDED = datetime(2020, 1, 2, 3, 4, tzinfo=timezone.utc)
GATHERED = {
    "grouped by its place": ('SELECT "shop_book"."added" AS "added", COUNT(*) AS "n" FROM "shop_book" GROUP BY 1 ORDER BY 1 ASC', True),
    "one of each": ('SELECT DISTINCT "shop_book"."added" FROM "shop_book"', True),
    "only shown": ('SELECT "shop_book"."added" FROM "shop_book"', False),
}


@pytest.mark.parametrize("name", GATHERED)
def test_moments_that_group_rows_are_kept(name: str) -> None:
    statement, kept = GATHERED[name]
    attributes: dict[str, Any] = {v.STATEMENT: statement}
    text = source(trace(read("shop.Book", {"id": 1, "title": "Emma", "added": ADDED}, **attributes)))
    assert ("datetime(2020, 1, 2, 3, 4" in text) is kept


def test_a_new_row_is_told_from_one_that_was_changed_to_look_like_it() -> None:
    happened = (
        read("shop.Book", {"id": 1, "title": "Emma", "price": 1}),
        update("shop.Book", {"title": "Persuasion"}, [1]),
        insert("shop.Book", {"id": 2, "title": "Persuasion", "price": 3}),
    )
    assert 'Book.objects.filter(title="Persuasion", price=3).exists()' in "\n".join(blocks(source(trace(*happened, method="POST"))))


def test_a_new_row_is_told_from_those_that_inherit() -> None:
    happened = (
        read("shop.Book", {"id": 5, "title": "Emma", "price": 1}),
        read("shop.Novel", {"book_ptr_id": 5, "genre": "comedy"}),
        insert("shop.Book", {"id": 6, "title": "Emma", "price": 3}),
    )
    assert 'Book.objects.filter(title="Emma", price=3).exists()' in "\n".join(blocks(source(trace(*happened, method="POST"))))


def test_a_row_known_by_what_inherits_from_it_is_compared_by_its_key() -> None:
    happened = (
        read("shop.Book", {"id": 5, "title": "Emma"}),
        read("shop.Novel", {"book_ptr_id": 5, "genre": "comedy"}),
        insert("shop.Book", {"id": 6, "title": "Persuasion", "sequel_id": 5}),
    )
    assert "self.assertEqual(book.sequel_id, novel.pk)" in "\n".join(blocks(source(trace(*happened, method="POST"))))


NOTE = model(
    "shop.Note",
    foreign_key("about_type", "contenttypes.ContentType"),
    field("about_id", "CharField", max_length=40),
    field("about", "GenericForeignKey", kind="generic", column=None, pointer=("about_type", "about_id")),
)
CONTENT_TYPE = model("contenttypes.ContentType", field("app_label", "CharField"), field("model", "CharField"))
NOTED = replace(PROJECT, models=(*PROJECT.models, NOTE, CONTENT_TYPE))
TYPES = read("contenttypes.ContentType", {"id": 7, "app_label": "shop", "model": "book"}, project=NOTED)


def test_a_generic_foreign_key_points_to_the_row_whatever_key_that_gets() -> None:
    notes = read("shop.Note", {"id": 3, "about_type_id": 7, "about_id": "42"}, project=NOTED)
    text = source(trace(BOOKS, notes, TYPES, project=NOTED))
    assert "Note.objects.create(about_type=cls.content_type, about_id=str(cls.persuasion.pk))" in text


LOG = model(
    "shop.Log",
    foreign_key("content_type", "contenttypes.ContentType"),
    field("object_id", "TextField"),
    field("page_id", "TextField"),
)


def test_so_does_a_key_beside_a_content_type_that_is_only_called_as_one() -> None:
    project = replace(PROJECT, models=(*PROJECT.models, LOG, CONTENT_TYPE))
    logged = read("shop.Log", {"id": 3, "content_type_id": 7, "object_id": "42", "page_id": "42"}, project=project)
    text = source(trace(BOOKS, logged, TYPES, project=project))
    assert 'Log.objects.create(content_type=cls.content_type, object_id=str(cls.persuasion.pk), page_id="42")' in " ".join(text.split())


def test_a_new_row_points_to_it_too() -> None:
    made = insert("shop.Note", {"id": 3, "about_type_id": 7, "about_id": "42"})
    text = source(trace(BOOKS, TYPES, made, project=NOTED, method="POST"))
    assert "note = Note.objects.get(about_id=str(persuasion.pk))" in text


def test_the_key_of_a_row_that_came_and_went_may_be_another() -> None:
    happened = (
        sql("BEGIN"),
        insert("shop.Book", {"id": 41, "title": "Emma"}),
        sql("ROLLBACK"),
        insert("shop.Book", {"id": 42, "title": "Persuasion"}),
    )
    text = source(
        trace(
            *happened,
            method="POST",
            answer=b'{"tried": {"id": 41}, "made": {"id": 42, "title": "Persuasion"}}',
            response_headers=[["Content-Type", "application/json"]],
        )
    )
    assert 'self.assertEqual(response.json(), {"tried": {"id": mock.ANY}, "made": {"id": book.pk, "title": "Persuasion"}})' in " ".join(
        text.split()
    )


AS_DRIVER = {
    "a duration": ("DurationField", 1_500_000, timedelta(seconds=1, microseconds=500_000)),
    "a duration as it is": ("DurationField", timedelta(days=1), timedelta(days=1)),
    "a time": ("TimeField", "03:04:05", time(3, 4, 5)),
    "no time": ("TimeField", "soon", "soon"),
}


@pytest.mark.parametrize("name", AS_DRIVER)
def test_what_a_driver_compares_becomes_a_field_s_value(name: str) -> None:
    kind, given, expected = AS_DRIVER[name]
    assert as_python(field("it", kind), given, PROJECT) == expected


@pytest.mark.parametrize(("default", "given"), [("", True), (Opaque("shop.models.token"), False)], ids=["one for all", "another each time"])
def test_a_unique_column_is_given_a_value_though_it_has_a_default(default: object, given: bool) -> None:
    assert required(field("slug", "SlugField", unique=True, has_default=True, default=default)) is given


def test_a_moment_that_was_copied_into_a_new_row_is_written_out_where_it_came_from() -> None:
    added, changed = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(2026, 1, 3, tzinfo=timezone.utc)
    before = read("shop.Book", {"id": 41, "title": "Emma", "added": added, "changed": changed})
    text = source(trace(before, insert("shop.Book", {"id": 42, "title": "Copy", "added": added}), method="POST"))
    assert "Book.objects.filter(pk=book.pk).update(added=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))" in text
    assert "changed=" not in text


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ('[{"model": "shop.book", "pk": 41, "fields": {}}]', True),
        ('{"books": {"ids": [41]}}', True),
        ('{"bookId": "41"}', True),
        ('{"pages": 41}', False),
        ("{no document: 41}", False),
    ],
    ids=["a serialized row", "a list of keys", "as text", "a number", "no document"],
)
def test_a_row_keeps_the_key_that_another_row_s_document_names(note: str, kept: bool) -> None:
    happened = read("shop.Book", {"id": 41, "title": "Emma"}), read("shop.Loan", {"id": LOAN, "book_id": 41, "number": 1, "note": note})
    assert ("Book.objects.create(id=41," in source(trace(*happened))) is kept


ACTING = replace(
    PROJECT,
    models=tuple(
        replace(one, save_effects=one.label == "shop.Novel", seeded=one.label in ("shop.Author", "shop.Book")) for one in PROJECT.models
    ),
)


def test_a_row_of_inherited_tables_is_written_without_what_saving_does_besides() -> None:
    novel = read("shop.Novel", {"book_ptr_id": 41, "genre": "romance"}, project=ACTING)
    text = source(trace(novel, read("shop.Book", {"id": 41, "title": "Emma"}, project=ACTING), project=ACTING, method="POST"))
    assert 'inserted(Novel(title="Emma", genre="romance"))' in text
    assert "def inserted(row, using=" in text


def test_rows_of_migrations_that_point_to_others_are_taken_away_with_those() -> None:
    text = source(trace(read("shop.Author", {"id": 1, "name": "Jane"}, project=ACTING), project=ACTING, method="POST"))
    assert text.index("Book.objects.all().delete()") < text.index("Author.objects.all().delete()")
