"""OTLP's bytes as protobuf messages. One text that is not UTF-8, or one value nested too deep, costs its own span only, not the request.

protobuf refuses a whole message for one bad string; `salvaged` then takes the message apart on the wire and keeps every piece that parses.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from unspan_collector.errors import Undecodable

PIECES: dict[type[Message], dict[int, type[Message]]] = {
    ExportTraceServiceRequest: {1: ResourceSpans},
    ResourceSpans: {1: Resource, 2: ScopeSpans},
    ScopeSpans: {1: InstrumentationScope},
    Resource: {},
    InstrumentationScope: {},
}
"""Which fields of a message are taken apart further; every other field is kept or dropped as a whole."""
REPEATED = (ResourceSpans, ScopeSpans)
SPANS_FIELD = 2
TRACE_ID_FIELD = 1


class Decoded(NamedTuple):
    """A request and the trace ids of its spans that had to be left out (empty bytes where even that is unreadable)."""

    request: ExportTraceServiceRequest
    rejected: list[bytes]
    whole: bool = True
    """Whether the bytes are a message as they stand; else something was left out, be it no span."""


class Garbled(ValueError):
    """Bytes without the structure of a protobuf message."""


def decoded(data: bytes) -> Decoded:
    """The request in `data`, as much of it as can be read. Raises Undecodable when nothing of it can."""
    try:
        return Decoded(ExportTraceServiceRequest.FromString(data), [])
    except DecodeError as error:
        rejected: list[bytes] = []
        try:
            request = salvaged(ExportTraceServiceRequest, data, (), rejected)
        except Garbled:
            raise Undecodable(str(error)) from None
        if not any(rejected) and not any(group.spans for resource in request.resource_spans for group in resource.scope_spans):
            raise Undecodable(str(error)) from None
        return Decoded(request, rejected, False)


def salvaged(kind: type[Any], data: bytes, path: tuple[int, ...], rejected: list[bytes]) -> Any:
    """A message of `kind` from the fields of `data` that parse; the spans that do not are added to `rejected`.

    `path`: the numbers of the fields that lead to it from the request. Raises Garbled when `data` has no structure.
    """
    message = kind()
    for number, field, payload in fields(data):
        try:
            ExportTraceServiceRequest.FromString(in_place(field, path))
            message.MergeFrom(kind.FromString(field))
        except DecodeError:
            if number in PIECES[kind]:
                replace_piece(message, number, payload, path, rejected)
            elif kind is ScopeSpans and number == SPANS_FIELD:
                rejected.append(trace_id(payload))
    return message


def replace_piece(message: Any, number: int, payload: bytes, path: tuple[int, ...], rejected: list[bytes]) -> None:
    """Adds what is left of a nested message."""
    kind = PIECES[type(message)][number]
    target = getattr(message, message.DESCRIPTOR.fields_by_number[number].name)
    try:
        piece = salvaged(kind, payload, (*path, number), rejected)
    except Garbled:
        rejected.extend([b""] * (kind in REPEATED))
        return
    target.append(piece) if kind in REPEATED else target.MergeFrom(piece)


def in_place(field: bytes, path: tuple[int, ...]) -> bytes:
    """A request that holds nothing but this field where it belongs: its depth counts from the request, as a reader's will."""
    for number in reversed(path):
        field = bytes([number << 3 | 2]) + size_of(field) + field
    return field


def size_of(data: bytes) -> bytes:
    """The length as a varint."""
    left, out = len(data), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


def fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """`(number, whole field, payload)` of each field on the wire, one level deep. Raises Garbled."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        number, shape = key >> 3, key & 7
        begin = at
        if shape == 0:
            _, at = varint(data, at)
        elif shape == 2:
            size, begin = varint(data, at)
            at = begin + size
        elif shape in (1, 5):
            at += 8 if shape == 1 else 4
        else:
            raise Garbled(f"wire type {shape}")
        if at > len(data) or not number:
            raise Garbled("cut off")
        yield number, data[start:at], data[begin:at]


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Garbled("varint")


def trace_id(span: bytes) -> bytes:
    """The trace id of a span that does not parse, empty when it cannot be found."""
    try:
        return next((payload for number, _, payload in fields(span) if number == TRACE_ID_FIELD and len(payload) == 16), b"")
    except Garbled:
        return b""
