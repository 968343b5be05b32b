"""Substitutes of what the application had signed: the test signs again, wherever it hands them in."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from unspan_proto import FORMAT
from unspan_proto import vocabulary as v

from .making import Happening, insert, source, trace

COOKIE = "1:MN-R1MiLpmAmxrKVIM3ALUN0-HZ5ftPT8L5-kQqXYD9"
USUAL = "django.core.signing.Signer"


def told(how: str) -> Happening:
    return Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: 1, v.LOST: [], v.REDACTED: [["basket", COOKIE, "", how]]})


SENT = {
    "a cookie": (
        {"headers": [["Host", "testserver"], ["Cookie", f"basket={COOKIE}"]], "cookies_sent": {"basket": COOKIE}},
        f"django {USUAL}", 'self.client.cookies["basket"] = Signer().sign("1")',
    ),
    "a cookie with a salt of its own": (
        {"headers": [["Host", "testserver"], ["Cookie", f"basket={COOKIE}"]], "cookies_sent": {"basket": COOKIE}},
        "django shop", 'self.client.cookies["basket"] = Signer(salt="shop").sign("1")',
    ),
    "the session": ({"session": {"basket": COOKIE}, "session_after": {"basket": COOKIE}}, f"django {USUAL}", 'session["basket"] = Signer().sign("1")'),
    "a parameter": ({"query": f"basket={quote(COOKIE)}"}, f"django {USUAL}", '{"basket": Signer().sign("1")}'),
    "a cookie that nobody verified": (
        {"headers": [["Host", "testserver"], ["Cookie", f"basket={COOKIE}"]], "cookies_sent": {"basket": COOKIE}},
        "", f'self.client.cookies["basket"] = "{COOKIE}"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_what_was_signed_is_signed_again(name: str) -> None:
    said, how, line = SENT[name]

    assert line in source(trace(told(how), **{"query": "", "answer": b"{}", **said}))


MADE = "3f9bb8e7c0ffee00d15ea5e0badc0de1"
DOCUMENTS = {
    "a member": ({"token": MADE, "new": True}, {"token": "ANY", "new": True}),
    "in a list": ({"users": [{"name": "eve", "token": MADE}]}, {"users": [{"name": "eve", "token": "ANY"}]}),
    "within a text": ({"links": [f"/join/{MADE}/"], "n": 1}, {"links": ["ANY"], "n": 1}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_of_a_document_only_what_was_redacted_is_left_out(name: str) -> None:
    found, expected = DOCUMENTS[name]
    end = Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: 1, v.LOST: [], v.REDACTED: [["token", MADE, "", ""]]})
    text = source(trace(end, answer=json.dumps(found).encode(), response_headers=[["Content-Type", "application/json"]]))

    assert json.dumps(expected).replace('"ANY"', "mock.ANY").replace("true", "True") in " ".join(text.split())


TOKEN = "373373e0242778efc165"


@pytest.mark.parametrize(
    ("said", "asserted"),
    [
        pytest.param({}, "Book.objects.filter(price=4).exists()", id="computed"),
        pytest.param({"method": "POST", "body": f"title={TOKEN}".encode()}, f'Book.objects.get(title="{TOKEN}")', id="sent by the client"),
    ],
)
def test_a_new_row_is_not_looked_up_by_a_secret_that_the_application_computed(said: Mapping[str, Any], asserted: str) -> None:
    born = insert("shop.Book", {"id": 1, "title": TOKEN, "price": 4})
    hidden = Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: 2, v.LOST: [], v.REDACTED: [["token", TOKEN, "", ""]]})

    assert asserted in source(trace(born, hidden, **said))


def test_a_signed_cookie_is_signed_as_django_signs_cookies() -> None:
    cookie = "ann:1xUxkQ:uydrsbJFatvAfIJKH6pgXLxkfBKMOkVA8D_a2vhb458"
    end = Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: 1, v.LOST: [], v.REDACTED: [["who", cookie, "", "cookie whox"]]})
    text = source(trace(end, answer=b"{}", headers=[["Host", "testserver"], ["Cookie", f"who={cookie}"]], cookies_sent={"who": cookie}))

    assert 'self.client.cookies["who"] = get_cookie_signer(salt="whox").sign("ann")' in text
