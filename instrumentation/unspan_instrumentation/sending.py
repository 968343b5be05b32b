"""One OTLP/gRPC exchange with the collector. What is sent, when, and what becomes of a failure is `outbox`'s business."""

import enum
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from unspan_instrumentation.settings import Settings

VERBOSITY: Final = "GRPC_VERBOSITY"
EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RETRYABLE: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
"""Status codes after which OTLP's specification has the same bytes sent again."""


class Outcome(enum.Enum):
    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


class Sender:
    """A connection that is made when it is first used, in the thread that uses it; a forked process makes a new one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._call: Any = None
        self._channel: Any = None

    def send(self, data: bytes, timeout: float) -> tuple[Outcome, str]:
        """What became of an `ExportTraceServiceRequest`, and why. Never raises."""
        try:
            with suppress_instrumentation():
                answer = self._connected()(data, timeout=timeout, metadata=self.settings.headers or None)
            return self._understood(answer)
        except Exception as error:
            return self._failed(error)

    def _understood(self, answer: bytes) -> tuple[Outcome, str]:
        partial = ExportTraceServiceResponse.FromString(answer).partial_success
        if partial.rejected_spans:
            return Outcome.REFUSED, f"{partial.rejected_spans} spans: {partial.error_message}"
        return Outcome.TAKEN, ""

    def _failed(self, error: Exception) -> tuple[Outcome, str]:
        code = getattr(error, "code", None)
        if not callable(code):
            return Outcome.LATER, f"{type(error).__name__}: {error}"
        name = getattr(code(), "name", "UNKNOWN")
        return (Outcome.LATER if name in RETRYABLE else Outcome.REFUSED), str(name)

    def _connected(self) -> Any:
        if self._call is None:
            with quiet():
                self._channel = channel(self.settings)
            self._call = self._channel.unary_unary(EXPORT, request_serializer=None, response_deserializer=None)
        return self._call

    def forget(self) -> None:
        """Drops the connection without closing it: after a fork it is the parent's."""
        self._call = None


def channel(settings: Settings) -> Any:
    import grpc  # here and not above: 60 ms that a process which records nothing need not pay

    options = (("grpc.enable_retries", 0), ("grpc.max_send_message_length", -1), ("grpc.initial_reconnect_backoff_ms", 500))
    if not settings.target.secure:
        return grpc.insecure_channel(settings.target.address, options)
    roots = Path(settings.certificate).read_bytes() if settings.certificate else None
    return grpc.secure_channel(settings.target.address, grpc.ssl_channel_credentials(roots), options)


@contextmanager
def quiet() -> Generator[None]:
    """gRPC's core writes a line of its own to the application's standard error when a collector goes away, unless it is told not to.

    It reads how much it may say when it is imported; an application that has done so before keeps its own way. The variable stays as it was.
    """
    told = VERBOSITY in os.environ
    os.environ.setdefault(VERBOSITY, "ERROR")
    try:
        yield
    finally:
        if not told:
            os.environ.pop(VERBOSITY, None)
