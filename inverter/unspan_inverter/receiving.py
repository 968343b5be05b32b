"""An OTLP/gRPC receiver that keeps what it gets in memory: what records a replay sends here, and nothing has to be installed or started for it."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from unspan_proto import vocabulary as v
from unspan_proto.span import Span, from_otlp

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
STOP_SECONDS = 2.0


class Receiver:
    """Takes the spans of one run. A context manager; `address` is `HOST:PORT` on the loopback."""

    def __init__(self) -> None:
        self._batches: list[bytes] = []
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers=2), options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)]
        )
        export = grpc.unary_unary_rpc_method_handler(self._export)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": export}),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> "Receiver":
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop(STOP_SECONDS).wait()

    def _export(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """An export request and its spans have one wire format; an empty answer says that all were taken."""
        self._batches.append(request)
        return b""

    def forget(self) -> None:
        """Lets go of what came."""
        self._batches.clear()

    def batches(self) -> list[bytes]:
        """What came, as it came."""
        return list(self._batches)

    def traces(self) -> dict[str, list[Span]]:
        """What came, by trace id; batches that are no spans are left out."""
        found: defaultdict[str, list[Span]] = defaultdict(list)
        for batch in self._batches:
            data = TracesData()
            try:
                data.MergeFromString(batch)
            except DecodeError:
                continue
            for span in from_otlp(data.resource_spans):
                found[span.trace_id].append(span)
        return found


def descriptions(traces: dict[str, list[Span]]) -> list[Span]:
    """The spans that describe the project."""
    return [span for spans in traces.values() if any(one.what == v.PROJECT for one in spans) for span in spans]
