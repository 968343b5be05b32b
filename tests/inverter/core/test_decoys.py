"""Decoys: rows that miss one recorded condition, and when there are none because they could change what the request does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from unspan_inverter.events import TapeRead, events, exchange
from unspan_inverter.facts import Key, Made, RowExists, facts
from unspan_inverter.facts.decoys.known import Known
from unspan_inverter.facts.decoys.matching import ANYTHING, Budget, search
from unspan_inverter.facts.decoys.scopes import shape
from unspan_inverter.facts.decoys.truth import ABSENT, FRESH, answers
from unspan_inverter.generate import generated
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.decoys import kept
from unspan_inverter.plan.readings import NOW, Reading
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.project import Constraint, Project
from unspan_proto.values import ModelRef

from .making import BOOK, PROJECT, Happening, blocks, counted, insert, read, source, sql, trace, update

KEY = Made(1, FRESH)
MOMENT = datetime(2024, 3, 1, 12, 0, tzinfo=timezone.utc)

# What a condition may come to.

CONDITIONS: dict[str, tuple[str, tuple[Any, ...], Mapping[str, Any], str]] = {
    "equal": ('b."title" = %s', ("Emma",), {"title": "Emma"}, "T"),
    "not-equal": ('b."title" = %s', ("Emma",), {"title": "Persuasion"}, "F"),
    "equal-but-for-case": ('b."title" = %s', ("Emma",), {"title": "EMMA"}, "FNT"),
    "equal-but-for-accents": ('b."title" = %s', ("Cafe",), {"title": "Café "}, "FNT"),
    "null": ('b."title" = %s', ("Emma",), {"title": None}, "N"),
    "not-null": ('NOT (b."title" = %s)', ("Emma",), {"title": None}, "N"),
    "unknown": ('b."title" = %s', ("Emma",), {}, "FNT"),
    "not-both-unknown-and-false": ('NOT (b."title" = %s AND b."is_lent")', ("Emma",), {"is_lent": False}, "T"),
    "unknown-or-true": ('(b."title" = %s OR b."is_lent")', ("Emma",), {"is_lent": True}, "T"),
    "flag": ('NOT b."is_lent"', (), {"is_lent": False}, "T"),
    "flag-as-number": ('b."is_lent" = 1', (), {"is_lent": True}, "T"),
    "number-as-text": ('b."price" = %s', ("10.50",), {"price": Decimal("10.5")}, "T"),
    "below": ('b."price" < %s', (10,), {"price": Decimal("9.99")}, "T"),
    "not-below": ('b."price" < CAST(%s AS NUMERIC)', ("10",), {"price": 11}, "FNT"),
    "between": ('b."price" BETWEEN %s AND %s', (1, 5), {"price": 7}, "F"),
    "moment-as-text": ('b."added" >= %s', ("2024-03-01 12:00:00",), {"added": MOMENT}, "T"),
    "moment-after": ('b."added" < %s', (MOMENT,), {"added": MOMENT + timedelta(seconds=1)}, "F"),
    "texts-in-order": ('b."title" < %s', ("b",), {"title": "a"}, "FNT"),
    "in": ('b."price" IN (%s, %s)', (1, 2), {"price": 2}, "T"),
    "not-in": ('b."price" IN (%s, %s)', (1, 2), {"price": 3}, "F"),
    "is-null": ('b."due" IS NULL', (), {"due": None}, "T"),
    "is-not-null": ('NOT (b."due" IS NULL)', (), {"due": None}, "F"),
    "like": ("b.\"title\" LIKE %s ESCAPE '\\'", ("%mm%",), {"title": "Emma"}, "T"),
    "like-in-other-case": ("b.\"title\" LIKE %s ESCAPE '\\'", ("emm%",), {"title": "Emma"}, "FT"),
    "not-like": ("b.\"title\" LIKE %s ESCAPE '\\'", ("%x%",), {"title": "Emma"}, "F"),
    "upper": ('UPPER(b."title"::text) LIKE UPPER(%s)', ("%emm%",), {"title": "Emma"}, "T"),
    "fresh-key": ('b."id" = %s', (50,), {"id": KEY}, "F"),
    "fresh-key-in": ('b."id" IN (%s, %s)', (50, 51), {"id": KEY}, "F"),
    "fresh-key-above": ('b."id" > %s', (50,), {"id": KEY}, "FNT"),
    "fresh-key-of-subquery": ('b."id" IN (SELECT U0."id" FROM "shop_book" U0)', (), {"id": KEY}, "F"),
    "fresh-key-of-other-subquery": ('b."id" IN (SELECT U0."number" FROM "shop_loan" U0)', (), {"id": KEY}, "FNT"),
    "lost-parameter": ('b."title" = %s', (), {"title": "Emma"}, "FNT"),
    "function": ('LENGTH(b."title") = %s', (4,), {"title": "Emma"}, "FNT"),
    "exists": ('EXISTS(SELECT 1 FROM "shop_loan" U0 WHERE U0."book_id" = b."id")', (), {"id": 1}, "FNT"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_comes_to_what_can_be_told(name: str) -> None:
    condition, parameters, row, expected = CONDITIONS[name]
    made = shape(f'SELECT b."id" FROM "shop_book" b WHERE {condition}', "postgresql" if "::" in condition else "sqlite")
    assert made is not None
    looking = search(made.scopes[0], parameters, {}, PROJECT, Budget())
    found = [answers(test.tree, looking.standing({"b": row})) for test in made.scopes[0].tests]
    assert ["".join(sorted(str(one)[0] for one in some)) for some in found] == [expected]


SCOPES: dict[str, tuple[str, list[tuple[dict[str, str], list[str], int]] | None]] = {
    "plain": ("SELECT a.id FROM a WHERE a.x = 1 AND a.y = 2", [({"a": "a"}, [], 2)]),
    "joins": ("SELECT a.id FROM a INNER JOIN b T2 ON (a.b_id = T2.id) LEFT OUTER JOIN c ON (a.c_id = c.id)", [({"a": "a", "T2": "b", "c": "c"}, ["c"], 2)]),
    "subquery": ("SELECT a.id FROM a WHERE EXISTS(SELECT 1 FROM b U0 WHERE U0.a_id = a.id)", [({"a": "a"}, [], 1), ({"U0": "b"}, [], 1)]),
    "derived": ("SELECT COUNT(*) FROM (SELECT a.id FROM a WHERE a.x = 1) s", [({"s": ""}, [], 0), ({"a": "a"}, [], 1)]),
    "union": ("SELECT a.id FROM a WHERE a.x = 1 UNION SELECT b.id FROM b", [({"a": "a"}, [], 1), ({"b": "b"}, [], 0)]),
    "update": ('UPDATE "a" SET "x" = 1 WHERE "a"."id" = 3', [({"a": "a"}, [], 1)]),
    "delete": ('DELETE FROM "a" WHERE "a"."id" IN (SELECT U0.id FROM b U0)', [({"a": "a"}, [], 1), ({"U0": "b"}, [], 0)]),
    "insert": ('INSERT INTO "a" ("x") SELECT b.x FROM b WHERE b.y = 1', [({"b": "b"}, [], 1)]),
    "right-join": ("SELECT a.id FROM a RIGHT JOIN b ON (a.b_id = b.id)", None),
    "delete-using": ('DELETE FROM a USING b WHERE a.id = b.id', None),
    "no-sql": ("SELECT FROM WHERE )", None),
    "command": ("VACUUM a", None),
}  # fmt: skip


@pytest.mark.parametrize("name", SCOPES)
def test_a_statement_has_scopes(name: str) -> None:
    statement, expected = SCOPES[name]
    made = shape(statement, "postgresql" if name == "delete-using" else "sqlite")
    found = [(dict(one.tables), sorted(one.outer), len(one.tests)) for one in made.scopes] if made is not None else None
    assert found == expected


def test_a_row_of_an_outer_join_need_not_be_there() -> None:
    made = shape("SELECT a.id FROM a LEFT OUTER JOIN b ON (a.b_id = b.id) WHERE b.id IS NULL", "sqlite")
    assert made is not None
    looking = search(made.scopes[0], (), {"a": [{"b_id": 1}], "b": [{"id": 2}]}, PROJECT, Budget())
    assert list(looking.found({})) == [{"a": {"b_id": 1}, "b": ABSENT}]


def test_a_search_ends() -> None:
    made = shape("SELECT a.id FROM a, b, c, d, e WHERE a.x = e.x", "sqlite")
    assert made is not None
    many = {name: [ANYTHING] * 50 for name in "abcde"}
    told = asked(read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]))
    assert next(search(made.scopes[0], (), many, PROJECT, Budget(10)).found({})) is not None
    assert len(facts(events(told), exchange(told), told.project, True).decoys) == 1


# Decoys.


LIBRARY = 3


def asked(*happened: Happening, **said: Any) -> Trace:
    """The trace of a request in which a function of the project asks for all of that, but for what the request itself does."""
    return trace(
        Happening(v.CALL, {v.FUNCTION: "shop.views.home"}),
        *(replace(one, parent=1 if one.parent == LIBRARY else 2) for one in happened),
        **said,
    )


EMMA = {"id": 1, "title": "Emma", "author_id": 7, "sequel_id": None, "price": Decimal(5), "is_lent": False, "due": None}
AUSTEN = {"id": 7, "name": "Jane Austen", "email": "jane@example.com"}
EYRE = {"id": 8, "name": "Currer Bell", "email": None}
TITLE = '"shop_book"."title" = %s'
BY_KEY = '"shop_book"."id" = %s'
JOINED = 'SELECT "shop_book"."id" FROM "shop_book" INNER JOIN "shop_author" ON ("shop_book"."author_id" = "shop_author"."id") WHERE "shop_author"."name" = %s'
TAGGED = (
    'SELECT "shop_book"."id" FROM "shop_book" INNER JOIN "shop_book_tags" ON ("shop_book"."id" = "shop_book_tags"."book_id") '
    'INNER JOIN "shop_tag" ON ("shop_book_tags"."tag_id" = "shop_tag"."id") WHERE "shop_tag"."slug" = %s'
)
UNLENT = (
    'SELECT "shop_book"."id" FROM "shop_book" LEFT OUTER JOIN "shop_loan" ON ("shop_book"."id" = "shop_loan"."book_id") '
    'WHERE ("shop_loan"."id" IS NULL AND "shop_book"."title" = %s)'
)
TAGS = (
    read("shop.Tag", {"id": 3, "slug": "novel"}),
    read("shop.Book_tags", {"id": 5, "book_id": 1, "tag_id": 3}, where='"shop_book_tags"."book_id" = %s', parameters=[1]),
)
CHECKED = replace(
    PROJECT, models=tuple(replace(one, constraints=(Constraint("check", "positive"),)) if one is BOOK else one for one in PROJECT.models)
)


def joined(statement: str, *parameters: Any) -> Happening:
    return replace(
        one := read("shop.Book", {"id": 1}),
        attributes={**one.attributes, "db.query.text": statement, "unspan.sql.parameters": list(parameters)},
    )


DECOYS: dict[str, tuple[list[Happening], dict[str, Any], list[tuple[str, list[tuple[str, dict[str, Any]]]]]]] = {
    "by-key": (
        [read("shop.Book", EMMA, where=BY_KEY, parameters=[1])], {"path": "/books/1/"},
        [("another book", [("Book", {"title": "Another book"})])],
    ),
    "by-key-that-nobody-asked-for": ([read("shop.Author", AUSTEN, where='"shop_author"."id" = %s', parameters=[7])], {}, []),
    "by-key-of-the-user": (
        [read("auth.User", {"id": 3, "username": "ann"}, where='"auth_user"."id" = %s', parameters=[3])],
        {"path": "/users/3/", "user": ModelRef("auth.User", 3, {})}, [],
    ),
    "missing": ([read("shop.Book", where=BY_KEY, parameters=[9])], {"path": "/books/9/"}, [("another book", [("Book", {"title": "Another book"})])]),
    "by-a-library": ([replace(read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), parent=LIBRARY)], {}, []),
    "by-a-library-as-the-request-says": (
        [replace(read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), parent=LIBRARY)], {"query": "title=Emma"},
        [("another title", [("Book", {"title": "other-Emma"})])],
    ),
    "two-conditions": (
        [read("shop.Book", EMMA, where=f'({TITLE} AND NOT "shop_book"."is_lent")', parameters=["Emma"])], {},
        [("another title", [("Book", {"title": "other-Emma", "is_lent": False})]), ("is_lent is True", [("Book", {"title": "Emma", "is_lent": True})])],
    ),
    "served-by-rows-that-are-there": (
        [read("shop.Book", EMMA, {**EMMA, "id": 2, "title": "Emma 2"}, where='NOT "shop_book"."is_lent"'), read("shop.Book", EMMA, where=TITLE, parameters=["Emma"])], {},
        [("is_lent is True", [("Book", {"title": "Another book", "is_lent": True})])],
    ),
    "foreign-key": (
        [read("shop.Author", AUSTEN), read("shop.Book", EMMA, where='"shop_book"."author_id" = %s', parameters=[7])], {},
        [("no author", [("Book", {"author_id": None, "title": "Another book"})])],
    ),
    "foreign-key-to-one-of-two": (
        [read("shop.Author", AUSTEN, EYRE), read("shop.Book", EMMA, where='"shop_book"."author_id" = %s', parameters=[7])], {},
        [("another author", [("Book", {"author_id": 8, "title": "Another book"})])],
    ),
    "required-foreign-key": (
        [read("shop.Book", EMMA), read("shop.Loan", {"id": "0" * 32, "book_id": 1, "number": 4}, where='"shop_loan"."book_id" = %s', parameters=[1])], {}, [],
    ),
    "join": (
        [read("shop.Author", AUSTEN, where='"shop_author"."name" = %s', parameters=["Jane Austen"]), read("shop.Book", EMMA, where=BY_KEY, parameters=[1]), joined(JOINED, "Jane Austen")],
        {},
        [
            ("another name", [("Author", {"name": "Another author"})]),
            ("with another author", [("Book", {"author_id": "decoy", "title": "Another book"})]),
        ],
    ),
    "many-to-many": (
        [read("shop.Book", EMMA, where=BY_KEY, parameters=[1]), *TAGS[1:], read("shop.Tag", {"id": 3, "slug": "novel"}, where='"shop_tag"."id" = %s', parameters=[3]), joined(TAGGED, "novel")],
        {},
        [("with another tag slug", [("Book", {"title": "Another book"}), ("Tag", {"slug": "other-novel"}), ("tags", {})])],
    ),
    "joined-with-nothing": (
        [read("shop.Book", EMMA, where=BY_KEY, parameters=[1]), joined(UNLENT, "Emma")], {},
        [("another title", [("Book", {"title": "other-Emma"})])],
    ),
    "in-many-for-prefetching": ([read("shop.Book", EMMA, where='"shop_book"."author_id" IN (%s)', parameters=[7])], {}, []),
    "counted-by-another": ([read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), counted("shop.Book", 1)], {}, []),
    "taken-by-a-subquery": (
        [read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), sql('SELECT 1 WHERE EXISTS(SELECT 1 FROM "shop_book" U0 WHERE U0."price" < %s)', [9])], {}, [],
    ),
    "not-taken-by-a-subquery": (
        [read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), sql('SELECT 1 WHERE EXISTS(SELECT 1 FROM "shop_book" U0 WHERE U0."price" > %s)', [9])], {},
        [("another title", [("Book", {"title": "other-Emma"})])],
    ),
    "beside-an-unreadable-statement": ([read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), sql("FROB shop_book )(")], {}, []),
    "beside-a-bare-cursor's-write": ([read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), sql('UPDATE "shop_book" SET "price" = "price" + 1')], {}, []),
    "taken-by-an-update": (
        [read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), update("shop.Book", {"is_lent": True}, where='"shop_book"."price" < %s', parameters=[9])], {}, [],
    ),
    "unique-value-that-the-request-writes": (
        [read("shop.Tag", {"id": 3, "slug": "novel"}, where='"shop_tag"."slug" = %s', parameters=["novel"]), insert("shop.Tag", {"id": 4, "slug": "other-novel"})], {},
        [("another tag", [("Tag", {"slug": "other-2-novel"})])],
    ),
}  # fmt: skip


def decoys_of(*happened: Happening, project: Project = PROJECT, **said: Any) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Each by what it is, with its rows by model; a link by its field."""
    told = asked(*happened, project=project, **said)
    found = facts(events(told), exchange(told), told.project, True).decoys
    return [
        (
            one.what,
            [
                *((row.key.label.partition(".")[2], plain(row.values)) for row in one.rows),
                *((link.field, dict[str, Any]()) for link in one.linked),
            ],
        )
        for one in found
    ]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "decoy" if isinstance(value, Made) else value for name, value in values.items()}


