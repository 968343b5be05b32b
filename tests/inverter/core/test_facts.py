"""Events → facts: which rows were there before the request, which it left behind, and what nobody can know."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from unspan_inverter.events import events, exchange
from unspan_inverter.facts import Facts, Key, Linked, Made, facts
from unspan_proto import vocabulary as v
from unspan_proto.project import Project
from unspan_proto.values import ModelRef, Opaque, Truncated

from .making import BOOK, PROJECT, Happening, counted, delete, field, foreign_key, insert, model, nth, read, sql, trace, update


def of(*happened: Happening, project: Project = PROJECT, **said: Any) -> Facts:
    told = trace(*happened, project=project, **said)
    return facts(events(told), exchange(told), told.project)


def shown(value: Any) -> Any:
    """A value as the tables below write it: a row without a key is `made N`."""
    return f"made {value.number}" if isinstance(value, Made) else value


def named(key: Key) -> str:
    return f"{key.label.partition('.')[2]} {shown(key.pk)}"


def values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shown(value) for name, value in row.items()}


def linked(one: Linked) -> str:
    return f"{named(one.owner)}.{one.field} has {named(one.target)}"


def plain(found: Facts) -> dict[str, Any]:
    """What there is, each row by its name; nothing stands for what there is not."""
    told = {
        "rows": {named(row.key): values(row.values) for row in found.rows},
        "why": {named(row.key): row.why for row in found.rows if row.why},
        "links": [linked(one) for one in found.linked],
        "born": {named(row.key): values(row.values) for row in found.born},
        "changed": {named(row.key): (values(row.before), values(row.after)) for row in found.changed},
        "gone": [named(row.key) for row in found.gone],
        "links made": [linked(one) for one in found.links_made],
        "links cut": [linked(one) for one in found.links_cut],
        "notes": list(found.notes),
    }
    return {name: what for name, what in told.items() if what}


EMMA = {"id": 1, "title": "Emma"}
EMMA_LENT = {"id": 1, "title": "Emma", "is_lent": True}
UNREAD = "the request never read this row"
COUNTED = "a query counted this row without reading it"
WRITTEN = "a write changed this row without reading it"
CLASHED = "a write was refused because of this row"
NOVEL = {"book_ptr_id": 5, "genre": "comedy"}

ROWS: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "nothing": ((), {}),
    "a-row": ((read("shop.Book", EMMA),), {"rows": {"Book 1": EMMA}}),
    "several": ((read("shop.Tag", {"id": 1, "slug": "a"}, {"id": 2, "slug": "b"}),), {"rows": {"Tag 1": {"id": 1, "slug": "a"}, "Tag 2": {"id": 2, "slug": "b"}}}),
    "read-in-pieces": (
        (read("shop.Book", EMMA), read("shop.Book", {"id": 1, "is_lent": True})),
        {"rows": {"Book 1": EMMA_LENT}},
    ),
    "first-reading-holds": (
        (read("shop.Book", EMMA), read("shop.Book", {"id": 1, "title": "Changed by others"})),
        {"rows": {"Book 1": EMMA}},
    ),
    "a-proxy-is-its-model": ((read("shop.LentBook", EMMA),), {"rows": {"Book 1": EMMA}}),
    "label-in-another-case": ((read("shop.book", EMMA),), {"rows": {"Book 1": EMMA}}),
    "unknown-model": ((read("gone.Thing", {"id": 1}),), {}),
    "without-a-key": ((read("shop.Book", {"title": "Emma"}),), {"rows": {"Book made 1": {"title": "Emma"}}}),
    "null-key-of-an-outer-join": ((read("shop.Book", {"id": None, "title": None}),), {}),
    "key-not-carried": ((read("shop.Book", {"id": Opaque("x"), "title": "Emma"}),), {}),
    "session-rows-are-the-login-s": ((read("sessions.Session", {"session_key": "k", "session_data": "d"}),), {}),
    "a-read-and-written-row": (
        (read("shop.Book", EMMA), update("shop.Book", {"title": "New"}, [1])),
        {"rows": {"Book 1": EMMA}, "changed": {"Book 1": ({"id": 1, "title": "Emma"}, {"title": "New"})}},
    ),
    "read-again-after-the-write": (
        (read("shop.Book", EMMA), update("shop.Book", {"title": "New"}, [1]), read("shop.Book", {"id": 1, "title": "New", "is_lent": True})),
        {"rows": {"Book 1": EMMA_LENT}, "changed": {"Book 1": ({"id": 1, "title": "Emma", "is_lent": True}, {"title": "New"})}},
    ),
    "written-to-what-it-was": (
        (read("shop.Book", EMMA), update("shop.Book", {"title": "Emma"}, [1])),
        {"rows": {"Book 1": EMMA}},
    ),
    "a-write-that-met-no-row": (
        (update("shop.Book", {"title": "New"}, [1], **{v.ROW_COUNT: 0}),),
        {},
    ),
    "bulk-update": (
        (read("shop.Tag", {"id": 1, "slug": "a"}, {"id": 2, "slug": "b"}), update("shop.Tag", [{"id": 1, "slug": "x"}, {"id": 2, "slug": "y"}])),
        {
            "rows": {"Tag 1": {"id": 1, "slug": "a"}, "Tag 2": {"id": 2, "slug": "b"}},
            "changed": {"Tag 1": ({"id": 1, "slug": "a"}, {"slug": "x"}), "Tag 2": ({"id": 2, "slug": "b"}, {"slug": "y"})},
        },
    ),
    "counted-up": (
        (
            read("shop.Loan", {"id": UUID(int=1), "book_id": None, "number": 4}),
            sql(
                'UPDATE "shop_loan" SET "number" = ("shop_loan"."number" + %s) WHERE "shop_loan"."id" = %s', (3, UUID(int=1)),
                **{v.MODEL: "shop.Loan", v.WRITTEN: {"number": Opaque("CombinedExpression")}, v.WRITTEN_KEYS: [UUID(int=1)], v.ROW_COUNT: 1},
            ),
        ),
        {
            "rows": {f"Loan {UUID(int=1)}": {"id": UUID(int=1), "book_id": None, "number": 4}},
            "changed": {f"Loan {UUID(int=1)}": ({"id": UUID(int=1), "book_id": None, "number": 4}, {"number": 7})},
        },
    ),
    "born": ((insert("shop.Tag", {"slug": "a", "id": 1}),), {"born": {"Tag 1": {"slug": "a", "id": 1}}}),
    "born-and-read-back": (
        (insert("shop.Tag", {"slug": "a", "id": 1}), read("shop.Tag", {"id": 1, "slug": "a"})),
        {"born": {"Tag 1": {"slug": "a", "id": 1}}},
    ),
    "born-and-changed": (
        (insert("shop.Tag", {"slug": "a", "id": 1}), update("shop.Tag", {"slug": "b"}, [1])),
        {"born": {"Tag 1": {"slug": "b", "id": 1}}},
    ),
    "born-and-deleted": ((insert("shop.Tag", {"slug": "a", "id": 1}), delete("shop.Tag", [1])), {}),
    "born-without-a-key": ((insert("shop.Tag", {"slug": "a"}, {"slug": "b"}),), {"born": {"Tag made 1": {"slug": "a"}, "Tag made 2": {"slug": "b"}}}),
    "born-without-a-key-and-read-back": (
        (insert("shop.Tag", {"slug": "a"}), read("shop.Tag", {"id": 7, "slug": "a"})),
        {"born": {"Tag 7": {"id": 7, "slug": "a"}}},
    ),
    "a-row-asked-for-by-its-key-was-there": (
        (insert("shop.Tag", {"slug": "a"}), read("shop.Tag", {"id": 1, "slug": "a"}, where='"shop_tag"."id" = %s', parameters=[1]), read("shop.Tag", {"id": 1, "slug": "a"}, {"id": 7, "slug": "a"})),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "born": {"Tag 7": {"id": 7, "slug": "a"}}},
    ),
    "deleted": (
        (read("shop.Tag", {"id": 1, "slug": "a"}), delete("shop.Tag", [1])),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "gone": ["Tag 1"]},
    ),
    "deleted-unread": ((delete("shop.Book", [1]),), {"rows": {"Book 1": {}}, "gone": ["Book 1"]}),
    "deleted-some-that-were-not-there": (
        (read("shop.Tag", {"id": 1, "slug": "a"}), delete("shop.Tag", [1, 2], **{v.ROW_COUNT: 1})),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "gone": ["Tag 1"]},
    ),
    "changed-and-deleted": (
        (read("shop.Tag", {"id": 1, "slug": "a"}), update("shop.Tag", {"slug": "b"}, [1]), delete("shop.Tag", [1])),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "gone": ["Tag 1"]},
    ),
    "deleted-and-born-again": (
        (read("shop.Tag", {"id": 1, "slug": "a"}), delete("shop.Tag", [1]), insert("shop.Tag", {"id": 1, "slug": "b"})),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "born": {"Tag 1": {"id": 1, "slug": "b"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_followed_through_the_request(name: str) -> None:
    happened, expected = ROWS[name]
    assert plain(of(*happened)) == expected


def inserted(pk: int) -> Happening:
    return insert("shop.Tag", {"slug": f"tag-{pk}", "id": pk})


def steps(text: str) -> list[Happening]:
    """`BEGIN 1 SAVEPOINT:s 2 ROLLBACK-TO:s`: steps of a transaction, and the keys of tags that are inserted between them."""
    found: list[Happening] = []
    for word in text.split():
        step, _, savepoint = word.partition(":")
        spoken = {"RELEASE": "RELEASE SAVEPOINT", "ROLLBACK-TO": "ROLLBACK TO SAVEPOINT"}.get(step, step)
        found.append(inserted(int(word)) if word.isdigit() else sql(f'{spoken} "{savepoint}"' if savepoint else spoken))
    return found


TRANSACTIONS = [
    ("1", [1]), ("BEGIN 1 COMMIT", [1]), ("BEGIN 1 ROLLBACK", []), ("1 BEGIN 2 ROLLBACK 3", [1, 3]), ("BEGIN 1 COMMIT BEGIN 2 ROLLBACK", [1]),
    ("BEGIN 1 SAVEPOINT:a 2 RELEASE:a COMMIT", [1, 2]), ("BEGIN 1 SAVEPOINT:a 2 ROLLBACK-TO:a 3 COMMIT", [1, 3]),
    ("BEGIN 1 SAVEPOINT:a 2 ROLLBACK-TO:a RELEASE:a 3 COMMIT", [1, 3]), ("BEGIN SAVEPOINT:a 1 SAVEPOINT:b 2 ROLLBACK-TO:b RELEASE:b 3 RELEASE:a COMMIT", [1, 3]),
    ("BEGIN SAVEPOINT:a 1 SAVEPOINT:b 2 RELEASE:b ROLLBACK-TO:a 3 COMMIT", [3]), ("BEGIN SAVEPOINT:a 1 ROLLBACK-TO:a 2 ROLLBACK-TO:a 3 COMMIT", [3]),
    ("BEGIN SAVEPOINT:a 1 SAVEPOINT:a 2 ROLLBACK-TO:a 3 COMMIT", [1, 3]), ("BEGIN 1 SAVEPOINT:a 2 RELEASE:a ROLLBACK", []), ("1 ROLLBACK", [1]),
    ("BEGIN 1 ROLLBACK-TO:none COMMIT", [1]), ("BEGIN 1", [1]),
]  # fmt: skip


@pytest.mark.parametrize(("told", "left"), TRANSACTIONS, ids=[one for one, _ in TRANSACTIONS])
def test_what_is_rolled_back_never_happened(told: str, left: list[int]) -> None:
    assert [row.key.pk for row in of(*steps(told)).born] == left


UNDONE: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "a-change": (
        (read("shop.Book", EMMA), sql("BEGIN"), update("shop.Book", {"title": "New"}, [1]), sql("ROLLBACK")),
        {"rows": {"Book 1": EMMA}},
    ),
    "a-deletion": (
        (read("shop.Book", EMMA), sql("BEGIN"), delete("shop.Book", [1]), sql("ROLLBACK")),
        {"rows": {"Book 1": EMMA}},
    ),
    "a-change-of-a-born-row": (
        (
            sql("BEGIN"),
            inserted(1),
            sql('SAVEPOINT "a"'),
            update("shop.Tag", {"slug": "b"}, [1]),
            sql('ROLLBACK TO SAVEPOINT "a"'),
            sql("COMMIT"),
        ),
        {"born": {"Tag 1": {"slug": "tag-1", "id": 1}}},
    ),
    "what-was-read-inside-stays": (
        (sql("BEGIN"), read("shop.Book", EMMA), sql("ROLLBACK")),
        {"rows": {"Book 1": EMMA}},
    ),
    "the-row-of-a-refused-insert-is-there": (
        (sql("BEGIN"), insert("shop.Tag", {"slug": "a"}, clash=True), sql("ROLLBACK")),
        {"rows": {"Tag made 1": {"slug": "a"}}, "why": {"Tag made 1": CLASHED}},
    ),
}


@pytest.mark.parametrize("name", UNDONE)
def test_a_rollback_undoes_writes_and_no_readings(name: str) -> None:
    happened, expected = UNDONE[name]
    assert plain(of(*happened)) == expected


PARENTS: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "a-parent-nobody-read": (
        (read("shop.Book", {**EMMA, "author_id": 7}),),
        {"rows": {"Author 7": {}, "Book 1": {**EMMA, "author_id": 7}}, "why": {"Author 7": UNREAD}},
    ),
    "no-parent-for-null": ((read("shop.Book", {**EMMA, "author_id": None}),), {"rows": {"Book 1": {**EMMA, "author_id": None}}}),
    "a-parent-of-a-parent": (
        (read("shop.Loan", {"id": UUID(int=1), "book_id": 2, "number": 1}), read("shop.Book", {"id": 2, "author_id": 7})),
        {
            "rows": {"Author 7": {}, "Book 2": {"id": 2, "author_id": 7}, f"Loan {UUID(int=1)}": {"id": UUID(int=1), "book_id": 2, "number": 1}},
            "why": {"Author 7": UNREAD},
        },
    ),
    "a-parent-that-a-new-row-points-to": (
        (insert("shop.Loan", {"id": UUID(int=1), "book_id": 2, "number": 1}),),
        {"rows": {"Book 2": {}}, "why": {"Book 2": UNREAD}, "born": {f"Loan {UUID(int=1)}": {"id": UUID(int=1), "book_id": 2, "number": 1}}},
    ),
    "a-parent-that-the-request-made": (
        (insert("shop.Author", {"id": 7, "name": "Jane"}), insert("shop.Book", {"id": 1, "author_id": 7})),
        {"born": {"Author 7": {"id": 7, "name": "Jane"}, "Book 1": {"id": 1, "author_id": 7}}},
    ),
    "an-inherited-row-is-one-with-its-parent": (
        (read("shop.Book", {"id": 5, "title": "Emma"}), read("shop.Novel", NOVEL)),
        {"rows": {"Novel 5": {"id": 5, "title": "Emma", **NOVEL}}},
    ),
    "born-in-two-tables": (
        (insert("shop.Book", {"id": 5, "title": "Emma"}), insert("shop.Novel", NOVEL)),
        {"born": {"Novel 5": {"id": 5, "title": "Emma", **NOVEL}}},
    ),
}  # fmt: skip


MARIADB = replace(PROJECT, databases={"default": {"engine": "django.db.backends.mysql", "vendor": "mysql", "atomic_requests": False}})
LENT_IN_VAIN = (
    sql("BEGIN"), insert("shop.Loan", {"id": UUID(int=1), "book_id": 2, "number": 1}), sql("ROLLBACK"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "project", "expected"),
    [
        pytest.param(LENT_IN_VAIN, PROJECT, {}, id="sqlite looks at the COMMIT, which never came"),
        pytest.param(LENT_IN_VAIN, MARIADB, {"rows": {"Book 2": {}}, "why": {"Book 2": UNREAD}}, id="mariadb has looked by then"),
        pytest.param(
            (LENT_IN_VAIN[0], insert("shop.Book", {"id": 2, "title": "Emma"}), *LENT_IN_VAIN[1:]), MARIADB, {}, id="it was made there and undone too"
        ),
        pytest.param(
            (*LENT_IN_VAIN[1:2], delete("shop.Loan", [UUID(int=1)])), MARIADB, {"rows": {"Book 2": {}}, "why": {"Book 2": UNREAD}}, id="made and deleted"
        ),
    ],
)  # fmt: skip
def test_what_was_written_in_vain_points_to_what_was_there(
    happened: tuple[Happening, ...], project: Project, expected: dict[str, Any]
) -> None:
    assert plain(of(*happened, project=project)) == expected


@pytest.mark.parametrize("name", PARENTS)
def test_what_rows_point_to_is_there(name: str) -> None:
    happened, expected = PARENTS[name]
    assert plain(of(*happened)) == expected


def order(*happened: Happening) -> list[str]:
    return [named(row.key) for row in of(*happened).rows]


def test_parents_come_first_and_keys_in_their_order() -> None:
    books = read("shop.Book", *({"id": n, "author_id": a, "sequel_id": s} for n, a, s in [(3, 9, None), (1, 8, 3), (2, 8, None)]))
    assert order(books) == ["Author 8", "Author 9", "Book 1", "Book 2", "Book 3"]


def test_keys_grow_as_they_did_though_another_model_needs_a_later_one_first() -> None:
    happened = read("shop.Book", {"id": 1, "author_id": 9}), read("shop.Author", {"id": 9}, {"id": 8}, {"id": 7})
    assert order(*happened) == ["Author 7", "Author 8", "Author 9", "Book 1"]


def test_rows_whose_keys_do_not_grow_come_as_they_were_read() -> None:
    loans = read("shop.Loan", *({"id": UUID(int=n), "number": n} for n in (7, 3, 5)))
    assert [one for one in order(loans) if one.startswith("Loan")] == [f"Loan {UUID(int=n)}" for n in (7, 3, 5)]


def test_rows_in_a_circle_have_an_order_all_the_same() -> None:
    assert order(read("shop.Book", {"id": 1, "sequel_id": 2}, {"id": 2, "sequel_id": 1})) == ["Book 1", "Book 2"]
    assert order(read("shop.Book", {"id": 1, "sequel_id": 1})) == ["Book 1"]


TAGGED = {"id": 9, "book_id": 1, "tag_id": 2}
TAG = {"id": 2, "slug": "a"}
TAGS = (read("shop.Book", EMMA), read("shop.Tag", TAG))
LINKS: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "read": ((*TAGS, read("shop.Book_tags", TAGGED)), {"rows": {"Book 1": EMMA, "Tag 2": TAG}, "links": ["Book 1.tags has Tag 2"]}),
    "made": ((*TAGS, insert("shop.Book_tags", TAGGED)), {"rows": {"Book 1": EMMA, "Tag 2": TAG}, "links made": ["Book 1.tags has Tag 2"]}),
    "made-without-a-key": (
        (*TAGS, insert("shop.Book_tags", {"book_id": 1, "tag_id": 2})), {"rows": {"Book 1": EMMA, "Tag 2": TAG}, "links made": ["Book 1.tags has Tag 2"]},
    ),
    "cut": (
        (*TAGS, read("shop.Book_tags", TAGGED), delete("shop.Book_tags", [9])),
        {"rows": {"Book 1": EMMA, "Tag 2": TAG}, "links": ["Book 1.tags has Tag 2"], "links cut": ["Book 1.tags has Tag 2"]},
    ),
    "with-ends-nobody-read": (
        (read("shop.Book_tags", TAGGED),),
        {"rows": {"Book 1": {}, "Tag 2": {"slug": "slug-1"}}, "why": {"Book 1": UNREAD, "Tag 2": UNREAD}, "links": ["Book 1.tags has Tag 2"]},
    ),
    "half-read": (
        (*TAGS, read("shop.Book_tags", {"id": 9, "book_id": 1})),
        {
            "rows": {"Book 1": EMMA, "Tag 2": TAG, "Tag made -1": {"slug": "slug-2"}}, "why": {"Tag made -1": UNREAD},
            "links": ["Book 1.tags has Tag made -1"],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_rows_between_others_are_links(name: str) -> None:
    happened, expected = LINKS[name]
    assert plain(of(*happened)) == expected


LENT = '"shop_book"."is_lent"'
COUNTS: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "none": ((counted("shop.Book", 0),), {}),
    "all-of-them-read": ((read("shop.Book", EMMA), counted("shop.Book", 1)), {"rows": {"Book 1": EMMA}}),
    "one-more": (
        (read("shop.Book", EMMA), counted("shop.Book", 2)),
        {"rows": {"Book 1": EMMA, "Book made 1": {}}, "why": {"Book made 1": COUNTED}},
    ),
    "by-a-condition": (
        (counted("shop.Book", 2, LENT),),
        {"rows": {"Book made 1": {"is_lent": True}, "Book made 2": {"is_lent": True}}, "why": {"Book made 1": COUNTED, "Book made 2": COUNTED}},
    ),
    "a-default-counts": ((read("shop.Book", EMMA), counted("shop.Book", 1, f"NOT {LENT}")), {"rows": {"Book 1": EMMA}}),
    "one-that-only-a-foreign-key-named": (
        (read("shop.Book", {"id": 1, "sequel_id": 2}), counted("shop.Book", 1, LENT)),
        {"rows": {"Book 2": {"is_lent": True}, "Book 1": {"id": 1, "sequel_id": 2}}},
    ),
    "born-ones-count": ((insert("shop.Tag", TAG), counted("shop.Tag", 1)), {"born": {"Tag 2": TAG}}),
    "exists": (
        (sql(f'SELECT 1 AS "a" FROM "shop_book" WHERE {LENT} LIMIT 1', **{v.MODEL: "shop.Book", v.COLUMNS: [[None, "a", None]], v.ROWS: [[1]]}),),
        {"rows": {"Book made 1": {"is_lent": True}}},
    ),
    "unclear-condition": (
        (counted("shop.Book", 2, 'LOWER("shop_book"."title") = %s', ("x",)),),
        {
            "notes": [
                'the rows behind `SELECT COUNT(*) AS "__count" FROM "shop_book" WHERE LOWER("shop_book"."title") = %s` were not recorded: '
                "the test has those that other queries read"
            ]
        },
    ),
    "contradiction": (
        (counted("shop.Book", 2, '"title" = %s AND "title" = %s', ("a", "b")),),
        {"notes": ['2 rows behind `SELECT COUNT(*) AS "__count" FROM "shop_book" WHERE "title" = %s AND "title" = %s` were not recorded, and their values cannot be told']},
    ),
    "too-many": (
        (counted("shop.Book", 10**12),),
        {"notes": ['1000000000000 rows behind `SELECT COUNT(*) AS "__count" FROM "shop_book"` were not recorded: too many to make up']},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_rows_that_were_only_counted_are_made_up(name: str) -> None:
    happened, expected = COUNTS[name]
    assert plain(of(*happened)) == expected


def page(offset: int, *rows: Mapping[str, Any], by: str = '"shop_book"."id" ASC') -> Happening:
    """A slice of an ordered list."""
    made = read("shop.Book", *rows)
    statement = f"{made.attributes[v.STATEMENT]} ORDER BY {by} LIMIT {len(rows)} OFFSET {offset}"
    return replace(made, attributes={**made.attributes, v.STATEMENT: statement, v.DISTINCT_SHAPE: {"sliced": True, "ordered": True}})


WINDOWS: dict[str, tuple[tuple[Happening, ...], list[Any]]] = {
    "first-page-by-key": ((page(0, {"id": 5}, {"id": 6}), counted("shop.Book", 4)), [5, 6, 7, 8]),
    "second-page-by-key": ((page(2, {"id": 5}, {"id": 6}), counted("shop.Book", 4)), [3, 4, 5, 6]),
    "middle": ((page(1, {"id": 5}), counted("shop.Book", 3)), [4, 5, 6]),
    "descending": ((page(1, {"id": 5}, by='"shop_book"."id" DESC'), counted("shop.Book", 3)), [4, 5, 6]),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_counted_rows_stand_beside_the_page_that_was_shown(name: str) -> None:
    happened, keys = WINDOWS[name]
    assert sorted(row.key.pk for row in of(*happened).rows) == keys


def test_counted_rows_sort_beside_a_page_by_another_column() -> None:
    at = datetime(2020, 1, 5, tzinfo=timezone.utc)
    found = of(page(1, {"id": 5, "added": at}, by='"shop_book"."added" DESC'), counted("shop.Book", 3))
    assert [row.values["added"] for row in found.rows] == [
        at,
        datetime(2020, 1, 6, tzinfo=timezone.utc),
        datetime(2020, 1, 4, tzinfo=timezone.utc),
    ]


def refused(label: str, row: Mapping[str, Any], message: str, *more: Mapping[str, Any]) -> Happening:
    """An INSERT of one row or more that a constraint refused, with the database's words."""
    return insert(label, row, *more, clash=True, **{v.EXCEPTION_MESSAGE: message})


