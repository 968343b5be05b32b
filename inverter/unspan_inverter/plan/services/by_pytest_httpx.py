"""`httpx`, sync and async, in tests of style `pytest` where the project has `pytest-httpx`: answers are registered with its fixture, which fails for what is not
registered and for what is not asked."""

from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Do, Item, Listed, Name, Statement, call, method
from unspan_inverter.plan.services.by_respx import reply, sent_body
from unspan_inverter.plan.services.httpx_client import error
from unspan_inverter.plan.services.kinds import Exchanges, Payload, Stub, bodies_sent, requests_made

FIXTURE = Name("httpx_mock")


def stub(switched_on: bool, found: Exchanges) -> Stub:
    request, made = Name("request"), method(FIXTURE, "get_requests")
    sent = Listed((Attr(request, "method"), call(Name("str"), Attr(request, "url"))), (request.id,), made)

    def body(n: int, payload: Payload) -> Any:
        return sent_body(Attr(Item(made, n), "content"), payload)

    registered = tuple(answer(url, one) for (_, url), one in zip(found.asked, found.answered, strict=True))
    return Stub((), (requests_made(found, sent), *bodies_sent(found, body)), (), registered)


def answer(url: Any, one: HttpAnswered) -> Statement:
    asked = (("method", one.method), ("url", url))
    if one.error:
        return Do(Call(Attr(FIXTURE, "add_exception"), (error(one),), asked))
    return Do(Call(Attr(FIXTURE, "add_response"), (), (*asked, *reply(one).items())))
