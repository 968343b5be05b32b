"""What the server span says of a request and its response, for requests of every kind to a real server."""

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import Derived, Instance, ModelRef, Opaque, Truncated

from .serving import Answer, Server
from .sink import Sink

FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n'
)
ADA = ModelRef(
    "auth.User", 1,
    {"id": 1, "password": "md5$s$8b4b23d84ad3c8d2b8e7b2f1e9c1ee6f", "last_login": None, "is_superuser": True, "username": "ada", "first_name": "",
     "last_name": "", "email": "ada@example.com", "is_staff": True, "is_active": True,
     "date_joined": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)},
)  # fmt: skip


@pytest.fixture(scope="module")
def served(project: Path) -> Iterator[tuple[Server, Sink]]:
    with (
        Sink() as sink,
        Server(
            project,
            env={"UNSPAN_ENDPOINT": sink.address, "UNSPAN_EXPORT_INTERVAL": "0.05", "UNSPAN_MAX_BODY": "200000", "UNSPAN_REDACT": "off"},
        ) as server,
    ):
        yield server, sink


@pytest.fixture
def ask(served: tuple[Server, Sink]) -> Any:
    """Makes a request and gives the answer with its whole trace."""
    server, sink = served
    count = sum(1 for span in sink.spans() if span.what == v.END)

    def asked(*args: Any, **kwargs: Any) -> tuple[Answer, list[Span]]:
        nonlocal count
        answer = server.ask(*args, **kwargs)
        count += 1
        return answer, sink.traces(count)[count - 1]

    return asked


def told(trace: list[Span], *names: str) -> dict[str, Any]:
    """What the server span says under these names."""
    span = root(trace)
    return {name: span.value(name) for name in names if name in span.attributes}


def root(trace: list[Span]) -> Span:
    [span] = [span for span in trace if span.what == v.REQUEST]
    return span


def lost(trace: list[Span]) -> list[str]:
    [end] = [span for span in trace if span.what == v.END]
    return list(end.value(v.LOST))


def test_a_whole_exchange(ask: Any) -> None:
    """Everything that the server span of a plain request says, the standard's attributes left out."""
    answer, trace = ask("/hello/4/?q=a%20b&q=%C3%A9", headers={"X-Token": "one", "Accept": "*/*"})
    span = root(trace)
    said = {name: span.value(name) for name in span.attributes if not name.startswith(("net.", "http.user", "http.flavor"))}
    port = str(dict(span.attributes)[v.HOST]).rpartition(":")[2]
    assert {name: said[name] for name in OURS if name in said} == {
        v.KIND: v.REQUEST, v.FORMAT: 1, v.METHOD: "GET", v.PATH: "/hello/4/", v.QUERY: "q=a%20b&q=%C3%A9", v.SCHEME: "http",
        v.HOST: f"127.0.0.1:{port}", v.ROUTE: "hello/<int:number>/", v.VIEW: "shop.views.hello", v.VIEW_ARGUMENTS: [[], {"number": 4}],
        v.REQUEST_HEADERS: [["Content-Type", "text/plain"], ["Host", f"127.0.0.1:{port}"], ["Accept-Encoding", "identity"], ["X-Token", "one"],
                            ["Accept", "*/*"]],
        v.LANGUAGE: "en-us", v.STATUS: 200, v.STREAMING: False, v.RESPONSE_CHARSET: "utf-8", v.RESPONSE_BODY: b'{"double": 8}',
        v.RESPONSE_HEADERS: [[name, value] for name, value in answer.headers if name not in ("Date", "Server")],
    }  # fmt: skip
    assert (span.kind, span.status, span.scope, lost(trace)) == (2, 0, "opentelemetry.instrumentation.django", [])