@pytest.mark.parametrize("name", DECOYS)
def test_a_condition_gets_a_row_that_misses_it_alone(name: str) -> None:
    happened, said, expected = DECOYS[name]
    assert decoys_of(*happened, **said) == expected


def test_there_is_no_decoy_where_a_constraint_cannot_be_told() -> None:
    assert decoys_of(read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]), project=CHECKED) == []


def test_a_foreign_key_to_another_column_points_by_that_one() -> None:
    fields = tuple(replace(one, to_field="email") if one.name == "author" else one for one in BOOK.fields)
    project = replace(PROJECT, models=tuple(replace(BOOK, fields=fields) if one is BOOK else one for one in PROJECT.models))
    some = [AUSTEN, {**EYRE, "email": "currer@example.com"}]
    by_email = read(
        "shop.Book", {**EMMA, "author_id": "jane@example.com"}, where='"shop_book"."author_id" = %s', parameters=["jane@example.com"]
    )
    assert decoys_of(read("shop.Author", *some), by_email, project=project) == [
        ("another author", [("Book", {"author_id": "currer@example.com", "title": "Another book"})])
    ]


def test_there_are_few_decoys() -> None:
    some = [read("shop.Book", EMMA, where=f'{TITLE} AND "shop_book"."price" = {n}', parameters=["Emma"]) for n in range(9)]
    assert len(decoys_of(*some)) <= 5


