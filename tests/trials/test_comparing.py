"""What counts as a difference, what is masked, and what is found in a trace."""

from dataclasses import replace
from typing import Any, cast

import pytest
from client import Exchange, Jar, encoded, multipart
from differences import compared
from finding import missing
from forms import Forms
from masking import Template, plain, secrets
from runs import Played, masked
from suites import Run, ids, outcome, report
from unspan_inverter.trace import Trace
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

TEMPLATES = [
    pytest.param(["a b"], "a b", None, id="the-same"),
    pytest.param(["a b"], "a c", 1, id="another"),
    pytest.param(["id 17 x", "id 18 x"], "id 19 x", None, id="a-token-that-varies"),
    pytest.param(["id 17 x", "id 18 x"], "id 19 y", 1, id="beside-a-token-that-varies"),
    pytest.param(["id 17 x", "id 18 x"], "id  x", 1, id="a-varying-token-is-not-nothing"),
    pytest.param(["key a-b z", "key a+b-c z"], "key q z", None, id="tokens-of-another-number"),
    pytest.param(["key a-b z", "key a+b-c z"], "key a-b y", 1, id="beside-tokens-of-another-number"),
    pytest.param(["1\n2\n3", "1\n5\n3"], "1\n7\n3\n4", 4, id="a-line-more"),
    pytest.param(["1\n2\n3", "1\n5\n3"], "1\n7", 3, id="a-line-fewer"),
    pytest.param(["3 s", "3 s", "4 s"], "5 s", None, id="a-third-run-shows-what-varies"),
]


@pytest.mark.parametrize(("texts", "text", "line"), TEMPLATES)
def test_a_text_is_like_plain_ones_or_not(texts: list[str], text: str, line: int | None) -> None:
    unlike = Template(texts).unlike(text)
    assert (unlike.line if unlike else None) == line


def test_plain_texts_of_different_lengths_are_not_judged() -> None:
    template = Template(["1\n2", "1"])
    assert (template.steady, template.unlike("3")) == (False, None)


STATEMENTS = [
    pytest.param("SELECT a1 FROM t WHERE b = 'it''s' AND c = -1.5e3", "SELECT a1 FROM t WHERE b = ? AND c = ?", id="literals"),
    pytest.param("INSERT INTO t VALUES (1, NULL, x'00', 'b')", "INSERT INTO t VALUES (…)", id="a-list"),
    pytest.param('SELECT "t1"."c2" FROM t1 LIMIT 21', 'SELECT "t1"."c2" FROM t1 LIMIT ?', id="names-with-digits"),
    pytest.param('SAVEPOINT "s139713335179264_x2"', 'SAVEPOINT "s?"', id="a-savepoint"),
]


@pytest.mark.parametrize(("sql", "text"), STATEMENTS)
def test_statements_are_compared_without_their_literals(sql: str, text: str) -> None:
    assert masked(sql) == text


def exchange(**more: object) -> Exchange:
    sent = (("Host", "h"), ("Cookie", "sessionid=0123456789abcdef0123"))
    got = (("Content-Type", "text/html"), ("Server", "s"), ("Set-Cookie", "a=b; Path=/"))
    return replace(Exchange("POST", "/p?q=1", sent, b"body", (), 200, got, b"answer", "http://h/p?q=1"), **more)  # type: ignore[arg-type]


def test_secrets_moments_and_the_wrapper_are_masked() -> None:
    page = '<input name="csrfmiddlewaretoken" value="tOkEn"> 2026-11-21T10:00:00Z'
    known = secrets([exchange(content=page.encode())])
    assert plain(f"{page} 0123456789abcdef0123", known) == '<input name="csrfmiddlewaretoken" value="⟨csrf⟩"> ⟨moment⟩ ⟨sessionid⟩'
    assert plain(f"('k', '.eJx-_:1xUmuV:{'b' * 43}')", {}) == "('k', '⟨signed⟩')"
    assert plain("[&#x27;/v/opentelemetry/x&#x27;,\n &#x27;/home&#x27;]", {}) == "[&#x27;/home&#x27;]"


