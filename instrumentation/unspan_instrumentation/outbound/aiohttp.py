"""aiohttp's client: one exchange for each time that a request is sent, redirects and retries among them. The body as the application reads it."""

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final

from unspan_instrumentation.outbound.bodies import Body, body_of
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, inside, opened
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.told import telling

TUNNEL: Final = "CONNECT"
"""The method with which a connection through a proxy begins; not the application's request."""
CLOSED: Final = ("Connection closed",)
"""What aiohttp says to whoever reads on after the application has let go of a response."""
readers: dict[int, tuple[Any, Exchange]] = {}
"""Response bodies being read, by the id of their StreamReader (which takes neither attributes nor weak references), until the record is made."""


class Calling:
    """One call of a session's method: the exchange under way, and what went wrong with it, which aiohttp may try again."""

    def __init__(self, first: Exchange, session: Any) -> None:
        self.exchange, self.used = first, False
        self.decoded = bool(getattr(session, "_auto_decompress", True))
        self.trouble: BaseException | None = None
        self.sent: Any = None

    def begins(self, sent: Any) -> None:
        """A connection is wanted for a `ClientRequest`."""
        if sent is self.sent:
            return
        if self.used:
            self.over()
            before = self.exchange
            self.exchange = Exchange(before.recording, "aiohttp", sent.method, str(sent.url), sent.headers.items(), None)
            self.exchange.resent = before.resent + 1
        self.used, self.sent, self.trouble = True, sent, None
        self.noted(sent)

    def noted(self, sent: Any) -> None:
        """Method, address, headers and body of the request, which are complete only when it is sent."""
        exchange = self.exchange
        exchange.method, exchange.url = sent.method, str(sent.url)
        exchange.request_headers = [[str(name), str(value)] for name, value in sent.headers.items()]
        found: Body | None = body_of(getattr(sent.body, "_value", sent.body))
        exchange.request_body, exchange.given = found, found is not None

    def over(self) -> None:
        """Another request follows: a redirect was answered, or there was no answer."""
        if self.exchange.status is None and self.trouble is not None:
            self.exchange.failed(self.trouble)
        self.exchange.emit()

    def answered(self, response: Any) -> None:
        exchange, reader = self.exchange, response.content
        exchange.encoded = not self.decoded
        exchange.answered(response.status, response.headers.items())
        if reader is None or reader.at_eof():
            exchange.finished()
        else:
            readers[id(reader)] = reader, exchange
            exchange.release = lambda: readers.pop(id(reader), None)


calling: ContextVar[Calling | None] = ContextVar("unspan_aiohttp_call", default=None)


async def request(original: Callable[..., Any], session: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientSession._request(method, url, …)`."""
    exchange = opened("aiohttp", lambda: described(args))
    if exchange is None:
        return await original(session, *args, **kwargs)
    call = Calling(exchange, session)
    tokens = calling.set(call), inside.set(exchange)
    try:
        with telling():
            return await original(session, *args, **kwargs)
    except BaseException as error:
        call.exchange.failed(error)
        raise
    finally:
        calling.reset(tokens[0])
        inside.reset(tokens[1])


def described(args: tuple[Any, ...]) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    return str(args[0]), str(args[1]), (), None


async def connect(original: Callable[..., Any], connector: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`BaseConnector.connect(request, …)`: every sending begins with it."""
    call = calling.get()
    if call is not None and args:
        quietly(call.exchange.recording, WHAT, call.begins, args[0])
    return await troubled(call, original(connector, *args, **kwargs))


async def send(original: Callable[..., Any], sent: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientRequest.send(connection)`."""
    call = calling.get()
    if call is not None and sent.method != TUNNEL:
        quietly(call.exchange.recording, WHAT, call.begins, sent)
        quietly(call.exchange.recording, WHAT, call.noted, sent)
    return await troubled(call, original(sent, *args, **kwargs))


async def start(original: Callable[..., Any], response: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientResponse.start(connection)`, which waits for the answer's headers."""
    call = calling.get()
    found = await troubled(call, original(response, *args, **kwargs))
    if call is not None and response.method != TUNNEL:
        quietly(call.exchange.recording, WHAT, call.answered, response)
    return found


async def troubled(call: Calling | None, work: Awaitable[Any]) -> Any:
    try:
        return await work
    except BaseException as error:
        if call is not None:
            call.trouble = error
        raise


async def write_bytes(original: Callable[..., Any], sent: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientRequest.write_bytes(writer, connection, …)`: a body that is a stream is noted as the writer gets it."""
    call = calling.get()
    if call is not None and not call.exchange.given and args:
        quietly(call.exchange.recording, WHAT, tee, args[0], call.exchange)
    return await original(sent, *args, **kwargs)


def tee(writer: Any, exchange: Exchange) -> None:
    before = writer._on_chunk_sent

    async def passed(chunk: Any) -> None:
        quietly(exchange.recording, WHAT, exchange.sent, chunk)
        if before is not None:
            await before(chunk)

    writer._on_chunk_sent = passed


def read_chunk(original: Callable[..., Any], reader: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`StreamReader._read_nowait_chunk`: every way of reading takes its bytes from here."""
    data = original(reader, *args, **kwargs)
    found = readers.get(id(reader)) if readers else None
    if found is not None:
        quietly(found[1].recording, WHAT, noted, found[1], reader, data)
    return data


def noted(exchange: Exchange, reader: Any, data: Any) -> None:
    exchange.received(data)
    if reader.at_eof():
        exchange.finished()


def broken(original: Callable[..., Any], reader: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`StreamReader.set_exception(error, …)`: the rest of the body will not come."""
    found = readers.get(id(reader)) if readers else None
    if found is not None and args and isinstance(args[0], BaseException) and args[0].args != CLOSED:
        found[1].failed(args[0])
    return original(reader, *args, **kwargs)


def patch(module: Any) -> None:
    """For `aiohttp`."""
    around(module.ClientSession, "_request", request)
    around(module.BaseConnector, "connect", connect)
    for wrapper in (send, write_bytes):
        around(module.ClientRequest, wrapper.__name__, wrapper)
    around(module.ClientResponse, "start", start)
    around(module.StreamReader, "_read_nowait_chunk", read_chunk)
    around(module.StreamReader, "set_exception", broken)
