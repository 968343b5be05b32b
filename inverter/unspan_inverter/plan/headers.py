"""Assertions on what a view says beside the body: headers and cookies that it set, and messages for the next page."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.plan import messages, spoken
from unspan_inverter.plan.expressions import Attr, Check, Import, Item, Listed, Name, Statement, call

if TYPE_CHECKING:  # which has these assertions in its table
    from unspan_inverter.plan.answering import Answer

RESPONSE = Name("response")
TOLD: Final = frozenset({
    "accept-ranges", "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin", "cache-control",
    "content-disposition", "content-range", "link", "retry-after", "www-authenticate",
})  # fmt: skip
"""Headers that are part of what a view says; of others, those of its own making, which begin with `X-`."""
OF_DJANGO: Final = frozenset({"x-frame-options", "x-content-type-options", "x-xss-protection", "x-robots-tag"})
PLAIN: Final = ("text/html", "application/json", "")
"""Kinds of bodies that the assertions on the body say."""
BY_CHANCE: Final = re.compile(
    r"[0-9a-fA-F-]{16,}|(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])[\w+/=-]{16,}|\d\d:\d\d|\d+\.\d{3,}|\d{8,}"
)
"""Values that look made by chance, or by a clock."""
MEASURED: Final = re.compile(r"time|duration|elapsed|request-?id|trace|span|served|host|version|nonce|count|remaining|reset", re.I)
"""Names of headers that tell of the process, not of the answer."""
LONGEST: Final = 200
COOKIES: Final = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")


def said(answer: "Answer") -> Iterator[Statement]:
    """Headers that the view set."""
    if answer.of_django or (answer.exchange.status >= 500 and answer.exchange.exception):
        return
    kind = answer.exchange.header("Content-Type", of_response=True)
    if answer.about_body and answer.kind not in PLAIN and not answer.kind.endswith("+json"):
        yield Check("equal", (header("Content-Type"), kind))
    seen = [name.lower() for name, _ in answer.exchange.response_headers]
    for name, value in answer.exchange.response_headers:
        if tells(name, value, answer.exchange) and seen.count(name.lower()) == 1 and name.isascii():
            yield Check("equal", (header(name), spoken.bound(value, answer.bindings)))


def tells(name: str, value: str, exchange: Exchange) -> bool:
    """Whether a header is the view's own, and will be the same in the test."""
    known = name.lower()
    own = (
        known in TOLD
        or (known == "allow" and method_is_the_point(exchange))
        or (known.startswith("x-") and known not in OF_DJANGO and not MEASURED.search(known))
    )
    return own and len(value) <= LONGEST and not BY_CHANCE.search(value) and "://" not in value


def method_is_the_point(exchange: Exchange) -> bool:
    """Whether the request asked which methods there are, or used another: REST framework says them in every answer."""
    return exchange.method == "OPTIONS" or exchange.status == 405


def header(name: str) -> Item:
    return Item(Attr(RESPONSE, "headers"), name)


def cookies(answer: "Answer") -> Iterator[Statement]:
    """Cookies that the view set or took away; not those of the session, of CSRF protection and of messages, which have assertions of their own."""
    settings = answer.bindings.project.settings
    theirs = {str(settings.get(name, "")) for name in COOKIES} | {"sessionid", "csrftoken", messages.COOKIE}
    for name, morsel in answer.exchange.cookies.items():
        value = bare(morsel.get("value"))
        if name not in theirs and isinstance(value, str) and len(value) <= LONGEST and not BY_CHANCE.search(value):
            answer.bindings.keep([value])
            yield Check("equal", (Attr(Item(Attr(RESPONSE, "cookies"), name), "value"), spoken.bound(value, answer.bindings)))


def told(answer: "Answer") -> Iterator[Statement]:
    """Messages that wait for the next page; not those that are a piece of a page themselves."""
    return waiting(answer, Attr(RESPONSE, "wsgi_request"))


def waiting(answer: "Answer", request: Any) -> Iterator[Statement]:
    """The same, as the request holds them."""
    found = messages.sent(answer.exchange)
    if found and all(len(text) <= LONGEST and text.isprintable() for text in found):
        storage = call(Import("django.contrib.messages", "get_messages"), request)
        texts = [spoken.bound(text, answer.bindings) for text in found]
        yield Check("equal", (Listed(call(Name("str"), Name("message")), ("message",), storage), texts))
