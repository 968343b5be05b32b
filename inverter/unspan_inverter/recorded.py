"""A fetched trace: OTLP's bytes of it and of the project's description, whatever they came from. No I/O here."""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData
from unspan_proto import vocabulary as v
from unspan_proto.span import Span, from_otlp

TRACE_ID: Final = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One trace as it was sent, and the trace of the project's description, empty when that was not found."""

    trace_id: str
    trace: TracesData
    project: TracesData = field(default_factory=TracesData)

    def spans(self) -> list[Span]:
        return list(from_otlp(self.trace.resource_spans))

    def project_spans(self) -> list[Span]:
        return list(from_otlp(self.project.resource_spans))


class Source(Protocol):
    """Where traces come from."""

    def fetched(self, trace_id: str, *, project: bool = True) -> Recorded:
        """One trace by its 32 hex digits, a unique prefix of them or `latest`, with its project's description if asked. Raises InverterError."""
        ...


def project_reference(trace: TracesData) -> str:
    """The trace id of the project's description that a trace's request names; empty without one, or where that is no id."""
    for batch in trace.resource_spans:
        for group in batch.scope_spans:
            for span in group.spans:
                for pair in span.attributes:
                    if pair.key == v.PROJECT_REF and TRACE_ID.fullmatch(pair.value.string_value):
                        return pair.value.string_value
    return ""


def only(data: TracesData, trace_id: str) -> TracesData:
    """The spans of one trace, each under its own resource and scope."""
    wanted = bytes.fromhex(trace_id)
    found = TracesData()
    for batch in data.resource_spans:
        kept = ResourceSpans(resource=batch.resource, schema_url=batch.schema_url)
        for group in batch.scope_spans:
            spans = [span for span in group.spans if span.trace_id == wanted]
            if spans:
                kept.scope_spans.add(scope=group.scope, schema_url=group.schema_url).spans.extend(spans)
        if kept.scope_spans:
            found.resource_spans.append(kept)
    return found
