"""Outbound HTTP by every client, against a real server on loopback: whole records compared."""

import asyncio
import http.client
import io
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
from opentelemetry.instrumentation.utils import suppress_instrumentation
from unspan_instrumentation import outbound
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated
from upstreams import CHUNKS, DOCUMENT, LARGE, serving


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with serving() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", autouse=True)
def patched() -> None:
    for name, patch in outbound.PATCHES:
        patch(import_module(name))


def piece(url: str) -> int:
    """How much is read at once: a few bytes, but not of a large answer."""
    return 50_000 if url.endswith("large") else 5


def by_requests(method: str, url: str, body: bytes | None = None) -> bytes:
    with requests.Session() as session:
        return session.request(method, url, data=body).content


def by_requests_streaming(method: str, url: str, body: bytes | None = None) -> bytes:
    with requests.Session() as session, session.request(method, url, data=body, stream=True) as response:
        return b"".join(response.iter_content(piece(url)))


def by_requests_raw(method: str, url: str, body: bytes | None = None) -> bytes:
    with requests.Session() as session, session.request(method, url, data=body, stream=True) as response:
        response.raw.decode_content = True
        found = io.BytesIO()
        while chunk := response.raw.read(piece(url)):
            found.write(chunk)
        return found.getvalue()


def by_httpx(method: str, url: str, body: bytes | None = None) -> bytes:
    with httpx.Client(follow_redirects=True) as client:
        return client.request(method, url, content=body).content


def by_httpx_streaming(method: str, url: str, body: bytes | None = None) -> bytes:
    sent = iter([body]) if body else None
    headers = {"Content-Length": str(len(body))} if body else {}
    with httpx.Client(follow_redirects=True) as client, client.stream(method, url, content=sent, headers=headers) as response:
        return b"".join(response.iter_bytes())


def by_httpx_async(method: str, url: str, body: bytes | None = None) -> bytes:
    async def run() -> bytes:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            return (await client.request(method, url, content=body)).content

    return asyncio.run(run())


def by_urllib3(method: str, url: str, body: bytes | None = None) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, body=body).data


def by_urllib3_streaming(method: str, url: str, body: bytes | None = None) -> bytes:
    with urllib3.PoolManager() as pool:
        response = pool.request(method, url, body=body, preload_content=False)
        found = b"".join(response.stream(piece(url)))
        response.release_conn()
        return found


def by_urllib(method: str, url: str, body: bytes | None = None) -> bytes:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method)) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        return error.read()


def by_urllib_lines(method: str, url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method)) as response:
        return b"".join(response)


def by_http_client(method: str, url: str, body: bytes | None = None) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request(method, f"/{path}", body)
    found = connection.getresponse().read()
    connection.close()
    return found


def by_aiohttp(method: str, url: str, body: bytes | None = None) -> bytes:
    async def run() -> bytes:
        async with aiohttp.ClientSession() as session, session.request(method, url, data=body) as response:
            return await response.read()

    return asyncio.run(run())


def by_aiohttp_streaming(method: str, url: str, body: bytes | None = None) -> bytes:
    async def run() -> bytes:
        async with aiohttp.ClientSession() as session, session.request(method, url, data=body) as response:
            return b"".join([chunk async for chunk in response.content.iter_chunked(piece(url))])

    return asyncio.run(run())


CLIENTS = [
    pytest.param(by_requests, "requests", id="requests"),
    pytest.param(by_requests_streaming, "requests", id="requests-streaming"),
    pytest.param(by_requests_raw, "requests", id="requests-raw"),
    pytest.param(by_httpx, "httpx", id="httpx"),
    pytest.param(by_httpx_streaming, "httpx", id="httpx-streaming"),
    pytest.param(by_httpx_async, "httpx.async", id="httpx-async"),
    pytest.param(by_urllib3, "urllib3", id="urllib3"),
    pytest.param(by_urllib3_streaming, "urllib3", id="urllib3-streaming"),
    pytest.param(by_urllib, "urllib", id="urllib"),
    pytest.param(by_urllib_lines, "urllib", id="urllib-lines"),
    pytest.param(by_http_client, "http.client", id="http.client"),
    pytest.param(by_aiohttp, "aiohttp", id="aiohttp"),
    pytest.param(by_aiohttp_streaming, "aiohttp", id="aiohttp-streaming"),
]
FOLLOWING = [client for client in CLIENTS if client.values[1] != "http.client"]
Call = Callable[..., bytes]


def seen(records: Any, upstream: str) -> list[dict[str, Any]]:
    """The HTTP records as dicts; the server's own headers and the request's headers are looked at elsewhere."""
    found = []
    for record in records.of(v.HTTP):
        attributes = dict(record.attributes)
        assert attributes.pop(v.THREAD) == threading.get_native_id()
        attributes[v.URL] = attributes[v.URL].removeprefix(upstream)
        attributes.pop(v.HTTP_REQUEST_HEADERS)
        if v.HTTP_RESPONSE_HEADERS in attributes:
            attributes[v.HTTP_RESPONSE_HEADERS] = [
                [name.title(), value] for name, value in attributes[v.HTTP_RESPONSE_HEADERS] if name.title() not in ("Server", "Date")
            ]
        found.append(attributes | {"failed": record.failed})
    return found