OURS = (
    v.KIND, v.FORMAT, v.METHOD, v.PATH, v.QUERY, v.SCHEME, v.HOST, v.ROUTE, v.STATUS, v.VIEW, v.VIEW_ARGUMENTS, v.REQUEST_HEADERS, v.REQUEST_BODY,
    v.REQUEST_BODY_READ, v.USER, v.USER_BACKEND, v.SESSION, v.SESSION_AFTER, v.CSRF_ENFORCED, v.LANGUAGE, v.RESPONSE_HEADERS, v.RESPONSE_COOKIES,
    v.RESPONSE_BODY, v.RESPONSE_CHARSET, v.RESPONSE_TEMPLATES, v.STREAMING, v.CLIENT_GONE, v.EXCEPTION,
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "method", "body", "content_type", "kept", "complete"),
    [
        ("/body/", "POST", b"a=1", FORM, b"a=1", True),
        ("/body/", "PUT", b"\x00\xff", "application/octet-stream", b"\x00\xff", True),
        ("/body/", "POST", b"x" * 200_001, "text/plain", Truncated("bytes", 200_001, b"x" * 200_000), True),
        ("/half/", "POST", b"abcdef", "text/plain", b"abc", False),
        ("/unread/", "POST", b"abc", "text/plain", b"", False),
        ("/form/", "POST", b"a=1&b=2", FORM, b"a=1&b=2", True),
        ("/form/", "POST", MULTIPART, "multipart/form-data; boundary=b", MULTIPART, True),
        ("/body/", "POST", None, "text/plain", None, None),
    ],
    ids=["read", "binary", "over the limit", "half", "unread", "form", "multipart", "none"],
)
def test_the_body_is_what_the_application_read(
    ask: Any, path: str, method: str, body: bytes | None, content_type: str, kept: Any, complete: bool | None
) -> None:
    answer, trace = ask(path, method, body, {"Content-Type": content_type})
    assert answer.status == 200
    found = told(trace, v.REQUEST_BODY, v.REQUEST_BODY_READ)
    assert found == ({} if complete is None else {v.REQUEST_BODY: kept, v.REQUEST_BODY_READ: complete})


