"""Everything that a request depends on, over three servers: what the recording says of it, and that the answer is the same without a recorder."""

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import Truncated

from .requests_made import BIG_UPLOAD, DATA, FORM, MULTIPART, TEXT, UPLOAD, chunked, digest, made, posted, undated
from .serving import Server
from .sink import Sink, whole

SERVERS = {
    "wsgiref": (),
    "gunicorn": (sys.executable, "-m", "gunicorn", "mysite.wsgi", "-b", "127.0.0.1:PORT", "--worker-class", "gthread", "--threads", "4", "--log-level", "warning"),
    "uvicorn": (sys.executable, "-m", "uvicorn", "mysite.asgi:application", "--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning"),
}  # fmt: skip
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "desk.settings", "UNSPAN_EXPORT_INTERVAL": "0.05", "UNSPAN_MAX_BODY": "100000"}
BODY_CUT = "the request's body was not recorded whole: it is over UNSPAN_MAX_BODY"
STREAM_CUT = "the streaming response was not recorded whole: it is over UNSPAN_MAX_BODY"
CSRF = "django.views.decorators.csrf.csrf_exempt"


class Pair:
    """The same application on the same server, with the recorder and without."""

    def __init__(self, name: str, recorded: Server, plain: Server, sink: Sink) -> None:
        self.name, self.recorded, self.plain, self.sink = name, recorded, plain, sink
        self.marks = 0

    def ask(self, request: bytes) -> tuple[str, bytes, bytes]:
        """Both answers, and the mark by which the recording is found."""
        self.marks += 1
        mark = f"mark-{self.marks}"
        marked = request.replace(b"Connection: close", f"X-Mark: {mark}\r\nConnection: close".encode(), 1)
        return mark, undated(self.recorded.exchange(marked)), undated(self.plain.exchange(marked))

    def trace(self, mark: str, ends: int = 1) -> list[Span]:
        """The trace of the request with this mark, once so many requests of it have ended."""

        def there(spans: list[Span]) -> bool:
            return sum(1 for span in spans if span.what == v.END and span.trace_id in ids(spans)) >= ends

        def ids(spans: list[Span]) -> set[str]:
            return {span.trace_id for span in spans if span.what == v.REQUEST and ["X-Mark", mark] in span.value(v.REQUEST_HEADERS)}

        spans = self.sink.until(there, 40)
        [trace_id] = ids(spans)
        return list(whole(spans, trace_id))


@pytest.fixture(scope="module", params=SERVERS)
def pair(request: pytest.FixtureRequest, project: Path) -> Iterator[Pair]:
    command = SERVERS[request.param]
    with (
        Sink() as sink,
        Server(project, env={**ENVIRONMENT, "UNSPAN_ENDPOINT": sink.address}, command=command) as recorded,
        Server(project, env=ENVIRONMENT, command=command, wrapped=False) as plain,
    ):
        yield Pair(request.param, recorded, plain, sink)


@pytest.fixture(scope="module")
def asked(pair: Pair) -> dict[str, tuple[str, bytes, bytes]]:
    """Every case of the table, asked one after another."""
    return {name: pair.ask(request) for name, (request, _) in CASES.items()}


def told(trace: list[Span]) -> dict[str, Any]:
    """What the server span, the stream and the end say, under the names of the contract."""
    kinds = {span.what: span for span in trace if span.what in (v.REQUEST, v.STREAM, v.END)}
    found = {name: span.value(name) for span in kinds.values() for name in span.attributes}
    found["lost"] = list(kinds[v.END].value(v.LOST))
    found["sql"] = sum(1 for span in trace if span.what == v.SQL)
    found["asked in"] = [span.attributes.get(v.SQL_MIDDLEWARE) for span in trace if span.what == v.SQL]
    return found


def failure(kind: str, message: str, status: int, *frames: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "status": status, "frames": list(frames)}


SUSPICIOUS = "django.core.exceptions."
HOST = "Invalid HTTP_HOST header: 'evil.example'. You may need to add 'evil.example' to ALLOWED_HOSTS."
FILE = {v.STREAM_FILE: {"size": 1024, "position": 0}, v.STREAMING: True}
TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEF"
ASGI, WSGI = ("uvicorn",), ("wsgiref", "gunicorn")