def refused_update(message: str) -> Happening:
    """The same of an UPDATE of a loan."""
    made = update("shop.Loan", {"number": 2}, [UUID(int=1)])
    error = {v.EXCEPTION_TYPE: "django.db.utils.IntegrityError", v.EXCEPTION_MESSAGE: message}
    return replace(made, failed=True, attributes={**made.attributes, **error})


LENT_ONCE = {"id": UUID(int=1), "book_id": 5, "number": 1}

CLASHES: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "unread": ((insert("shop.Tag", TAG, clash=True),), {"rows": {"Tag made 1": {"slug": "a"}}, "why": {"Tag made 1": CLASHED}}),
    "read": ((read("shop.Tag", TAG), insert("shop.Tag", {"id": 3, "slug": "a"}, clash=True)), {"rows": {"Tag 2": TAG}}),
    "read-later": ((insert("shop.Tag", {"id": 3, "slug": "a"}, clash=True), read("shop.Tag", TAG)), {"rows": {"Tag 2": TAG}}),
    "nothing-unique": ((insert("shop.Loan", {"number": 1, "note": "x"}, clash=True),), {}),
    "another-constraint": ((refused("shop.Tag", {"slug": "a"}, "FOREIGN KEY constraint failed"),), {}),
    "several-columns": (
        (refused("shop.Loan", {"book_id": 5, "number": 1, "note": "x"}, "UNIQUE constraint failed: shop_loan.book_id, shop_loan.number"),),
        {
            "rows": {"Loan made 1": {"book_id": 5, "number": 1}, "Book 5": {}},
            "why": {"Loan made 1": CLASHED, "Book 5": UNREAD},
        },
    ),
    "a-key-that-was-given": (
        (refused("shop.Tag", {"id": 3, "slug": "b"}, "Key (id)=(3) already exists."),),
        {"rows": {"Tag 3": {"id": 3, "slug": "slug-1"}}, "why": {"Tag 3": CLASHED}},
    ),
    "in-another-case": (
        (read("shop.Tag", TAG), refused("shop.Tag", {"slug": "A"}, "1062, Duplicate entry 'A' for key 'slug'")),
        {"rows": {"Tag 2": TAG}},
    ),
    "the-one-of-a-bulk-that-is-known": (
        (refused("shop.Tag", {"slug": "b"}, "UNIQUE constraint failed: shop_tag.slug", {"slug": "a"}), read("shop.Tag", TAG)),
        {"rows": {"Tag 2": TAG}},
    ),
    "the-one-of-a-bulk-that-the-database-names": (
        (refused("shop.Tag", {"slug": "b"}, "Key (slug)=(c) already exists.", {"slug": "c"}),),
        {"rows": {"Tag made 1": {"slug": "c"}}, "why": {"Tag made 1": CLASHED}},
    ),
    "the-one-of-a-bulk-that-mysql-names": (
        (refused("shop.Tag", {"slug": "b"}, "1062, Duplicate entry 'c' for key 'slug'", {"slug": "c"}),),
        {"rows": {"Tag made 1": {"slug": "c"}}, "why": {"Tag made 1": CLASHED}},
    ),
    "two-of-a-bulk": ((refused("shop.Tag", {"slug": "b"}, "UNIQUE constraint failed: shop_tag.slug", {"slug": "b"}),), {}),
    "an-update": (
        (
            read("shop.Loan", LENT_ONCE),
            refused_update("Key (book_id, number)=(5, 2) already exists."),
        ),
        {
            "rows": {f"Loan {UUID(int=1)}": LENT_ONCE, "Loan made 1": {"book_id": 5, "number": 2}, "Book 5": {}},
            "why": {"Loan made 1": CLASHED, "Book 5": UNREAD},
        },
    ),
    "value-not-carried": ((insert("shop.Tag", {"slug": Truncated("str", 900, "a")}, clash=True),), {}),
}


