"""Outbound HTTP in all its ways: TLS, proxies, HTTP/2, encodings, streamed requests, retries, time-outs, answers that break off; every client alike."""

import asyncio
import http.client
import io
import socket
import ssl
import urllib.error
import urllib.request
import xml.parsers.expat
import xmlrpc.client
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import botocore.session
import httpx
import pip._vendor.urllib3 as urllib3_1
import pip._vendor.urllib3.connectionpool as connectionpool_1
import pytest
import requests
import trustme
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from requests.adapters import HTTPAdapter
from unspan_instrumentation import outbound
from unspan_instrumentation.outbound import urllib3 as urllib3_seam
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated
from upstreams import DOCUMENT, serving, serving_http2


@pytest.fixture(scope="module", autouse=True)
def patched() -> None:
    for name, patch in outbound.PATCHES:
        patch(import_module(name))
    urllib3_seam.patch(connectionpool_1)


@dataclass(frozen=True)
class Way:
    """How a client is to ask. `body`: bytes, or a list whose pieces are streamed, or a file."""

    url: str
    method: str = "GET"
    body: Any = None
    trust: str | None = None
    proxy: str | None = None
    timeout: float = 10

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.trust) if self.trust else None

    def stream(self) -> Any:
        return iter(self.body) if isinstance(self.body, list) else self.body


def by_requests(way: Way) -> bytes:
    with requests.Session() as session:
        proxies = {"http": way.proxy, "https": way.proxy} if way.proxy else {}
        return session.request(
            way.method, way.url, data=way.stream(), verify=way.trust or True, proxies=proxies, timeout=way.timeout
        ).content


def by_httpx(way: Way) -> bytes:
    with httpx.Client(verify=way.context() or True, proxy=way.proxy, timeout=way.timeout) as client:
        return client.request(way.method, way.url, content=way.stream()).content


def by_httpx_async(way: Way) -> bytes:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in way.body if isinstance(way.body, list) else [way.body.read()]:
            yield piece

    async def run() -> bytes:
        async with httpx.AsyncClient(verify=way.context() or True, proxy=way.proxy, timeout=way.timeout) as client:
            content = way.body if way.body is None or isinstance(way.body, bytes) else pieces()
            return (await client.request(way.method, way.url, content=content)).content

    return asyncio.run(run())


def by_urllib3_of(library: Any) -> Callable[[Way], bytes]:
    def by_urllib3(way: Way) -> bytes:
        options = {"ca_certs": way.trust, "timeout": way.timeout, "retries": False}
        with library.ProxyManager(way.proxy, **options) if way.proxy else library.PoolManager(**options) as pool:
            body = way.stream()
            if isinstance(way.body, list):
                host = pool.connection_from_url(way.url)
                return host.urlopen(way.method, f"/{way.url.split('/', 3)[3]}", body=body, chunked=True).data
            return pool.request(way.method, way.url, body=body).data

    return by_urllib3


def by_urllib(way: Way) -> bytes:
    proxies = urllib.request.ProxyHandler({"http": way.proxy, "https": way.proxy} if way.proxy else {})
    opener = urllib.request.build_opener(proxies, *([urllib.request.HTTPSHandler(context=way.context())] if way.trust else []))
    with opener.open(urllib.request.Request(way.url, data=way.stream(), method=way.method), timeout=way.timeout) as response:
        return response.read()


def by_http_client(way: Way) -> bytes:
    scheme, _, rest = way.url.partition("://")
    host, _, path = rest.partition("/")
    secure = {"context": way.context()} if scheme == "https" else {}
    made = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = made(way.proxy.partition("://")[2] if way.proxy else host, timeout=way.timeout, **secure)
    if way.proxy:
        connection.set_tunnel(host)
    try:
        connection.request(way.method, f"/{path}", way.stream())
        return connection.getresponse().read()
    finally:
        connection.close()


def by_aiohttp(way: Way) -> bytes:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in way.body:
            yield piece

    async def run() -> bytes:
        timeout = aiohttp.ClientTimeout(sock_connect=way.timeout, sock_read=way.timeout)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            data = pieces() if isinstance(way.body, list) else way.body
            async with session.request(way.method, way.url, data=data, ssl=way.context() or True, proxy=way.proxy) as response:
                return await response.read()

    return asyncio.run(run())