def test_there_are_decoys_where_they_are_wanted() -> None:
    told = asked(read("shop.Book", EMMA, where=TITLE, parameters=["Emma"]))
    assert ["# not asked for" in generated([told], decoys=wanted).source for wanted in (True, False)] == [True, False]


ARRANGED: dict[str, tuple[list[Happening], dict[str, Any], list[str]]] = {
    "below-the-other-rows": (
        [read("shop.Author", AUSTEN, EYRE), read("shop.Book", EMMA, where='"shop_book"."author_id" = %s', parameters=[7])], {"method": "POST"},
        ["# not asked for: another author", 'Book.objects.create(title="Another book", author=currer_bell)'],
    ),
    "with-a-key-that-nobody-asks-for": (
        [read("shop.Book", where=BY_KEY, parameters=[9])], {"path": "/books/9/"},
        ["# not asked for: another book", 'Book.objects.create(id=10, title="Another book")'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRANGED)
def test_a_decoy_is_written_below_a_comment(name: str) -> None:
    happened, said, expected = ARRANGED[name]
    assert blocks(source(asked(*happened, **said)))[0].splitlines()[-len(expected) :] == expected


def test_a_decoy_with_a_time_is_left_out_where_the_clock_goes_on() -> None:
    lent = read(
        "shop.Book",
        {**EMMA, "due": MOMENT.date()},
        where='("shop_book"."due" < %s AND NOT "shop_book"."is_lent")',
        parameters=["2024-03-02"],
    )
    told = asked(lent)
    found = facts(events(told), exchange(told), told.project, True)
    going_on = Clock(None, (Reading(TapeRead("1", NOW, MOMENT, "shop.views.home"), MOMENT, MOMENT),))
    left = [kept(found, Bindings(PROJECT, found), clock).decoys for clock in (Clock(None), going_on)]
    assert [[one.what for one in some] for some in left] == [["another due", "is_lent is True"], []]


def test_a_row_that_inherits_has_a_part_in_the_table_of_its_parent() -> None:
    novel = RowExists(Key("shop.Novel", 5), {"id": 5, "title": "Emma", "book_ptr_id": 5, "genre": "comedy"}, "")
    tables = Known(PROJECT, {novel.key: novel}, frozenset(), {}, frozenset()).tables()
    assert tables["shop_book"] == [{"id": 5, "title": "Emma"}]
    assert tables["shop_novel"] == [{"title": "Emma", "book_ptr_id": 5, "genre": "comedy"}]
