"""Traces for the tests: spans as a recorder of ours, or a foreign SDK, would send them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData
from unspan_collector.arrivals import Arrival, Sorted, sorted_by_trace
from unspan_collector.wire import decoded
from unspan_proto import values
from unspan_proto import vocabulary as v

SECOND = 1_000_000_000
NOON = 1_800_000_000 * SECOND
_ids = count(1)


def trace_id(number: int | None = None) -> str:
    """A trace id: the number's digits first, so that different numbers differ in their first six digits."""
    return f"{next(_ids) if number is None else number:06x}{'0' * 24}ff"


def any_value(value: Any) -> AnyValue:
    names = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
    return AnyValue(**{names[type(value)]: value})


def span(trace: str, span_id: int, kind: str = "", *, at: int = NOON, took: int = SECOND, name: str = "a span", **named: Any) -> Span:
    """A span; `named` attributes as `_("http.route")` cannot be written, so a mapping goes in as `attributes`."""
    attributes: Mapping[str, Any] = {**({v.KIND: kind} if kind else {}), **named.pop("attributes", {})}
    return Span(
        trace_id=bytes.fromhex(trace), span_id=span_id.to_bytes(8, "big"), name=name, start_time_unix_nano=at, end_time_unix_nano=at + took,
        attributes=[KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()], **named,
    )  # fmt: skip


def request_span(
    trace: str, path: str = "/todos/", *, method: str = "GET", status: int = 200, query: str = "", at: int = NOON, span_id: int = 1
) -> Span:
    attributes = {v.METHOD: method, v.PATH: path, v.STATUS: status, **({v.QUERY: query} if query else {})}
    return span(trace, span_id, v.REQUEST, at=at, name=f"{method} {path}", attributes=attributes)


def work_spans(trace: str, kind: str = "task", name: str = "shop.tasks.send", *, at: int = NOON) -> list[Span]:
    """The first record of a unit of work, and its root."""
    attributes = {v.WORK_KIND: kind, v.WORK_NAME: name}
    return [
        span(trace, 0xBE6, v.BEGUN, at=at, took=0, attributes=attributes),
        span(trace, 0xACE, v.WORK, at=at, attributes=attributes),
    ]


def end_span(trace: str, recorded: int, lost: Iterable[str] = (), *, at: int = NOON, span_id: int = 0xE0D) -> Span:
    return span(trace, span_id, v.END, at=at + SECOND, took=0, attributes={v.RECORDED: recorded, v.LOST: values.encode(list(lost))})


def part_span(trace: str, span_id: int, index: int, count: int, of: str = v.RESPONSE_BODY) -> Span:
    return span(trace, span_id, v.PART, attributes={v.PART_OF: of, v.PART_INDEX: index, v.PART_COUNT: count, v.PART_TEXT: "x" * 10})


def recording(trace: str, path: str = "/todos/", *, calls: int = 3, sql: int = 2, at: int = NOON, **request: Any) -> list[Span]:
    """All spans of one recorded request, the end record last."""
    work = [*([v.CALL] * calls), *([v.SQL] * sql)]
    made = [span(trace, 100 + number, kind, at=at) for number, kind in enumerate(work)]
    return [*made, request_span(trace, path, at=at, **request), end_span(trace, len(made) + 1, at=at)]


def grouped(spans: Iterable[Span], service: str = "shop", scope: str = v.SCOPE) -> list[ResourceSpans]:
    resource = Resource(attributes=[KeyValue(key="service.name", value=any_value(service))])
    group = ScopeSpans(spans=spans)
    group.scope.name = scope
    return [ResourceSpans(resource=resource, scope_spans=[group])]


def export(spans: Iterable[Span], **named: str) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest(resource_spans=grouped(spans, **named))


def arrivals(spans: Iterable[Span], **named: str) -> list[Arrival]:
    """What the collector makes of a request with these spans."""
    return taken(export(spans, **named).SerializeToString()).arrivals


def taken(raw: bytes) -> Sorted:
    return sorted_by_trace(decoded(raw), raw)


def spans_in(chunks: Iterable[bytes]) -> list[Span]:
    """The spans of serialised TracesData messages, in order."""
    return list(each_span(TracesData.FromString(b"".join(chunks))))


def each_span(message: TracesData | ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in message.resource_spans:
        for group in resource.scope_spans:
            yield from group.spans
