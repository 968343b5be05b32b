"""urllib3, where no client above it records: one exchange for each time that a pool sends a request (a retry is one more).

Below requests, and other clients that are recorded as one call, what was sent before the last attempt is noted in their exchange.
botocore has pools of its own, derived from these.
"""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any, Final

from unspan_instrumentation.outbound import reading
from unspan_instrumentation.outbound.exchange import WHAT, Attempt, Exchange, exchanging, inside, opened, plain
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import now

PORTS = {"http": 80, "https": 443}
LINK: Final = "_unspan_exchange"
"""Name of the attribute that holds the exchange on urllib3 1's response of `http.client`, until that becomes one of its own."""


def make_request(original: Callable[..., Any], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnectionPool._make_request(conn, method, url, body=None, headers=None, …)`."""
    given = dict(zip(("conn", "method", "url"), args, strict=False)) | kwargs
    if (above := inside.get()) is not None:
        return attempted(above, original, pool, args, kwargs)
    exchange = opened(client_of(pool), lambda: described(pool, given))
    if exchange is None:
        return original(pool, *args, **kwargs)
    quietly(exchange.recording, WHAT, counted, exchange, given.get("retries"))
    with exchanging(exchange):
        response = original(pool, *args, **kwargs)
    quietly(exchange.recording, WHAT, answered, exchange, response)
    return response


def attempted(above: Exchange, original: Callable[..., Any], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    start, above.status = now(), None
    try:
        response = original(pool, *args, **kwargs)
    except BaseException as error:
        above.attempts.append(Attempt(start, now(), None, [], error))
        raise
    quietly(above.recording, WHAT, lambda: above.attempts.append(attempt(start, response)))
    return response


def attempt(start: int, response: Any) -> Attempt:
    headers = response.getheaders() if not hasattr(response.headers, "getlist") else response.headers.items()
    return Attempt(start, now(), response.status, plain(headers), None)


def counted(exchange: Exchange, retries: Any) -> None:
    """Notes how often the request was sent before, as urllib3's `Retry` keeps it."""
    history = getattr(retries, "__dict__", {}).get("history")
    exchange.resent = len(history) if type(history) is tuple else 0


def client_of(pool: Any) -> str:
    return "botocore" if type(pool).__module__.startswith("botocore.") else "urllib3"


def described(pool: Any, given: dict[str, Any]) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    url: str = given["url"]
    headers: Any = given.get("headers") or pool.headers or {}
    if not url.startswith(("http://", "https://")):
        port = "" if pool.port in (None, PORTS.get(pool.scheme)) else f":{pool.port}"
        host = f"[{pool.host}]" if ":" in pool.host and not pool.host.startswith("[") else pool.host
        url = f"{pool.scheme}://{host}{port}{url}"
    return given["method"], url, headers.items(), given.get("body")


def answered(exchange: Exchange, response: Any) -> None:
    """Of urllib3 2 its own response; of urllib3 1 one of `http.client`, whose reading is watched once it is wrapped."""
    if hasattr(response, "release_conn"):
        exchange.answered(response.status, header_pairs(response, response.headers))
        watch(response, exchange)
    else:
        exchange.answered(response.status, response.getheaders())
        setattr(response, LINK, exchange)


def header_pairs(raw: Any, headers: Any) -> list[tuple[str, str]]:
    """A response's headers, repeated ones apart where the response knows them."""
    own = getattr(raw, "headers", None)
    return list(own.items()) if own is not None and hasattr(own, "getlist") else list(headers.items())


def watch(response: Any, exchange: Exchange) -> None:
    """Notes what the application reads of a urllib3 response; one that was read whole already is finished."""
    body = getattr(response, "_body", None)
    if isinstance(body, bytes):
        exchange.encoded = not response.decode_content
        exchange.undecoded = not exchange.encoded and getattr(response, "_decoder", response) is None
        exchange.received(body)
        exchange.finished()
    else:
        reading.watch(response, exchange, lambda: bool(response.closed) and not len(getattr(response, "_decoded_buffer", ())))


def wrapping(original: Callable[..., Any]) -> Callable[..., Any]:
    """`HTTPResponse.from_httplib(response, **options)` of urllib3 1."""

    def from_httplib(response_class: Any, response: Any, **options: Any) -> Any:
        exchange: Exchange | None = response.__dict__.pop(LINK, None) if hasattr(response, "__dict__") else None
        try:
            found = original(response_class, response, **options)
        except BaseException as error:
            if exchange is not None:
                exchange.failed(error)
            raise
        if exchange is not None:
            quietly(exchange.recording, WHAT, watch, found, exchange)
        return found

    from_httplib.__unspan__ = True  # type: ignore[attr-defined]
    return from_httplib


def patch(module: Any) -> None:
    """For `urllib3.connectionpool`."""
    around(module.HTTPConnectionPool, "_make_request", make_request)
    if "preload_content" not in signature(module.HTTPConnectionPool._make_request).parameters:
        made: Any = module.HTTPResponse.__dict__["from_httplib"]
        if not getattr(made.__func__, "__unspan__", False):
            module.HTTPResponse.from_httplib = classmethod(wrapping(made.__func__))