@pytest.mark.parametrize("name", CLASHES)
def test_a_refused_insert_proves_a_row(name: str) -> None:
    happened, expected = CLASHES[name]
    assert plain(of(*happened)) == expected


def test_a_key_that_a_sequence_gave_twice_hinders_any_test() -> None:
    found = of(
        refused(
            "shop.Tag",
            {"slug": "a"},
            'duplicate key value violates unique constraint "shop_tag_pkey"\nDETAIL:  Key (id)=(1) already exists.',
        )
    )
    assert (plain(found), [one.partition(":")[0] for one in found.hindrances]) == (
        {}, ["the database gave a new row of shop.Tag a key that was taken"],
    )  # fmt: skip


WRITES: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "known-rows-that-the-condition-chose": (
        (
            read("shop.Book", {"id": 1, "is_lent": True}, {"id": 2, "is_lent": False}),
            update("shop.Book", {"title": "New"}, where=LENT, **{v.ROW_COUNT: 1}),
        ),
        {
            "rows": {"Book 1": {"id": 1, "is_lent": True, "title": "title-1"}, "Book 2": {"id": 2, "is_lent": False}},
            "changed": {"Book 1": ({"id": 1, "is_lent": True}, {"title": "New"})},
        },
    ),
    "rows-nobody-read": (
        (delete("shop.Book", where='"shop_book"."is_lent" = %s', parameters=(True,), **{v.ROW_COUNT: 2}),),
        {
            "rows": {"Book made 1": {"is_lent": True}, "Book made 2": {"is_lent": True}},
            "why": {"Book made 1": WRITTEN, "Book made 2": WRITTEN},
            "gone": ["Book made 1", "Book made 2"],
        },
    ),
    "deleting-none": ((delete("shop.Book", where=LENT, **{v.ROW_COUNT: 0}),), {}),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_by_a_condition_tells_which_rows_there_were(name: str) -> None:
    happened, expected = WRITES[name]
    assert plain(of(*happened)) == expected


