"""The user's own telemetry beside ours: what their receiver gets, told so that two runs can be compared."""

import re
from collections.abc import Iterable

from unspan_proto.span import Span

COMPARED = ("a list", "an error", "a stream", "an async view")
COMPARED_ACTS = ("rows read", "rows written", "a transaction")
"""Features that are shown with and without us: the user's telemetry tells of no others."""
NAMES = ("GET books/", "GET broken/", "GET stream/", "GET async/")
VOLATILE = (
    "net.",
    "http.host",
    "http.server_name",
    "http.url",
    "http.user_agent",
    "http.flavor",
    "http.target",
    "server.",
    "client.",
    "db.name",
)
"""Beginnings of names of attributes that differ from run to run, or from server to server (`http.target` is the path under some only)."""
Told = tuple[str, ...]


def told(spans: Iterable[Span], with_sql: bool) -> list[Told]:
    """Each kind of trace of the compared requests as its spans, in an order of their own; statements outside of requests too."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    found: set[Told] = set()
    for trace in traces.values():
        names = {span.span_id: span.name for span in trace}
        kept = [span for span in trace if ("db.system" not in span.attributes or with_sql) and not of_start(span)]
        if all(span.kind != 2 or span.name in NAMES for span in trace) and kept:
            found.add(tuple(sorted(line(span, names.get(span.parent_id, "")) for span in kept)))
    return sorted(found)


def of_start(span: Span) -> bool:
    """Whether it is a question that `runserver` asks before it serves."""
    return any(table in str(span.attributes.get("db.statement")) for table in ("sqlite_master", "django_migrations"))


def line(span: Span, parent: str) -> str:
    known = {name: value for name, value in sorted(span.attributes.items()) if not name.startswith(VOLATILE)}
    attributes = re.sub(r"s\d+_x\d+", "a savepoint", str(known))
    events = [(event.name, event.attributes.get("exception.type")) for event in span.events]
    return f"{span.scope} {span.name} {span.kind} {span.status} < {parent} {attributes} {events} {span.resource.get('service.name')}"
