"""`httpx`, sync and async: answers stand in for its transports."""

from functools import partial
from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Context, Import, Item, Listed, Name, call, method
from unspan_inverter.plan.services.kinds import (
    Client,
    Exchanges,
    Payload,
    Stub,
    bodies_sent,
    kept_headers,
    last_name,
    replies,
    requests_made,
)

BY_REQUEST = '''
def by_request(recorded):
    """Answers outbound requests with what was recorded, by what is asked."""

    def handle(request):
        answer = recorded[request.method, str(request.url)].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle
'''
"""For several requests at one time; `mock` itself hands out answers in order."""
ERRORS = {
    "ConnectError",
    "ConnectTimeout",
    "ReadError",
    "ReadTimeout",
    "WriteError",
    "WriteTimeout",
    "PoolTimeout",
    "RemoteProtocolError",
    "NetworkError",
    "ProxyError",
    "UnsupportedProtocol",
    "LocalProtocolError",
}


def stub(target: str, found: Exchanges) -> Stub:
    answers = replies(found, reply)
    effect: Any = call(Name("by_request"), *answers) if found.together else list(answers)
    patch = Call(Attr(Import("unittest", "mock"), "patch"), (target,), (("side_effect", effect),))
    calls = Attr(Name(found.name), "call_args_list")
    request = Item(Attr(Name("call"), "args"), 0)
    sent = Listed((Attr(request, "method"), call(Name("str"), Attr(request, "url"))), ("call",), calls)

    def body(n: int, payload: Payload) -> Any:
        content = Attr(Item(Attr(Item(calls, n), "args"), 0), "content")
        if payload.kind == "json":
            return call(Attr(Import("json"), "loads"), content)
        return method(content, "decode") if payload.kind == "text" else content

    functions = (BY_REQUEST,) if found.together else ()
    return Stub((Context(patch, found.name),), (requests_made(found, sent), *bodies_sent(found, body)), functions)


def error(one: HttpAnswered) -> Any:
    """What the client raised."""
    last = last_name(one.error)
    return call(Attr(Import("httpx"), last if last in ERRORS else "ConnectError"), one.error_message or "recorded")


def reply(one: HttpAnswered) -> object:
    if one.error:
        return error(one)
    return Call(Attr(Import("httpx"), "Response"), (one.status,), (("headers", kept_headers(one)), ("content", one.response_body or b"")))


sync: Client = partial(stub, "httpx.HTTPTransport.handle_request")
asynchronous: Client = partial(stub, "httpx.AsyncHTTPTransport.handle_async_request")
