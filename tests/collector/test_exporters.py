"""OpenTelemetry's own SDK and exporters as senders."""

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context
from unspan_proto.readapi import traces_pb2 as api
from unspan_proto.span import from_otlp

from .process import Process

EXPORTERS = {
    "gRPC": lambda c: GrpcExporter(endpoint=f"http://{c.grpc}", insecure=True),
    "gRPC, gzip": lambda c: GrpcExporter(endpoint=f"http://{c.grpc}", insecure=True, compression=grpc.Compression.Gzip),
    "HTTP": lambda c: HttpExporter(endpoint=f"http://{c.http}/v1/traces"),
    "HTTP, gzip": lambda c: HttpExporter(endpoint=f"http://{c.http}/v1/traces", compression=Compression.Gzip),
    "HTTP, deflate": lambda c: HttpExporter(endpoint=f"http://{c.http}/v1/traces", compression=Compression.Deflate),
}


@pytest.mark.parametrize("make", EXPORTERS.values(), ids=EXPORTERS)
def test_what_an_sdk_sends_is_kept(collector: Process, make: object) -> None:
    exporter: SpanExporter = make(collector)  # type: ignore[operator]
    provider = TracerProvider(resource=Resource({"service.name": "foreign"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("a.library", "1.2")
    attributes = {"text": "é \U0001f600", "list": [1, 2], "float": 0.1}
    outer = tracer.start_span("outer", kind=SpanKind.SERVER, attributes=attributes)
    inner = tracer.start_span("inner", set_span_in_context(outer), links=[Link(outer.get_span_context())])
    inner.add_event("something", {"n": 1})
    inner.set_status(Status(StatusCode.ERROR, "no"))
    inner.end()
    outer.end()
    provider.shutdown()
    trace = f"{outer.get_span_context().trace_id:032x}"
    chunks = list(collector.traces.Get(api.GetRequest(trace_id=trace)))
    spans = {one.name: one for chunk in chunks for one in from_otlp(TracesData.FromString(chunk.traces_data).resource_spans)}
    assert [spans["outer"].attributes, spans["outer"].scope, spans["outer"].resource["service.name"]] == [
        {"text": "é \U0001f600", "list": [1, 2], "float": 0.1},
        "a.library",
        "foreign",
    ]
    assert (spans["inner"].parent_id, spans["inner"].status, spans["inner"].status_message) == (spans["outer"].span_id, 2, "no")
    assert [(event.name, event.attributes) for event in spans["inner"].events] == [("something", {"n": 1})]
    assert (chunks[0].summary.spans, chunks[0].summary.service, chunks[0].summary.complete) == (2, "foreign", False)


@pytest.mark.parametrize("make", [EXPORTERS["gRPC"], EXPORTERS["HTTP"]], ids=["gRPC", "HTTP"])
def test_a_thousand_spans_in_many_batches_all_arrive(collector: Process, make: object) -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(make(collector), max_export_batch_size=64))  # type: ignore[operator]
    tracer = provider.get_tracer("many")
    with tracer.start_as_current_span("root") as root:
        for number in range(1000):
            with tracer.start_as_current_span(f"span {number}"):
                pass
    provider.shutdown()
    trace = f"{root.get_span_context().trace_id:032x}"
    summary, spans = collector.get(trace)
    assert (summary.spans, {one.name for one in spans}) == (1001, {"root", *(f"span {number}" for number in range(1000))})
