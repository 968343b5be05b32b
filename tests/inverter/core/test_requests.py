"""What a test does with all that was recorded of the request: how it is made, and what of its answer is the application's."""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.errors import Unreadable
from unspan_inverter.events import exchange
from unspan_proto import vocabulary as v
from unspan_proto.project import Route
from unspan_proto.values import Truncated

from .making import PROJECT, Happening, mail, read, source, streamed, trace

WAITING = urlsafe_b64encode(b'[["__json_message", 0, 25, "Saved", ""]]').decode().rstrip("=")
HTML = [["Content-Type", "text/html; charset=utf-8"]]


def failure(kind: str, message: str, status: int) -> dict[str, Any]:
    return {"type": kind, "message": message, "status": status, "frames": []}


CASES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "a prefix": (
        {"path": "/shop/books/", "script_name": "/shop", "answer": b"<p>Books</p>"},
        ['with override_script_prefix("/shop/"):', 'self.client.get("/books/", SCRIPT_NAME="/shop")'],
        ["reverse("],
    ),
    "a redirect below a prefix": (
        {"path": "/shop/books/", "script_name": "/shop", "status": 302, "response_headers": [["Location", "/shop/books/5/"]]},
        ['self.client.get("/books/", SCRIPT_NAME="/shop")', '"/shop/books/5/"'],
        ["reverse("],
    ),
    "a prefix that a proxy takes away": (
        {"path": "/books/", "script_name": "/shop"},
        ['self.client.get("/books/", SCRIPT_NAME="/shop")'],
        [],
    ),
    "no prefix": ({}, ['self.client.get(reverse("shop:book-list"))'], ["SCRIPT_NAME", "override_script_prefix", "REMOTE_ADDR"]),
    "cookies that a strict parser gives up on": (
        {"headers": [["Host", "testserver"], ["Cookie", "a=1; {b}=2; c=x y"]], "cookies_sent": {"a": "1", "{b}": "2", "c": "x y"}},
        ['headers={"Cookie": "a=1; {b}=2; c=x y"}'],
        ["client.cookies"],
    ),
    "cookies": ({"cookies_sent": {"a": "1", "c": "x y"}}, ['self.client.cookies["a"] = "1"', 'self.client.cookies["c"] = "x y"'], ["headers="]),
    "a body that Django refused by its length": (
        {"method": "POST", "headers": [["Content-Type", "application/x-www-form-urlencoded"], ["Content-Length", "60002"]], "body": b"",
         "body_read": False, "status": 400, "reason": "Bad Request", "failures": [failure("django.core.exceptions.RequestDataTooBig", "no", 400)]},
        ['CONTENT_LENGTH="60002"', 'CONTENT_TYPE="application/x-www-form-urlencoded"'],
        [],
    ),
    "a body that nobody read": (
        {"method": "POST", "headers": [["Content-Type", "text/plain"], ["Content-Length", "5"]], "body": b"", "body_read": False, "reason": "OK"},
        [],
        ["CONTENT_LENGTH"],
    ),
    "an address that is answered": (
        {"client_address": "10.0.0.9", "answer": b'{"you": "10.0.0.9"}', "response_headers": [["Content-Type", "application/json"]]},
        ['REMOTE_ADDR="10.0.0.9"'],
        [],
    ),
    "an address that nobody looks at": ({"client_address": "10.0.0.9", "answer": b"<p>Books</p>"}, [], ["REMOTE_ADDR", "10.0.0.9"]),
    "a reason of its own": ({"status": 299, "reason": "Fine So Far"}, ['assertEqual(response.reason_phrase, "Fine So Far")'], []),
    "the usual reason": ({"status": 200, "reason": "OK"}, [], ["reason_phrase"]),
    "messages that waited": (
        {"answer": b"<b>Messages:</b><i>Saved</i><p>Close</p><p>Emma</p>", "response_headers": HTML, "headers": [["Host", "testserver"], ["Cookie", f"messages={WAITING}:a:b"]]},
        ['assertContains(response, "Emma")'],
        ["Messages:", "Saved", "Close"],
    ),
    "a page of the project's middleware": (
        {"status": 503, "reason": "Service Unavailable", "view": None, "answered_by": "shop.middleware.closed", "answer": b"<p>Closed for today</p>",
         "response_headers": HTML},
        ["Closed for today", "assertEqual(response.status_code, 503)"],
        ["exc_info"],
    ),
    "a page of Django's": (
        {"status": 400, "reason": "Bad Request", "view": None, "answered_by": "django.middleware.common.CommonMiddleware", "response_headers": HTML,
         "answer": b"<h1>Bad Request (400)</h1>", "failures": [failure("django.core.exceptions.DisallowedHost", "no", 400)]},
        ["assertEqual(response.status_code, 400)"],
        ["Bad Request (400)"],
    ),
    "a page for a view that failed": (
        {"status": 500, "reason": "Internal Server Error", "exception": ["ValueError", "no"], "failures": [failure("ValueError", "no", 500)],
         "answer": b"<h1>Server Error (500)</h1>", "response_headers": HTML},
        ["raise_request_exception = False", 'response.exc_info[0].__name__, "ValueError"'],
        ["Server Error"],
    ),
    "the text for a view that failed, as development shows it": (
        {"status": 500, "reason": "Internal Server Error", "exception": ["ValueError", "no"], "failures": [failure("ValueError", "no", 500)],
         "answer": b"ValueError at /books/\nno\n", "response_headers": [["Content-Type", "text/plain; charset=utf-8"]]},
        ["raise_request_exception = False", 'response.exc_info[0].__name__, "ValueError"'],
        ["at /books/"],
    ),
    "a failure that names objects": (
        {"status": 500, "exception": ["ValueError", "{<Book: Emma>}"], "failures": [failure("ValueError", "{<Book: Emma>}", 500)], "response_headers": HTML},
        ['response.exc_info[0].__name__, "ValueError"'],
        ["Emma", "exc_info[1]"],
    ),
    "where the request came from, on the site": (
        {"headers": [["Host", "localhost:8000"], ["Origin", "http://localhost:8000"], ["Referer", "http://localhost:8000/books/"]], "scheme": "http",
         "answer": b"see http://localhost:8000/books/5/", "response_headers": [["Content-Type", "text/plain"]]},
        [],
        ["Origin", "Referer"],
    ),
    "where the request came from, shown": (
        {"headers": [["Host", "localhost:8000"], ["Referer", "http://localhost:8000/books/"]], "scheme": "http",
         "answer": b"back to http://localhost:8000/books/ now", "response_headers": [["Content-Type", "text/plain"]]},
        ['headers={"Referer": "http://testserver/books/"}'],
        [],
    ),
    "a middleware excuses the view": (
        {"status": 503, "reason": "Service Unavailable", "exception": ["ValueError", "no"], "answered_by": "shop.middleware.Excuses",
         "answer": b"<p>Please come back</p>", "response_headers": HTML},
        ["Please come back"],
        ["exc_info"],
    ),
    "a middleware answers instead of an error page": (
        {"status": 302, "reason": "Found", "exception": ["ValueError", "no"], "failures": [failure("ValueError", "no", 500)],
         "response_headers": [["Location", "/sorry/"]]},
        ["raise_request_exception = False", '"/sorry/"'],
        ["exc_info"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_test_makes_the_same_request(name: str) -> None:
    said, held, absent = CASES[name]
    text = source(trace(**said))
    assert ([one for one in held if one not in text], [one for one in absent if one in text]) == ([], [])


@pytest.mark.parametrize(
    ("happened", "body", "whole"),
    [
        ([streamed(b"a", b"b")], b"ab", True),
        ([streamed(b"a", Truncated("bytes", 9))], b"a", False),
        ([Happening(v.STREAM, {v.CHUNKS: [b"a"], v.CLIENT_GONE: True})], b"a", False),
        ([Happening(v.CALL, {v.FUNCTION: "shop.views.inner"}), Happening(v.STREAM, {v.CHUNKS: [b"inner"]}, parent=2)], b"own", True),
    ],
    ids=["whole", "cut", "left by the client", "of a request that the application made to itself"],
)
def test_what_a_stream_yielded(happened: list[Happening], body: bytes, whole: bool) -> None:
    found = exchange(trace(*happened, answer=b"own"))
    assert (found.response_body, found.response_whole) == (body, whole)


CONSOLE, SMTP = "django.core.mail.backends.console.EmailBackend", "django.core.mail.backends.smtp.EmailBackend"
HOSTS = {  # the host that was asked for, hosts that tests may ask for, whether the application looked at the header → the host that the test asks for
    "a local one": ("localhost:8000", ["*"], False, None),
    "a local one that the application looked at": ("localhost:8000", ["*"], True, "localhost:8000"),
    "a local one that is allowed by name": ("localhost:8000", ["localhost"], True, "localhost:8000"),
    "a local one that only development allows": ("localhost:8000", [], True, None),
    "one of the project's": ("shop.example", ["shop.example"], False, "shop.example"),
    "the test client's": ("testserver", ["*"], True, None),
}


@pytest.mark.parametrize("name", HOSTS)
def test_the_host_that_matters_is_asked_for(name: str) -> None:
    host, allowed, looked, expected = HOSTS[name]
    project = replace(PROJECT, settings={**PROJECT.settings, "ALLOWED_HOSTS": allowed})
    asked = ["host"] if looked else []
    answer = f"at http://{host}/books/".encode()
    text = source(
        trace(
            headers=[["Host", host]],
            headers_asked=asked,
            answer=answer,
            response_headers=[["Content-Type", "text/plain"]],
            project=project,
        )
    )
    assert (f'headers={{"Host": "{host}"}}' in text, f"http://{expected or 'testserver'}/books/" in text) == (expected is not None, True)


SETTINGS = [
    pytest.param(["DEBUG"], {"DEBUG": True}, [], "@override_settings(DEBUG=True)", id="debug"),
    pytest.param(["DEBUG"], {"DEBUG": False}, [], None, id="debug-as-in-tests"),
    pytest.param(["DEBUG"], {}, [], None, id="debug-unknown"),
    pytest.param([], {"DEBUG": True, "EMAIL_BACKEND": CONSOLE}, [], None, id="nobody-asked"),
    pytest.param(
        ["EMAIL_BACKEND"], {"EMAIL_BACKEND": CONSOLE}, [], f'@override_settings(EMAIL_BACKEND="{CONSOLE}")', id="a-silent-backend"
    ),
    pytest.param(["EMAIL_BACKEND"], {"EMAIL_BACKEND": CONSOLE}, [mail()], None, id="mail-that-the-test-looks-at"),
    pytest.param(["EMAIL_BACKEND"], {"EMAIL_BACKEND": SMTP}, [], None, id="a-backend-that-sends"),
]


@pytest.mark.parametrize(("read", "settings", "happened", "decorator"), SETTINGS)
def test_settings_that_the_runner_replaces_are_set_again_where_code_reads_them(
    read: list[str], settings: dict[str, Any], happened: list[Happening], decorator: str | None
) -> None:
    called = Happening(v.CALL, {v.FUNCTION: "shop.views.home", v.SETTINGS_READ: read or None})
    text = source(trace(called, *happened, project=replace(PROJECT, settings={**PROJECT.settings, **settings})))
    assert [line.strip() for line in text.splitlines() if "override_settings(" in line] == ([decorator] if decorator else [])


def test_a_client_that_left_gets_no_test() -> None:
    with pytest.raises(Unreadable, match="the client went away before there was an answer"):
        source(trace(status=None, client_gone=True))


@pytest.mark.parametrize(("number", "meant"), [("3", "tag"), ("4", "persuasion")], ids=["the row with the slug", "no row with the slug"])
def test_a_bare_key_means_the_row_that_the_address_says_more_of(number: str, meant: str) -> None:
    route = Route("book/<slug:slug>-<int:pk>/tag/", "book-tag", "shop.views.book_tag", ("slug", "pk"), {"slug": "slug", "pk": "int"})
    text = source(
        trace(
            read("shop.Book", {"id": 3, "title": "Emma"}, {"id": 4, "title": "Persuasion"}),
            read("shop.Tag", {"id": 3, "slug": "novel"}),
            path=f"/book/novel-{number}/tag/",
            project=replace(PROJECT, routes=(route, *PROJECT.routes)),
        )
    )
    assert re.findall(r'reverse\("book-tag", args=\[(.*?)\]\)', text) == [f'"novel", self.{meant}.pk']