def by_botocore(way: Way) -> bytes:
    session = URLLib3Session(
        verify=way.trust or True, proxies={"http": way.proxy, "https": way.proxy} if way.proxy else None, timeout=way.timeout
    )
    body = io.BytesIO(b"".join(way.body)) if isinstance(way.body, list) else way.body
    headers = (
        {}
        if way.body is None or isinstance(way.body, bytes)
        else {"Content-Length": str(len(body.getvalue() if isinstance(body, io.BytesIO) else b"file"))}
    )
    return session.send(AWSRequest(way.method, way.url, data=body, headers=headers).prepare()).content


CLIENTS: dict[str, Callable[[Way], bytes]] = {
    "requests": by_requests, "httpx": by_httpx, "httpx.async": by_httpx_async, "urllib3": by_urllib3_of(urllib3), "urllib3 1": by_urllib3_of(urllib3_1),
    "urllib": by_urllib, "http.client": by_http_client, "aiohttp": by_aiohttp, "botocore": by_botocore,
}  # fmt: skip


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    with serving() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(context) as port:
        yield f"https://localhost:{port}"


def seen(records: Any) -> list[tuple[Any, ...]]:
    """Client, method, URL, status, body and exception of each exchange."""
    names = (v.CLIENT, v.METHOD, v.URL, v.STATUS, v.HTTP_RESPONSE_BODY, v.EXCEPTION_TYPE)
    return [tuple(record.attributes.get(name) for name in names) for record in records.of(v.HTTP)]


def known(client: str) -> str:
    return client.removesuffix(" 1")


def test_tls(client: str, secure: str, trust: str, recorded: Recording, records: Any) -> None:
    assert CLIENTS[client](Way(f"{secure}/plain?a=1", trust=trust)) == DOCUMENT
    assert seen(records) == [(known(client), "GET", f"{secure}/plain?a=1", 200, DOCUMENT, None)]


def test_a_certificate_that_is_not_trusted(client: str, secure: str, recorded: Recording, records: Any) -> None:
    with pytest.raises(Exception) as raised:
        CLIENTS[client](Way(f"{secure}/plain"))
    found = seen(records)
    assert [(one[0], one[2], one[3], one[4]) for one in found] == [(known(client), f"{secure}/plain", None, None)] * len(found)
    assert len(found) == 1 or client == "botocore"
    assert all(record.failed for record in records.of(v.HTTP))
    assert raised.value is not None


def test_a_proxy(client: str, plain: str, recorded: Recording, records: Any) -> None:
    with serving() as port:
        assert CLIENTS[client](Way(f"{plain}/plain", proxy=f"http://127.0.0.1:{port}")) == DOCUMENT
    assert seen(records) == [(known(client), "GET", f"{plain}/plain", 200, DOCUMENT, None)]


def test_tls_through_a_proxy(client: str, plain: str, secure: str, trust: str, recorded: Recording, records: Any) -> None:
    assert CLIENTS[client](Way(f"{secure}/plain", trust=trust, proxy=plain)) == DOCUMENT
    assert seen(records) == [(known(client), "GET", f"{secure}/plain", 200, DOCUMENT, None)]


UNABLE = {"brotli": ("urllib3 1",), "deflated": (), "zstandard": ("requests", "urllib3", "urllib3 1", "botocore")}
"""Clients that hand out what they could not decode, and say so; an unknown encoding may be undone all the same."""


@pytest.mark.parametrize("encoding", ["brotli", "deflated", "zstandard"])
def test_encodings(client: str, encoding: str, plain: str, recorded: Recording, records: Any) -> None:
    if (client, encoding) == ("aiohttp", "zstandard"):
        with pytest.raises(aiohttp.ClientResponseError, match="install"):
            CLIENTS[client](Way(f"{plain}/{encoding}"))
        return
    given = CLIENTS[client](Way(f"{plain}/{encoding}"))
    (record,) = records.of(v.HTTP)
    still = "content-encoding" in {name.lower() for name, _ in record.attributes[v.HTTP_RESPONSE_HEADERS]}
    assert record.attributes[v.HTTP_RESPONSE_BODY] == (given if still else DOCUMENT)
    assert not still or client in UNABLE[encoding]


