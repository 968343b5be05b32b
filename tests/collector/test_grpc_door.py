"""OTLP over gRPC against a real process."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unspan_collector.errors import Busy
from unspan_collector.grpc_door import refusal
from unspan_proto.readapi import traces_pb2 as api

from .making import export, recording, span, trace_id
from .process import EXPORT, Process, code_of


@pytest.mark.parametrize(
    "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate], ids=lambda one: one.name
)
def test_spans_arrive(collector: Process, compression: grpc.Compression) -> None:
    trace = trace_id()
    assert collector.send(recording(trace), compression=compression) == ExportTraceServiceResponse()
    assert collector.get(trace)[1] == recording(trace)


def test_an_empty_request_is_fine(collector: Process) -> None:
    assert collector.send([]) == ExportTraceServiceResponse()


@pytest.mark.parametrize("raw", [b"hello", b"\xff" * 40], ids=repr)
def test_undecodable_bytes_are_the_senders_fault(collector: Process, raw: bytes) -> None:
    code, sentence, trailing = code_of(lambda: collector.send_raw(raw))
    assert (code, trailing) == ("INVALID_ARGUMENT", {})
    assert sentence.startswith("the body is not an OTLP trace request: ")


def test_rejected_spans_are_a_partial_success(collector: Process) -> None:
    trace = trace_id()
    answer = collector.send([Span(trace_id=b"short", span_id=b"12345678"), *recording(trace)])
    assert answer == ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(
            rejected_spans=1, error_message="left out: spans without valid ids, with text that is not UTF-8 or with values nested too deep"
        )
    )
    assert collector.get(trace)[1] == recording(trace)


def test_what_was_left_out_of_a_resource_is_said(collector: Process) -> None:
    trace = trace_id()
    raw = export(recording(trace), service="SPOILED!").SerializeToString().replace(b"SPOILED!", b"\xff\xfeOILED!")
    why = "left out: attributes of resources or scopes with text that is not UTF-8 or with values nested too deep"
    assert collector.send_raw(raw) == ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(error_message=why))
    assert collector.get(trace)[1] == recording(trace)


def test_a_request_far_over_grpcs_usual_limit_is_taken(collector: Process) -> None:
    trace = trace_id()
    large = [span(trace, number, attributes={"text": "x" * (1 << 20)}) for number in range(1, 41)]
    collector.send(large)
    assert collector.get(trace)[1] == large
    collector.traces.Delete(api.DeleteRequest(trace_ids=[trace]))


def test_a_request_over_the_limit_is_refused(collector: Process) -> None:
    code, sentence, _ = code_of(lambda: collector.send([span(trace_id(), 1, attributes={"text": "x" * (65 << 20)})]))
    assert code == "RESOURCE_EXHAUSTED", sentence
    assert collector.send([]) == ExportTraceServiceResponse()


def test_a_small_request_that_unpacks_to_a_large_one_is_refused(collector: Process) -> None:
    code, sentence, _ = code_of(lambda: collector.send_raw(bytes(80 << 20), compression=grpc.Compression.Gzip))
    assert code == "RESOURCE_EXHAUSTED", sentence


@pytest.mark.parametrize("signal", ["metrics", "logs"])
def test_metrics_and_logs_are_accepted_dropped_and_mentioned_once(collector: Process, signal: str) -> None:
    method = f"/opentelemetry.proto.collector.{signal}.v1.{signal.capitalize()}Service/Export"
    for _ in range(3):
        assert collector.channel.unary_unary(method)(b"\n\x00", timeout=10) == b""
    said = f"unspan-collector: {signal} are accepted and dropped: this collector keeps traces only."
    assert collector.said.count(said) == 1


def test_health(collector: Process) -> None:
    answer = health_pb2_grpc.HealthStub(collector.channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer == health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def test_a_retryable_refusal_says_when_in_both_ways_that_senders_read() -> None:
    code, sentence, trailing = refusal(Busy())
    found = dict(trailing)
    details = Status.FromString(found["grpc-status-details-bin"])
    retry = RetryInfo()
    assert details.details[0].Unpack(retry)
    assert (code, details.code, details.message) == (grpc.StatusCode.UNAVAILABLE, 14, sentence)
    assert retry == RetryInfo.FromString(found["google.rpc.retryinfo-bin"])
    assert retry.retry_delay.seconds == 1


def test_many_senders_at_once(collector: Process) -> None:
    traces = [trace_id() for _ in range(200)]
    raw = [export(recording(trace)).SerializeToString() for trace in traces]
    pending = [collector.channel.unary_unary(EXPORT).future(one, timeout=30) for one in raw]
    assert [one.result() for one in pending] == [b""] * 200
    assert all(collector.get(trace)[0].complete for trace in traces)
