"""Clients on Python's sockets where the project has `mocket`: answers are entries by method and URL, and nothing else can be reached."""

from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Do, Import, Item, Listed, Name, Statement, call, method
from unspan_inverter.plan.services.by_responses import as_text
from unspan_inverter.plan.services.http_client import target
from unspan_inverter.plan.services.kinds import Exchanges, Payload, Stub, bodies_sent, kept_headers, requests_made

MOCKET, ENTRY, RESPONSE = Import("mocket", "Mocket"), Import("mocket.mocks.mockhttp", "Entry"), Import("mocket.mocks.mockhttp", "Response")
CLIENTS = ("requests", "urllib", "http.client", "urllib3", "botocore", "httpx", "aiohttp")


def stub(switched_on: bool, found: Exchanges) -> Stub:
    """Its decorator forbids what is not registered."""
    request, made = Name("request"), method(MOCKET, "request_list")
    sent = Listed((Attr(request, "method"), Attr(request, "path")), (request.id,), made)
    asked = tuple((verb, target(url) if isinstance(url, str) else url) for verb, url in found.asked)

    def body(n: int, payload: Payload) -> Any:
        content = Attr(Item(made, n), "body")
        return call(Attr(Import("json"), "loads"), content) if payload.kind == "json" else content

    by_request: dict[Any, list[HttpAnswered]] = {}
    for one_asked, one in zip(found.asked, found.answered, strict=True):
        by_request.setdefault(one_asked, []).append(one)
    registered = tuple(answer(url, some) for (_, url), some in by_request.items())
    told = Exchanges(found.answered, found.name, asked, found.payloads, found.together)
    activate = call(Import("mocket", "mocketize"), strict_mode=True)
    return Stub((), (requests_made(told, sent), *bodies_sent(found, body)), (), registered, () if switched_on else (activate,))


def answer(url: Any, some: list[HttpAnswered]) -> Statement:
    if len(some) == 1:
        return Do(Call(Attr(ENTRY, "single_register"), (some[0].method, url), reply(some[0])))
    return Do(Call(Attr(ENTRY, "register"), (some[0].method, url, *(Call(RESPONSE, (), reply(one)) for one in some))))


def reply(one: HttpAnswered) -> tuple[tuple[str, Any], ...]:
    """The arguments that say what is answered."""
    found: list[tuple[str, Any]] = [("body", as_text(one.response_body or b""))]
    if one.status != 200:
        found.append(("status", one.status))
    headers = kept_headers(one)
    return (*found, *((("headers", headers),) if headers else ()))