BODIES: list[Any] = [
    pytest.param(lambda path: [b"one ", b"two"], b"one two", id="pieces"),
    pytest.param(lambda path: path.open("rb"), b"file", id="a file"),
    pytest.param(lambda path: b"bytes", b"bytes", id="bytes"),
]


@pytest.mark.parametrize(("make", "content"), BODIES)
def test_the_body_of_a_request(
    make: Callable[[Path], Any], content: bytes, client: str, plain: str, tmp_path: Path, recorded: Recording, records: Any
) -> None:
    (tmp_path / "body").write_bytes(b"file")
    body = make(tmp_path / "body")
    assert CLIENTS[client](Way(f"{plain}/", "POST", body)) == content
    assert [record.attributes.get(v.HTTP_REQUEST_BODY) for record in records.of(v.HTTP)] == [content]
    assert recorded.lost == {}


def test_headers_are_those_that_were_sent(client: str, plain: str, recorded: Recording, records: Any) -> None:
    CLIENTS[client](Way(f"{plain}/", "POST", b"bytes"))
    (record,) = records.of(v.HTTP)
    found = {name.lower(): value for name, value in record.attributes[v.HTTP_REQUEST_HEADERS]}
    assert (found["host"], found["content-length"]) == (plain.removeprefix("http://"), "5")


def test_an_answer_that_never_comes(client: str, plain: str, recorded: Recording, records: Any) -> None:
    with pytest.raises(Exception) as raised:
        CLIENTS[client](Way(f"{plain}/silent", timeout=0.05))
    (found,) = seen(records)
    (record,) = records.of(v.HTTP)
    assert (found[0], found[3], found[4], record.failed) == (known(client), None, None, True)
    assert "time" in f"{found[5]} {type(raised.value).__name__}".lower()


@pytest.mark.parametrize("path", ["breaking", "stalling"])
def test_an_answer_that_breaks_off(client: str, path: str, plain: str, recorded: Recording, records: Any) -> None:
    if (client, path) == ("botocore", "breaking"):
        assert CLIENTS[client](Way(f"{plain}/{path}")) == b"begun", "it does not notice"
        return
    with pytest.raises(Exception) as raised:
        CLIENTS[client](Way(f"{plain}/{path}", timeout=0.1))
    recorded.settle()
    (found,) = seen(records)
    (record,) = records.of(v.HTTP)
    assert (found[0], found[3], record.failed) == (known(client), 200, True)
    assert found[5], raised.value


def test_a_host_that_is_not_there(client: str, recorded: Recording, records: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Exception) as raised:
        CLIENTS[client](Way("http://nowhere.example/", timeout=1))
    assert {(one[2], one[3]) for one in seen(records)} == {("http://nowhere.example/", None)}
    assert all(record.failed for record in records.of(v.HTTP))
    assert raised.value is not None


def attempts(records: Any) -> list[tuple[Any, ...]]:
    """Client, status, how often it was sent before, and whether it is below the call's own exchange."""
    ids = {record.span_id for record in records.of(v.HTTP)}
    return [
        (one.attributes[v.CLIENT], one.attributes[v.STATUS], one.attributes.get(v.RESEND_COUNT), one.parent_id in ids)
        for one in records.of(v.HTTP)
    ]


def test_retries_below_requests(plain: str, recorded: Recording, records: Any) -> None:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=urllib3.Retry(5, status_forcelist=[503])))
        assert session.get(f"{plain}/flaky?requests").content == DOCUMENT
    assert sorted(attempts(records), key=str) == [("requests", 200, 2, False), ("urllib3", 503, 0, True), ("urllib3", 503, 1, True)]


