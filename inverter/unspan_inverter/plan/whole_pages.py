"""An answer that came whole out of a cache (`cache_page`, the cache's middleware): the test puts the same page there, in the way of Django's own."""

import re
from collections.abc import Mapping
from typing import Any, Final

from unspan_proto.values import Derived, bare

from unspan_inverter.events import CacheUsed, Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Attr, Call, Do, Function, Import, Statement, call

KEY: Final = re.compile(
    r"views\.decorators\.cache\.cache_page\.(?P<prefix>.*)\.(?P<method>GET|HEAD)\.[0-9a-f]{32}\.[0-9a-f]{32}(?P<where>.*)", re.S
)
NOTE: Final = "the answer is in the cache, and no view runs"
MADE: Final = frozenset({"content-type", "content-length", "expires", "date", "last-modified", "set-cookie"})
"""Headers that Django makes itself, or that are said in another way."""
LIFE: Final = 60
BY_COOKIE: Final = "its answer came whole out of a cache that keeps one for each cookie, and the test's cookies are others; clear the cache before you record"


def found(facts: Facts) -> CacheUsed | None:
    """The read that found the whole answer."""
    return next(
        (used for used in facts.cache if used.operation == "get" and used.hit and kept(used) and KEY.fullmatch(str(bare(used.key)))), None
    )


def kept(used: CacheUsed) -> Mapping[str, Any] | None:
    """Status, headers and content of a response that a cache held."""
    state = used.value.value if isinstance(used.value, Derived) else None
    return state if isinstance(state, dict) and isinstance(state.get("content"), bytes) else None


def hindrance(exchange: Exchange, facts: Facts) -> str:
    """Why the test's request would not find the page that it puts there; nothing where it does."""
    used = found(facts)
    varying = " ".join(value for name, value in headers(used) if name.lower() == "vary").lower() if used else ""
    return BY_COOKIE if ("cookie" in varying or "*" in varying) and exchange.header("Cookie") else ""


def there(view: Any, where: str, bindings: Bindings) -> Any:
    """A view that runs in the language and the time zone of the page's key, where those are not the settings' own."""
    settings, said = bindings.project.settings, where.removeprefix(".")
    if settings.get("USE_I18N") is True:
        language, _, said = said.partition(".")
        if language and language != settings.get("LANGUAGE_CODE"):
            view = call(call(Attr(Import("django.utils", "translation"), "override"), language), view)
    if said and said != settings.get("TIME_ZONE"):
        view = call(call(Attr(Import("django.utils", "timezone"), "override"), said), view)
    return view


def arranged(facts: Facts, exchange: Exchange, bindings: Bindings, request: Call) -> list[Statement]:
    """`cache_page(60)(lambda request: HttpResponse(…))(RequestFactory().get(…))`: `request` is the client's call."""
    used = found(facts)
    match = KEY.fullmatch(str(bare(used.key))) if used else None
    if used is None or match is None:
        return []
    options: dict[str, Any] = {"cache": used.alias} if used.alias != "default" else {}
    if match["prefix"]:
        options["key_prefix"] = match["prefix"]
    caching = call(Import("django.views.decorators.cache", "cache_page"), life(used), **options)
    view = Function("request", response(used, exchange))
    asked = Call(call_of_factory(match["method"]), request.args, request.kwargs)
    return [Do(call(there(call(caching, view), match["where"], bindings), asked), NOTE)]


def call_of_factory(method: str) -> Any:
    return Attr(call(Import("django.test", "RequestFactory")), method.lower())


def headers(used: CacheUsed) -> list[tuple[str, str]]:
    state = kept(used) or {}
    said = state.get("headers")
    return (
        [(str(bare(one[0])), str(bare(one[1]))) for one in said if isinstance(one, list) and len(one) == 2]
        if isinstance(said, list)
        else []
    )


def life(used: CacheUsed) -> int:
    """For how many seconds the page is kept, as it tells browsers."""
    told = re.search(r"max-age=(\d{1,9})", next((value for name, value in headers(used) if name.lower() == "cache-control"), ""))
    return int(told[1]) if told else LIFE


def response(used: CacheUsed, exchange: Exchange) -> Call:
    """The page, without what Django adds."""
    state = kept(used) or {}
    content, status = bytes(state["content"]), bare(state.get("status"))
    try:
        body: Any = content.decode(exchange.charset or "utf-8") if exchange.is_text else content
    except (UnicodeDecodeError, LookupError):
        body = content
    kind = next((value for name, value in headers(used) if name.lower() == "content-type"), "")
    own = {name: value for name, value in headers(used) if tells(name, value)}
    kwargs: dict[str, Any] = {"content_type": kind} if kind and kind.lower() != "text/html; charset=utf-8" else {}
    kwargs |= {"status": status} if isinstance(status, int) and status != 200 else {}
    kwargs |= {"headers": own} if own else {}
    return Call(Import("django.http", "HttpResponse"), (body,), tuple(kwargs.items()))


def tells(name: str, value: str) -> bool:
    """Whether a header is the page's own."""
    if name.lower() == "cache-control":
        return re.fullmatch(r"max-age=\d+", value.strip()) is None
    return name.lower() not in MADE
