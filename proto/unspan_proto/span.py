"""A span as every reader sees it, from OTLP's protobuf and back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Wire

from unspan_proto import values, vocabulary


def nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a moment of a span; `at` in nanoseconds since 1970."""

    name: str
    at: int
    attributes: Mapping[str, Any] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Link:
    """A span of another trace that this one has to do with."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Ids are lower-case hex, times nanoseconds since 1970, `kind` and `status` OTLP's numbers.

    `attributes` hold OTLP's values as Python's; `value()` decodes those that hold a value of the codec.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: int
    end: int
    attributes: Mapping[str, Any] = field(default_factory=nothing)
    kind: int = 1
    status: int = 0
    status_message: str = ""
    events: tuple[Event, ...] = ()
    scope: str = ""
    resource: Mapping[str, Any] = field(default_factory=nothing)
    links: tuple[Link, ...] = ()

    @property
    def what(self) -> str:
        """The kind of record (`vocabulary.KIND`), empty for a span that is not ours."""
        found = self.attributes.get(vocabulary.KIND, "")
        return found if isinstance(found, str) else ""

    def value(self, name: str, default: Any = None) -> Any:
        """The decoded value of an attribute. Raises NotEncoded where it does not hold one."""
        text = self.attributes.get(name)
        if text is None:
            return default
        return values.decode(text) if name in vocabulary.ENCODED and isinstance(text, str) else text


def from_otlp(batches: Iterable[ResourceSpans]) -> Iterator[Span]:
    """The spans of OTLP's batches, in their order."""
    for batch in batches:
        resource = attributes(batch.resource.attributes)
        for group in batch.scope_spans:
            for wire in group.spans:
                yield from_wire(wire, group.scope.name, resource)


def from_wire(wire: Wire, scope: str = "", resource: Mapping[str, Any] | None = None) -> Span:
    return Span(
        trace_id=wire.trace_id.hex(), span_id=wire.span_id.hex(), parent_id=wire.parent_span_id.hex(), name=wire.name,
        start=wire.start_time_unix_nano, end=wire.end_time_unix_nano, attributes=attributes(wire.attributes), kind=wire.kind,
        status=wire.status.code, status_message=wire.status.message,
        events=tuple(Event(event.name, event.time_unix_nano, attributes(event.attributes)) for event in wire.events),
        scope=scope, resource=resource if resource is not None else nothing(),
        links=tuple(Link(link.trace_id.hex(), link.span_id.hex()) for link in wire.links),
    )  # fmt: skip


def from_bytes(data: bytes) -> list[Span]:
    """The spans of one serialised `TracesData`. Raises google.protobuf.message.DecodeError."""
    return list(from_otlp(TracesData.FromString(data).resource_spans))


def attributes(pairs: Iterable[KeyValue]) -> Mapping[str, Any]:
    return MappingProxyType({pair.key: python(pair.value) for pair in pairs})


def python(value: AnyValue) -> Any:
    """OTLP's AnyValue as a Python value."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    if which == "array_value":
        return [python(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return {pair.key: python(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, which)
