"""Rows that must not be there: they are taken away where migrations could have made them, and nowhere else."""

from dataclasses import replace

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.project import Project

from .making import AUTHOR, BOOK, PROJECT, Happening, read, source, trace

JOINED = {"tables": ["shop.Book", "shop.Author"], "distinct": False, "aggregate": False, "sliced": False, "ordered": False}
EMMA = {"id": 1, "title": "Emma"}
ROWS = ("shop.Book", ["id", "title", "author_id"], [[1, "Emma", None]])
AUTHORS = "Author.objects.all().delete()"
BOOKS = "Book.objects.all().delete()"
GUARDED: dict[str, tuple[list[str], dict[str, object], bool, list[str]]] = {
    "no-table-of-migrations": ([], {}, True, []),
    "a-table-that-was-read": (["shop.Book"], {}, False, [BOOKS]),
    "a-table-that-was-joined": (["shop.Author"], {v.DISTINCT_SHAPE: JOINED}, True, [AUTHORS]),
    "a-joined-table-whose-rows-are-not-known": (["shop.Author"], {v.DISTINCT_SHAPE: JOINED}, False, []),
    "what-points-to-others-first": (["shop.Author", "shop.Book"], {v.DISTINCT_SHAPE: JOINED}, True, [BOOKS, AUTHORS]),
}


def filled(labels: list[str]) -> Project:
    """The project with migrations that put rows into these models' tables."""
    return replace(PROJECT, models=tuple(replace(one, seeded=one.label in labels) for one in PROJECT.models))


@pytest.mark.parametrize("name", GUARDED)
def test_tables_that_migrations_fill_are_emptied(name: str) -> None:
    labels, more, supported, expected = GUARDED[name]
    beside = Happening(v.SUPPORT, {v.DATABASE: "default", v.SUPPORT_ROWS: [list(ROWS)], v.SUPPORT_CUT: []}, parent=2)
    told = trace(read("shop.Book", EMMA, **more), *([beside] if supported else []), project=filled(labels))
    assert [line.strip() for line in source(told).splitlines() if ".delete()" in line] == expected


def test_these_models_point_to_each_other() -> None:
    assert [one.related for one in BOOK.fields if one.related == AUTHOR.label] == ["shop.Author"]
