"""One outbound HTTP exchange, from the request until the application has read the response or the recorded request ends.

Bodies are kept decoded (gzip and the like undone), and without the headers that spoke of the encoding, so that no reader has to decode.
Nothing is read ahead: what the application does not read is not in the record.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from unspan_proto import vocabulary as v

from unspan_instrumentation.outbound.bodies import Body, body_of, decoded
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now
from unspan_instrumentation.told import telling

WHAT: Final = "an outbound HTTP exchange"
CLIENT: Final = 3
"""OTLP's span kind of a request to another system."""
ENCODING: Final = frozenset({"content-encoding", "transfer-encoding", "content-length"})
"""Headers of a response that are left out with the encoding that they describe."""


class Attempt(NamedTuple):
    """One sending by a client that tries again below the call that is recorded: `error` where there was no answer."""

    start: int
    end: int
    status: int | None
    headers: list[list[str]]
    error: BaseException | None


class Exchange:
    """What is known of an exchange so far.

    `given`: the request's body is known already, and need not be noted as it is sent. `encoded`: the bytes that are read are those of the
    wire, still under their content-encoding. `undecoded`: the client could not undo it, and the application got them so. `release`: called when it is a record.
    """

    def __init__(self, recording: Recording, client: str, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: Any) -> None:
        self.recording, self.client, self.method, self.url = recording, client, method.upper(), url
        self.request_headers = plain(headers)
        self.request_body = body_of(body)
        self.given = self.request_body is not None
        self.chunked = False
        self.status: int | None = None
        self.response_headers: list[list[str]] = []
        self.body = Body()
        self.encoded = self.undecoded = self.read = self.emitted = False
        self.error: BaseException | None = None
        self.attempts: list[Attempt] = []
        self.resent = 0
        self.release: Callable[[], object] = lambda: None
        self.span_id, self.parent, self.thread = recording.span_id(), recording.parent(), threading.get_native_id()
        recording.at_end(self.emit)
        self.start = self.end = now()

    def sent_head(self, head: bytes) -> None:
        """The header block goes out, first or once more: the headers as sent, and what follows is the body."""
        lines = head.decode("latin-1").split("\r\n\r\n", 1)[0].split("\r\n")[1:]
        self.request_headers = [[name, value.strip()] for name, _, value in (line.partition(":") for line in lines)]
        self.chunked = any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in self.request_headers)
        if not self.given:
            self.request_body = None

    def sent(self, data: Any) -> None:
        """A piece of the request's body goes out."""
        if not self.given:
            self.request_body = self.request_body or Body()
            self.request_body.add(data)

    def sent_unseen(self) -> None:
        """A piece of the body goes out that cannot be looked at."""
        if not self.given:
            self.request_body = self.request_body or Body()
            self.request_body.cut()

    def answered(self, status: int, headers: Iterable[tuple[Any, Any]]) -> None:
        self.end = now()
        self.status, self.response_headers = status, plain(headers)

    def received(self, data: Any) -> None:
        """The application has read these bytes of the response."""
        self.end, self.read = now(), True
        self.body.add(data)

    def finished(self) -> None:
        """There is no more to read."""
        self.read = True
        self.emit()

    def failed(self, error: BaseException) -> None:
        """The request, or the reading of its answer, was given up."""
        self.end, self.error = now(), error
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
        for number, attempt in enumerate(self.attempts[:-1]):
            self._emit_attempt(number, attempt)
        self.recording.emit(
            v.HTTP, self.name(), self.start, self.end, self.attributes(),
            span_id=self.span_id, parent=self.parent, failed=self.error is not None, span_kind=CLIENT,
        )  # fmt: skip

    def _emit_attempt(self, number: int, attempt: Attempt) -> None:
        """A child: the client sent the request again after it."""
        found: dict[str, Any] = {v.CLIENT: "urllib3", v.METHOD: self.method, v.URL: self.url, v.RESEND_COUNT: number}
        found[v.HTTP_REQUEST_HEADERS] = self.request_headers
        if attempt.status is not None:
            found |= {v.STATUS: attempt.status, v.HTTP_RESPONSE_HEADERS: attempt.headers}
        found |= exception(attempt.error)
        self.recording.emit(
            v.HTTP, self.name(), attempt.start, attempt.end, found, parent=self.span_id, failed=attempt.error is not None, span_kind=CLIENT
        )

    def name(self) -> str:
        return f"{self.method} {self.url.partition('?')[0]}"

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            v.CLIENT: self.client,
            v.METHOD: self.method,
            v.URL: self.url,
            v.HTTP_REQUEST_HEADERS: self.request_headers,
            v.THREAD: self.thread,
        }
        if again := self.resent or len(self.attempts) - 1:
            found |= {v.RESEND_COUNT: again} if again > 0 else {}
        if self.request_body is not None:
            found[v.HTTP_REQUEST_BODY] = self.request_body.value(self.chunked and not self.given)
        if self.status is not None:
            found |= self.response()
        return found | exception(self.error)

    def response(self) -> dict[str, Any]:
        body, headers = self.body.value(), self.response_headers
        encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
        if self.encoded and encoding:
            body, encoding = decoded(encoding, body)
        gone = ENCODING if not ((self.encoded or self.undecoded) and encoding) else ENCODING - {"content-encoding"}
        found: dict[str, Any] = {v.STATUS: self.status, v.HTTP_RESPONSE_HEADERS: [pair for pair in headers if pair[0].lower() not in gone]}
        if self.read:
            found[v.HTTP_RESPONSE_BODY] = body
        return found


inside: ContextVar[Exchange | None] = ContextVar("unspan_inside_http_client", default=None)
"""The exchange that a client library above is recording already: requests uses urllib3, which uses http.client."""


def opened(client: str, describe: Callable[[], tuple[str, str, Iterable[tuple[Any, Any]], Any]]) -> Exchange | None:
    """A new exchange, when one has to be recorded here. `describe` gives method, full URL, headers and body of the request."""
    recording = current()
    if recording is None or recording.closed or inside.get() or not is_instrumentation_enabled():
        return None
    return quietly(recording, WHAT, lambda: Exchange(recording, client, *describe()))


@contextmanager
def exchanging(exchange: Exchange) -> Generator[None]:
    """Around the library's own work: what it calls is not recorded once more, and what it raises is the exchange's failure."""
    token = inside.set(exchange)
    try:
        with telling():
            yield
    except BaseException as error:
        quietly(exchange.recording, WHAT, exchange.failed, error)
        raise
    finally:
        inside.reset(token)


def plain(headers: Iterable[tuple[Any, Any]]) -> list[list[str]]:
    return [[text(name), text(value)] for name, value in headers]


def text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
