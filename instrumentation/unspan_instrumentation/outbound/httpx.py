"""httpx, sync and async: its own transports, so that a client with another transport (a test's) is left alone."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from unspan_instrumentation.outbound.bodies import Body
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, exchanging, opened
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording


class Noted:
    """A byte stream whose chunks are noted as they pass. `end` and `fail` must not raise."""

    def __init__(
        self,
        stream: Any,
        recording: Recording,
        note: Callable[[bytes], None],
        end: Callable[[], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self.stream, self.recording, self.add, self.end, self.fail = stream, recording, note, end, fail

    def note(self, chunk: bytes) -> None:
        quietly(self.recording, WHAT, self.add, chunk)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self.stream:
                self.note(chunk)
                yield chunk
        except Exception as error:
            quietly(self.recording, WHAT, self.fail, error)
            raise
        quietly(self.recording, WHAT, self.end)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.stream:
                self.note(chunk)
                yield chunk
        except Exception as error:
            quietly(self.recording, WHAT, self.fail, error)
            raise
        quietly(self.recording, WHAT, self.end)

    def close(self) -> None:
        quietly(self.recording, WHAT, self.end)
        self.stream.close()

    async def aclose(self) -> None:
        quietly(self.recording, WHAT, self.end)
        await self.stream.aclose()


def sync_transport(noted: type) -> Callable[..., Any]:
    def handle_request(original: Callable[..., Any], transport: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        sent = args[0] if args else kwargs["request"]
        exchange = opened("httpx", lambda: described(sent))
        if exchange is None:
            return original(transport, *args, **kwargs)
        before = sent.stream
        quietly(exchange.recording, WHAT, watch_request, sent, exchange, noted)
        try:
            with exchanging(exchange):
                response = original(transport, *args, **kwargs)
        finally:
            sent.stream = before
        quietly(exchange.recording, WHAT, answered, exchange, response, noted)
        return response

    return handle_request


def async_transport(noted: type) -> Callable[..., Any]:
    async def handle_async_request(original: Callable[..., Any], transport: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        sent = args[0] if args else kwargs["request"]
        exchange = opened("httpx.async", lambda: described(sent))
        if exchange is None:
            return await original(transport, *args, **kwargs)
        before = sent.stream
        quietly(exchange.recording, WHAT, watch_request, sent, exchange, noted)
        try:
            with exchanging(exchange):
                response = await original(transport, *args, **kwargs)
        finally:
            sent.stream = before
        quietly(exchange.recording, WHAT, answered, exchange, response, noted)
        return response

    return handle_async_request


def described(request: Any) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    return request.method, str(request.url), request.headers.multi_items(), request.__dict__.get("_content")


def watch_request(request: Any, exchange: Exchange, noted: type) -> None:
    """Has a streamed body (multipart, a generator) noted as it is sent."""
    if "_content" not in request.__dict__:
        body = Body()
        exchange.request_body = body
        request.stream = noted(request.stream, exchange.recording, body.add, lambda: None, lambda error: None)


def answered(exchange: Exchange, response: Any, noted: type) -> None:
    exchange.encoded = True
    exchange.answered(response.status_code, response.headers.multi_items())
    response.stream = noted(response.stream, exchange.recording, exchange.received, exchange.finished, exchange.failed)


def patch(module: Any) -> None:
    """For `httpx`, which wants its own stream classes as bases."""
    streams = (module.SyncByteStream, module.AsyncByteStream)
    noted = type("Noted", (Noted, *streams), {"__doc__": Noted.__doc__})
    around(module.HTTPTransport, "handle_request", sync_transport(noted))
    around(module.AsyncHTTPTransport, "handle_async_request", async_transport(noted))
