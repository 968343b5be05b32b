"""Rows of several databases: the same key in two of them is two rows, a rollback is one database's, and the test says which one it means."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.events import events, exchange
from unspan_inverter.facts import facts
from unspan_proto import vocabulary as v

from .making import PROJECT, Happening, delete, insert, read, source, sql, trace, update

BOTH = replace(PROJECT, databases={alias: {"vendor": "sqlite"} for alias in ("default", "archive")})
EMMA, OLD = {"id": 1, "title": "Emma"}, {"id": 1, "title": "Old Emma"}
ARCHIVE = {v.DATABASE: "archive"}
ADA = {"id": 3, "name": "Ada"}


def found(*happened: Happening) -> dict[str, dict[tuple[str, Any, str], Any]]:
    told = trace(*happened, project=BOTH)
    known = facts(events(told), exchange(told), told.project)
    return {
        "rows": {tuple(row.key): dict(row.values) for row in known.rows},
        "born": {tuple(row.key): dict(row.values) for row in known.born},
        "changed": {tuple(row.key): dict(row.after) for row in known.changed},
    }


FACTS: dict[str, tuple[tuple[Happening, ...], dict[str, Any]]] = {
    "one-key-two-rows": (
        (read("shop.Book", EMMA), read("shop.Book", OLD, **ARCHIVE)),
        {"rows": {("shop.Book", 1, "archive"): OLD, ("shop.Book", 1, "default"): EMMA}},
    ),
    "written-in-one": (
        (read("shop.Book", EMMA), read("shop.Book", OLD, **ARCHIVE), update("shop.Book", {"title": "x"}, [1], **ARCHIVE)),
        {
            "rows": {("shop.Book", 1, "archive"): OLD, ("shop.Book", 1, "default"): EMMA},
            "changed": {("shop.Book", 1, "archive"): {"title": "x"}},
        },
    ),
    "rolled-back-in-one": (
        (
            sql("BEGIN"), sql("BEGIN", **ARCHIVE), insert("shop.Tag", {"pk": 1, "slug": "a"}), insert("shop.Tag", {"pk": 2, "slug": "b"}, **ARCHIVE),
            sql("ROLLBACK", **ARCHIVE), sql("COMMIT"),
        ),
        {"born": {("shop.Tag", 1, "default"): {"slug": "a"}}},
    ),
    "a-parent-beside-it": (
        (read("shop.Book", {**OLD, "author_id": 3}, **ARCHIVE), read("shop.Author", ADA, **ARCHIVE)),
        {"rows": {("shop.Author", 3, "archive"): ADA, ("shop.Book", 1, "archive"): {**OLD, "author_id": 3}}},
    ),
    "a-parent-elsewhere": (
        (read("shop.Book", {**OLD, "author_id": 3}, **ARCHIVE), read("shop.Author", ADA)),
        {"rows": {("shop.Author", 3, "default"): ADA, ("shop.Book", 1, "archive"): {**OLD, "author_id": 3}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_each_database_has_its_own_rows(name: str) -> None:
    happened, expected = FACTS[name]
    assert {what: rows for what, rows in found(*happened).items() if rows} == expected


def test_the_test_says_which_database_it_means() -> None:
    text = source(
        trace(
            read("shop.Author", ADA, **ARCHIVE),
            read("shop.Tag", {"id": 2, "slug": "b"}),
            insert("shop.Book", {"title": "New", "author_id": 3, "pk": 9}, **ARCHIVE),
            insert("shop.Tag", {"slug": "c", "pk": 5}),
            delete("shop.Author", [4], **ARCHIVE, **{v.ROW_COUNT: 1}),
            project=BOTH, method="POST", path="/books/", response_headers=[["Content-Type", "text/plain"]], answer=b"ok",
        )
    )  # fmt: skip
    assert [line.strip() for line in text.splitlines() if "objects" in line or "databases" in line] == [
        'databases = {"archive", "default"}',
        'ada = Author.objects.using("archive").create(name="Ada")',
        'author = Author.objects.using("archive").create()',
        'Tag.objects.create(slug="b")',
        'book = Book.objects.using("archive").get(title="New")',
        'self.assertTrue(Tag.objects.filter(slug="c").exists())',
        'self.assertFalse(Author.objects.using("archive").filter(pk=author.pk).exists())',
    ]
