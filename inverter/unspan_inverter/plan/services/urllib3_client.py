"""`urllib3` used directly, and `botocore` above it: answers stand in for each sending of a pool, below retries and redirects."""

from collections.abc import Sequence

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Item, Listed, Name, call, reached
from unspan_inverter.plan.services.http_client import target
from unspan_inverter.plan.services.kinds import Stub, kept_headers, kept_pairs

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


def stub(exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    replies = tuple(reply(one) for one in exchanges)
    context = patched("_make_request", call(Name("exchanges"), *replies), name)
    return Stub((context,), asserted(exchanges, name, slice(2, 4)), (FUNCTION,))


def first(exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    """Of urllib3 1, whose pools make their answers in another way: in the place of a call with all its retries."""
    return Stub((patched("urlopen", [whole(one) for one in exchanges], name),), asserted(exchanges, name, slice(1, 3)))


def patched(method: str, effect: object, name: str) -> Context:
    patch = reached(Import("unittest", "mock"), "patch.object")
    return Context(
        Call(patch, (Attr(Import("urllib3"), "HTTPConnectionPool"), method), (("autospec", True), ("side_effect", effect))), name
    )


def asserted(exchanges: Sequence[HttpAnswered], name: str, arguments: slice) -> tuple[Check, ...]:
    sent = Listed(Item(Attr(Name("call"), "args"), arguments), ("call",), Attr(Name(name), "call_args_list"))
    return (Check("equal", (sent, [(one.method, target(one.url)) for one in exchanges])),)


def reply(one: HttpAnswered) -> object:
    return failure(one) if one.error else (one.status, one.response_body or b"", kept_pairs(one))


def whole(one: HttpAnswered) -> object:
    if one.error:
        return failure(one)
    body = Call(Attr(Import("io"), "BytesIO"), (one.response_body or b"",))
    options = (("body", body), ("status", one.status), ("headers", kept_headers(one)), ("preload_content", False))
    return Call(Attr(Import("urllib3"), "HTTPResponse"), (), options)


def failure(one: HttpAnswered) -> object:
    """An exception that the pool takes for what it was: one to try again after."""
    kind = "TimeoutError" if "time" in one.error.lower() else "ProtocolError"
    return call(reached(Import("urllib3"), f"exceptions.{kind}"), one.error_message or "recorded")
