"""Rows that were read beside statements → facts: nothing is inferred any more, and what a write chose and made is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

from .making import Happening, counted, delete, insert, sql, update
from .test_facts import COUNTED, of, plain

EMMA = {"id": 1, "title": "Emma"}
PERSUASION = {"id": 2, "title": "Persuasion"}
LINK = {"id": 5, "book_id": 1, "tag_id": 2}


def beside(statement: int, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, cut: bool = False, gap: str = "", **more: Any) -> Happening:
    """What was read beside the statement with this number; the first thing that happens has number 2."""
    images = [[label, list(some[0]), [list(row.values()) for row in some]] for label, some in rows.items()]
    found = {v.DATABASE: "default", v.SUPPORT_ROWS: images, v.SUPPORT_CUT: cut, **({v.SUPPORT_GAP: gap} if gap else {})}
    return Happening(v.SUPPORT, found | more, parent=statement)


def chosen(label: str, *keys: Any) -> dict[str, Any]:
    return {v.SUPPORT_TARGET: label, v.SUPPORT_KEYS: list(keys)}


def after(statement: int, label: str, *rows: Mapping[str, Any]) -> Happening:
    image = [label, "id", list(rows[0]), [list(row.values()) for row in rows]]
    return Happening(v.SUPPORT, {v.DATABASE: "default", v.SUPPORT_AFTER: image}, parent=statement)


BOTH = {"Book 1": EMMA, "Book 2": PERSUASION}
BOOKS = {"shop.Book": [EMMA, PERSUASION]}
ODD = 'LOWER("shop_book"."title") = %s'
CASES: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "a count": ((beside(3, BOOKS), counted("shop.Book", 2)), {"rows": BOTH}),
    "a count of what is not understood": ((beside(3, {"shop.Book": [EMMA]}), counted("shop.Book", 1, ODD, ["emma"])), {"rows": {"Book 1": EMMA}}),
    "a count, again": (
        (beside(3, BOOKS), counted("shop.Book", 2, ODD, ["a"]), beside(5, {}), counted("shop.Book", 2, ODD, ["a"])), {"rows": BOTH},
    ),
    "more than the bound": (
        (beside(3, BOOKS, cut=True), counted("shop.Book", 3)), {"rows": {**BOTH, "Book made 1": {}}, "why": {"Book made 1": COUNTED}},
    ),
    "not asked": (
        (beside(3, {}, gap="it calls f, which may do more than return a value"), counted("shop.Book", 1)),
        {"rows": {"Book made 1": {}}, "why": {"Book made 1": COUNTED}},
    ),
    "by a bare cursor": ((beside(3, BOOKS), sql("select avg(id) from shop_book", **{v.ROWS: [[1.5]]})), {"rows": BOTH}),
    "seen before a write": (
        (beside(3, {"shop.Book": [EMMA]}) , update("shop.Book", {"title": "New"}, [1])),
        {"rows": {"Book 1": EMMA}, "changed": {"Book 1": (EMMA, {"title": "New"})}},
    ),
    "an update by a condition": (
        (beside(3, BOOKS, **chosen("shop.Book", 1, 2)), update("shop.Book", {"title": "New"}, where=ODD, parameters=["x"], **{v.ROW_COUNT: 2})),
        {"rows": BOTH, "changed": {"Book 1": (EMMA, {"title": "New"}), "Book 2": (PERSUASION, {"title": "New"})}},
    ),
    "an update that computes": (
        (
            beside(4, {"shop.Book": [EMMA]}, **chosen("shop.Book", 1)), after(4, "shop.Book", {"id": 1, "title": "EMMA"}),
            update("shop.Book", {"title": Opaque("Upper")}, where=ODD, parameters=["x"], **{v.ROW_COUNT: 1}),
        ),
        {"rows": {"Book 1": EMMA}, "changed": {"Book 1": (EMMA, {"title": "EMMA"})}},
    ),
    "an update by a bare cursor": (
        (
            beside(4, {"shop.Book": [EMMA]}, **chosen("shop.Book", 1)), after(4, "shop.Book", {"id": 1, "title": "EMMA"}),
            sql("UPDATE shop_book SET title = upper(title)", **{v.ROW_COUNT: 1}),
        ),
        {"rows": {"Book 1": EMMA}, "changed": {"Book 1": (EMMA, {"title": "EMMA"})}},
    ),
    "a delete by a condition": (
        (beside(3, BOOKS, **chosen("shop.Book", 2)), delete("shop.Book", where=ODD, parameters=["x"], **{v.ROW_COUNT: 1})),
        {"rows": BOTH, "gone": ["Book 2"]},
    ),
    "a delete by a bare cursor": (
        (beside(3, {"shop.Book": [EMMA]}, **chosen("shop.Book", 1)), sql("DELETE FROM shop_book", **{v.ROW_COUNT: 1})),
        {"rows": {"Book 1": EMMA}, "gone": ["Book 1"]},
    ),
    "a row that was born": ((insert("shop.Book", EMMA), beside(4, {"shop.Book": [EMMA]}), counted("shop.Book", 1)), {"born": {"Book 1": EMMA}}),
    "a row that was born without a key": (
        (insert("shop.Book", {"title": "Emma"}), beside(4, {"shop.Book": [EMMA]}), counted("shop.Book", 1)), {"born": {"Book 1": EMMA}},
    ),
    "a row like one that was born": (
        (insert("shop.Book", {"title": "Emma", "id": 3}), beside(4, {"shop.Book": [EMMA]}), counted("shop.Book", 2)),
        {"rows": {"Book 1": EMMA}, "born": {"Book 3": {"title": "Emma", "id": 3}}},
    ),
    "an upsert that leaves what is there": (
        (beside(3, {"shop.Tag": [{"id": 1, "slug": "a"}]}, **chosen("shop.Tag", 1)), insert("shop.Tag", {"slug": "a"}, {"slug": "b"})),
        {"rows": {"Tag 1": {"id": 1, "slug": "a"}}, "born": {"Tag made 1": {"slug": "b"}}},
    ),
    "links": (
        (beside(3, {"shop.Book_tags": [LINK], "shop.Book": [EMMA], "shop.Tag": [{"id": 2, "slug": "a"}]}), counted("shop.Book", 1)),
        {"rows": {"Book 1": EMMA, "Tag 2": {"id": 2, "slug": "a"}}, "links": ["Book 1.tags has Tag 2"]},
    ),
    "sessions are left to the login": ((beside(3, {"sessions.Session": [{"session_key": "k"}]}), counted("shop.Book", 0)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_supporting_rows(name: str) -> None:
    happened, expected = CASES[name]
    assert plain(of(*happened)) == expected
