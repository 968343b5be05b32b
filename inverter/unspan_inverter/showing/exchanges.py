"""What is said of the request itself: what came in, who answered, what went out."""

from collections.abc import Iterator
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from unspan_inverter.showing.pieces import Line, body, called, detail, failure, headers, named, packed, plain, value
from unspan_inverter.showing.text import brief, duration, inert, size

SHOWN = 10
"""So many files, templates, frames are shown."""


def request(span: Span) -> Iterator[Line]:
    query = f"?{plain(span, v.QUERY)}" if v.QUERY in span.attributes else ""
    status = plain(span, v.STATUS) or "no response"
    yield Line(f"{plain(span, v.METHOD)} {plain(span, v.PATH)}{query} → {status}  {duration(span.end - span.start)}", "request")
    yield from view(span)
    yield from surroundings(span)
    yield from sent(span)
    yield from answered(span)
    yield from templates(span)
    yield from failures(span)
    if span.attributes.get(v.CLIENT_GONE) is True:
        yield Line("the client went away", "problem")


def view(span: Span) -> Iterator[Line]:
    if v.VIEW in span.attributes or v.ROUTE in span.attributes:
        yield detail(f"view {plain(span, v.VIEW)}{called(value(span, v.VIEW_ARGUMENTS))}  route {plain(span, v.ROUTE)!r}")
    if around := texts(value(span, v.VIEW_DECORATORS)):
        yield detail(f"decorated by {', '.join(around)}")
    if v.ANSWERED_BY in span.attributes:
        yield detail(f"answered by {plain(span, v.ANSWERED_BY)}")


def surroundings(span: Span) -> Iterator[Line]:
    """Who asked, from where, in which language and time zone."""
    if v.USER in span.attributes:
        backend = f" by {plain(span, v.USER_BACKEND)}" if v.USER_BACKEND in span.attributes else ""
        yield detail(f"user {brief(value(span, v.USER))}{backend}")
    if v.SESSION in span.attributes:
        yield from packed("session", entries(value(span, v.SESSION)))
    found = (
        ("below", v.SCRIPT_NAME), ("scheme", v.SCHEME), ("host", v.HOST), ("language", v.LANGUAGE), ("time zone", v.TIMEZONE), ("from", v.CLIENT_ADDRESS),
    )  # fmt: skip
    if said := [f"{word} {plain(span, name)}" for word, name in found if name in span.attributes]:
        yield detail(", ".join(said))


def sent(span: Span) -> Iterator[Line]:
    yield from headers("headers", value(span, v.REQUEST_HEADERS))
    if cookies := value(span, v.REQUEST_COOKIES):
        yield detail(f"cookies {named(cookies)}")
    yield from body(span, "request", v.REQUEST_HEADERS, v.REQUEST_BODY)
    if form := value(span, v.REQUEST_FORM):
        yield detail(f"form {fields(form)}")
    files = value(span, v.REQUEST_FILES)
    for file in (files if isinstance(files, list) else [])[:SHOWN]:
        if isinstance(file, dict):
            count = file.get("size")
            extent = size(count) if isinstance(count, int) and count >= 0 else "?"
            yield detail(
                f"file {brief(file.get('field'), 40)} {brief(file.get('name'), 60)} {extent} sha256 {brief(file.get('sha256'), 70)}"
            )


def answered(span: Span) -> Iterator[Line]:
    """The response, and what the request left in the session."""
    if span.attributes.get(v.CSRF_ENFORCED) is True:
        yield Line("refused by the CSRF check", "problem")
    yield from headers("response headers", value(span, v.RESPONSE_HEADERS))
    cookies = value(span, v.RESPONSE_COOKIES)
    for name, said in list(cookies.items())[:SHOWN] if isinstance(cookies, dict) else []:
        yield detail(f"sets cookie {inert(str(name)[:80])}: {named(said)}")
    yield from body(span, "response", v.RESPONSE_HEADERS, v.RESPONSE_BODY)
    if v.SESSION_AFTER in span.attributes:
        yield from packed("session afterwards", entries(value(span, v.SESSION_AFTER)))


def entries(session: Any) -> list[str]:
    """What a session holds, one text an entry."""
    if not isinstance(session, dict):
        return [brief(session)]
    return [f"{inert(str(name)[:80])}={brief(said, 90)}" for name, said in list(session.items())[:40]] or ["empty"]


def fields(form: Any) -> str:
    """`a='1', b='2'`."""
    some = form if isinstance(form, list) else []
    shown = [f"{inert(str(pair[0])[:80])}={brief(pair[1], 48)}" for pair in some[:40] if isinstance(pair, list) and len(pair) == 2]
    return ", ".join([*shown, *([f"… {len(some) - 40} more"] if len(some) > 40 else [])])


def templates(span: Span) -> Iterator[Line]:
    """Those that the application had rendered, with the names that they were given."""
    found = value(span, v.RESPONSE_CONTEXT)
    for one in (found if isinstance(found, list) else [])[:SHOWN]:
        if isinstance(one, list) and len(one) == 2 and isinstance(one[1], dict):
            yield detail(f"template {brief(one[0], 80)} with {', '.join(inert(str(key)[:60]) for key in list(one[1])[:40])}")


def failures(span: Span) -> Iterator[Line]:
    """The exceptions that became responses; else the one that the view raised."""
    found = value(span, v.EXCEPTIONS)
    if not isinstance(found, list) or not found:
        yield from failure(span)
        return
    for one in found[:SHOWN]:
        if isinstance(one, dict):
            said = f": {inert(str(one.get('message'))[:500])}" if one.get("message") else ""
            yield Line(f"raised {inert(str(one.get('type'))[:200])}{said} → {inert(str(one.get('status')))[:20]}", "problem")
            frames = one.get("frames")
            for frame in (frames if isinstance(frames, list) else [])[-SHOWN:]:
                if isinstance(frame, list) and len(frame) == 3:
                    yield detail(f"  at {inert(str(frame[0])[:200])} ({inert(str(frame[1])[-200:])}:{inert(str(frame[2]))[:20]})")


def texts(found: Any) -> list[str]:
    return [inert(str(one)[:200]) for one in found[:SHOWN]] if isinstance(found, list) else []
