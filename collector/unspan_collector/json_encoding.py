"""OTLP's JSON encoding of a trace request. It differs from protobuf's own: ids are hexadecimal, unknown fields are ignored."""

import base64
import json
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from unspan_collector import wire
from unspan_collector.errors import Undecodable
from unspan_collector.wire import Decoded

IDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")


def decoded(data: bytes) -> Decoded:
    """The request in `data`. Raises Undecodable."""
    try:
        plain = json.loads(data)
        for span in (
            span
            for resource in listed(plain, "resourceSpans")
            for scope in listed(resource, "scopeSpans")
            for span in listed(scope, "spans")
        ):
            for identified in (span, *listed(span, "links")):
                base64_ids(identified)
        raw = json_format.ParseDict(plain, ExportTraceServiceRequest(), ignore_unknown_fields=True).SerializeToString()
    except (ValueError, TypeError, AttributeError, RecursionError, json_format.ParseError) as error:
        raise Undecodable(str(error)[:200]) from None
    return wire.decoded(raw)


def listed(plain: Any, name: str) -> Any:
    return plain.get(name) or ()


def base64_ids(plain: dict[str, Any]) -> None:
    """Turns the hexadecimal ids of a span or link into what protobuf's JSON expects of bytes."""
    for name in IDS:
        if plain.get(name):
            plain[name] = base64.b64encode(bytes.fromhex(plain[name])).decode("ascii")
