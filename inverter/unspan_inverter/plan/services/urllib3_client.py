"""`urllib3` used directly (and `botocore` above it): answers stand in for the connection pool."""

from collections.abc import Sequence

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Item, Listed, Name, call, reached
from unspan_inverter.plan.services.http_client import target
from unspan_inverter.plan.services.kinds import Stub, kept_headers


def stub(exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    patch = Call(
        reached(Import("unittest", "mock"), "patch.object"),
        (Attr(Import("urllib3"), "HTTPConnectionPool"), "urlopen"),
        (("autospec", True), ("side_effect", [reply(one) for one in exchanges])),
    )
    sent = Listed(Item(Attr(Name("call"), "args"), slice(1, 3)), ("call",), Attr(Name(name), "call_args_list"))
    return Stub((Context(patch, name),), (Check("equal", (sent, [(one.method, target(one.url)) for one in exchanges])),))


def reply(one: HttpAnswered) -> object:
    if one.error:
        return call(reached(Import("urllib3"), "exceptions.HTTPError"), one.error_message or "recorded")
    body = Call(Attr(Import("io"), "BytesIO"), (one.response_body or b"",))
    options = (("body", body), ("status", one.status), ("headers", kept_headers(one)), ("preload_content", False))
    return Call(Attr(Import("urllib3"), "HTTPResponse"), (), options)
