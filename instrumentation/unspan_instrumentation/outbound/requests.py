"""requests: `HTTPAdapter.send`, one exchange each; the body as the application reads it from the urllib3 response below."""

from collections.abc import Callable, Iterable
from typing import Any

from unspan_instrumentation.outbound import urllib3
from unspan_instrumentation.outbound.exchange import WHAT, Exchange, exchanging, opened
from unspan_instrumentation.patching import around, quietly


def send(original: Callable[..., Any], adapter: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    request = args[0] if args else kwargs.get("request")
    exchange = opened("requests", lambda: described(request))
    if exchange is None:
        return original(adapter, *args, **kwargs)
    with exchanging(exchange):
        response = original(adapter, *args, **kwargs)
    quietly(exchange.recording, WHAT, answered, exchange, response)
    return response


def described(request: Any) -> tuple[str, str, Iterable[tuple[Any, Any]], Any]:
    return request.method, request.url, request.headers.items(), request.body


def answered(exchange: Exchange, response: Any) -> None:
    exchange.answered(response.status_code, urllib3.header_pairs(response.raw, response.headers))
    urllib3.watch(response.raw, exchange)


def patch(module: Any) -> None:
    """For `requests.adapters`."""
    around(module.HTTPAdapter, "send", send)
