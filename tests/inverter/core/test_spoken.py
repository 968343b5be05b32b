"""Where a text speaks of a row that the request made, the test says whose key it is; where it says another number, the number stays."""

from typing import Any
from uuid import UUID

import pytest

from .making import Happening, insert, mail, read, source, trace

EMMA = insert("shop.Book", {"id": 41, "title": "Emma"})
FIRST = insert("shop.Book", {"id": 1, "title": "Emma"})
LOAN = UUID("00000001-2222-4333-8444-555555555555")
PLAIN = [["Content-Type", "text/plain; charset=utf-8"]]
JSON = [["Content-Type", "application/json"]]


def moved(target: str) -> dict[str, Any]:
    return {"method": "POST", "status": 302, "response_headers": [["Location", target]]}


CASES: dict[str, tuple[tuple[Happening, ...], dict[str, Any], str]] = {
    "the query of a redirect": ((FIRST,), moved("/books/?made=1&page=2"), 'reverse("shop:book-list") + f"?made={book.pk}&page=2"'),
    "a redirect to another site": ((EMMA,), moved("https://pay.example/41/ok"), 'f"https://pay.example/{book.pk}/ok"'),
    "the subject of a mail, after a mark": ((FIRST, mail(subject="[shop-1] Emma", to=["a@b.c"])), {}, '[f"[shop-{book.pk}] Emma"]'),
    "the subject of a mail, after the model's name": ((FIRST, mail(subject="Book 1 is there", to=["a@b.c"])), {}, '[f"Book {book.pk} is there"]'),
    "a small number is a number": ((FIRST, mail(subject="1 book", to=["a@b.c"])), {}, '["1 book"]'),
    "a day and a time are no key": (
        (EMMA, mail(subject="Due 2026-41-41 at 12:41", to=["a@b.c"])), {}, '["Due 2026-41-41 at 12:41"]',
    ),
    "a text": ((EMMA,), {"answer": b"made /books/41/", "response_headers": PLAIN}, 'f"made /books/{book.pk}/"'),
    "an address in a document": (
        (EMMA,), {"answer": b'{"url": "http://testserver/books/41/"}', "response_headers": JSON}, '{"url": f"http://testserver/books/{book.pk}/"}',
    ),
    "a number in a document, as text": ((EMMA,), {"answer": b'{"size": "41"}', "response_headers": JSON}, '{"size": "41"}'),
    "a session's value of that name": ((FIRST,), {"session": {}, "session_after": {"book_id": 1}}, 'session["book_id"], book.pk)'),
    "a session's value for a row that was there": (
        (read("auth.User", {"id": 2, "username": "ann"}),), {"session": {}, "session_after": {"methods_user": "2"}}, 'session["methods_user"], str(user.pk))',
    ),
    "a session's value that may be a key": (
        (read("auth.User", {"id": 2, "username": "ann"}),), {"session": {}, "session_after": {"seen": 2}}, 'User.objects.create(id=2, username="ann")',
    ),
    "a session's value of another name": ((FIRST,), {"session": {}, "session_after": {"seen": 1}}, 'session["seen"], 1)'),
    "a number inside of a slug": ((FIRST,), moved("/books/?seen=novel-1_2"), 'reverse("shop:book-list") + "?seen=novel-1_2"'),
    "a slug that a row has": (
        (read("shop.Tag", {"id": 5, "slug": "book-sale-1"}), FIRST), moved("/books/?tag=book-sale-1"), 'reverse("shop:book-list") + "?tag=book-sale-1"',
    ),
    "a row that the test has no object for": (
        (insert("shop.Book", {"id": 41}, {"id": 42}), mail(subject="Book 42", to=["a@b.c"])), {}, '["Book 42"]',
    ),
    "another row has that number": (
        (read("shop.Author", {"id": 41, "name": "Jane"}), EMMA, mail(subject="Author 41", to=["a@b.c"])), {}, '["Author 41"]',
    ),
    "the address of a row with a random key": (
        (insert("shop.Loan", {"id": LOAN, "book_id": 5, "number": 1}),), moved(f"/books/?loan={LOAN}"), 'reverse("shop:book-list") + f"?loan={loan.pk}"',
    ),
    "the address of such a row in a document": (
        (insert("shop.Loan", {"id": LOAN, "book_id": 5, "number": 1}),),
        {"answer": f'{{"url": "http://testserver/loans/{LOAN}/"}}'.encode(), "response_headers": JSON}, '{"url": f"http://testserver/loans/{loan.pk}/"}',
    ),
    "a number inside of a random key": ((FIRST, mail(subject=f"/{LOAN}", to=["a@b.c"])), {}, f'["/{LOAN}"]'),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_text_that_speaks_of_a_new_row(name: str) -> None:
    happened, said, expected = CASES[name]

    assert expected in source(trace(*happened, **said))


def test_a_row_keeps_the_key_that_a_cookie_names() -> None:
    text = source(trace(read("shop.Book", {"id": 41, "title": "Emma"}), cookies_sent={"basket": "41:signature"}))

    assert 'Book.objects.create(id=41, title="Emma")' in text