@pytest.mark.parametrize(
    ("path", "method", "names"),
    [
        ("/regex/12/", "GET", {v.VIEW: "shop.views.regex", v.VIEW_ARGUMENTS: [["12"], {}], v.ROUTE: r"^regex/(\d+)/$", v.STATUS: 200}),
        ("/class/", "HEAD", {v.VIEW: "shop.views.Page", v.VIEW_ARGUMENTS: [[], {}], v.ROUTE: "class/", v.STATUS: 200, v.METHOD: "HEAD"}),
        ("/", "GET", {v.VIEW: "shop.views.index", v.VIEW_ARGUMENTS: [[], {}], v.ROUTE: "", v.STATUS: 200}),
        ("/nowhere/%C3%A9%2F%20%25", "GET", {v.PATH: "/nowhere/%C3%A9/%20%25", v.STATUS: 404}),
        ("/nowhere/%FF", "GET", {v.PATH: "/nowhere/%FF", v.STATUS: 404}),
        ("/hello/1", "GET", {v.STATUS: 301}),
        ("/missing/", "GET", {v.STATUS: 404, v.EXCEPTION: ["django.http.response.Http404", "nothing here"]}),
        ("/missing/?denied=1", "GET", {v.STATUS: 403, v.EXCEPTION: ["django.core.exceptions.PermissionDenied", ""]}),
        ("/boom/", "GET", {v.STATUS: 500, v.EXCEPTION: ["ValueError", "no, 1"]}),
        ("/csrf/", "POST", {v.STATUS: 403, v.CSRF_ENFORCED: True}),
        (
            "/csrf/checked/",
            "POST",
            {v.STATUS: 403, v.CSRF_ENFORCED: True, v.EXCEPTION: ["django.core.exceptions.PermissionDenied", "CSRF"]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_django_made_of_it(ask: Any, path: str, method: str, names: dict[str, Any]) -> None:
    answer, trace = ask(path, method)
    assert answer.status == names[v.STATUS]
    absent = (
        {v.ROUTE, v.VIEW, v.EXCEPTION, v.CSRF_ENFORCED} - set(names)
        if names[v.STATUS] in (404, 301) and v.EXCEPTION not in names
        else set()
    )
    assert (told(trace, *names), told(trace, *absent), lost(trace)) == (names, {}, [])


def test_cookies_and_headers_of_the_response(ask: Any) -> None:
    _, trace = ask("/cookies/")
    found = told(trace, v.RESPONSE_COOKIES, v.RESPONSE_HEADERS, v.STATUS)
    [cookie] = found[v.RESPONSE_COOKIES].items()
    cookie[1].pop("expires", None)
    assert cookie == ("taste", {"value": "sweet", "max-age": 60, "httponly": True, "path": "/"})
    assert (["X-One", "1"] in found[v.RESPONSE_HEADERS], found[v.STATUS]) == (True, 201)
    assert "Set-Cookie" not in dict(found[v.RESPONSE_HEADERS])


def test_templates_are_named_outermost_first(ask: Any) -> None:
    answer, trace = ask("/template/")
    assert answer.body == b"<h1>Ada</h1>\n"
    assert told(trace, v.RESPONSE_TEMPLATES) == {v.RESPONSE_TEMPLATES: ["shop/child.html", "shop/base.html", "shop/name.html"]}


def test_the_user_and_the_session_are_those_that_came_in(ask: Any) -> None:
    answer, trace = ask("/login/", "POST", b"")
    first = told(trace, v.USER, v.SESSION, v.SESSION_AFTER)
    cookie = dict(answer.headers)["Set-Cookie"].partition(";")[0]
    content = {"_auth_user_id": "1", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"}
    after = first.pop(v.SESSION_AFTER)
    digest = after.pop("_auth_user_hash")
    assert (first, after) == ({v.SESSION: {}}, content)

    _, trace = ask("/whoami/", headers={"Cookie": cookie})
    session = {**content, "_auth_user_hash": digest}
    seen = told(trace, v.USER, v.USER_BACKEND, v.SESSION, v.SESSION_AFTER)
    seen[v.USER].fields["last_login"] = None
    assert seen == {v.USER: ADA, v.USER_BACKEND: content["_auth_user_backend"], v.SESSION: session}

    _, trace = ask("/count/", headers={"Cookie": cookie})
    assert told(trace, v.USER, v.SESSION, v.SESSION_AFTER) == {v.SESSION: session, v.SESSION_AFTER: {**session, "visits": 1}}

    _, trace = ask("/logout/", headers={"Cookie": cookie})
    left = told(trace, v.USER, v.SESSION, v.SESSION_AFTER)
    left[v.USER].fields["last_login"] = None
    assert left == {v.USER: ADA, v.SESSION: {**session, "visits": 1}, v.SESSION_AFTER: {}}


def test_nobody_looked_at_the_session(ask: Any) -> None:
    _, trace = ask("/hello/1/", headers={"Cookie": "sessionid=whatever"})
    assert told(trace, v.USER, v.SESSION, v.SESSION_AFTER) == {}
    assert [span.name for span in trace if span.what == v.SQL] == []


def test_a_streaming_response_belongs_to_the_recording(ask: Any) -> None:
    """Its chunks, the calls and the SQL that made them, all under the server span that had ended."""
    answer, trace = ask("/stream/")
    assert answer.body == b"0: Emma\n1: Emma\n2: Emma\n"
    names = {span.span_id: span.name for span in trace}
    [chunks] = [span for span in trace if span.what == v.STREAM]
    calls = [(span.name, span.attributes.get(v.YIELDED), names[span.parent_id]) for span in trace if span.what == v.CALL]
    sql = [(span.value(v.ROWS_COMPLETE), names[span.parent_id]) for span in trace if span.what == v.SQL]
    assert (chunks.value(v.CHUNKS), chunks.value(v.CLIENT_GONE)) == ([b"0: Emma\n", b"1: Emma\n", b"2: Emma\n"], False)
    assert calls == [("shop.views.stream", None, "GET stream/"), ("shop.views.chunks", 3, "GET stream/")]
    assert sql == [(True, "shop.views.chunks")] * 3
    assert told(trace, v.STREAMING, v.RESPONSE_BODY) == {v.STREAMING: True}


@pytest.mark.parametrize("path", ["/astream/", "/file/"])
def test_other_streams(ask: Any, path: str) -> None:
    answer, trace = ask(path)
    [chunks] = [span for span in trace if span.what == v.STREAM]
    assert (b"".join(chunks.value(v.CHUNKS)), chunks.value(v.CLIENT_GONE), lost(trace)) == (answer.body, False, [])


def test_a_client_that_goes_away(served: tuple[Server, Sink], ask: Any) -> None:
    """The stream is closed before its end, and what was over the limit is said to be missing."""
    server, sink = served
    count = sum(1 for span in sink.spans() if span.what == v.END)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /endless/ HTTP/1.0\r\n\r\n")
        for _ in range(40):
            client.recv(10_000, socket.MSG_WAITALL)
    trace = sink.traces(count + 1)[count]
    [chunks] = [span for span in trace if span.what == v.STREAM]
    *whole, cut = chunks.value(v.CHUNKS)
    assert (chunks.value(v.CLIENT_GONE), set(whole)) == (True, {b"x" * 100_000})
    assert (type(cut), cut.type, cut.size >= len(whole) * 100_000) == (Truncated, "bytes", True)
    assert [sentence.partition(":")[0] for sentence in lost(trace)] == ["the streaming response was not recorded whole"]


def test_a_request_that_is_torn_down_ends_too(ask: Any) -> None:
    """SystemExit passes Django and OpenTelemetry's middleware; its span would stay open for ever."""
    answer, trace = ask("/exit/")
    assert answer.status == 500
    assert told(trace, v.EXCEPTION, v.VIEW) == {v.EXCEPTION: ["SystemExit", "3"], v.VIEW: "shop.views.leave"}
    assert lost(trace) == []


def test_asynchronous_views(ask: Any) -> None:
    answer, trace = ask("/async/")
    names = {span.span_id: span.name for span in trace}
    calls = sorted(
        (span.name, names[span.parent_id], span.value(v.RETURN))
        for span in trace
        if span.what == v.CALL and "asynchronous" not in span.name
    )
    assert answer.body == b'{"results": [2, 4]}'
    assert calls == [
        ("shop.views.double", "shop.views.later", 2), ("shop.views.double", "shop.views.later", 4),
        ("shop.views.later", calls[2][1], 2), ("shop.views.later", calls[2][1], 4),
    ]  # fmt: skip


def test_threads_of_a_request(ask: Any) -> None:
    """A thread and a pool's worker see no context variable of the request; their calls are recorded, under the call that started them."""
    answer, trace = ask("/threads/")
    names = {span.span_id: span.name for span in trace}
    calls = [(span.name, names[span.parent_id], span.value(v.RETURN)) for span in trace if span.name == "shop.views.double"]
    assert answer.body == b'{"found": [2, 4]}'
    assert sorted(calls, key=str) == [("shop.views.double", "shop.views.threads", 2), ("shop.views.double", "shop.views.threads", 4)]


def test_values_are_frozen_without_asking_them(ask: Any) -> None:
    """No `__str__` of a model, no query, no lazy object; an argument that the call changes is shown before and after."""
    answer, trace = ask("/models/")
    assert answer.status == 200
    emma = {"id": 1, "title": "Emma", "price": Decimal("10.50")}
    calls = {span.name: span for span in trace if span.what == v.CALL}
    assert calls["shop.views.look_at"].value(v.ARGUMENTS) == {
        "book": ModelRef("shop.Book", 1, emma), "books": Instance("django.db.models.query.QuerySet", {"model": "shop.Book", "evaluated": False}),
        "lazy": Opaque("django.utils.functional.SimpleLazyObject"), "text": Opaque("django.utils.functional.lazy.<locals>.__proxy__"),
        "safe": Derived("django.utils.safestring.SafeString", "<b>"), "several": [ModelRef("shop.Book", 1, emma)],
    }  # fmt: skip
    changed = calls["shop.views.raise_price"]
    assert changed.value(v.ARGUMENTS) == {"book": ModelRef("shop.Book", 1, emma)}
    assert changed.value(v.LOCALS) == {"book": ModelRef("shop.Book", 1, {**emma, "price": Decimal("11.00")})}
    assert [span.attributes[v.OPERATION] for span in trace if span.what == v.SQL] == ["SELECT"]


def test_a_large_value_travels_in_parts(project: Path, sink: Sink) -> None:
    """A body of 3 MiB arrives whole, in messages that any gRPC server takes."""
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        server.ask("/large/1600000/")
        [trace] = sink.traces(1)
    assert told(trace, v.RESPONSE_BODY) == {v.RESPONSE_BODY: ("é" * 1_600_000).encode()}
    assert max(sink.sizes) < 4 << 20
    [call] = [span for span in trace if span.name == "shop.views.repeat"]
    assert call.value(v.RETURN) == Truncated("str", 1_600_000, "é" * (64 << 10))


def test_three_thousand_calls_arrive(project: Path, sink: Sink) -> None:
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        for _ in range(3):
            server.ask("/calls/3000/")
        traces = sink.traces(3, seconds=60)
    counted = [sorted(span.value(v.RETURN) for span in trace if span.name == "shop.views.double") for trace in traces]
    assert counted == [[number * 2 for number in range(3000)]] * 3
    assert [lost(trace) for trace in traces] == [[], [], []]


def test_calls_over_the_limit_are_said_to_be_missing(project: Path, sink: Sink) -> None:
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address, "UNSPAN_MAX_CALLS": "100"}) as server:
        server.ask("/calls/300/")
        [trace] = sink.traces(1)
    assert sum(1 for span in trace if span.what == v.CALL) == 100
    assert lost(trace) == ["a function call was not recorded because there were more than UNSPAN_MAX_CALLS (201 times)"]


def test_without_calls(project: Path, sink: Sink) -> None:
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address, "UNSPAN_CALLS": "off"}) as server:
        server.ask("/hello/1/")
        [trace] = sink.traces(1)
    assert [span.what for span in trace] == [v.REQUEST, v.END]


def test_requests_at_the_same_time_do_not_mix(project: Path, sink: Sink) -> None:
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        numbers = range(50, 58)
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(lambda number: server.ask(f"/calls/{number}/"), numbers))
        traces = sink.traces(len(numbers), seconds=40)
    counted = {
        root(trace).attributes[v.PATH]: sorted(span.value(v.RETURN) for span in trace if span.name == "shop.views.double")
        for trace in traces
    }
    assert counted == {f"/calls/{number}/": [each * 2 for each in range(number)] for number in numbers}


