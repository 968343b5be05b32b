"""`urllib3` used directly, and `botocore` above it: answers stand in for each sending of a pool, below retries and redirects."""

from dataclasses import replace
from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Item, Listed, Name, call, reached
from unspan_inverter.plan.services import failing
from unspan_inverter.plan.services.http_client import target
from unspan_inverter.plan.services.kinds import (
    Exchanges,
    Payload,
    Stub,
    bodies_sent,
    function,
    kept_headers,
    kept_pairs,
    last_name,
    maker,
    replies,
    requests_made,
)

FUNCTION = '''
def exchanges(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order."""
    queue = iter(recorded)

    def make_request(pool, connection, method, url, *args, preload_content=True, **options):
        answer = next(queue)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        headers = urllib3.HTTPHeaderDict(headers)
        return urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=preload_content, request_method=method)

    return make_request
'''


PLAIN = {"ConnectTimeoutError", "ProtocolError", "SSLError", "DecodeError", "LocationValueError", "LocationParseError"}
"""Exceptions that a message is enough for."""
OF_CONNECTION = {"NewConnectionError", "NameResolutionError"}


def stub(found: Exchanges) -> Stub:
    found = replace(found, asked=tuple((method, target(url)) for method, url in found.asked))
    context = patched("_make_request", call(maker(found, "exchanges"), *replies(found, reply)), found.name)
    text = function(found, FUNCTION, "method, url")
    return Stub((context,), asserted(found, slice(2, 4)), (text,))


def first(found: Exchanges) -> Stub:
    """Of urllib3 1, whose pools make their answers in another way: in the place of a call with all its retries."""
    found = replace(found, asked=tuple((method, target(url)) for method, url in found.asked), together=False)
    return Stub((patched("urlopen", [whole(one) for one in found.answered], found.name),), asserted(found, slice(1, 3)))


def patched(method: str, effect: object, name: str) -> Context:
    patch = reached(Import("unittest", "mock"), "patch.object")
    return Context(
        Call(patch, (Attr(Import("urllib3"), "HTTPConnectionPool"), method), (("autospec", True), ("side_effect", effect))), name
    )


def asserted(found: Exchanges, arguments: slice) -> tuple[Check, ...]:
    calls = Attr(Name(found.name), "call_args_list")
    sent = Listed(Item(Attr(Name("call"), "args"), arguments), ("call",), calls)

    def body(n: int, payload: Payload) -> Any:
        content = Item(Attr(Item(calls, n), "kwargs"), "body")
        return call(Attr(Import("json"), "loads"), content) if payload.kind == "json" else content

    comparable = replace(found, payloads=tuple(one if one and plain(n, one, found) else None for n, one in enumerate(found.payloads)))
    return (requests_made(found, sent), *bodies_sent(comparable, body))


def plain(n: int, payload: Payload, found: Exchanges) -> bool:
    """Whether the body goes to the pool as bytes: botocore gives files of its own."""
    return found.answered[n].client == "urllib3" and payload.kind in ("json", "bytes")


def reply(one: HttpAnswered) -> object:
    return failure(one) if one.error else (one.status, one.response_body or b"", kept_pairs(one))


def whole(one: HttpAnswered) -> object:
    if one.error:
        return failure(one)
    body = Call(Attr(Import("io"), "BytesIO"), (one.response_body or b"",))
    options = (("body", body), ("status", one.status), ("headers", kept_headers(one)), ("preload_content", False))
    return Call(Attr(Import("urllib3"), "HTTPResponse"), (), options)


def failure(one: HttpAnswered) -> object:
    """An exception as the pool meets it; one that needs more than a message, with nothing for the rest."""
    last, message = last_name(one.error), one.error_message or "recorded"
    exceptions = Attr(Import("urllib3"), "exceptions")
    if last == "ReadTimeoutError":
        return call(Attr(exceptions, last), None, None, message)
    if last in OF_CONNECTION:
        return call(Attr(exceptions, "NewConnectionError"), None, message)
    if last in PLAIN:
        return call(Attr(exceptions, last), message)
    if failing.known(one):
        return failing.failure(one)
    return call(Attr(exceptions, "TimeoutError" if "time" in one.error.lower() else "ProtocolError"), message)
