"""urllib3, where no client above it records: one exchange for each time that a pool sends a request (a retry is one more)."""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

from unspan_instrumentation.outbound import reading
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, exchanging, opened
from unspan_instrumentation.patching import around, quietly

PORTS = {"http": 80, "https": 443}


def make_request(original: Callable[..., Any], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnectionPool._make_request(conn, method, url, body=None, headers=None, …)` of urllib3 2."""
    given = dict(zip(("conn", "method", "url", "body", "headers"), args, strict=False)) | kwargs
    exchange = opened("urllib3", lambda: described(pool, given))
    if exchange is None:
        return original(pool, *args, **kwargs)
    with exchanging(exchange):
        response = original(pool, *args, **kwargs)
    quietly(exchange.recording, WHAT, answered, exchange, response)
    return response


def urlopen(original: Callable[..., Any], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnectionPool.urlopen(method, url, body=None, headers=None, …)` of urllib3 1, whose retries are inside."""
    given = dict(zip(("method", "url", "body", "headers"), args, strict=False)) | kwargs
    exchange = opened("urllib3", lambda: described(pool, given))
    if exchange is None:
        return original(pool, *args, **kwargs)
    with exchanging(exchange):
        response = original(pool, *args, **kwargs)
    quietly(exchange.recording, WHAT, answered, exchange, response)
    return response


def described(pool: Any, given: dict[str, Any]) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    url: str = given["url"]
    headers: Any = given.get("headers") or pool.headers or {}
    if not url.startswith(("http://", "https://")):
        port = "" if pool.port in (None, PORTS.get(pool.scheme)) else f":{pool.port}"
        host = f"[{pool.host}]" if ":" in pool.host and not pool.host.startswith("[") else pool.host
        url = f"{pool.scheme}://{host}{port}{url}"
    return given["method"], url, headers.items(), given.get("body")


def answered(exchange: Exchange, response: Any) -> None:
    exchange.answered(response.status, header_pairs(response, response.headers))
    watch(response, exchange)


def header_pairs(raw: Any, headers: Any) -> list[tuple[str, str]]:
    """A response's headers, repeated ones apart where the response knows them."""
    own = getattr(raw, "headers", None)
    return list(own.items()) if own is not None and hasattr(own, "getlist") else list(headers.items())


def watch(response: Any, exchange: Exchange) -> None:
    """Notes what the application reads of a urllib3 response; one that was read whole already is finished."""
    body = getattr(response, "_body", None)
    if isinstance(body, bytes):
        exchange.encoded = not response.decode_content
        exchange.received(body)
        exchange.finished()
    else:
        reading.watch(response, exchange, lambda: bool(response.closed) and not len(getattr(response, "_decoded_buffer", ())))


def patch(module: Any) -> None:
    """For `urllib3.connectionpool`."""
    if "preload_content" in signature(module.HTTPConnectionPool._make_request).parameters:
        around(module.HTTPConnectionPool, "_make_request", make_request)
    else:
        around(module.HTTPConnectionPool, "urlopen", urlopen)
