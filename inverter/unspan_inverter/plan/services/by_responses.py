"""`requests` where the project has `responses`: answers are registered with it, by method and URL."""

import re
from collections.abc import Mapping
from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.documents import document
from unspan_inverter.plan.expressions import Attr, Call, Do, Import, Item, Listed, Name, Statement, call
from unspan_inverter.plan.services.kinds import Exchanges, Payload, Stub, bodies_sent, kept_headers, requests_made
from unspan_inverter.plan.services.requests_client import error_class

RESPONSES = Import("responses")
SHORT = ("delete", "get", "head", "options", "patch", "post", "put")
"""Methods that the library has a function for."""


def usable(version: str) -> bool:
    """Whether this version has a function for each method; an empty one is none."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (0, 19)


def stub(switched_on: bool, found: Exchanges) -> Stub:
    """Its own decorator switches the mocking on, unless the base class does, so that the calls are there to be looked at when the request is over."""
    calls = Attr(RESPONSES, "calls")
    request = Attr(Name("call"), "request")
    sent = Listed((Attr(request, "method"), Attr(request, "url")), ("call",), calls)

    def body(n: int, payload: Payload) -> Any:
        content = Attr(Attr(Item(calls, n), "request"), "body")
        return call(Attr(Import("json"), "loads"), content) if payload.kind == "json" else content

    registered = tuple(answer(url, one) for (_, url), one in zip(found.asked, found.answered, strict=True))
    return Stub(
        (), (requests_made(found, sent), *bodies_sent(found, body)), (), registered, () if switched_on else (Attr(RESPONSES, "activate"),)
    )


def answer(url: Any, one: HttpAnswered) -> Statement:
    low = one.method.lower()
    given = tuple(reply(one).items())
    if low in SHORT:
        return Do(Call(Attr(RESPONSES, low), (url,), given))
    return Do(Call(Attr(RESPONSES, "add"), (one.method, url), given))


def reply(one: HttpAnswered) -> Mapping[str, Any]:
    """The arguments that say what is answered: what the library gives by itself is left out."""
    if one.error:
        return {"body": call(error_class(one.error), one.error_message or "recorded")}
    headers = {name: value for name, value in kept_headers(one).items() if name.lower() != "content-type"}
    found: dict[str, Any] = content(one)
    if one.status != 200:
        found["status"] = one.status
    return found | ({"headers": headers} if headers else {})


def content(one: HttpAnswered) -> dict[str, Any]:
    """The body, a JSON document as a value where it reads the same."""
    kind = next((value for name, value in one.response_headers if name.lower() == "content-type"), "")
    body = one.response_body or b""
    if kind.split(";")[0].strip().lower() == "application/json":
        try:
            return {"json": document(body.decode())}
        except ValueError:
            pass
    text = as_text(body)
    usual = kind.replace(" ", "").lower() in ("text/plain", "text/plain;charset=utf-8")
    return ({"body": text} if text else {}) | ({"content_type": kind} if kind and not usual else {})


def as_text(body: bytes) -> str | bytes:
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        return body
    return text if text.isprintable() else body
