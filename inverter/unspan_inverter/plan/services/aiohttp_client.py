"""`aiohttp`: answers stand in for the connection, below sessions, redirects, cookies and decoding."""

from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Context, Import, Item, Listed, Name, call, method, reached
from unspan_inverter.plan.services import failing
from unspan_inverter.plan.services.kinds import (
    Exchanges,
    Payload,
    Stub,
    bodies_sent,
    function,
    kept_pairs,
    last_name,
    maker,
    replies,
    requests_made,
)

FUNCTION = '''
def connections(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order."""
    queue = iter(recorded)

    async def connect(connector, request, *args, **kwargs):
        answer = next(queue)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        lines = [f"HTTP/1.1 {status} Recorded", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", ""]
        loop = asyncio.get_running_loop()
        protocol = aiohttp.client_proto.ResponseHandler(loop)
        protocol.connection_made(mock.Mock(is_closing=lambda: False))
        protocol.force_close()
        loop.call_soon(protocol.data_received, "\\r\\n".join(lines).encode() + body)
        return aiohttp.connector.Connection(connector, request.connection_key, protocol, loop)

    return connect
'''
ERRORS = {
    "ClientConnectionError", "ClientOSError", "ClientPayloadError", "ServerDisconnectedError", "ServerTimeoutError", "ConnectionTimeoutError",
    "SocketTimeoutError",
}  # fmt: skip
"""Exceptions of aiohttp's that a message is enough for."""


def stub(found: Exchanges) -> Stub:
    patch = Call(
        reached(Import("unittest", "mock"), "patch.object"),
        (Attr(Import("aiohttp"), "BaseConnector"), "connect"),
        (("autospec", True), ("side_effect", call(maker(found, "connections"), *replies(found, reply)))),
    )
    calls = Attr(Name(found.name), "call_args_list")
    request = Item(Attr(Name("call"), "args"), 1)
    sent = Listed((Attr(request, "method"), call(Name("str"), Attr(request, "url"))), ("call",), calls)

    def body(n: int, payload: Payload) -> Any:
        content = method(Attr(Item(Attr(Item(calls, n), "args"), 1), "body"), "decode")  # the same of a payload and of bytes
        return call(Attr(Import("json"), "loads"), content) if payload.kind == "json" else content

    text = function(found, FUNCTION, "request.method, str(request.url)")
    return Stub((Context(patch, found.name),), (requests_made(found, sent), *bodies_sent(found, body)), (text,))


def reply(one: HttpAnswered) -> object:
    """What the library itself makes of an answer (too many redirects, a status that it was to refuse) it makes of it again."""
    last = last_name(one.error)
    if one.error and last not in ERRORS and failing.known(one):
        return failing.failure(one)
    if one.error and (last in ERRORS or not one.status):
        return call(Attr(Import("aiohttp"), last if last in ERRORS else "ClientConnectionError"), one.error_message or "recorded")
    return (one.status, one.response_body or b"", kept_pairs(one))