def test_a_request_of_a_traced_client_joins_its_trace(ask: Any) -> None:
    _, trace = ask("/hello/1/", headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
    assert (root(trace).trace_id, root(trace).parent_id) == ("ab" * 16, "cd" * 8)


def test_a_traced_client_that_samples_nothing(served: tuple[Server, Sink], ask: Any) -> None:
    """The client's decision is kept: nothing of such a request is sent."""
    server, sink = served
    server.ask("/hello/1/", headers={"traceparent": f"00-{'ef' * 16}-{'cd' * 8}-00"})
    ask("/")
    assert [span.name for span in sink.spans() if span.trace_id == "ef" * 16] == []


UVICORN = (sys.executable, "-m", "uvicorn", "mysite.asgi:application", "--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning")


def test_requests_over_asgi(project: Path, sink: Sink) -> None:
    """With middleware that all is asynchronous, as Django's own is, the whole request stays on the server's event loop."""
    env = {"UNSPAN_ENDPOINT": sink.address, "UNSPAN_EXPORT_INTERVAL": "0.05", "DJANGO_SETTINGS_MODULE": "mysite.settings"}
    with Server(project, env=env, command=UVICORN) as server:
        login = server.ask("/login/", "POST", b"a=1", {"Content-Type": FORM})
        cookie = dict(login.headers)["Set-Cookie"].partition(";")[0]
        answers = [
            server.ask("/hello/21/?a=%20"),
            server.ask("/whoami/", headers={"Cookie": cookie}),
            server.ask("/async/"),
            server.ask("/stream/"),
        ]
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /slowly/?seconds=30 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.3)
        traces = {root(trace).attributes[v.PATH]: trace for trace in sink.traces(6)}
        said = server.said()
    assert [answer.body for answer in answers] == [b'{"double": 42}', b"ada", b'{"results": [2, 4]}', b"0: Emma\n1: Emma\n2: Emma\n"]
    assert told(traces["/hello/21/"], v.QUERY, v.VIEW, v.STATUS, v.RESPONSE_BODY) == {
        v.QUERY: "a=%20", v.VIEW: "shop.views.hello", v.STATUS: 200, v.RESPONSE_BODY: b'{"double": 42}'
    }  # fmt: skip
    assert told(traces["/login/"], v.REQUEST_BODY, v.REQUEST_BODY_READ) == {v.REQUEST_BODY: b"", v.REQUEST_BODY_READ: False}
    assert told(traces["/whoami/"], v.USER)[v.USER].pk == 1
    assert sorted(span.value(v.RETURN) for span in traces["/async/"] if span.name == "shop.views.double") == [2, 4]
    assert [span.value(v.CHUNKS) for span in traces["/stream/"] if span.what == v.STREAM] == [[b"0: Emma\n", b"1: Emma\n", b"2: Emma\n"]]
    assert told(traces["/slowly/"], v.STATUS, v.EXCEPTION, v.CLIENT_GONE) == {
        v.EXCEPTION: ["asyncio.exceptions.CancelledError", ""],
        v.CLIENT_GONE: True,
    }
    assert [lost(trace) for trace in traces.values()] == [[]] * 6
    assert "unspan" not in said
    assert "Failed to detach" not in said
