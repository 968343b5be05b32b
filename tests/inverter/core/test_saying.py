"""What answers say in ways that hang on the run: messages with markup of earlier pages, hosts with ports, keys in texts, sets in columns."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import pytest
from unspan_proto import vocabulary as v

from .making import Happening, insert, read, source, trace, update

SAVED = 'The book “<a href="/books/4/">Emma</a>” was saved.'
HEAD, LIST, FOOT = "<h1>Books</h1>", "<p>Of Jane Austen</p><li>Emma</li><li>Persuasion</li>", "<p>Shop</p><p>Since 1990</p>"


def waiting(*texts: str) -> dict[str, Any]:
    """A request with the cookie of messages that an earlier page left."""
    packed = urlsafe_b64encode(json.dumps([["__json_message", 1, 25, text] for text in texts]).encode()).decode().rstrip("=")
    return {"headers": [["Host", "testserver"], ["Cookie", f"messages={packed}:sign"]]}


PAGES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "none": (HEAD + FOOT, {}, ["Books", "Shop", "Since 1990"]),
    "one with markup": (HEAD + f"<p>{SAVED}</p>" + LIST + FOOT, waiting(SAVED), ["Emma", "Persuasion", "Shop", "Since 1990"]),
    "one between all that there is": ("<p>Hi</p><p>Saved.</p><p>Shop</p>", waiting("Saved."), ["Hi", "Shop"]),
    "another's": (HEAD + "<p>Saved.</p>" + FOOT, waiting("Deleted."), ["Books", "Saved.", "Shop", "Since 1990"]),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_not_recognised_by_the_messages_of_an_earlier_one(name: str) -> None:
    page, said, expected = PAGES[name]
    lines = source(trace(answer=page.encode(), **said)).splitlines()

    assert [line.split('"')[1] for line in lines if "assertContains" in line] == expected


def document(found: Any) -> dict[str, Any]:
    return {"answer": json.dumps(found).encode(), "response_headers": [["Content-Type", "application/json"]]}


KEY = UUID(int=7)
LOAN = insert("shop.Loan", {"id": KEY, "book_id": 1, "number": 5, "note": "a"})
TEXTS: dict[str, tuple[tuple[Happening, ...], dict[str, Any], str]] = {
    "a host with a port": ((), {"headers": [["Host", "127.0.0.1:8000"]], **document({"host": "127.0.0.1:8000"})}, '{"host": "testserver"}'),
    "a host without one": ((), {"headers": [["Host", "localhost"]], **document({"host": "localhost"})}, '{"host": "localhost"}'),
    "a host within another text": (
        (), {"headers": [["Host", "127.0.0.1:8000"]], **document(["1127.0.0.1:8000", "127.0.0.1:80001"])}, '["1127.0.0.1:8000", "127.0.0.1:80001"]',
    ),
    "a new row as Django says it": (
        (insert("shop.Book", {"id": 6, "title": "Emma", "price": 7}),), {"method": "POST", **document(["Book object (6)"])}, '[f"Book object ({book.pk})"]',
    ),
    "another model's number": (
        (insert("shop.Book", {"id": 6, "title": "Emma", "price": 7}),), {"method": "POST", **document(["Tag object (6)"])}, '["Tag object (6)"]',
    ),
    "a new row in the fragment of an address": (
        (read("shop.Book", {"id": 1, "title": "Emma"}), LOAN),
        {"method": "POST", "status": 302, "response_headers": [["Location", f"/books/#loan-{KEY}"]]}, 'reverse("shop:book-list") + f"#loan-{loan.pk}"',
    ),
    "objects after an exception's message": (
        (),
        {
            "status": 500, "exception": ["django.db.models.deletion.ProtectedError", "Cannot delete"], "answer": b"<h1>Server Error</h1>",
            "failures": [{"type": "django.db.models.deletion.ProtectedError", "message": "Cannot delete", "status": 500}],
        },
        'self.assertIn("Cannot delete", str(response.exc_info[1]))',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_text_says_of_the_run(name: str) -> None:
    happened, said, expected = TEXTS[name]

    assert expected in " ".join(source(trace(*happened, **said)).split())


SET, OTHER = '["b", "c", "a"]', '["b", "a"]'
COLUMNS: dict[str, tuple[str, bytes, str]] = {
    "texts": (SET, b"", 'self.assertEqual(sorted(json.loads(loan.note)), ["a", "b", "c"])'),
    "the request's": (SET, SET.encode(), 'self.assertEqual(loan.note, \'["b", "c", "a"]\')'),
    "one": ('["b"]', b"", "self.assertEqual(loan.note, '[\"b\"]')"),
    "a text twice": ('["b", "b"]', b"", 'self.assertEqual(loan.note, \'["b", "b"]\')'),
    "no list": ('["b", ', b"", "self.assertEqual(loan.note, '[\"b\", ')"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_texts_that_may_come_of_a_set_are_compared_in_order(name: str) -> None:
    after, body, expected = COLUMNS[name]
    before = read("shop.Loan", {"id": KEY, "book_id": 1, "number": 5, "note": OTHER})
    text = source(trace(before, update("shop.Loan", {"note": after}, [KEY]), method="POST", body=body, **document({})))

    assert expected in text


@pytest.mark.parametrize("held", [True, False], ids=["in a row", "nowhere"])
def test_a_secret_that_the_code_compares_with_a_row_is_refused(held: bool) -> None:
    from unspan_inverter.errors import Redacted
    from unspan_proto import FORMAT

    made = "sk_live_ab12cd34ef56"
    end = Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: 2, v.LOST: [], v.REDACTED: [["token", made, "shop.views.home", ""]]})
    row = read("shop.Tag", {"id": 1, "slug": made if held else "x"})
    if not held:
        assert "class " in source(trace(row, end, **document({})))
        return
    with pytest.raises(Redacted, match=r"shop\.views\.home"):
        source(trace(row, end, **document({})))