@pytest.mark.parametrize("library", [urllib3, urllib3_1], ids=["2", "1"])
def test_retries_of_urllib3(library: Any, plain: str, recorded: Recording, records: Any) -> None:
    with library.PoolManager(retries=library.Retry(5, status_forcelist=[503])) as pool:
        assert pool.request("GET", f"{plain}/flaky?urllib3{library.__version__[0]}").data == DOCUMENT
    assert [one[:2] for one in attempts(records)] == [("urllib3", 503), ("urllib3", 503), ("urllib3", 200)]
    assert [one[2] for one in attempts(records)] == ([None, 1, 2] if library is urllib3 else [None, None, None])


def test_a_service_of_aws(plain: str, recorded: Recording, records: Any) -> None:
    client = botocore.session.get_session().create_client(
        "s3", region_name="eu-central-1", endpoint_url=plain, aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.put_object(Bucket="papers", Key="one", Body=b"text")
    assert [(one[0], one[1], one[2], one[3]) for one in seen(records)] == [("botocore", "PUT", f"{plain}/papers/one", 200)]
    (record,) = records.of(v.HTTP)
    assert b"text" in record.attributes[v.HTTP_REQUEST_BODY]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_http2(asynchronous: bool, recorded: Recording, records: Any) -> None:
    async def ask(url: str) -> list[bytes]:
        async with httpx.AsyncClient(http1=False, http2=True) as one:
            return [response.content for response in await asyncio.gather(one.get(url), one.post(url, content=b"echo"))]

    with serving_http2() as port:
        url = f"http://127.0.0.1:{port}/"
        if asynchronous:
            assert asyncio.run(ask(url)) == [DOCUMENT, b"echo"]
        else:
            with httpx.Client(http1=False, http2=True) as client:
                assert [client.get(url).content, client.post(url, content=b"echo").content] == [DOCUMENT, b"echo"]
    name = "httpx.async" if asynchronous else "httpx"
    assert sorted(seen(records)) == [(name, "GET", url, 200, DOCUMENT, None), (name, "POST", url, 200, b"echo", None)]


def test_a_library_of_another_kind_above_http_client(plain: str, recorded: Recording, records: Any) -> None:
    with pytest.raises(xml.parsers.expat.ExpatError):
        xmlrpc.client.ServerProxy(f"{plain}/plain").order(5)
    (record,) = records.of(v.HTTP)
    assert (record.attributes[v.CLIENT], record.attributes[v.METHOD], record.attributes[v.STATUS]) == ("http.client", "POST", 200)
    assert b"<methodName>order</methodName>" in record.attributes[v.HTTP_REQUEST_BODY]


def test_a_request_that_is_put_together_by_hand(plain: str, recorded: Recording, records: Any) -> None:
    connection = http.client.HTTPConnection(plain.removeprefix("http://"))
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", "6")
    connection.endheaders(b"one")
    connection.send(io.BytesIO(b"two"))
    assert connection.getresponse().read() == b"onetwo"
    connection.close()
    (record,) = records.of(v.HTTP)
    assert (record.attributes[v.HTTP_REQUEST_BODY], record.attributes[v.STATUS]) == (b"onetwo", 201)


def test_a_body_that_cannot_be_seen_says_so(plain: str, recorded: Recording, records: Any) -> None:
    connection = http.client.HTTPConnection(plain.removeprefix("http://"))
    connection.request("POST", "/", io.StringIO("text"), {"Content-Length": "4"})
    assert connection.getresponse().read() == b"text"
    connection.putrequest("POST", "/"), connection.putheader("Content-Length", "4"), connection.endheaders()
    connection.send(io.StringIO("text"))
    assert connection.getresponse().read() == b"text"
    connection.close()
    assert [record.attributes[v.HTTP_REQUEST_BODY] for record in records.of(v.HTTP)] == [b"text", Truncated("bytes", -1, b"")]


def test_redirects_that_do_not_end(plain: str, recorded: Recording, records: Any) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"{plain}/moved", max_redirects=1)

    with pytest.raises(aiohttp.TooManyRedirects):
        asyncio.run(run())
    assert [(one[2], one[3], one[5]) for one in seen(records)] == [(f"{plain}/moved", 302, "aiohttp.client_exceptions.TooManyRedirects")]