def answer(client: str, url: str, status: int, body: object, *headers: list[str], method: str = "GET") -> dict[str, Any]:
    shown = [["Content-Type", "application/json"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], *headers]
    return {
        v.CLIENT: client, v.METHOD: method, v.URL: url, v.STATUS: status, v.HTTP_RESPONSE_HEADERS: shown, v.HTTP_RESPONSE_BODY: body, "failed": False,
    }  # fmt: skip


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_an_answer_is_recorded_as_the_application_reads_it(
    call: Call, client: str, upstream: str, recorded: Recording, records: Any
) -> None:
    assert call("GET", f"{upstream}/plain?q=a%20b") == DOCUMENT
    assert seen(records, upstream) == [answer(client, "/plain?q=a%20b", 200, DOCUMENT)]
    assert recorded.lost == {}


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_a_compressed_answer_is_recorded_decoded(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    call("GET", f"{upstream}/zipped")
    assert seen(records, upstream) == [answer(client, "/zipped", 200, DOCUMENT)]


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_a_chunked_answer_is_recorded_whole(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    assert call("GET", f"{upstream}/chunked") == b"".join(CHUNKS)
    recorded.settle()
    assert [(one[v.HTTP_RESPONSE_BODY], one[v.HTTP_RESPONSE_HEADERS]) for one in seen(records, upstream)] == [(b"".join(CHUNKS), [])]


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_the_request_body_is_recorded(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    assert call("POST", f"{upstream}/", b'{"a": 1}') == b'{"a": 1}'
    assert seen(records, upstream) == [{**answer(client, "/", 201, b'{"a": 1}', method="POST"), v.HTTP_REQUEST_BODY: b'{"a": 1}'}]


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_an_answer_without_a_body(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    assert call("GET", f"{upstream}/empty") == b""
    recorded.settle()
    assert seen(records, upstream) == [answer(client, "/empty", 204, b"")]


@pytest.mark.parametrize(("call", "client"), FOLLOWING)
def test_a_redirect_is_an_exchange_of_its_own(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    assert call("GET", f"{upstream}/moved") == DOCUMENT
    recorded.settle()
    found = seen(records, upstream)
    assert [(one[v.URL], one[v.STATUS], one[v.CLIENT]) for one in found] == [("/moved", 302, client), ("/plain", 200, client)]
    assert ["Location", "/plain"] in found[0][v.HTTP_RESPONSE_HEADERS]
    assert found[1][v.HTTP_RESPONSE_BODY] == DOCUMENT


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_a_large_answer_is_cut_and_says_so(call: Call, client: str, upstream: str, recorded: Recording, records: Any) -> None:
    assert len(call("GET", f"{upstream}/large")) == LARGE
    assert [one[v.HTTP_RESPONSE_BODY] for one in seen(records, upstream)] == [Truncated("bytes", LARGE, b"x" * (1 << 20))]


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_a_refused_connection_is_recorded_with_its_exception(call: Call, client: str, recorded: Recording, records: Any) -> None:
    with pytest.raises(Exception) as raised:
        call("GET", "http://127.0.0.1:1/x")
    found = [(r.failed, r.attributes[v.URL], r.attributes[v.EXCEPTION_TYPE]) for r in records.of(v.HTTP)]
    expected = {"urllib": "ConnectionRefusedError", "urllib3": "urllib3.exceptions.NewConnectionError"}
    kind = type(raised.value)
    wanted = expected.get(client, kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")
    assert set(found) == {(True, "http://127.0.0.1:1/x", wanted)}
    assert len(found) == (4 if client == "urllib3" else 1), "urllib3 tries again three times"


@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_nothing_is_recorded_without_a_recording_or_when_suppressed(call: Call, client: str, upstream: str, records: Any) -> None:
    assert call("GET", f"{upstream}/plain") == DOCUMENT
    assert list(records) == []


def test_opentelemetrys_own_traffic_is_left_out(upstream: str, recorded: Recording, records: Any) -> None:
    with suppress_instrumentation():
        by_requests("GET", f"{upstream}/plain")
    assert list(records) == []


def test_what_the_application_does_not_read_is_not_read(upstream: str, recorded: Recording, records: Any) -> None:
    with requests.Session() as session:
        session.get(f"{upstream}/plain", stream=True)
        recorded.settle()
    assert [v.HTTP_RESPONSE_BODY in one for one in seen(records, upstream)] == [False]


BREAKABLE = (
    "exchange.Exchange.__init__",
    "exchange.Exchange.answered",
    "exchange.Exchange.received",
    "exchange.Exchange._emit",
    "bodies.Body.add",
)


@pytest.mark.parametrize("where", BREAKABLE)
@pytest.mark.parametrize(("call", "client"), CLIENTS)
def test_what_fails_in_the_recorder_does_not_reach_the_application(
    call: Call, client: str, where: str, upstream: str, recorded: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.outbound.{where}", broken)
    assert call("POST", f"{upstream}/", b"{}") == b"{}"
    recorded.settle()
    assert recorded.lost