def play(**more: object) -> Played:
    return replace(Played("n", "0" * 32, [200], [exchange()], None, ["default: SELECT ?"], ["m"], ["f 1"], ["r"]), **more)  # type: ignore[arg-type]


HARM = [
    pytest.param({}, [], id="none"),
    pytest.param({"exchanges": [exchange(status=500)]}, ["answers"], id="status"),
    pytest.param({"exchanges": [exchange(), exchange()]}, ["answers"], id="another-request"),
    pytest.param({"error": "refused"}, ["answers"], id="broke-off"),
    pytest.param({"exchanges": [exchange(content=b"answer\xff")]}, ["body"], id="a-byte-of-the-body"),
    pytest.param({"exchanges": [exchange(got=(("Content-Type", "text/html"), ("Server", "s")))]}, ["headers"], id="a-header-less"),
    pytest.param({"statements": ["default: SELECT ?", "default: SELECT ?"]}, ["sql"], id="a-statement-more"),
    pytest.param({"mails": []}, ["mail"], id="a-mail-less"),
    pytest.param({"files": ["f 2"]}, ["files"], id="a-file"),
    pytest.param({"rows": ["s"]}, ["rows"], id="a-row"),
]


@pytest.mark.parametrize(("harm", "aspects"), HARM)
def test_every_harm_is_a_difference(harm: dict[str, object], aspects: list[str]) -> None:
    assert list(compared([play(), play()], play(**harm), "h").different) == aspects


RECORDED = {
    v.KIND: v.REQUEST, v.METHOD: "POST", v.PATH: "/p", v.QUERY: "q=1", v.STATUS: 200, v.REQUEST_BODY_READ: True,
    v.REQUEST_HEADERS: [["Host", "h"], ["Cookie", "sessionid=0123456789abcdef0123"]], v.REQUEST_BODY: b"body",
    v.RESPONSE_HEADERS: [["Content-Type", "text/html"]], v.RESPONSE_COOKIES: {"a": {"value": "b"}}, v.RESPONSE_BODY: b"answer",
}  # fmt: skip


def trace(**more: object) -> Trace:
    attributes = {name: values.encode(value) if name in v.ENCODED else value for name, value in {**RECORDED, **more}.items()}
    return Trace("0" * 32, Span("0" * 32, "1" * 16, "", "r", 1, 2, attributes), (), cast(Any, None))


LOST = [
    pytest.param({}, [], id="nothing"),
    pytest.param({v.METHOD: "GET"}, ["http.request.method is 'GET', and 'POST' was sent"], id="method"),
    pytest.param({v.PATH: "/P"}, ["url.path is '/P', and '/p' was sent"], id="path"),
    pytest.param({v.QUERY: ""}, ["url.query is '', and 'q=1' was sent"], id="query"),
    pytest.param(
        {v.REQUEST_HEADERS: [["Cookie", "sessionid=0123456789abcdef0123"]]},
        ["the request's header Host is None, and 'h' was sent"],
        id="header",
    ),
    pytest.param({v.REQUEST_BODY: b"bodY"}, ["the request's body is 4 bytes, and 4 others were sent"], id="body"),
    pytest.param(
        {v.REQUEST_BODY: values.Truncated("bytes", 4, b"b")},
        ["the request's body is cut: 4 bytes, of which the first are there"],
        id="cut-body",
    ),
    pytest.param({v.REQUEST_BODY: b"bo", v.REQUEST_BODY_READ: False}, [], id="what-was-read-of-the-body"),
    pytest.param({v.STATUS: 201}, ["the status is 201, and 200 was received"], id="status"),
    pytest.param({v.RESPONSE_HEADERS: []}, ["the answer's header Content-Type is None, and 'text/html' was received"], id="answer-header"),
    pytest.param({v.RESPONSE_COOKIES: {}}, ["the cookie a=b that was received is not there"], id="cookie"),
    pytest.param({v.RESPONSE_BODY: b""}, ["the answer's body is 0, and 6 bytes were received"], id="answer-body"),
]


@pytest.mark.parametrize(("changed", "sentences"), LOST)
def test_what_a_trace_lacks_is_said(changed: dict[str, object], sentences: list[str]) -> None:
    assert missing(exchange(), trace(**changed)) == sentences


