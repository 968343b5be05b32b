"""One outbound HTTP exchange, from the request until the application has read the response or the recorded request ends.

Bodies are kept decoded (gzip and the like undone), and without the headers that spoke of the encoding, so that no reader has to decode.
Nothing is read ahead: what the application does not read is not in the record.
"""

import sys
import time
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated, type_name

from unspan_instrumentation.freezing import Weight
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, current

WHAT: Final = "an outbound HTTP exchange"
BODY_BYTES: Final = 1 << 20
"""Bytes of a body that are kept."""
CLIENT: Final = 3
"""OTLP's span kind of a request to another system."""
ENCODING: Final = frozenset({"content-encoding", "transfer-encoding", "content-length"})
"""Headers of a response that are left out with the encoding that they describe."""

inside: ContextVar[bool] = ContextVar("unspan_inside_http_client", default=False)
"""Whether a client library above is recording already: requests uses urllib3, which uses http.client."""


class Body:
    """Bytes as they pass, up to the limit."""

    __slots__ = ("kept", "size")

    def __init__(self) -> None:
        self.kept, self.size = bytearray(), 0

    def add(self, data: Any) -> None:
        self.size += len(data)
        room = BODY_BYTES - len(self.kept)
        if room > 0:
            self.kept += data[:room]

    def value(self) -> Any:
        Weight.bytes += len(self.kept)
        whole = bytes(self.kept)
        return whole if self.size == len(whole) else Truncated("bytes", self.size, whole)


class Exchange:
    """What is known of an exchange so far.

    `encoded`: the bytes that pass are those of the wire, still under their content-encoding. `release`: called when it is a record.
    """

    def __init__(self, recording: Recording, client: str, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: Any) -> None:
        self.recording, self.client, self.method, self.url = recording, client, method.upper(), url
        self.request_headers = plain(headers)
        self.request_body = body_of(body)
        self.status: int | None = None
        self.response_headers: list[list[str]] = []
        self.body = Body()
        self.encoded = self.read = self.emitted = False
        self.error: BaseException | None = None
        self.release: Callable[[], object] = lambda: None
        self.span_id, self.parent = recording.span_id(), recording.parent()
        recording.at_end(self.emit)
        self.start = self.end = time.time_ns()

    def answered(self, status: int, headers: Iterable[tuple[Any, Any]]) -> None:
        self.end = time.time_ns()
        self.status, self.response_headers = status, plain(headers)

    def received(self, data: Any) -> None:
        """The application has read these bytes of the response."""
        self.end, self.read = time.time_ns(), True
        self.body.add(data)

    def finished(self) -> None:
        """There is no more to read."""
        self.read = True
        self.emit()

    def failed(self, error: BaseException) -> None:
        self.end, self.error = time.time_ns(), error
        self.emit()

    def emit(self) -> None:
        """Becomes a record, once. Never raises."""
        if self.emitted:
            return
        self.emitted = True
        self.recording.finished(self.emit)
        self.release()
        quietly(self.recording, WHAT, self._emit)

    def _emit(self) -> None:
        name = f"{self.method} {self.url.partition('?')[0]}"
        self.recording.emit(
            v.HTTP, name, self.start, self.end, self.attributes(),
            span_id=self.span_id, parent=self.parent, failed=self.error is not None, span_kind=CLIENT,
        )  # fmt: skip

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            v.CLIENT: self.client,
            v.METHOD: self.method,
            v.URL: self.url,
            v.HTTP_REQUEST_HEADERS: self.request_headers,
        }
        if self.request_body is not None:
            found[v.HTTP_REQUEST_BODY] = self.request_body.value()
        if self.status is not None:
            found |= self.response()
        if self.error is not None:
            found[v.EXCEPTION_TYPE] = type_name(type(self.error))
            found[v.EXCEPTION_MESSAGE] = ", ".join(str(part) for part in self.error.args if type(part) in (str, int))[:2000]
        return found

    def response(self) -> dict[str, Any]:
        body, headers = self.body.value(), self.response_headers
        encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
        if self.encoded and encoding:
            body, encoding = decoded(encoding, body)
        gone = ENCODING if not (self.encoded and encoding) else ENCODING - {"content-encoding"}
        found: dict[str, Any] = {v.STATUS: self.status, v.HTTP_RESPONSE_HEADERS: [pair for pair in headers if pair[0].lower() not in gone]}
        if self.read:
            found[v.HTTP_RESPONSE_BODY] = body
        return found


def opened(client: str, describe: Callable[[], tuple[str, str, Iterable[tuple[Any, Any]], Any]]) -> Exchange | None:
    """A new exchange, when one has to be recorded here. `describe` gives method, full URL, headers and body of the request."""
    recording = current()
    if recording is None or recording.closed or inside.get() or not is_instrumentation_enabled():
        return None
    return quietly(recording, WHAT, lambda: Exchange(recording, client, *describe()))


@contextmanager
def exchanging(exchange: Exchange) -> Generator[None]:
    """Around the library's own work: what it calls is not recorded once more, and what it raises is the exchange's failure."""
    token = inside.set(True)
    try:
        yield
    except BaseException as error:
        exchange.failed(error)
        raise
    finally:
        inside.reset(token)


def plain(headers: Iterable[tuple[Any, Any]]) -> list[list[str]]:
    return [[text(name), text(value)] for name, value in headers]


def text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def body_of(given: Any) -> Body | None:
    """The body of a request that was given as text or bytes; None for a stream, and for none."""
    if isinstance(given, str):
        given = given.encode()
    if not isinstance(given, (bytes, bytearray, memoryview)) or not given:
        return None
    body = Body()
    body.add(bytes(given))
    return body


def decoded(encoding: str, body: Any) -> tuple[Any, str]:
    """The body without its content-encoding, and the encoding that is left: none, or the same where it cannot be undone."""
    if not isinstance(body, bytes):
        return body, encoding
    try:
        for name in reversed([part.strip().lower() for part in encoding.split(",")]):
            body = DECODERS[name](body)
    except Exception:  # an encoding whose library is not loaded, or a body that was read in part
        return body, encoding
    return body, ""


def inflated(data: bytes) -> bytes:
    """`deflate` is zlib's format, or the bare one that some servers send."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return zlib.decompress(data, -zlib.MAX_WBITS)


def loaded(name: str) -> Callable[[bytes], bytes]:
    """The `decompress` of a library that the application has loaded: it could not read the body otherwise."""
    return lambda data: sys.modules[name].decompress(data)


DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "identity": lambda data: data,
    "gzip": lambda data: zlib.decompress(data, zlib.MAX_WBITS | 16),
    "x-gzip": lambda data: zlib.decompress(data, zlib.MAX_WBITS | 16),
    "deflate": inflated,
    "br": loaded("brotli"),
    "zstd": loaded("zstandard"),
}
