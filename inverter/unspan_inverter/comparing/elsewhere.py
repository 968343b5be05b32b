"""Steps that belong to where a request ran, not to what it does: which they are in a trace, and of what. They are not compared, and that is said."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded
from unspan_proto.span import Span
from unspan_proto.values import Instance

from unspan_inverter.trace import Trace, reaching

CONNECTED: Final = "django.db.backends.signals.connection_created"
REQUEST: Final = frozenset({"method", "path"})
"""What a request shows; a test client has a class of its own for it."""
FAILED: Final = 2
"""OTLP's status code of a span that failed."""
OPENING: Final = "the opening of a connection to the database"
BACKEND: Final = "the project's own database backend"
ASKED: Final = "the server's own class of requests"
CALLBACKS: Final = "callbacks for after the commit, which a test runs after its request"
PAGE: Final = "the page about an error that only one of the two shows"

Apart = dict[str, str]
"""Span id → what it belongs to."""


def apart(trace: Trace, other: Trace) -> Apart:
    """The spans of a trace that are not compared with the other."""
    found = {
        **dict.fromkeys(errors_page(trace, other) if debug_page(trace) != debug_page(other) else (), PAGE),
        **dict.fromkeys(called_back(trace) if waits(other) else (), CALLBACKS),
        **dict.fromkeys(opening(trace), OPENING),
    }
    asked, engines = request_class(trace), tuple(f"{one.get('engine')}." for one in trace.project.databases.values() if one.get("engine"))
    for span in trace.spans:
        name = str(span.attributes.get(v.FUNCTION, ""))
        if span.what == v.CALL and name.startswith(engines):
            found[span.span_id] = BACKEND
        elif span.what == v.CALL and asked and name.startswith(f"{asked}."):
            found[span.span_id] = ASKED
    return found


def below(trace: Trace, roots: Sequence[Span]) -> Iterator[str]:
    """These spans and what is below them."""
    parents = {span.span_id: span.parent_id for span in trace.spans}
    for root in roots:
        yield root.span_id
        yield from reaching(root.span_id, parents)


def opening(trace: Trace) -> Iterator[str]:
    """What Django's signal of a new connection made its receivers do."""
    signals = [span for span in trace.spans if span.attributes.get(v.SIGNAL_NAME) == CONNECTED]
    yield from below(trace, [span for span in trace.spans if any(one.start <= span.start and span.end <= one.end for one in signals)])


def request_class(trace: Trace) -> str:
    """The type of the request, as calls were given it."""
    for span in trace.spans:
        if span.what == v.CALL:
            try:
                given = span.value(v.ARGUMENTS, {})
            except NotEncoded:
                continue
            for one in given.values() if isinstance(given, Mapping) else ():
                if isinstance(one, Instance) and one.fields.keys() >= REQUEST:
                    return one.type
    return ""


def waits(trace: Trace) -> bool:
    """Whether callbacks had not run when the request ended: a test case never commits."""
    return any(span.what == v.ON_COMMIT and span.attributes.get(v.ON_COMMIT_STATE) == "waiting" for span in trace.spans)


def called_back(trace: Trace) -> Iterator[str]:
    """What callbacks for after the commit did."""
    commits = [span.end for span in trace.spans if span.what == v.SQL and span.attributes.get(v.OPERATION) == "COMMIT"]
    ran = sorted((span for span in trace.spans if v.ON_COMMIT_ORDER in span.attributes), key=lambda span: span.end)
    before = 0
    for one in ran:
        begun = max([one.start, before, *(end for end in commits if end <= one.end)])
        yield from below(trace, [span for span in trace.spans if begun <= span.start and span.end <= one.end and span.what != v.ON_COMMIT])
        before = one.end


def debug_page(trace: Trace) -> bool:
    """Whether Django answered with a page that it has under DEBUG only: tests run without."""
    span = trace.request
    status = span.attributes.get(v.STATUS, 0)
    if not trace.project.settings.get("DEBUG") or not isinstance(status, int) or status < 400:
        return False
    if status == 403:
        return v.CSRF_ENFORCED in span.attributes
    raised = any(one.what == v.CALL and str(one.attributes.get(v.EXCEPTION_TYPE, "")).endswith("Http404") for one in trace.spans)
    return raised or v.EXCEPTION in span.attributes or v.CSRF_ENFORCED in span.attributes or not span.attributes.get(v.VIEW)


def errors_page(trace: Trace, other: Trace) -> Iterator[str]:
    """What was done for an answer after an exception, outside of the project's own calls: where none of these failed, what only this trace did there."""
    outermost = [span for span in trace.spans if span.parent_id == trace.request.span_id]
    failed = max((span.end for span in trace.spans if span.what == v.CALL and span.status == FAILED), default=None)
    if failed is None:
        common = {span.attributes.get(v.FUNCTION) for span in other.spans}
        yield from below(trace, [span for span in outermost if span.what == v.CALL and span.attributes.get(v.FUNCTION) not in common])
    else:
        yield from below(trace, [span for span in outermost if span.start >= failed])
