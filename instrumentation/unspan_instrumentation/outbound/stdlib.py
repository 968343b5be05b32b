"""`http.client` and `urllib.request` above it: a request and the response that answers it, where no other client records.

It is the lowest layer of requests, urllib3 and botocore, too: for their exchanges the headers and the streamed bodies are noted as they go out.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from types import GeneratorType
from typing import Any, Final

from unspan_instrumentation.outbound import reading
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, exchanging, inside, opened
from unspan_instrumentation.patching import around, quietly

LINK: Final = "_unspan_sending"
"""Name of the attribute of a connection that holds what is being sent over it."""
client: ContextVar[str] = ContextVar("unspan_http_client", default="http.client")


class Sending:
    """A request going out over a connection: `own` when it is recorded here, else for the exchange of a client above."""

    def __init__(self, exchange: Exchange, own: bool) -> None:
        self.exchange, self.own = exchange, own
        self.head = self.busy = False

    def recording(self) -> AbstractContextManager[None]:
        return exchanging(self.exchange) if self.own and inside.get() is None else nullcontext()

    def passing(self, data: Any) -> Any:
        """What to send in the place of `data`: the same, noted."""
        if self.head:
            self.head = False
            head, _, body = bytes(data).partition(b"\r\n\r\n")
            self.exchange.sent_head(head)
            if body:
                self.exchange.sent(body)
        elif not self.exchange.given:
            return self._noted(data)
        return data

    def _noted(self, data: Any) -> Any:
        kind = type(data)
        if kind in (bytes, bytearray, memoryview):
            self.exchange.sent(data)
        elif kind in (list, tuple, GeneratorType):
            return self._each(data)
        elif any("read" in base.__dict__ for base in kind.__mro__) and not issubclass(kind, io.TextIOBase):
            return Readable(data, self.exchange)
        else:
            self.exchange.sent_unseen()
        return data

    def _each(self, data: Iterable[Any]) -> Iterator[Any]:
        for piece in data:
            quietly(self.exchange.recording, WHAT, self.exchange.sent, piece)
            yield piece


class Readable:
    """A file that is sent, noted as it is read."""

    def __init__(self, file: Any, exchange: Exchange) -> None:
        self.file, self.exchange = file, exchange

    def read(self, *args: Any) -> Any:
        data = self.file.read(*args)
        quietly(self.exchange.recording, WHAT, self.exchange.sent, data)
        return data


def putrequest(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnection.putrequest(method, url, …)`, with which every request begins."""
    result = original(connection, *args, **kwargs)
    connection.__dict__.pop(LINK, None)
    exchange = opened(client.get(), lambda: described(connection, *args, **kwargs))
    if exchange is not None:
        connection.__dict__[LINK] = Sending(exchange, own=True)
    return result


def endheaders(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    above = inside.get()
    if above is not None:
        connection.__dict__[LINK] = Sending(above, own=False)
    sending: Sending | None = connection.__dict__.get(LINK)
    if sending is None:
        return original(connection, *args, **kwargs)
    sending.head = True
    with sending.recording():
        return original(connection, *args, **kwargs)


def send(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnection.send(data)`: the header block, then the pieces of the body."""
    sending: Sending | None = connection.__dict__.get(LINK)
    if sending is None or sending.busy or len(args) != 1:  # busy: it connects first, perhaps through a proxy
        return original(connection, *args, **kwargs)
    sending.busy = True
    try:
        passed = quietly(sending.exchange.recording, WHAT, sending.passing, args[0])
        with sending.recording():
            return original(connection, args[0] if passed is None else passed)
    finally:
        sending.busy = False


def getresponse(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    sending: Sending | None = connection.__dict__.pop(LINK, None)
    if sending is None:
        return original(connection, *args, **kwargs)
    if not sending.own:
        response = original(connection, *args, **kwargs)
        quietly(sending.exchange.recording, WHAT, sending.exchange.answered, response.status, response.getheaders())
        return response
    with sending.recording():
        response = original(connection, *args, **kwargs)
    quietly(sending.exchange.recording, WHAT, answered, sending.exchange, response)
    return response


def described(connection: Any, method: str, url: str, *_others: Any, **_options: Any) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    if not url.startswith(("http://", "https://")):
        scheme = "https" if hasattr(connection, "_context") else "http"
        host, port = (
            getattr(connection, "_tunnel_host", None) or connection.host,
            getattr(connection, "_tunnel_port", None) or connection.port,
        )
        host = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{host}{'' if port == connection.default_port else f':{port}'}{url}"
    return method, url, (), None


def answered(exchange: Exchange, response: Any) -> None:
    exchange.encoded = True
    exchange.answered(response.status, response.getheaders())
    reading.watch(response, exchange, response.isclosed)


def do_open(original: Callable[..., Any], handler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    token = client.set("urllib")
    try:
        return original(handler, *args, **kwargs)
    finally:
        client.reset(token)


def patch(module: Any) -> None:
    """For `http.client`."""
    for wrapper in (putrequest, endheaders, send, getresponse):
        around(module.HTTPConnection, wrapper.__name__, wrapper)


def patch_urllib(module: Any) -> None:
    """For `urllib.request`."""
    around(module.AbstractHTTPHandler, "do_open", do_open)
