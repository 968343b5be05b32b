"""Archives in answers are asserted by what is in them; caches that hold rows hold objects; numbers of new rows inside of words are no data."""

import gzip
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from unspan_inverter.plan.archives import members
from unspan_proto.values import ModelRef

from .making import PROJECT, Happening, cached, field, insert, model, read, source, trace


def zipped(**files: str) -> bytes:
    body = BytesIO()
    with ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return body.getvalue()


ARCHIVE = zipped(a_txt="Emma", b_png="x", c_csv="at 12:30", d_json="")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ARCHIVE, {"a.txt": "Emma", "b.png": None, "c.csv": "at 12:30", "d.json": ""}),
        (zipped(), None),
        (ARCHIVE[:40], None),
        (b"plain", None),
        (zipped(a_txt="x" * 3000), {"a.txt": None}),
    ],
    ids=["texts and others", "empty", "damaged", "none", "long"],
)
def test_what_is_in_an_archive(body: bytes, expected: dict[str, str | None] | None) -> None:
    assert members(body) == expected


def asserted(body: bytes, kind: str) -> list[str]:
    """What is asserted below the status and the kind."""
    lines = source(trace(answer=body, response_headers=[["Content-Type", kind]])).splitlines()
    return [line.strip() for line in lines if "self.assertEqual" in line or "archive" in line][2:]


def test_an_archive_is_asserted_by_its_members() -> None:
    assert asserted(ARCHIVE, "application/zip") == [
        "archive = ZipFile(BytesIO(response.getvalue()))",
        'self.assertEqual(archive.namelist(), ["a.txt", "b.png", "c.csv", "d.json"])',
        'self.assertEqual(archive.read("a.txt").decode(), "Emma")',
    ]
    assert asserted(gzip.compress(b"Emma"), "application/gzip") == ['self.assertEqual(response.getvalue()[:4], b"\\x1f\\x8b\\x08\\x00")']


JANE = ModelRef("shop.Author", 8, {"id": 8, "name": "Jane", "email": None})
HELD: dict[str, tuple[tuple[Happening, ...], Any, str]] = {
    "a row that there is": (
        (read("shop.Author", {"id": 8, "name": "Jane", "email": None}),), JANE, 'cache.set("jane", author)',
    ),
    "a row that was not read": ((), JANE, 'cache.set("jane", Author(id=8, name="Jane", email=None))'),
    "several": ((), [JANE], 'cache.set("jane", [Author(id=8, name="Jane", email=None)])'),
    "in a dict": ((), {"best": JANE}, 'cache.set("jane", {"best": Author(id=8, name="Jane", email=None)})'),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_a_cache_holds_objects_for_rows(name: str) -> None:
    happened, value, expected = HELD[name]

    assert expected in source(trace(*happened, cached("get", "jane", value, hit=True), method="POST"))


AUTHORS = (read("shop.Author", {"id": 8, "name": "Jane", "email": None}, {"id": 9, "name": "Anne", "email": None}),)
NUMBERED: dict[str, tuple[str, Any, str]] = {
    "behind the model's name": ("rate_author_8", [1.5], 'cache.set(f"rate_author_{jane.pk}", [1.5])'),
    "in an address": ("page:/authors/8/seen", 3, 'cache.set(f"page:/authors/{jane.pk}/seen", 3)'),
    "behind another word": ("page-8", "x", 'cache.set("page-8", "x")'),
    "as the value": ("last-author-id", 9, 'cache.set("last-author-id", anne.pk)'),
    "in a list": ("top authors", [9, 8], 'cache.set("top authors", [anne.pk, jane.pk])'),
    "a number that counts": ("author-count", 9, 'cache.set("author-count", 9)'),
    "some that are none": ("top authors", [9, 77], 'cache.set("top authors", [9, 77])'),
}


@pytest.mark.parametrize("name", NUMBERED)
def test_a_cache_speaks_of_rows_by_their_keys_in_the_test(name: str) -> None:
    key, value, expected = NUMBERED[name]

    assert expected in source(trace(*AUTHORS, cached("get", key, value, hit=True), method="POST"))


@pytest.mark.parametrize(
    ("title", "path", "lookup"),
    [("Copy of C00041", "/books/", False), ("A 0041", "/books/", False), ("B7", "/books/", True), ("C00041", "/books/C00041/", True)],
    ids=["behind a letter", "filled up", "another number", "the request's"],
)
def test_the_number_of_a_new_row_inside_of_a_word_is_no_data(title: str, path: str, lookup: bool) -> None:
    text = source(trace(insert("shop.Book", {"id": 41, "title": title, "price": 7}), method="POST", path=path))

    assert (f'title="{title}"' in text) is lookup


@pytest.mark.parametrize(
    ("path", "compared"), [("/books/", False), (f"/books/{UUID(int=9)}/", True)], ids=["made by a library", "the request's"]
)
def test_a_random_key_in_a_new_row_is_only_compared_where_the_request_brought_it(path: str, compared: bool) -> None:
    logged = model("shop.Logged", field("about", "CharField"), field("action", "UUIDField"))
    project = replace(PROJECT, models=(*PROJECT.models, logged))
    made = insert("shop.Logged", {"id": 1, "about": "Emma", "action": UUID(int=9)})
    text = source(trace(made, project=project, method="POST", path=path))

    assert ("action" in text.partition("class ")[2]) is compared
