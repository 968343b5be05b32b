"""`httpx`, sync and async, where the project has `respx`: answers are registered with its routes. What is not registered fails, and what is not asked does too."""

from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Do, Import, Item, Listed, Name, Statement, call, method
from unspan_inverter.plan.services.by_responses import SHORT, as_text, content
from unspan_inverter.plan.services.httpx_client import error
from unspan_inverter.plan.services.kinds import Exchanges, Payload, Stub, bodies_sent, kept_headers, requests_made

RESPX = Import("respx")
CALLS = Attr(RESPX, "calls")


def stub(switched_on: bool, found: Exchanges) -> Stub:
    """Its own decorator switches the mocking on, unless the base class does."""
    request = Attr(Name("call"), "request")
    sent = Listed((Attr(request, "method"), call(Name("str"), Attr(request, "url"))), ("call",), CALLS)

    def body(n: int, payload: Payload) -> Any:
        return sent_body(Attr(Attr(Item(CALLS, n), "request"), "content"), payload)

    by_request: dict[Any, list[HttpAnswered]] = {}
    for asked, one in zip(found.asked, found.answered, strict=True):
        by_request.setdefault(asked, []).append(one)
    registered = tuple(answer(url, some) for (_, url), some in by_request.items())
    return Stub((), (requests_made(found, sent), *bodies_sent(found, body)), (), registered, () if switched_on else (Attr(RESPX, "mock"),))


def sent_body(content: Any, payload: Payload) -> Any:
    """What a request of httpx sent, as the payload is told."""
    if payload.kind == "json":
        return call(Attr(Import("json"), "loads"), content)
    return method(content, "decode") if payload.kind == "text" else content


def answer(url: Any, some: list[HttpAnswered]) -> Statement:
    low = some[0].method.lower()
    route = call(Attr(RESPX, low), url) if low in SHORT else Call(Attr(RESPX, "request"), (some[0].method, url))
    if len(some) > 1:
        return Do(method(route, "mock", side_effect=[error(one) if one.error else response(one) for one in some]))
    if some[0].error:
        return Do(method(route, "mock", side_effect=error(some[0])))
    return Do(Call(Attr(route, "respond"), (), tuple(reply(some[0]).items())))


def response(one: HttpAnswered) -> Any:
    given = reply(one)
    status = given.pop("status_code", 200)
    return Call(Attr(Import("httpx"), "Response"), (status,), tuple(given.items()))


def reply(one: HttpAnswered) -> dict[str, Any]:
    """The arguments that say what is answered, in httpx's words."""
    found: dict[str, Any] = {"status_code": one.status} if one.status != 200 else {}
    headers, said = kept_headers(one), content(one)
    if "json" in said:
        found["json"] = said["json"]
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    elif one.response_body:
        text = as_text(one.response_body)
        found["content" if isinstance(text, bytes) else "text"] = text
    return found | ({"headers": headers} if headers else {})
