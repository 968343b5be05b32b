"""OTLP over gRPC. Takes raw bytes and parses them itself: generated servicers answer undecodable bytes with INTERNAL."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from unspan_collector.errors import Refused, TooLarge, Undecodable
from unspan_collector.receiver import MOST_BYTES, Receiver

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # with it, a second collector would take the same port in silence
)
SERVICES = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
}
CODES: dict[type[Refused], grpc.StatusCode] = {
    Undecodable: grpc.StatusCode.INVALID_ARGUMENT,
    TooLarge: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""Codes of permanent refusals; every other refusal is UNAVAILABLE, which senders retry."""


def handlers(receiver: Receiver) -> list[grpc.GenericRpcHandler]:
    """OTLP's three services."""

    async def traces(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        try:
            return (await receiver.traces(raw)).SerializeToString()
        except Refused as refused:
            await context.abort(*refusal(refused))
            raise AssertionError("abort always raises") from None

    return [generic("traces", traces), generic("metrics", dropping(receiver, "metrics")), generic("logs", dropping(receiver, "logs"))]


def dropping(receiver: Receiver, signal: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def drop(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        receiver.drop(signal)
        return b""

    return drop


def generic(signal: str, export: Callable[[bytes, Any], Awaitable[bytes]]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(SERVICES[signal], {"Export": grpc.unary_unary_rpc_method_handler(export)})


def refusal(refused: Refused) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Code, sentence and trailing metadata. Python's exporter reads only `google.rpc.retryinfo-bin`, others the details."""
    code = CODES.get(type(refused), grpc.StatusCode.UNAVAILABLE)
    if refused.retry_after is None:
        return code, str(refused), ()
    retry = RetryInfo(retry_delay=duration(refused.retry_after))
    packed = AnyMessage()
    packed.Pack(retry)
    status = Status(code=code.value[0], message=str(refused), details=[packed])
    return (
        code,
        str(refused),
        (("google.rpc.retryinfo-bin", retry.SerializeToString()), ("grpc-status-details-bin", status.SerializeToString())),
    )


def duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