CASES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "cookies": (
        made("/headers/", 'Cookie: a=1; b="x y"; c=d=e', "Accept-Language: de"),
        {v.REQUEST_COOKIES: {"a": "1", "b": "x y", "c": "d=e"}, v.LANGUAGE: "de", v.TIMEZONE: "UTC", v.CLIENT_ADDRESS: "127.0.0.1", v.VIEW_DECORATORS: [CSRF]},
    ),
    "a time zone, behind a proxy": (
        made("/headers/?zone=Asia/Tokyo", "X-Forwarded-Proto: https"),
        {v.TIMEZONE: "Asia/Tokyo", v.SCHEME: "https", v.HOST: "shop.example", v.REQUEST_COOKIES: None},
    ),
    "a host that middleware puts right": (made("/headers/", "X-Real-Host: shop.example", host="evil.example"), {v.STATUS: 200, v.HOST: "evil.example", "lost": []}),
    "a host that is not allowed": (
        made("/plain/", host="evil.example"),
        {v.STATUS: 400, v.HOST: "evil.example", v.ANSWERED_BY: "django.middleware.common.CommonMiddleware", v.VIEW: None,
         v.EXCEPTIONS: [failure(f"{SUSPICIOUS}DisallowedHost", HOST, 400)]},
    ),
    "a form": (
        posted("/form/", FORM, b"a=1&a=2&b=%C3%A9"),
        {v.REQUEST_FORM: [["a", "1"], ["a", "2"], ["b", "é"]], v.REQUEST_FILES: None, v.REQUEST_BODY: b"a=1&a=2&b=%C3%A9", v.REQUEST_BODY_READ: True},
    ),
    "a form that nobody parsed": (posted("/lines/", FORM, b"a=1"), {v.REQUEST_FORM: None, v.REQUEST_BODY: b"a=1"}),
    "a file": (
        posted("/form/", MULTIPART, UPLOAD),
        {v.REQUEST_FORM: [["a", "1"]], v.REQUEST_BODY: UPLOAD,
         v.REQUEST_FILES: [{"field": "f", "name": "f.txt", "content_type": "text/plain", "size": 5, "sha256": digest(b"hello")}]},
    ),
    "a file over the limit": (
        posted("/form/", MULTIPART, BIG_UPLOAD),
        {v.REQUEST_BODY: Truncated("bytes", len(BIG_UPLOAD), BIG_UPLOAD[:100_000]), "lost": [BODY_CUT],
         v.REQUEST_FILES: [{"field": "f", "name": "big.bin", "content_type": "", "size": 150_000, "sha256": digest(b"z" * 150_000),
                            "content": Truncated("bytes", 150_000, b"z" * 65_536)}]},
    ),
    "more fields than Django takes": (
        posted("/form/", FORM, b"&".join([b"a=1"] * 30)),
        {v.STATUS: 400, v.EXCEPTIONS: [failure(f"{SUSPICIOUS}TooManyFieldsSent", "The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS.",
                                               400, "desk.views.form")]},
    ),
    "more data than Django takes": (
        posted("/form/", FORM, b"a=" + b"x" * 60_000),
        {v.STATUS: 400, v.EXCEPTIONS: [failure(f"{SUSPICIOUS}RequestDataTooBig", "Request body exceeded settings.DATA_UPLOAD_MAX_MEMORY_SIZE.", 400, "desk.views.form")]},
    ),
    "no multipart body": (
        posted("/form/", "Content-Type: multipart/form-data; boundary=", b"xx"),
        {v.STATUS: 400, v.EXCEPTIONS: [failure("django.http.multipartparser.MultiPartParserError", "Invalid boundary in multipart: ", 400, "desk.views.form")]},
    ),
    "the server's own stream": (posted("/server-stream/", TEXT, b"abcdef"), {v.REQUEST_BODY: b"abcdef", v.REQUEST_BODY_READ: True}),
    "line by line": (posted("/lines/", TEXT, b"ab\ncd\n"), {v.REQUEST_BODY: b"ab\ncd\n", v.REQUEST_BODY_READ: True}),
    "body, stream and form": (posted("/twice/", FORM, b"a=1"), {v.REQUEST_BODY: b"a=1", v.REQUEST_BODY_READ: True, v.REQUEST_FORM: [["a", "1"]]}),
    "decorators": (
        made("/decorated/"),
        {v.VIEW: "desk.views.decorated", v.ANSWERED_BY: None,
         v.VIEW_DECORATORS: ["django.views.decorators.cache.never_cache", "desk.views.shouting", "django.views.decorators.http.require_http_methods"]},
    ),
    "a decorator answers": (made("/members/"), {v.STATUS: 302, v.ANSWERED_BY: None, v.VIEW_DECORATORS: ["django.contrib.auth.decorators.user_passes_test"]}),
    "middleware answers": (made("/plain/?closed"), {v.STATUS: 503, v.RESPONSE_REASON: "Gone Fishing", v.ANSWERED_BY: "desk.middleware.closed", v.VIEW: None}),
    "middleware answers for a view": (made("/plain/?guarded"), {v.STATUS: 403, v.ANSWERED_BY: "desk.middleware.Guard", v.VIEW: "desk.views.plain"}),
    "middleware answers for an exception": (
        made("/fail/?excused&why=1"),
        {v.STATUS: 409, v.ANSWERED_BY: "desk.middleware.Guard", v.EXCEPTION: ["ValueError", "deep down, 1"], v.EXCEPTIONS: None},
    ),
    "middleware fails before the view": (
        made("/plain/?before"),
        {v.STATUS: 500, v.ANSWERED_BY: "desk.middleware.Failing", v.EXCEPTION: ["LookupError", "before the view"],
         v.EXCEPTIONS: [failure("LookupError", "before the view", 500, "desk.middleware.Failing.__call__")]},
    ),
    "middleware fails after the view": (
        made("/plain/?after"),
        {v.STATUS: 500, v.ANSWERED_BY: None, v.EXCEPTIONS: [failure("LookupError", "after the view", 500, "desk.middleware.Failing.__call__")]},
    ),
    "middleware asks before the view, and after it": (
        made("/waiting/?loads"), {v.RESPONSE_BODY: b"Emma", "asked in": ["desk.middleware.Loading", None, None]},
    ),
    "a view asks for the CSRF check": (
        made("/protected/", "Content-Length: 0", f"Cookie: csrftoken={TOKEN}", f"X-CSRFToken: {TOKEN}", method="POST"),
        {v.STATUS: 200, v.CSRF_WITHIN: True, v.CSRF_ENFORCED: None},
    ),
    "a view asks for the CSRF check of a request that changes nothing": (made("/protected/"), {v.STATUS: 200, v.CSRF_WITHIN: None}),
    "middleware replaces the answer": (made("/plain/?replaced"), {v.STATUS: 202, v.RESPONSE_BODY: b"another answer"}),
    "the view fails": (
        made("/fail/?why=me"),
        {v.STATUS: 500, v.ANSWERED_BY: None, v.EXCEPTION: ["ValueError", "deep down, me"],
         v.EXCEPTIONS: [failure("ValueError", "deep down, me", 500, "desk.views.fail", "desk.views.deeper")]},
    ),
    "the view finds it suspicious": (
        made("/fail/?suspicious"), {v.STATUS: 400, v.EXCEPTIONS: [failure(f"{SUSPICIOUS}SuspiciousOperation", "that is odd", 400, "desk.views.fail")]},
    ),
    "nothing there": (made("/nowhere/"), {v.STATUS: 404, v.ANSWERED_BY: None, v.VIEW: None, v.EXCEPTIONS: [failure("django.urls.exceptions.Resolver404", "", 404)]}),
    "a template": (
        made("/template/"), {v.RESPONSE_TEMPLATES: ["desk/page.html", "desk/name.html"], v.RESPONSE_CONTEXT: [["desk/page.html", ["name", "books", "number"]]]},
    ),
    "words and letters of its own": (made("/worded/"), {v.STATUS: 299, v.RESPONSE_REASON: "Fine So Far", v.RESPONSE_CHARSET: "latin-1", v.RESPONSE_BODY: b"caf\xe9"}),
    "a stream": (made("/stream/"), {v.CHUNKS: [b"0Emma\n", b"1Emma\n"], v.CLIENT_GONE: False, "sql": 3}),
    "an asynchronous stream": (made("/astream/"), {v.CHUNKS: [b"0Emma\n", b"1Emma\n"], v.CLIENT_GONE: False, "sql": 2}),
    "a file on disk": (made("/file/disk/"), {v.CHUNKS: DATA, **FILE}),
    "the rest of a file": (made("/file/rest/"), {v.CHUNKS: DATA[300:], v.STREAM_FILE: {"size": 1024, "position": 300}}),
    "Django's file": (made("/file/django/"), {v.CHUNKS: DATA, **FILE}),
    "a file in memory": (made("/file/memory/"), {v.CHUNKS: DATA, v.STREAM_FILE: None, v.CLIENT_GONE: False}),
    "a file without a name": (made("/file/gone/"), {v.CHUNKS: DATA, **FILE}),
    "a large file": (made("/file/large/"), {v.CHUNKS: b"y" * 100_000, "lost": [STREAM_CUT]}),
    "only the head": (made("/plain/", method="HEAD"), {v.METHOD: "HEAD", v.RESPONSE_BODY: b"plain"}),
    "only the head of a file": (made("/file/disk/", method="HEAD"), {v.METHOD: "HEAD", v.STATUS: 200}),
    "nothing has changed": (made("/unchanged/", 'If-None-Match: "the-same"'), {v.STATUS: 304, v.RESPONSE_BODY: b"", v.VIEW: "desk.views.unchanged"}),
    "closing asks the database": (made("/closes/"), {v.RESPONSE_BODY: b"soon closed", "sql": 2}),
    "a converter that counts": (made("/counted/7/"), {v.RESPONSE_BODY: b'{"asked": 1}', v.VIEW_ARGUMENTS: [[], {"number": 7}]}),
    "an asynchronous view": (made("/waiting/"), {v.RESPONSE_BODY: b"Emma", "sql": 1, v.VIEW: "desk.views.waiting"}),
    "a form in an asynchronous view": (posted("/async-form/", FORM, b"a=1"), {v.REQUEST_FORM: [["a", "1"]], v.REQUEST_BODY: b"a=1"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_recording_is_complete_and_the_answer_the_same(pair: Pair, asked: dict[str, tuple[str, bytes, bytes]], name: str) -> None:
    mark, recorded, plain = asked[name]
    expected = {"lost": [], **CASES[name][1]}
    found = told(pair.trace(mark))

    assert recorded == plain
    assert {key: said(key, found.get(key), expected[key]) for key in expected} == expected


def said(key: str, found: Any, expected: Any) -> Any:
    """A value as the table has it: chunks joined where it joins them, frames by their functions, files without their folder."""
    if key == v.CHUNKS and type(expected) is bytes:
        return b"".join(one for one in found if type(one) is bytes)
    if key == v.EXCEPTIONS and found:
        return [{**one, "frames": [function for function, _, _ in one["frames"]]} for one in found]
    if key == v.RESPONSE_CONTEXT:
        return [[name, [key for key in types if key in ("name", "books", "number")]] for name, types in found]
    if key == v.STREAM_FILE and found:
        return {name: found[name] for name in ("size", "position")}
    return found


def test_repeated_headers_are_what_the_server_hands_over(pair: Pair) -> None:
    """ASGI has them apart, WSGI joined."""
    mark, recorded, plain = pair.ask(made("/headers/", "X-Many: a", "X-Many: b"))
    many = [value for name, value in told(pair.trace(mark))[v.REQUEST_HEADERS] if name == "X-Many"]
    assert (many, recorded) == (["a", "b"] if pair.name in ASGI else ["a,b"], plain)


def test_a_body_in_chunks(pair: Pair) -> None:
    """Nobody announces its length: Django reads it under ASGI, and nothing of it under WSGI."""
    mark, recorded, plain = pair.ask(chunked("/lines/", b"ab\n", b"cd"))
    found = told(pair.trace(mark))
    body = b"ab\ncd" if pair.name in ASGI else b""
    assert (recorded, found[v.REQUEST_BODY], found[v.REQUEST_BODY_READ], found["lost"]) == (plain, body, True, [])


def test_a_request_of_the_application_to_itself_is_a_recording_of_its_own(pair: Pair) -> None:
    """In the same trace, below the call that made it, with an end of its own."""
    mark, recorded, plain = pair.ask(made("/nested/"))
    trace = pair.trace(mark, ends=2)
    requests = {span.attributes[v.PATH]: span for span in trace if span.what == v.REQUEST}
    ends = {span.parent_id: list(span.value(v.LOST)) for span in trace if span.what == v.END}
    outer, inner = requests["/nested/"], requests["/plain/"]
    parents = {span.name: span.parent_id for span in trace if span.name in ("desk.views.nested", "desk.views.plain")}
    assert recorded == plain
    assert ends == {outer.span_id: [], inner.span_id: []}
    assert inner.parent_id == outer.span_id
    assert (above(trace, parents["desk.views.nested"]), above(trace, parents["desk.views.plain"])) == ("/nested/", "/plain/")
    assert [span.value(v.RESPONSE_BODY) for span in (outer, inner)] == [b"inner: plain", b"plain"]


def above(trace: list[Span], span_id: str) -> str:
    """The path of the request that a span belongs to."""
    spans = {span.span_id: span for span in trace}
    while spans[span_id].what != v.REQUEST:
        span_id = spans[span_id].parent_id
    return str(spans[span_id].attributes[v.PATH])


def test_requests_at_the_same_time_do_not_mix(pair: Pair) -> None:
    numbers = range(8)
    with ThreadPoolExecutor(len(numbers)) as pool:
        asked = list(pool.map(lambda number: pair.ask(made(f"/waiting/?seconds=0.2&number={number}")), numbers))
    found = [told(pair.trace(mark)) for mark, _, _ in asked]
    assert [(one[v.QUERY], one["sql"], one["lost"]) for one in found] == [(f"seconds=0.2&number={number}", 1, []) for number in numbers]


def test_a_client_that_goes_away_during_a_stream(pair: Pair) -> None:
    with socket.create_connection(("127.0.0.1", pair.recorded.port)) as client:
        client.sendall(made("/slow-stream/", "X-Mark: leaving"))
        client.recv(100_000, socket.MSG_WAITALL)
    found = told(pair.trace("leaving"))
    if pair.name in WSGI:
        assert (found[v.CLIENT_GONE], found["lost"]) == (True, [STREAM_CUT])
    else:  # Django collects a synchronous stream as a whole before it sends the first chunk
        assert found["lost"] == [STREAM_CUT]


def test_a_client_that_goes_away_while_it_sends(pair: Pair) -> None:
    """Under WSGI the view reads what came; an ASGI server does not even call the application."""
    with socket.create_connection(("127.0.0.1", pair.recorded.port)) as client:
        client.sendall(made("/lines/", TEXT, "X-Mark: unfinished", "Content-Length: 100", method="POST") + b"ab\n")
    if pair.name in WSGI:
        found = told(pair.trace("unfinished"))
        assert (found[v.REQUEST_BODY], found[v.REQUEST_BODY_READ], found[v.CLIENT_GONE], found["lost"]) == (b"ab\n", True, True, [])
    else:
        pair.trace(pair.ask(made("/plain/"))[0])
        assert [
            span for span in pair.sink.spans() if span.what == v.REQUEST and ["X-Mark", "unfinished"] in span.value(v.REQUEST_HEADERS)
        ] == []


def test_a_client_that_goes_away_before_the_answer(pair: Pair) -> None:
    """An asynchronous view under ASGI is cancelled, and its recording ends with it; other views do not notice."""
    with socket.create_connection(("127.0.0.1", pair.recorded.port)) as client:
        client.sendall(made("/waiting/?seconds=1", "X-Mark: impatient"))
        time.sleep(0.3)
    found = told(pair.trace("impatient"))
    cancelled = {v.EXCEPTION: ["asyncio.exceptions.CancelledError", ""], v.CLIENT_GONE: True, v.STATUS: None, "sql": 0}
    answered = {v.EXCEPTION: None, v.CLIENT_GONE: None, v.STATUS: 200, "sql": 1}
    expected = {"lost": [], **(cancelled if pair.name in ASGI else answered)}
    assert {name: found.get(name) for name in expected} == expected