def joined(
    statement: str, columns: list[list[str | None]], *rows: list[Any], parameters: tuple[Any, ...] = (), label: str = "shop.Book"
) -> Happening:
    return sql(statement, parameters, **{v.MODEL: label, v.COLUMNS: columns, v.ROWS: list(rows)})


BOOK_ID, TITLE = ["shop.Book", "id", "shop_book"], ["shop.Book", "title", "shop_book"]
AUTHOR_JOIN = 'FROM "shop_book" INNER JOIN "shop_author" ON ("shop_book"."author_id" = "shop_author"."id")'
OUTER_JOIN = 'FROM "shop_book" LEFT OUTER JOIN "shop_author" ON ("shop_book"."author_id" = "shop_author"."id")'
SELF_JOIN = 'FROM "shop_book" INNER JOIN "shop_book" T2 ON ("shop_book"."sequel_id" = T2."id")'
TAG_JOIN = 'FROM "shop_book" INNER JOIN "shop_book_tags" ON ("shop_book"."id" = "shop_book_tags"."book_id")'
JOINS: dict[str, tuple[Happening, dict[str, Any]]] = {
    "both-read": (
        joined(
            f'SELECT "shop_book"."id", "shop_author"."id", "shop_author"."name" {AUTHOR_JOIN}',
            [BOOK_ID, ["shop.Author", "id", "shop_author"], ["shop.Author", "name", "shop_author"]], [1, 7, "Jane"],
        ),
        {"rows": {"Author 7": {"id": 7, "name": "Jane"}, "Book 1": {"id": 1, "author_id": 7}}},
    ),
    "a-condition-on-the-other": (
        joined(f'SELECT "shop_book"."id" {AUTHOR_JOIN} WHERE "shop_author"."name" = %s', [BOOK_ID], [1], parameters=("Jane",)),
        {"rows": {"Author made 1": {"name": "Jane"}, "Book 1": {"id": 1, "author_id": "made 1"}}},
    ),
    "a-null-of-an-outer-join": (
        joined(
            f'SELECT "shop_book"."id", "shop_author"."id", "shop_author"."name" {OUTER_JOIN}',
            [BOOK_ID, ["shop.Author", "id", "shop_author"], ["shop.Author", "name", "shop_author"]], [1, None, None],
        ),
        {"rows": {"Book 1": {"id": 1}}},
    ),
    "a-null-of-an-outer-join-that-a-field-makes-a-text-of": (
        joined(
            f'SELECT "shop_book"."id", "shop_author"."id", "shop_author"."name" {OUTER_JOIN}',
            [BOOK_ID, ["shop.Author", "id", "shop_author"], ["shop.Author", "name", "shop_author"]], [1, None, ""],
        ),
        {"rows": {"Book 1": {"id": 1}}},
    ),
    "the-table-twice": (
        joined(
            f'SELECT "shop_book"."id", T2."id", T2."title" {SELF_JOIN}', [BOOK_ID, ["shop.Book", "id", "T2"], ["shop.Book", "title", "T2"]], [1, 2, "Sanditon"],
        ),
        {"rows": {"Book 2": {"id": 2, "title": "Sanditon"}, "Book 1": {"id": 1, "sequel_id": 2}}},
    ),
    "through-a-link": (
        joined(f'SELECT "shop_book"."id" {TAG_JOIN} WHERE "shop_book_tags"."tag_id" = %s', [BOOK_ID], [1], parameters=(2,)),
        {"rows": {"Book 1": {"id": 1}, "Tag 2": {"slug": "slug-1"}}, "why": {"Tag 2": UNREAD}, "links": ["Book 1.tags has Tag 2"]},
    ),
    "values-without-a-key": (
        joined('SELECT "shop_book"."title" FROM "shop_book" WHERE "shop_book"."is_lent"', [TITLE], ["Emma"], ["Emma"]),
        {"rows": {"Book made 1": {"title": "Emma", "is_lent": True}, "Book made 2": {"title": "Emma", "is_lent": True}}},
    ),
    "grouped": (joined('SELECT "shop_book"."title", COUNT(*) FROM "shop_book" GROUP BY 1', [TITLE, [None, "n", None]], ["Emma", 2]), {}),
    "text-of-the-driver": (
        joined('SELECT "shop_book"."id", "shop_book"."price" FROM "shop_book"', [BOOK_ID, ["shop.Book", "price", "shop_book"]], [1, "1.50"]),
        {"rows": {"Book 1": {"id": 1, "price": Decimal("1.50")}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINS)
def test_a_result_proves_the_rows_that_it_was_joined_from(name: str) -> None:
    happened, expected = JOINS[name]
    assert plain(of(happened)) == expected


def test_a_row_without_a_key_is_the_one_that_is_read_later() -> None:
    titles = joined('SELECT "shop_book"."title" FROM "shop_book" WHERE "shop_book"."is_lent"', [TITLE], ["Emma"])
    assert plain(of(titles, read("shop.Book", EMMA_LENT))) == {"rows": {"Book 1": EMMA_LENT}}


STAND_INS = {
    "EmailField": "person-1@example.com", "UUIDField": UUID(int=1), "BooleanField": False, "DateTimeField": datetime(2000, 1, 1, 0, 1, tzinfo=timezone.utc),
    "DateField": date(2000, 1, 2), "DecimalField": Decimal(1), "FloatField": 1.0, "JSONField": {}, "IntegerField": 1, "SlugField": "it-1",
}  # fmt: skip


@pytest.mark.parametrize("kind", STAND_INS)
def test_a_column_that_must_be_given_has_a_stand_in(kind: str) -> None:
    thing = model("shop.Thing", field("it", kind, unique=True))
    told = of(
        insert("shop.Child", {"thing_id": 1, "id": 9}),
        project=replace(PROJECT, models=(thing, model("shop.Child", foreign_key("thing", "shop.Thing")))),
    )
    assert plain(told)["rows"] == {"Thing 1": {"it": STAND_INS[kind]}}


def test_a_stand_in_is_no_longer_than_its_column_and_one_of_its_choices() -> None:
    thing = model("shop.Thing", field("code", "CharField", unique=True, max_length=3), field("kind", "IntegerField", choices=(4, 5)))
    told = of(
        insert("shop.Child", {"thing_id": 1, "id": 9}),
        project=replace(PROJECT, models=(thing, model("shop.Child", foreign_key("thing", "shop.Thing")))),
    )
    assert plain(told)["rows"] == {"Thing 1": {"code": "e-1", "kind": 4}}


def test_a_foreign_key_that_must_be_given_gets_a_row() -> None:
    told = of(counted("shop.Loan", 1))
    assert plain(told) == {
        "rows": {"Book made -1": {}, "Loan made 1": {"book_id": "made -1", "number": 2}},
        "why": {"Book made -1": UNREAD, "Loan made 1": COUNTED},
    }


def test_a_foreign_key_that_names_another_column_holds_what_stands_there() -> None:
    shelf = model("shop.Shelf", field("mark", "UUIDField", unique=True), field("width", "IntegerField"))
    box = model("shop.Box", foreign_key("shelf", "shop.Shelf", to_field="mark"))
    told = of(counted("shop.Box", 1), project=replace(PROJECT, models=(shelf, box)))
    mark = UUID(int=1)
    assert plain(told)["rows"] == {"Shelf made -1": {"mark": mark, "width": 2}, "Box made 1": {"shelf_id": mark}}


USER = ModelRef("auth.User", 7, {"username": "ada", "email": "a@b.c"})


def test_the_session_s_user_is_there_though_no_query_read_it() -> None:
    assert plain(of(user=USER)) == {"rows": {"User 7": {"username": "ada", "email": "a@b.c", "id": 7}}}


def test_what_a_query_read_of_the_user_holds() -> None:
    assert plain(of(read("auth.User", {"id": 7, "username": "old"}), user=USER)) == {
        "rows": {"User 7": {"id": 7, "username": "old", "email": "a@b.c"}}
    }


def test_facts_keep_the_span_that_they_come_from() -> None:
    found = of(read("shop.Book", EMMA), update("shop.Book", {"title": "New"}, [1]), insert("shop.Tag", TAG), delete("shop.Author", [4]))
    assert {named(row.key): row.span for row in (*found.rows, *found.born, *found.changed, *found.gone)} == {
        "Book 1": nth(2), "Tag 2": nth(4), "Author 4": nth(5),
    }  # fmt: skip


def test_every_database_that_was_asked_is_named() -> None:
    assert of(read("shop.Book", EMMA), sql("SELECT 1", **{v.DATABASE: "archive"})).databases == {"default", "archive"}


def test_the_same_events_give_the_same_facts() -> None:
    happened = (read("shop.Book", EMMA, {"id": 2, "title": "Persuasion"}), counted("shop.Book", 5), insert("shop.Tag", TAG))
    assert of(*happened) == of(*happened)
    assert BOOK in PROJECT.models
