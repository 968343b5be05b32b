"""What statements name, and the rows without what no statement asked for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.facts import naming
from unspan_inverter.facts.unasked import several
from unspan_proto.project import Constraint
from unspan_proto.values import ModelRef

from .making import BOOK, PROJECT, Happening, cached, counted, model, read, sql, update
from .test_facts import of, plain
from .test_supporting import beside

NAMED = {
    "a listed row": ('SELECT "b"."id", "b"."title" FROM "b" WHERE "b"."lent" = %s', {"b.lent"}, {"b.id", "b.title"}, {"b"}),
    "an expression of the list": ('SELECT "b"."id", UPPER("b"."title") AS "x" FROM "b"', {"b.title"}, {"b.id"}, {"b"}),
    "all rows counted": ('SELECT COUNT(*) AS "n" FROM "b"', set[str](), set[str](), {"b"}),
    "all columns": ("select * from b", {"b.*"}, set[str](), {"b"}),
    "all columns of one": ("select b.* from b join a on a.id = b.author_id", {"a.id", "b.author_id", "b.*"}, set[str](), {"a", "b"}),
    "a column that says not whose": ("select 1 from b, a where name = %s", {"a.name", "b.name"}, set[str](), {"a", "b"}),
    "grouped": ('SELECT "b"."id", COUNT("c"."x") FROM "b" LEFT JOIN "c" ON "c"."b" = "b"."id" GROUP BY "b"."id", "b"."title"', {"b.id", "c.b", "c.x"}, {"b.id", "b.title"}, {"b", "c"}),
    "by a key": ('SELECT "b"."title" FROM "b" WHERE "b"."id" = %s', {"b.id"}, {"b.title"}, set[str]()),
    "by one key of a list": ('SELECT "b"."title" FROM "b" WHERE "b"."id" IN (%s)', {"b.id"}, {"b.title"}, set[str]()),
    "what another row leads to": ('SELECT "b"."id", "a"."id" FROM "b" INNER JOIN "a" ON "b"."author_id" = "a"."id" WHERE "b"."id" = %s', {"a.id", "b.author_id", "b.id"}, {"a.id", "b.id"}, set[str]()),
    "what many rows lead to": ('SELECT "b"."id", "a"."id" FROM "b" INNER JOIN "a" ON "b"."author_id" = "a"."id"', {"a.id", "b.author_id"}, {"a.id", "b.id"}, {"a", "b"}),
    "what sorted rows lead to": ('SELECT "b"."id", "a"."id" FROM "b" INNER JOIN "a" ON "b"."author_id" = "a"."id" ORDER BY "b"."title"', {"a.id", "b.author_id", "b.title"}, {"a.id", "b.id"}, {"b"}),
    "a write": ('UPDATE "b" SET "title" = %s, "price" = ("b"."price" + %s) WHERE "b"."id" = %s', {"b.id", "b.price"}, {"b.title"}, set[str]()),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "deciding", "listed", "alike"), NAMED.values(), ids=NAMED)
def test_what_a_statement_names(statement: str, deciding: set[str], listed: set[str], alike: set[str]) -> None:
    found = naming.named(statement, "sqlite")
    assert found is not None
    found_several = {table for sorts, sources in found.selects for table in taken(sorts, sources)}
    told = [{f"{table}.{name}" for table, name in some} for some in (found.deciding, found.listed)]
    assert (*told, found_several) == (deciding, listed, alike)


def taken(sorts: bool, sources: Mapping[str, naming.Sought]) -> set[str]:
    models = {one.table: model(f"x.{one.table}") for one in sources.values()}
    return {label.partition(".")[2] for label in several(sorts, sources, models)}


TEXT = "django.db.models.fields.CharField"
PLAIN = replace(
    PROJECT,
    models=tuple(
        replace(one, fields=tuple(replace(f, cls=TEXT) if f.type == "CharField" else f for f in one.fields)) for one in PROJECT.models
    ),
)
"""The same project, its texts of Django's own class."""
JANE = {"id": 7, "name": "Jane", "email": "jane@example.com"}
EMMA = {"id": 1, "title": "Emma", "author_id": 7, "price": 9, "is_lent": True, "due": None}
BARE = {"id": 1, "title": "", "author_id": None, "price": 0, "is_lent": False, "due": None}
BOOKS, PARENTS = beside(3, {"shop.Book": [EMMA]}), beside(1, {"shop.Author": [JANE]})
LEFT: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "a row that was counted": ((BOOKS, counted("shop.Book", 1), PARENTS), {"Book 1": BARE}),
    "what it was counted by": ((BOOKS, counted("shop.Book", 1, '"shop_book"."is_lent" = %s', [True]), PARENTS), {"Book 1": {**BARE, "is_lent": True}}),
    "to whom it was counted for": (
        (BOOKS, counted("shop.Book", 1, '"shop_book"."author_id" = %s', [7]), PARENTS),
        {"Author 7": {**JANE, "name": ""}, "Book 1": {**BARE, "author_id": 7}},
    ),
    "what was shown of it": (
        (BOOKS, counted("shop.Book", 1), read("shop.Book", {"id": 1, "title": "Emma"}), PARENTS), {"Book 1": {**BARE, "title": "Emma"}},
    ),
    "what was shown of another": (
        (beside(3, {"shop.Book": [EMMA, {**EMMA, "id": 2}]}), counted("shop.Book", 2), read("shop.Book", {"id": 2, "title": "Emma"}), PARENTS),
        {"Book 1": BARE, "Book 2": {**BARE, "id": 2, "title": "Emma"}},
    ),
    "what is shown without a key": (
        (BOOKS, read("shop.Book", {"title": "Emma"}), PARENTS), {"Book 1": {**BARE, "title": "Emma"}},
    ),
    "what was written over": (
        (BOOKS, counted("shop.Book", 1), update("shop.Book", {"price": 5}, [1]), PARENTS), {"Book 1": {**BARE, "price": 9}},
    ),
    "what a cache holds as an object": (
        (BOOKS, counted("shop.Book", 1), cached("get", "best", [ModelRef("shop.Book", 1)], hit=True)),
        {"Author 7": {}, "Book 1": EMMA},
    ),
    "a statement that nobody understands": ((BOOKS, sql("do something"), PARENTS), {"Author 7": JANE, "Book 1": EMMA}),
    "a table of which nothing is known": ((BOOKS, sql("select count(*) from lent_books"), PARENTS), {"Author 7": JANE, "Book 1": EMMA}),
}  # fmt: skip


@pytest.mark.parametrize(("happened", "rows"), LEFT.values(), ids=LEFT)
def test_rows_keep_what_was_asked_for(happened: tuple[Happening, ...], rows: dict[str, Any]) -> None:
    assert plain(of(*happened, project=PLAIN))["rows"] == rows


def test_rows_keep_all_where_a_constraint_does_not_say_what_it_asks() -> None:
    strict = replace(BOOK, constraints=(Constraint("check", "worth_something"),))
    project = replace(PLAIN, models=tuple(strict if one.label == BOOK.label else one for one in PLAIN.models))
    assert plain(of(BOOKS, counted("shop.Book", 1), PARENTS, project=project))["rows"] == {"Author 7": {**JANE, "name": ""}, "Book 1": EMMA}
