"""`httpx`, sync and async: answers stand in for its transports."""

from collections.abc import Sequence
from functools import partial

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Item, Listed, Name, call
from unspan_inverter.plan.services.kinds import Client, Stub, kept_headers

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
}


def stub(target: str, exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    replies = [reply(one) for one in exchanges]
    patch = Call(Attr(Import("unittest", "mock"), "patch"), (target,), (("side_effect", replies),))
    request = Item(Attr(Name("call"), "args"), 0)
    sent = Listed((Attr(request, "method"), call(Name("str"), Attr(request, "url"))), ("call",), Attr(Name(name), "call_args_list"))
    return Stub((Context(patch, name),), (Check("equal", (sent, [(one.method, one.url) for one in exchanges])),))


def reply(one: HttpAnswered) -> object:
    if one.error:
        last = one.error.rsplit(".", 1)[-1]
        return call(Attr(Import("httpx"), last if last in ERRORS else "ConnectError"), one.error_message or "recorded")
    return Call(Attr(Import("httpx"), "Response"), (one.status,), (("headers", kept_headers(one)), ("content", one.response_body or b"")))


sync: Client = partial(stub, "httpx.HTTPTransport.handle_request")
asynchronous: Client = partial(stub, "httpx.AsyncHTTPTransport.handle_async_request")
