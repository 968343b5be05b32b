"""Rows that are much alike are made together: the whole arrange, as Python reads it."""

import ast
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from .making import PROJECT, Happening, read, source, trace


def tags(*slugs: str) -> Happening:
    return read("shop.Tag", *({"id": n, "slug": slug} for n, slug in enumerate(slugs, 1)))


def books(*rows: dict[str, Any]) -> Happening:
    return read("shop.Book", *({"id": n, **row} for n, row in enumerate(rows, 1)))


NAMES = ("ant", "bee", "cat", "dog", "emu")
CASES: dict[str, tuple[tuple[Happening, ...], list[str]]] = {
    "four are made one by one": (
        (tags(*NAMES[:4]),),
        [f"Tag.objects.create(slug='{slug}')" for slug in NAMES[:4]],
    ),
    "five that differ in one field": (
        (tags(*NAMES),),
        [f"Tag.objects.bulk_create([Tag(slug=slug) for slug in {list(NAMES)!r}])"],
    ),
    "that differ in two fields": (
        (books(*({"title": slug, "author_id": None, "due": date(2026, 1, n)} for n, slug in enumerate(NAMES, 3))),),
        [
            "Book.objects.bulk_create([Book(title=title, due=due) for title, due in ["
            + ", ".join(f"({slug!r}, date(2026, 1, {n}))" for n, slug in enumerate(NAMES, 3)) + "]])"
        ],
    ),
    "of which some have a field more": (
        (books(*({"title": slug, "is_lent": slug == "cat"} for slug in NAMES)),),
        ["Book.objects.bulk_create([" + ", ".join(f"Book(title={slug!r}{', is_lent=True' if slug == 'cat' else ''})" for slug in NAMES) + "])"],
    ),
    "that differ in nothing": (
        (books(*[{"title": "x"}] * 6),),
        ["Book.objects.bulk_create([Book(title='x') for _ in range(6)])"],
    ),
    "one that others point to has a variable": (
        (
            read("shop.Author", {"id": 7, "name": "Anne"}),
            books(*({"title": slug, "author_id": 7} for slug in NAMES)),
        ),
        [
            "cls.author = Author.objects.create(name='Anne')",
            f"Book.objects.bulk_create([Book(title=title, author=cls.author) for title in {list(NAMES)!r}])",
        ],
    ),
}  # fmt: skip


SAVED = replace(PROJECT, models=tuple(replace(one, save_effects=one.name in ("Tag", "Book")) for one in PROJECT.models))
LINKS = read("shop.Book_tags", *({"id": n, "book_id": 1, "tag_id": n} for n in range(1, 6)))
ABREAST: dict[str, tuple[tuple[Happening, ...], list[str]]] = {
    "as many as a reader counts at once": (
        (books({"title": "x"}), tags(*NAMES), LINKS),
        [
            "[cls.book] = Book.objects.bulk_create([Book(title='x')])",
            "cls.ant, cls.bee, cls.cat, cls.dog = Tag.objects.bulk_create([Tag(slug='ant'), Tag(slug='bee'), Tag(slug='cat'), Tag(slug='dog')])",
            "[cls.emu] = Tag.objects.bulk_create([Tag(slug='emu')])",
        ],
    ),
    "not what speaks of one of them": (
        (books({"title": "ant", "sequel_id": None}, {"title": "bee", "sequel_id": 1}, {"title": "cat", "sequel_id": 1}),),
        [
            "[cls.ant] = Book.objects.bulk_create([Book(title='ant')])",
            "Book.objects.bulk_create([Book(title='bee', sequel=cls.ant), Book(title='cat', sequel=cls.ant)])",
        ],
    ),
}


@pytest.mark.parametrize("name", ABREAST)
def test_rows_that_are_not_saved_are_made_abreast(name: str) -> None:
    happened, expected = ABREAST[name]
    assert arranged(source(trace(*happened, project=SAVED))) == expected


@pytest.mark.parametrize("name", CASES)
def test_rows_that_are_alike_are_made_together(name: str) -> None:
    happened, expected = CASES[name]
    assert arranged(source(trace(*happened))) == expected


def arranged(text: str) -> list[str]:
    """The statements before the request that make rows."""
    functions = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)]
    return [line for one in functions for line in map(ast.unparse, one.body) if ".objects." in line]
