"""A trace cut for the wire: messages small enough for any gRPC client. Knows protobuf, not gRPC."""

from collections.abc import Iterator

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from unspan_collector.arrivals import Place, packed, places

CHUNK_BYTES = 3_000_000
"""Bytes of spans in one message of a reply, below gRPC's usual limit of 4 MiB; a single span larger than that travels alone."""


def chunks(stored: Iterator[bytes], most: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Serialised TracesData of up to `most` bytes: small ones joined (bytes of protobuf messages add up), large ones cut between spans."""
    waiting = b""
    for data in stored:
        for piece in [data] if len(data) <= most else cut(data, most):
            if waiting and len(waiting) + len(piece) > most:
                yield waiting
                waiting = b""
            waiting += piece
    if waiting:
        yield waiting


def cut(data: bytes, most: int) -> list[bytes]:
    """A TracesData in smaller ones, halved until each fits or holds one span."""
    return halved(list(places(TracesData.FromString(data))), most)


def halved(some: list[Place], most: int) -> list[bytes]:
    data = packed(some).SerializeToString()
    if len(data) <= most or len(some) == 1:
        return [data]
    middle = len(some) // 2
    return halved(some[:middle], most) + halved(some[middle:], most)
