"""`requests`: answers stand in for the transport adapter, below sessions, redirects and hooks."""

from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Context, Import, Item, Listed, Name, call, reached
from unspan_inverter.plan.services.kinds import (
    Exchanges,
    Payload,
    Stub,
    bodies_sent,
    function,
    kept_headers,
    last_name,
    maker,
    replies,
    requests_made,
)

FUNCTION = '''
def answers(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order."""
    queue = iter(recorded)

    def send(adapter, request, **options):
        answer = next(queue)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body, headers = answer
        response.raw, response.url, response.request = io.BytesIO(body), request.url, request
        response.headers.update(headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        return response

    return send
'''
ERRORS = {
    "ConnectionError", "ConnectTimeout", "HTTPError", "ReadTimeout", "Timeout", "TooManyRedirects", "RequestException",
}  # fmt: skip
"""Exceptions that `requests` itself exports."""
OTHERS = {
    "SSLError",
    "ProxyError",
    "ChunkedEncodingError",
    "ContentDecodingError",
    "InvalidURL",
    "InvalidSchema",
    "MissingSchema",
    "RetryError",
}


def stub(found: Exchanges) -> Stub:
    patch = Call(
        reached(Import("unittest", "mock"), "patch.object"),
        (reached(Import("requests"), "adapters.HTTPAdapter"), "send"),
        (("autospec", True), ("side_effect", call(maker(found, "answers"), *replies(found, reply)))),
    )
    calls = Attr(Name(found.name), "call_args_list")
    request = Item(Attr(Name("call"), "args"), 1)
    sent = Listed((Attr(request, "method"), Attr(request, "url")), ("call",), calls)

    def body(n: int, payload: Payload) -> Any:
        content = Attr(Item(Attr(Item(calls, n), "args"), 1), "body")
        return call(Attr(Import("json"), "loads"), content) if payload.kind == "json" else content

    text = function(found, FUNCTION, "request.method, request.url")
    return Stub((Context(patch, found.name),), (requests_made(found, sent), *bodies_sent(found, body)), (text,))


def reply(one: HttpAnswered) -> object:
    if one.error:
        return call(error_class(one.error), one.error_message or "recorded")
    return (one.status, one.response_body or b"", kept_headers(one))


def error_class(dotted: str) -> Any:
    last = last_name(dotted)
    if last in OTHERS:
        return reached(Import("requests"), f"exceptions.{last}")
    return Attr(Import("requests"), last if last in ERRORS else "ConnectionError")
