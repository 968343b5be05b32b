"""Requests for the receiver, made of those that recorders send: spoiled as messages, as bytes, in how they are packed and in what their headers say."""

import gzip
import json
import random
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .mutating import HOSTILE

PROTOBUF, JSON = "application/x-protobuf", "application/json"
TYPES: Final = (
    "",
    "text/plain",
    "application/grpc",
    "application/x-protobuf; charset=x",
    "APPLICATION/JSON; charset=utf-8",
    "a" * 9_000,
    "\xff",
)
PACKINGS: Final = ("gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "GZIP", "", "nothing known")
NUMBERS: Final = (0, 1, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1, 10**18, 1_700_000_000_000_000_000)
OCTETS: Final = (b"", b"\0", b"\0" * 8, b"\0" * 16, b"x" * 7, b"x" * 8, b"x" * 16, b"\xff" * 16, b"x" * 17, b"\xff\xfe", b"y" * 5_000)
DEEP: Final = 120
"""Levels of values inside of values; protobuf itself reads a hundred messages inside of each other."""
WIRE: Final = (
    b"\x80" * 11, b"\xff" * 9 + b"\x7f", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b", b"\x0c", b"\x0e\x00", b"\x00\x00", b"\xfa\xff\xff\xff\x0f\x01x", b"\x0a\x05\x12\x03\x12\x80\x01",
)  # fmt: skip
"""Overlong and endless numbers, lengths beyond the end, groups, wire types that there are not, fields that nobody knows."""


@dataclass(frozen=True)
class Sending:
    """One HTTP request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def sending(message: ExportTraceServiceRequest, chance: random.Random) -> Sending:
    """A request, spoiled in some of the ways that there are; now and then in none."""
    found = ExportTraceServiceRequest()
    found.CopyFrom(message)
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        change(found, chance)
    as_json = chance.random() < 0.3
    body, kind = (documented(found, chance), JSON) if as_json else (found.SerializeToString(), PROTOBUF)
    if chance.random() < 0.4:
        body = noisy(body, chance)
    body, headers = packed(body, chance)
    if chance.random() < 0.1:
        kind = chance.choice((*TYPES, JSON, PROTOBUF))
    headers["Content-Type"] = kind
    if chance.random() < 0.03:
        headers[chance.choice(("Authorization", "Expect", "Transfer-Encoding-Of-Nobody", "Content-Range", "X" * 500))] = chance.choice(
            ("", "x" * 2_000, "Bearer x")
        )
    odd = chance.random() < 0.03
    return Sending(chance.choice(("GET", "PUT", "DELETE", "OPTIONS", "HEAD")) if odd else "POST", path(chance), body, headers)


def path(chance: random.Random) -> str:
    return (
        "/v1/traces"
        if chance.random() < 0.95
        else chance.choice(("/", "/v1/logs", "/v1/metrics", "/v1/traces/", "/healthz", "/v1/traces?x=%ff", "/" + "a" * 5_000, "//", "/%00"))
    )


# As a message.


def parts(message: Any) -> list[Any]:
    """A message and all inside of it."""
    found = [message]
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for one in value if repeated(descriptor) else [value]:
                found += parts(one)
    return found


def repeated(descriptor: Any) -> bool:
    return bool(descriptor.label == Field.LABEL_REPEATED if hasattr(descriptor, "label") else descriptor.is_repeated)


def change(message: ExportTraceServiceRequest, chance: random.Random) -> None:
    """One field of one message somewhere inside gets another value, goes, or comes again."""
    part = chance.choice(parts(message))
    descriptor = chance.choice(part.DESCRIPTOR.fields)
    name, how = descriptor.name, chance.randrange(4)
    if how == 0:
        part.ClearField(name)
    elif descriptor.message_type is not None:
        change_inside(part, descriptor, chance)
    elif repeated(descriptor):
        getattr(part, name).extend([value(descriptor, chance)] * chance.choice((1, 300)))
    else:
        try:
            setattr(part, name, value(descriptor, chance))
        except (ValueError, TypeError):  # no number of that width
            part.ClearField(name)


def change_inside(part: Any, descriptor: Any, chance: random.Random) -> None:
    held = getattr(part, descriptor.name)
    if descriptor.message_type.name == "AnyValue" and chance.random() < 0.3:
        for _ in range(DEEP):
            held = (held.add() if repeated(descriptor) and not hasattr(held, "array_value") else held).array_value.values.add()
        held.string_value = "deep"
    elif not repeated(descriptor):
        held.SetInParent()
    elif held and chance.random() < 0.8:
        for _ in range(chance.choice((1, 2, 50))):
            held.add().CopyFrom(chance.choice(held))
    else:
        held.add()


def value(descriptor: Any, chance: random.Random) -> Any:
    if descriptor.type == Field.TYPE_STRING:
        return chance.choice(HOSTILE).encode("utf-8", "replace").decode()
    if descriptor.type == Field.TYPE_BYTES:
        return chance.choice(OCTETS)
    if descriptor.type in (Field.TYPE_DOUBLE, Field.TYPE_FLOAT):
        return chance.choice((0.0, -0.0, 1e308, float("nan"), float("inf")))
    return bool(chance.randrange(2)) if descriptor.type == Field.TYPE_BOOL else chance.choice(NUMBERS)


# As a document.


def documented(message: ExportTraceServiceRequest, chance: random.Random) -> bytes:
    """OTLP/JSON, or what is taken for it: ids are base64 here as often as hexadecimal, and a value may be of another kind."""
    document = MessageToDict(message)
    for span in spans(document):
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span and chance.random() < 0.9:
                span[name] = span[name].encode().hex()[: 32 if name == "traceId" else 16]
    if chance.random() < 0.6:
        document = other(document, chance)
    return json.dumps(document).encode("utf-8", "replace")


def spans(document: Any) -> list[Any]:
    return [
        span
        for resource in document.get("resourceSpans", [])
        for scope in resource.get("scopeSpans", [])
        for span in scope.get("spans", [])
    ]


def other(node: Any, chance: random.Random) -> Any:
    """The document with another value somewhere."""
    if isinstance(node, dict) and node and chance.random() < 0.9:
        key = chance.choice(list(node))
        return {**node, key: other(node[key], chance)}
    if isinstance(node, list) and node and chance.random() < 0.9:
        at = chance.randrange(len(node))
        return [*node[:at], other(node[at], chance), *node[at + 1 :]]
    return chance.choice((*HOSTILE, None, True, 0, -1, 2**70, 1.5, [], {}, [[]], {"x": 1}))


# As bytes.


def noisy(data: bytes, chance: random.Random) -> bytes:
    """Bytes with some of them changed, taken out, put in, said twice, or cut off."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at, how = chance.randrange(len(found) + 1), chance.randrange(7)
        if how == 0 and at < len(found):
            found[at] = chance.randrange(256)
        elif how == 1:
            del found[at : at + chance.choice((1, 2, 50))]
        elif how == 2:
            found[at:at] = chance.choice(WIRE)
        elif how == 3 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif how == 4:
            found[at:at] = found[at : at + chance.choice((1, 20, 3_000))]
        elif how == 5:
            found[at : at + 4] = b"\xff\xfe\xc0\x80"
        elif chance.random() < 0.3:
            del found[at:]
    return bytes(found)


def packed(body: bytes, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    """The body compressed, or not, and what its header says of it: often the truth."""
    if chance.random() < 0.6:
        return body, {}
    said = chance.choice(PACKINGS)
    how = chance.randrange(6)
    if how == 0:
        return body, {"Content-Encoding": said}
    if how == 1:
        return zlib.compress(body), {"Content-Encoding": said}
    data = gzip.compress(body, 1)
    if how == 2:
        data = data[: chance.randrange(len(data) + 1)]
    elif how == 3:
        data = noisy(data, chance)
    elif how == 4 and chance.random() < 0.02:
        data = gzip.compress(bytes(80 << 20), 9)  # larger than what is taken, once it is unpacked
    return data, {"Content-Encoding": "gzip" if chance.random() < 0.8 else said}
