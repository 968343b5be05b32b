"""A real OTLP/gRPC receiver in the test's process, which can be slow, refuse, or go away."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceServicer, add_TraceServiceServicer_to_server
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from unspan_proto import vocabulary as v
from unspan_proto.parts import joined
from unspan_proto.span import Span, from_otlp

Answer = Callable[[Any], ExportTraceServiceResponse]


class Sink(TraceServiceServicer):
    """Keeps what it receives. `answer` is called with gRPC's context for each request, and may abort it or take its time."""

    def __init__(self, address: str = "127.0.0.1:0", answer: Answer | None = None) -> None:
        self.answer = answer or (lambda context: ExportTraceServiceResponse())
        self.batches: list[ResourceSpans] = []
        self._read: list[Span] = []
        self._known = 0
        self.sizes: list[int] = []
        self.metadata: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(4))
        add_TraceServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port(address)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:
        answer = self.answer(context)
        with self._arrived:
            self.batches.extend(request.resource_spans)
            self.sizes.append(request.ByteSize())
            self.metadata.append(dict(context.invocation_metadata()))
            self._arrived.notify_all()
        return answer

    def stop(self) -> None:
        self._server.stop(None).wait()

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def spans(self) -> list[Span]:
        with self._arrived:
            return self._spans()

    def _spans(self) -> list[Span]:
        """Each batch is read once, however often it is waited for the next."""
        self._read.extend(from_otlp(self.batches[self._known :]))
        self._known = len(self.batches)
        return list(self._read)

    def until(self, enough: Callable[[list[Span]], bool], seconds: float = 20) -> list[Span]:
        """The spans received, once they are enough. Fails after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while not enough(found := self._spans()):
                if not self._arrived.wait(deadline - time.monotonic()):
                    raise AssertionError(
                        f"only {sorted((span.trace_id[:6], span.what, span.name) for span in found)} arrived in {seconds} s"
                    )
        return found

    def traces(self, count: int, seconds: float = 20) -> list[list[Span]]:
        """At least this many whole traces of requests, in the order of their ends, parts joined."""
        spans = self.until(lambda found: sum(1 for span in found if span.what == v.END) >= count, seconds)
        ids = [span.trace_id for span in spans if span.what == v.END]
        return [list(whole(spans, trace_id)) for trace_id in ids]


def whole(spans: list[Span], trace_id: str) -> Iterator[Span]:
    """The spans of one trace, parts joined; fails when they are not what its end records count."""
    own = [span for span in spans if span.trace_id == trace_id]
    found, gaps = joined(own)
    ends = [span for span in found if span.what == v.END]
    counted = sum(1 for span in found if span.what and span.what != v.END)
    assert (counted, gaps) == (sum(end.attributes[v.RECORDED] for end in ends), []), (counted, [end.attributes for end in ends], gaps)
    return iter(found)
