"""Keys that a test writes out leave PostgreSQL's sequences behind: it advances them where the request makes further rows, and nowhere else."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.project import Project

from .making import NOVEL, PROJECT, Happening, auto, blocks, insert, read, source, trace

JSON: dict[str, Any] = {"response_headers": [["Content-Type", "application/json"]]}
TAG, BOOK = {"id": 4, "slug": "a"}, {"id": 7, "title": "Emma"}
NEW = insert("shop.Tag", {"slug": "b", "pk": 5})


def on(vendor: str, *aliases: str) -> Project:
    return replace(PROJECT, databases={alias: {"vendor": vendor} for alias in aliases or ("default",)})


POSTGRESQL = on("postgresql")
INHERITING = replace(
    POSTGRESQL, models=tuple(replace(one, fields=(auto(), *one.fields)) if one is NOVEL else one for one in PROJECT.models)
)
"""As Django describes a child: with the columns of its parent, whose automatic key is one."""
ADVANCED: dict[str, tuple[Project, tuple[Happening, ...], bytes, list[str]]] = {
    "the-key-is-said": (POSTGRESQL, (read("shop.Tag", TAG), NEW), b"[4]", ['Tag.objects.create(id=4, slug="a")', "advance_sequences(Tag)"]),
    "the-key-is-not-said": (POSTGRESQL, (read("shop.Tag", TAG), NEW), b"[]", ['Tag.objects.create(slug="a")']),
    "nothing-is-made": (POSTGRESQL, (read("shop.Tag", TAG),), b"[4]", ['Tag.objects.create(id=4, slug="a")']),
    "another-s-row-is-made": (POSTGRESQL, (read("shop.Tag", TAG), insert("shop.Author", {"name": "x", "pk": 1})), b"[4]", ['Tag.objects.create(id=4, slug="a")']),
    "a-refused-row": (
        POSTGRESQL, (read("shop.Tag", TAG), insert("shop.Tag", {"slug": "a"}, clash=True, **{v.EXCEPTION_MESSAGE: "Key (slug)=(a) already exists."})), b"[4]",
        ['Tag.objects.create(id=4, slug="a")', "advance_sequences(Tag)"],
    ),
    "after-the-last": (
        POSTGRESQL, (read("shop.Tag", TAG, {"id": 9, "slug": "c"}), NEW), b"[4, 9]",
        ['Tag.objects.create(id=4, slug="a")', 'Tag.objects.create(id=9, slug="c")', "advance_sequences(Tag)"],
    ),
    "an-inherited-key": (
        INHERITING, (read("shop.Novel", {"book_ptr_id": 7, "genre": "comedy"}), read("shop.Book", BOOK), insert("shop.Book", {"title": "New", "pk": 8})), b"[7]",
        ['Novel.objects.create(id=7, title="Emma", genre="comedy")', "advance_sequences(Book)"],
    ),
    "on-sqlite": (PROJECT, (read("shop.Tag", TAG), NEW), b"[4]", ['Tag.objects.create(id=4, slug="a")']),
    "on-mysql": (on("mysql"), (read("shop.Tag", TAG), NEW), b"[4]", ['Tag.objects.create(id=4, slug="a")']),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVANCED)
def test_sequences_are_advanced_where_the_request_needs_them(name: str) -> None:
    project, happened, answer, expected = ADVANCED[name]
    text = source(trace(*happened, project=project, method="POST", path="/books/", answer=answer, **JSON))
    assert (blocks(text)[0].splitlines(), "def advance_sequences" in text) == (expected, expected[-1].startswith("advance"))
