"""Tables that have to hold more characters than a test's database is made for, on MySQL and MariaDB."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.plan.charsets import holds
from unspan_proto import vocabulary as v

from .making import PROJECT, Happening, read, source, trace

MYSQL = replace(PROJECT, databases={"default": {"vendor": "mysql"}})


def made_for(charset: str) -> Happening:
    return Happening(v.SUPPORT, {v.DATABASE: "default", v.SUPPORT_CHARSET: charset})


@pytest.mark.parametrize(
    ("text", "charset", "held"),
    [
        ("é", "latin1", True), ("€", "latin1", True), ("ł", "latin1", False), ("ł", "utf8mb3", True), ("🎨", "utf8mb3", False), ("🎨", "utf8", False),
        ("🎨", "utf8mb4", True), ("é", "ascii", False), ("ł", "latin2", True), ("🎨", "dec8", True), ("🎨", "", True),
    ],
)  # fmt: skip
def test_the_characters_of_a_set(text: str, charset: str, held: bool) -> None:
    assert holds(text, charset) is held


WIDENED: dict[str, tuple[tuple[Happening, ...], list[str]]] = {
    "beyond-it": ((read("shop.Tag", {"id": 1, "slug": "🎨"}), made_for("latin1")), ["allow_all_characters(Tag)"]),
    "within-it": ((read("shop.Tag", {"id": 1, "slug": "é"}), made_for("latin1")), []),
    "not-known": ((read("shop.Tag", {"id": 1, "slug": "🎨"}),), []),
    "of-a-parent": (
        (read("shop.Novel", {"book_ptr_id": 7, "genre": "x"}), read("shop.Book", {"id": 7, "title": "ł"}), made_for("latin1")),
        ["allow_all_characters(Novel, Book)"],
    ),
}


@pytest.mark.parametrize("style", ["django", "pytest"])
@pytest.mark.parametrize("name", WIDENED)
def test_tables_are_widened_where_it_is_needed(name: str, style: str) -> None:
    happened, expected = WIDENED[name]
    said: dict[str, Any] = {"response_headers": [["Content-Type", "text/plain"]], "answer": b"ok"}
    text = source(trace(*happened, project=MYSQL, **said), style=style)
    assert [line.strip() for line in text.splitlines() if line.strip().startswith("allow_all")] == expected
    before = {"django": "def setUpClass(cls):", "pytest": '@pytest.fixture(autouse=True, scope="module")'}[style]
    assert (before in text) == bool(expected)
