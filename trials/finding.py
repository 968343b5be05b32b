"""Whether everything that the client knows it sent and got is in the trace, by value. Pure functions."""

import hashlib
from collections.abc import Iterator
from typing import Any

from client import Exchange
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

BY_THE_SERVER = {"date", "server", "connection", "transfer-encoding", "content-length", "keep-alive"}
"""Headers of an answer that the web server adds after the application."""


def missing(exchange: Exchange, trace: Trace) -> list[str]:
    """A sentence for each thing that was sent or received and is not in the trace with that value."""
    return [*of_request(exchange, trace), *of_answer(exchange, trace)]


def of_request(exchange: Exchange, trace: Trace) -> Iterator[str]:
    request = trace.request
    path, _, query = exchange.target.partition("?")
    for name, value in ((v.METHOD, exchange.method), (v.PATH, path), (v.QUERY, query)):
        if request.value(name, "") != value:
            yield f"{name} is {request.value(name)!r}, and {value!r} was sent"
    recorded = listed(request.value(v.REQUEST_HEADERS))
    for name, value in exchange.sent:
        if value not in recorded.get(name.lower(), ()):
            yield f"the request's header {name} is {recorded.get(name.lower())}, and {value!r} was sent"
    yield from of_body(exchange, trace)


def of_body(exchange: Exchange, trace: Trace) -> Iterator[str]:
    body, whole = trace.request.value(v.REQUEST_BODY, b""), trace.request.value(v.REQUEST_BODY_READ, True)
    if isinstance(body, Truncated):
        yield f"the request's body is cut: {body.size} bytes, of which the first are there"
    elif body != exchange.body and (whole or not exchange.body.startswith(body)):
        yield f"the request's body is {len(body)} bytes, and {len(exchange.body)} others were sent"
    said = " ".join(str(one) for span in (trace.request, *trace.spans) for one in span.attributes.values())
    for name, content, _ in exchange.files:
        if content not in bytes(body if isinstance(body, bytes) else b"") and hashlib.sha256(content).hexdigest() not in said:
            yield f"the file {name} is neither there nor is its SHA-256"


def of_answer(exchange: Exchange, trace: Trace) -> Iterator[str]:
    request = trace.request
    if request.value(v.STATUS) != exchange.status:
        yield f"the status is {request.value(v.STATUS)}, and {exchange.status} was received"
    recorded, cookies = listed(request.value(v.RESPONSE_HEADERS)), request.value(v.RESPONSE_COOKIES) or {}
    for name, value in exchange.got:
        if name.lower() == "set-cookie":
            cookie, _, content = value.partition(";")[0].partition("=")
            if cookie not in cookies or content.strip('"') not in str(cookies[cookie]):
                yield f"the cookie {cookie}={content} that was received is not there"
        elif value not in recorded.get(name.lower(), ()) and (name.lower() not in BY_THE_SERVER or name.lower() in recorded):
            yield f"the answer's header {name} is {recorded.get(name.lower())}, and {value!r} was received"
    if exchange.method != "HEAD" and (found := answered(trace)) != exchange.content:
        yield f"the answer's body is {found if isinstance(found, Truncated) else len(found)}, and {len(exchange.content)} bytes were received"


def answered(trace: Trace) -> Any:
    """The answer's bytes: those of the response, or what it streamed."""
    streams = [span for span in trace.spans if span.what == v.STREAM]
    if not streams:
        return trace.request.value(v.RESPONSE_BODY, b"")
    chunks = [chunk for span in streams for chunk in span.value(v.CHUNKS, [])]
    return b"".join(chunk if isinstance(chunk, bytes) else str(chunk).encode() for chunk in chunks)


def listed(headers: Any) -> dict[str, list[str]]:
    """Name in lower case → values. Servers join repeated ones."""
    found: dict[str, list[str]] = {}
    for name, value in headers or ():
        found.setdefault(name.lower(), []).append(value)
    return found
