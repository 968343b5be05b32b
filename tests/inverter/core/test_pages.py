"""By which texts a page is recognised: what it tells its user first, then what the rows hold."""

import json
from base64 import urlsafe_b64encode

import pytest

from .making import read, source, trace

EMMA, BELOVED = {"id": 1, "title": "Emma"}, {"id": 2, "title": "Beloved"}
PAGES = {
    "rows": ("<h1>Books</h1><p>Emma</p><p>Beloved</p>", ["Emma", "Beloved"]),
    "few texts": ("<h1>Books</h1><p>None yet</p>", ["Books", "None yet"]),
    "an error list": (
        '<h1>Books</h1><p>Emma</p><p>Beloved</p><ul class="errorlist" id="e"><li>This field is required.</li><li>Too long.</li></ul>',
        ["This field is required.", "Too long.", "Emma", "Beloved"],
    ),
    "a form's feedback": ("<p>Emma</p><p>Beloved</p><div class='d-block invalid-feedback'>Too long.</div>", ["Too long.", "Emma", "Beloved"]),
    "a message": ('<ul class="messages"><li class="success">Saved.</li></ul><p>Emma</p><p>Beloved</p>', ["Saved.", "Emma", "Beloved"]),
    "an alert": ('<div role="alert" class="alert alert-info">Saved <b>it</b>.</div><p>Emma</p><p>Beloved</p>', ["Saved", "it", "Emma", "Beloved"]),
    "an empty error list": ('<ul class="errorlist"></ul><p>Emma</p><p>Beloved</p>', ["Emma", "Beloved"]),
    "a script that speaks of errors": ('<script>x = \'<p class="error">No</p>\'</script><p>Emma</p><p>Beloved</p>', ["Emma", "Beloved"]),
    "many": ("".join(f'<p class="error">no {n * "x"}</p>' for n in range(2, 9)) + "<p>Emma</p><p>Beloved</p>", ["no xx", "no xxx", "no xxxx", "no xxxxx", "Emma", "Beloved"]),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_recognised_by(name: str) -> None:
    html, expected = PAGES[name]
    text = source(trace(read("shop.Book", EMMA, BELOVED), answer=html.encode(), response_headers=[["Content-Type", "text/html"]]))

    assert [line.split('"')[1] for line in text.splitlines() if "assertContains" in line] == expected


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("The book was added.", id="plain"),
        pytest.param('The book “<a href="/books/1/">Emma</a>” was added.', id="with markup"),
    ],
)
def test_a_message_of_an_earlier_request_is_no_part_of_the_page(message: str) -> None:
    cookie = urlsafe_b64encode(json.dumps([["__json_message", 1, 25, message, ""]]).encode()).decode()
    html = f"<ul><li>{message}</li></ul><h1>Books</h1><p>Emma</p><p>Beloved</p>"
    headers = [["Host", "testserver"], ["Cookie", f"messages={cookie}:1wMzPx:signature"]]
    text = source(
        trace(read("shop.Book", EMMA, BELOVED), answer=html.encode(), response_headers=[["Content-Type", "text/html"]], headers=headers)
    )

    assert [line.split('"')[1] for line in text.splitlines() if "assertContains" in line] == ["Emma", "Beloved"]
