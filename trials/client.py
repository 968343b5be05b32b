"""The client that plays requests: it keeps every byte that it sent and got, and cookies as a browser would."""

import contextlib
import email.utils
import gzip
import http.client
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urljoin, urlsplit

BOUNDARY = "-----------------------------trial7f3a9c"
DEFAULTS = {"Accept-Encoding": "gzip, deflate", "Accept": "*/*", "User-Agent": "unspan-trials"}
MOST_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
Pairs = Sequence[tuple[str, str]]
Part = tuple[str, bytes, str]
"""A file of a form: its name, content and type."""


@dataclass(frozen=True)
class Exchange:
    """One request as it went out, and the answer as it came in."""

    method: str
    target: str
    """Path and query as sent."""
    sent: tuple[tuple[str, str], ...]
    body: bytes
    files: tuple[Part, ...]
    status: int
    got: tuple[tuple[str, str], ...]
    content: bytes
    """The answer's bytes as sent, content-encoding included."""
    url: str
    seconds: float = field(default=0.0, compare=False)
    """From the request's first byte to the answer's last."""

    def sent_header(self, name: str) -> str:
        return next((value for key, value in self.sent if key.lower() == name), "")

    def got_header(self, name: str) -> str:
        return next((value for key, value in self.got if key.lower() == name), "")

    @property
    def type(self) -> str:
        return self.got_header("content-type").partition(";")[0].strip()

    @property
    def decoded(self) -> bytes:
        """The answer's bytes without their content-encoding."""
        encoding = self.got_header("content-encoding").lower()
        if encoding == "gzip" and self.content:
            return gzip.decompress(self.content)
        return zlib.decompress(self.content) if encoding == "deflate" and self.content else self.content

    @property
    def text(self) -> str:
        return self.decoded.decode("utf-8", "replace")


class Jar(dict[str, str]):
    """The cookies of one session with one server, whatever path they name."""

    def take(self, headers: Pairs) -> None:
        for name, value in headers:
            if name.lower() != "set-cookie":
                continue
            with contextlib.suppress(CookieError):
                for cookie, morsel in SimpleCookie(value).items():
                    if expired(morsel["max-age"], morsel["expires"]):
                        self.pop(cookie, None)
                    else:
                        self[cookie] = morsel.coded_value


def expired(age: str, until: str) -> bool:
    if age:
        return age.lstrip("-").isdigit() and int(age) <= 0
    try:
        return bool(until) and email.utils.parsedate_to_datetime(until).timestamp() < time.time()
    except ValueError:
        return False


@dataclass
class Client:
    """A session with the server at `base`. `played` holds every exchange that it had."""

    base: str
    played: list[Exchange]
    headers: dict[str, str] = field(default_factory=dict)
    jar: Jar = field(default_factory=Jar)

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, kind: str = "",
        files: Sequence[Part] = (),
    ) -> Exchange:  # fmt: skip
        """One request; redirects are not followed. `kind` is the body's content type, where no header gives one."""
        full = urljoin(self.base, url)
        parts = urlsplit(full)
        target = encoded(parts.path or "/") + (f"?{encoded(parts.query)}" if parts.query else "")
        sent = list(self._headers(parts.netloc, dict(headers or {}), method, body, kind))
        connection = http.client.HTTPConnection(parts.netloc, timeout=120)
        begun = time.perf_counter()
        with contextlib.closing(connection):
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in sent:
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(body)
            answer = connection.getresponse()
            content, got = answer.read(), tuple(answer.getheaders())
        seconds = time.perf_counter() - begun
        self.jar.take(got)
        found = Exchange(method, target, tuple(sent), body or b"", tuple(files), answer.status, got, content, full, seconds)
        self.played.append(found)
        return found

    def visit(self, url: str, headers: Mapping[str, str] | None = None) -> Exchange:
        """A page, and where it redirects to."""
        found = self.send("GET", url, headers)
        for _ in range(MOST_REDIRECTS):
            if found.status not in REDIRECTS:
                break
            found = self.send("GET", urljoin(found.url, found.got_header("location")), headers)
        return found

    def _headers(self, host: str, given: dict[str, str], method: str, body: bytes | None, kind: str) -> Iterator[tuple[str, str]]:
        merged = {"Host": host}
        for name, value in (*DEFAULTS.items(), *self.headers.items(), *given.items()):
            merged = {key: old for key, old in merged.items() if key.lower() != name.lower()} | {name: value}
        names = {name.lower() for name in merged}
        yield from merged.items()
        if self.jar and "cookie" not in names:
            yield "Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items())
        if body is not None and kind and "content-type" not in names:
            yield "Content-Type", kind
        if body is not None or method not in ("GET", "HEAD"):
            yield "Content-Length", str(len(body or b""))


def encoded(text: str) -> str:
    """The text as it may stand in a request line; what is percent-encoded already stays."""
    return quote(text, safe="!#$%&'()*+,/:;=?@[]~")


def multipart(fields: Pairs, files: Sequence[tuple[str, Part]]) -> tuple[bytes, str]:
    """A `multipart/form-data` body and its content type; the boundary is always the same."""
    lines: list[bytes] = []
    for name, value in fields:
        lines += [f"--{BOUNDARY}".encode(), f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    for name, (file, content, kind) in files:
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{file}"'
        lines += [f"--{BOUNDARY}".encode(), disposition.encode(), f"Content-Type: {kind}".encode(), b"", content]
    return b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""]), f"multipart/form-data; boundary={BOUNDARY}"
