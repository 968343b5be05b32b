"""aiohttp's client: one exchange for a request, one more for each redirect that it followed. The body as the application reads it."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from unspan_instrumentation.outbound.exchange import WHAT, Body, Exchange, body_of, exchanging, opened
from unspan_instrumentation.patching import around, quietly

sending: ContextVar[Exchange | None] = ContextVar("unspan_aiohttp_exchange", default=None)
readers: dict[int, tuple[Any, Exchange]] = {}
"""Response bodies being read, by the id of their StreamReader (which takes neither attributes nor weak references), until the record is made."""


async def request(original: Callable[..., Any], session: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientSession._request(method, url, …)`."""
    exchange = opened("aiohttp", lambda: described(args))
    if exchange is None:
        return await original(session, *args, **kwargs)
    token = sending.set(exchange)
    try:
        with exchanging(exchange):
            response = await original(session, *args, **kwargs)
    finally:
        sending.reset(token)
    quietly(exchange.recording, WHAT, answered, exchange, response, bool(getattr(session, "_auto_decompress", True)))
    return response


def described(args: tuple[Any, ...]) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    return str(args[0]), str(args[1]), (), None


async def send(original: Callable[..., Any], sent: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ClientRequest.send`: only here the body is bytes."""
    exchange = sending.get()
    if exchange is not None:
        quietly(exchange.recording, WHAT, sent_with, exchange, sent)
    return await original(sent, *args, **kwargs)


def sent_with(exchange: Exchange, sent: Any) -> None:
    exchange.url = str(sent.url)
    exchange.request_headers = [[str(name), str(value)] for name, value in sent.headers.items()]
    found: Body | None = body_of(getattr(sent.body, "_value", sent.body))
    exchange.request_body = found or exchange.request_body


def answered(exchange: Exchange, response: Any, decoded: bool) -> None:
    for step in response.history:
        hop = Exchange(exchange.recording, "aiohttp", step.method, str(step.request_info.url), step.request_info.headers.items(), None)
        hop.start = exchange.start
        hop.answered(step.status, step.headers.items())
        hop.finished()
    exchange.method, exchange.encoded = response.method, not decoded
    exchange.answered(response.status, response.headers.items())
    if response.content is None or response.content.at_eof():
        exchange.finished()
    else:
        watch(response.content, exchange)


def watch(reader: Any, exchange: Exchange) -> None:
    readers[id(reader)] = reader, exchange
    exchange.release = lambda: readers.pop(id(reader), None)


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


def patch(module: Any) -> None:
    """For `aiohttp`."""
    around(module.ClientSession, "_request", request)
    around(module.ClientRequest, "send", send)
    around(module.StreamReader, "_read_nowait_chunk", read_chunk)
