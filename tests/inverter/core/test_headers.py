"""Headers and cookies that a view set, and messages for the next page, as assertions; what is of the process, of chance or of a clock is left out."""

import base64
import json

import pytest
from unspan_inverter.plan.answers import ANSWERS
from unspan_inverter.plan.outcomes import OUTCOMES
from unspan_inverter.plan.spies import SPIES
from unspan_inverter.settings import ASSERTIONS

from .making import insert, source, trace

HTML = ["Content-Type", "text/html; charset=utf-8"]
HEADERS = {
    "a file": (
        [["Content-Type", "text/csv"], ["Content-Disposition", 'attachment; filename="a.csv"']],
        ['"Content-Type"', '"Content-Disposition"'],
    ),
    "one of the view's own": ([HTML, ["X-Total", "3"]], ['"X-Total"']),
    "Django's": ([HTML, ["X-Frame-Options", "DENY"], ["Vary", "Cookie"], ["Content-Language", "en"], ["Server", "x"]], []),
    "made by chance": ([HTML, ["X-Token", "Zm9vYmFyYmF6MTIzNDU2"], ["X-Digest", "d41d8cd98f00b204e9800998"]], []),
    "of the process": ([HTML, ["X-Request-ID", "7"], ["X-Runtime", "0.01234"], ["X-Response-Time", "5"]], []),
    "said twice": ([HTML, ["Link", "</a>"], ["Link", "</b>"]], []),
    "methods that are not asked for": ([HTML, ["Allow", "GET"]], []),
    "hostile": ([HTML, ["X-Total", '"]\nimport os']], ['"X-Total"']),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    headers, expected = HEADERS[name]
    text = source(trace(answer=b"<p>Done</p>", response_headers=headers))

    assert [line.split("headers[")[1].partition("]")[0] for line in text.splitlines() if "response.headers[" in line] == expected


def test_methods_that_are_the_point() -> None:
    text = source(trace(status=405, answer=b"", response_headers=[HTML, ["Allow", "POST"]]))

    assert 'self.assertEqual(response.headers["Allow"], "POST")' in text


COOKIES = {
    "set": ({"theme": {"value": "dark"}}, ['self.assertEqual(response.cookies["theme"].value, "dark")']),
    "taken away": ({"theme": {"value": "", "max-age": 0}}, ['self.assertEqual(response.cookies["theme"].value, "")']),
    "the session's": ({"sessionid": {"value": "abc"}, "csrftoken": {"value": "abc"}}, []),
    "made by chance": ({"visitor": {"value": "0d9f2b1c5e6a4788b"}}, []),
}


@pytest.mark.parametrize("name", COOKIES)
def test_cookies(name: str) -> None:
    cookies, expected = COOKIES[name]
    text = source(trace(answer=b"<p>Done</p>", cookies=cookies))

    assert [line.strip() for line in text.splitlines() if "response.cookies" in line] == expected


def cookie(*texts: str) -> str:
    document = json.dumps([["__json_message", 0, 25, text, ""] for text in texts])
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=") + ":1tX:sig"


MOVED = {"status": 302, "method": "POST", "answer": b""}
MESSAGES = {
    "one": ({**MOVED, "cookies": {"messages": {"value": cookie("Saved.")}}}, '["Saved."]'),
    "two": ({**MOVED, "cookies": {"messages": {"value": cookie("Saved.", "Sent.")}}}, '["Saved.", "Sent."]'),
    "with one that waited": (
        {**MOVED, "headers": [["Host", "testserver"], ["Cookie", f"messages={cookie('Welcome.')}"]], "cookies": {"messages": {"value": cookie("Welcome.", "Saved.")}}},
        '["Saved."]',
    ),
    "shown already": ({"answer": b"<p>Saved.</p>", "cookies": {"messages": {"value": ""}}}, None),
    "a piece of a page": ({**MOVED, "cookies": {"messages": {"value": cookie("<p>\n Saved.\n</p>")}}}, None),
    "of another form": ({**MOVED, "cookies": {"messages": {"value": "\0"}}}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    said, expected = MESSAGES[name]
    text = source(trace(**{"response_headers": [HTML, ["Location", "/books/"]] if said.get("status") else [HTML], **said}))

    line = f"self.assertEqual([str(message) for message in get_messages(response.wsgi_request)], {expected})"
    assert (line in text, "get_messages" in text) == (expected is not None, expected is not None)


def test_a_message_that_names_a_new_row_says_its_key() -> None:
    made = insert("shop.Tag", {"id": 731, "slug": "a"})
    text = source(
        trace(made, **MOVED, response_headers=[HTML, ["Location", "/books/"]], cookies={"messages": {"value": cookie("Tag 731 saved.")}})
    )

    assert '[f"Tag {tag.pk} saved."]' in text


def test_every_kind_of_assertion_can_be_switched_off() -> None:
    assert set(ASSERTIONS) == {*ANSWERS, *OUTCOMES, *SPIES, "cache", "session", "outbound", "decoys"}
