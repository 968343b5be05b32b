"""A request of many spans as arrivals, one a trace: the bytes to keep and a glimpse of each span. Knows OTLP and our vocabulary; stores nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded

from unspan_collector.facts import Ending, Exchange, Glimpse, Piece, Work
from unspan_collector.wire import Decoded

MAX_TIME = 2**63 - 1
"""Times beyond it (the year 2262) do not fit the index and are cut to it."""
MAX_TEXT = 2048
"""Characters of a path, query, method or sentence that the index keeps; the trace itself keeps all."""
MAX_SENTENCES = 50


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one request brought for one trace. `data` is a serialised TracesData whose spans stand in the order of `glimpses`."""

    trace_id: bytes
    data: bytes
    glimpses: tuple[Glimpse, ...]
    service: str = ""
    rejected: int = 0


class Sorted(NamedTuple):
    """The arrivals of a request, and how many of its spans were not taken."""

    arrivals: list[Arrival]
    rejected: int
    whole: bool = True
    """Whether nothing else was left out: an attribute of a resource."""


class Place(NamedTuple):
    """A span where it stands in its request."""

    resource: ResourceSpans
    scope: ScopeSpans
    span: Span


def sorted_by_trace(decoded: Decoded, raw: bytes | None = None) -> Sorted:
    """One arrival a trace. `raw`, where the request came as protobuf, is kept as it is when it holds a single trace."""
    by_trace: dict[bytes, list[Place]] = {}
    nameless = 0
    for place in places(decoded.request):
        if valid(place.span):
            by_trace.setdefault(place.span.trace_id, []).append(place)
        else:
            nameless += 1
    bad = Counter(decoded.rejected)
    whole = raw if raw is not None and decoded.whole and len(by_trace) == 1 and not nameless and not bad else None
    arrivals = [arrival(trace_id, some, whole, bad.pop(trace_id, 0)) for trace_id, some in by_trace.items()]
    arrivals += [Arrival(trace_id, b"", (), "", count) for trace_id, count in bad.items() if any(trace_id)]
    return Sorted(arrivals, nameless + len(decoded.rejected), decoded.whole)


def places(message: ExportTraceServiceRequest | TracesData) -> Iterator[Place]:
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Place(resource, scope, span)


def valid(span: Span) -> bool:
    """OTLP's rule for ids: 16 and 8 bytes, not all zero."""
    return len(span.trace_id) == 16 and len(span.span_id) == 8 and any(span.trace_id) and any(span.span_id)


def arrival(trace_id: bytes, some: list[Place], whole: bytes | None, rejected: int) -> Arrival:
    data = whole if whole is not None else packed(some).SerializeToString()
    return Arrival(trace_id, data, tuple(glimpse(place.span) for place in some), service(some[0].resource), rejected)


def packed(some: list[Place]) -> TracesData:
    """The spans in a message of their own, under copies of their resources and scopes."""
    message = TracesData()
    for of_resource in runs(some, lambda place: place.resource):
        resource = of_resource[0].resource
        copy = message.resource_spans.add(resource=resource.resource, schema_url=resource.schema_url)
        for of_scope in runs(of_resource, lambda place: place.scope):
            scope = of_scope[0].scope
            copy.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=[place.span for place in of_scope])
    return message


def runs(some: list[Place], part: Callable[[Place], object]) -> list[list[Place]]:
    """Neighbours that share the same (not an equal) part, together."""
    return [list(run) for _, run in groupby(some, lambda place: id(part(place)))]


def without(data: bytes, unwanted: set[int]) -> bytes:
    """A serialised TracesData less the spans at these positions."""
    kept = [place for at, place in enumerate(places(TracesData.FromString(data))) if at not in unwanted]
    return packed(kept).SerializeToString()


def glimpses_of(data: bytes) -> list[Glimpse]:
    """The glimpses of a stored TracesData."""
    return [glimpse(place.span) for place in places(TracesData.FromString(data))]


def glimpse(span: Span) -> Glimpse:
    digest = hashlib.blake2b(span.SerializeToString(deterministic=True), digest_size=12).digest()
    kind = next((text(pair.value.string_value) for pair in span.attributes if pair.key == v.KIND), "")
    read = DETAILS.get(kind)
    started, ended = min(span.start_time_unix_nano, MAX_TIME), min(span.end_time_unix_nano, MAX_TIME)
    return Glimpse(span.span_id, digest, kind, started, ended, read(span, scalars(span)) if read else None)


def scalars(span: Span) -> dict[str, Any]:
    """The attributes of a span that are texts or numbers."""
    found = ((pair.key, pair.value, pair.value.WhichOneof("value")) for pair in span.attributes)
    return {key: getattr(value, which) for key, value, which in found if which in ("string_value", "int_value", "bool_value")}


def exchange(span: Span, has: dict[str, Any]) -> Exchange:
    started, ended = min(span.start_time_unix_nano, MAX_TIME), min(span.end_time_unix_nano, MAX_TIME)
    method, path, query = (text(has.get(name, "")) for name in (v.METHOD, v.PATH, v.QUERY))
    return Exchange(started, ended, method, path, query, number(has.get(v.STATUS), 999) or 0)


def work(span: Span, has: dict[str, Any]) -> Work:
    started, ended = min(span.start_time_unix_nano, MAX_TIME), min(span.end_time_unix_nano, MAX_TIME)
    return Work(started, ended if has.get(v.KIND) == v.WORK else 0, text(has.get(v.WORK_KIND, "")), text(has.get(v.WORK_NAME, "")))


def ending(span: Span, has: dict[str, Any]) -> Ending:
    recorded = number(has.get(v.RECORDED), 2**31)
    lost = sentences(has.get(v.LOST, "[]"))
    return Ending(recorded or 0, lost if recorded is not None else (*lost, "the end record does not say how many spans there were"))


def sentences(encoded: Any) -> tuple[str, ...]:
    """The list of losses in an end record."""
    try:
        lost = values.decode(encoded if isinstance(encoded, str) else "")
    except NotEncoded:
        return ("the list of what was lost cannot be read",)
    said = lost if isinstance(lost, list) else [lost]
    return tuple(text(str(sentence)) for sentence in said[:MAX_SENTENCES])


def piece(span: Span, has: dict[str, Any]) -> Piece:
    return Piece(number(has.get(v.PART_INDEX), 2**20) or 0, number(has.get(v.PART_COUNT), 2**20) or 0, has.get(v.PART_OF) == v.LOST)


DETAILS = {v.REQUEST: exchange, v.WORK: work, v.BEGUN: work, v.END: ending, v.PART: piece}
"""The kinds of which the index wants more than their number."""


def service(resource: ResourceSpans) -> str:
    return next((text(pair.value.string_value) for pair in resource.resource.attributes if pair.key == "service.name"), "")


def text(value: object) -> str:
    plain = str(value)
    return plain if len(plain) <= MAX_TEXT else plain[: MAX_TEXT - 1] + "…"


def number(value: object, most: int) -> int | None:
    """An int attribute between 0 and `most`; None for anything else."""
    return value if type(value) is int and 0 <= value <= most else None