def test_a_file_must_be_there_by_content_or_hash() -> None:
    assert missing(exchange(files=(("a.bin", b"\x00\xff", "x"),)), trace()) == ["the file a.bin is neither there nor is its SHA-256"]


OUTPUTS = [
    pytest.param(
        "FAIL: test_a (m.T.test_a)\nERROR: test_b (m.T.test_b)\nRan 3 tests in 1s\n\nFAILED (failures=1, errors=1)\n",
        3,
        ["test_a (m.T.test_a)", "test_b (m.T.test_b)"],
        id="unittest",
    ),
    pytest.param(
        "FAILED t.py::a - assert 0\nERROR t.py::b - x\n===== 1 failed, 2 passed, 1 error in 1s", 4, ["t.py::a", "t.py::b"], id="pytest"
    ),
    pytest.param("nothing", 0, [], id="nothing"),
]


@pytest.mark.parametrize(("output", "ran", "broken"), OUTPUTS)
def test_a_runner_s_last_words_are_understood(output: str, ran: int, broken: list[str]) -> None:
    found = outcome("plain", 1.0, 1.0, 1, output)
    assert (found.ran, found.broken) == (ran, broken)


def runs(recorded: list[str], *alone: list[str], ran: int = 3) -> list[Run]:
    """Three runs of a suite in which `m.a` is broken anyway, and two of what was doubtful."""
    whole = [Run("plain", 1.0, 1.0, 1, 3, ["m.a"])] + [Run("recorded", 1.0, 1.0, 1, ran, ["m.a", *recorded])] * 2
    return whole + [Run("alone", 1.0, 1.0, int(bool(broken)), len(recorded), broken) for broken in alone]


SUITES = [
    pytest.param(runs([]), 0, id="the-same"),
    pytest.param(runs([], ran=2), 1, id="fewer-tests"),
    pytest.param(runs(["m.b"]), 1, id="broken-and-not-tried-again"),
    pytest.param(runs(["m.b"], [], []), 0, id="broken-by-chance"),
    pytest.param(runs(["m.b"], [], ["m.b"]), 1, id="broken-again"),
    pytest.param(runs(["m.b"], ["m.b"], ["m.b"]), 0, id="broken-by-itself-plain-too"),
]


@pytest.mark.parametrize(("found", "code"), SUITES)
def test_what_is_broken_again_under_the_recorder_counts(found: list[Run], code: int) -> None:
    assert report(found, "n") == code


def test_tests_are_asked_for_as_their_runner_names_them() -> None:
    assert ids(["test_b (m.T.test_b)", "t.py::a", "test_b (m.T.test_b)"]) == ["m.T.test_b", "t.py::a"]


def test_a_form_goes_back_as_a_browser_would_send_it() -> None:
    page = """<form action=/a><input name=q></form><form method=post action=/b><input type=hidden name=csrfmiddlewaretoken value=t>
    <input type=checkbox name=c checked><input type=checkbox name=d><textarea name=e>\nx</textarea><select name=f><option value=1><option value=2 selected>
    </select><button name=go value=1></form>"""
    form = Forms(page).pick(["go"])
    assert form is not None
    assert (form.action, form.fields) == ("/b", [("csrfmiddlewaretoken", "t"), ("c", "on"), ("e", "x"), ("f", "2")])


def test_cookies_and_bodies_are_kept_as_a_browser_would() -> None:
    jar = Jar()
    jar.take([("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"), ("Set-Cookie", "a=; Max-Age=0")])
    assert (jar, encoded("/é?x=1")) == ({"b": "2"}, "/%C3%A9?x=1")
    body, kind = multipart([("a", "1")], [("f", ("n.txt", b"x", "text/plain"))])
    boundary = kind.partition("boundary=")[2].encode()
    assert body.split(b"\r\n") == [
        b"--" + boundary, b'Content-Disposition: form-data; name="a"', b"", b"1", b"--" + boundary,
        b'Content-Disposition: form-data; name="f"; filename="n.txt"', b"Content-Type: text/plain", b"", b"x", b"--" + boundary + b"--", b"",
    ]  # fmt: skip
