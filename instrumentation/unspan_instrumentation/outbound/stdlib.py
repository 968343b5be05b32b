"""`http.client` and `urllib.request` above it, where no other client records: a request and the response that answers it."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final

from unspan_instrumentation.outbound import reading
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, exchanging, opened
from unspan_instrumentation.patching import around, quietly

LINK: Final = "_unspan_exchange"
"""Name of the attribute of a connection that holds the exchange under way."""
client: ContextVar[str] = ContextVar("unspan_http_client", default="http.client")


def request(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`HTTPConnection.request(method, url, body=None, headers={})`."""
    given = dict(zip(("method", "url", "body", "headers"), args, strict=False)) | kwargs
    exchange = opened(client.get(), lambda: described(connection, given))
    if exchange is None:
        return original(connection, *args, **kwargs)
    with exchanging(exchange):
        result = original(connection, *args, **kwargs)
    connection.__dict__[LINK] = exchange
    return result


def getresponse(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    exchange: Exchange | None = connection.__dict__.pop(LINK, None)
    if exchange is None:
        return original(connection, *args, **kwargs)
    with exchanging(exchange):
        response = original(connection, *args, **kwargs)
    quietly(exchange.recording, WHAT, answered, exchange, response)
    return response


def described(connection: Any, given: dict[str, Any]) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    url = given["url"]
    if not url.startswith(("http://", "https://")):
        scheme = "https" if hasattr(connection, "_context") else "http"
        host, port = (
            getattr(connection, "_tunnel_host", None) or connection.host,
            getattr(connection, "_tunnel_port", None) or connection.port,
        )
        host = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{host}{'' if port == connection.default_port else f':{port}'}{url}"
    return given["method"], url, (given.get("headers") or {}).items(), given.get("body")


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
    around(module.HTTPConnection, "request", request)
    around(module.HTTPConnection, "getresponse", getresponse)


def patch_urllib(module: Any) -> None:
    """For `urllib.request`."""
    around(module.AbstractHTTPHandler, "do_open", do_open)
