"""OTLP over HTTP against a real process: encodings, refusals, health."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
import requests
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from .making import export, recording, span, trace_id
from .process import Process

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def post(collector: Process, body: bytes, kind: str = PROTOBUF, path: str = "/v1/traces", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"http://{collector.http}{path}", data=body, headers={"Content-Type": kind, **named}, timeout=30)


def seen(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.headers["Content-Type"]


CODINGS = {
    "plain": ({}, bytes),
    "gzip": ({"Content_Encoding": "gzip"}, gzip.compress),
    "deflate": ({"Content_Encoding": "deflate"}, zlib.compress),
    "identity": ({"Content_Encoding": "identity"}, bytes),
}


@pytest.mark.parametrize(("headers", "packed"), CODINGS.values(), ids=CODINGS)
def test_protobuf(collector: Process, headers: dict[str, str], packed: Any) -> None:
    trace = trace_id()
    response = post(collector, packed(export(recording(trace)).SerializeToString()), **headers)
    assert (seen(response), ExportTraceServiceResponse.FromString(response.content)) == ((200, PROTOBUF), ExportTraceServiceResponse())
    assert collector.get(trace)[1] == recording(trace)


def test_json(collector: Process) -> None:
    trace = trace_id()
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "browser"}}]},
                "scopeSpans": [
                    {
                        "scope": {"name": "fetch"},
                        "spans": [
                            {
                                "traceId": trace.upper(), "spanId": "00000000000000AA", "parentSpanId": "", "name": "GET", "kind": 3,
                                "startTimeUnixNano": "1800000000000000001", "endTimeUnixNano": 1800000000000000002, "aFieldOfTheFuture": {"x": 1},
                                "attributes": [
                                    {"key": "n", "value": {"intValue": "9007199254740993"}},
                                    {"key": "b", "value": {"bytesValue": base64.b64encode(b"\x00\xff").decode()}},
                                    {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": True}, {"doubleValue": 0.5}]}}},
                                ],
                                "links": [{"traceId": "cd" * 16, "spanId": "ef" * 8}],
                                "status": {"code": 2, "message": "no"},
                            }
                        ],
                    }
                ],
            }
        ]
    }  # fmt: skip
    response = post(collector, json.dumps(body).encode(), JSON + "; charset=utf-8")
    assert (seen(response), response.json()) == ((200, JSON), {})
    expected = Span(trace_id=bytes.fromhex(trace), span_id=bytes.fromhex("00000000000000aa"), name="GET", kind=Span.SPAN_KIND_CLIENT)
    expected.start_time_unix_nano, expected.end_time_unix_nano = 1800000000000000001, 1800000000000000002
    expected.attributes.add(key="n").value.int_value = 9007199254740993
    expected.attributes.add(key="b").value.bytes_value = b"\x00\xff"
    values = expected.attributes.add(key="l").value.array_value.values
    values.add().bool_value, values.add().double_value = True, 0.5
    expected.links.add(trace_id=bytes.fromhex("cd" * 16), span_id=bytes.fromhex("ef" * 8))
    expected.status.code, expected.status.message = 2, "no"
    summary, spans = collector.get(trace)
    assert (spans, summary.service) == ([expected], "browser")


def test_partial_success_in_both_encodings(collector: Process) -> None:
    raw = export([Span(trace_id=b"short", span_id=b"12345678")]).SerializeToString()
    assert ExportTraceServiceResponse.FromString(post(collector, raw).content).partial_success.rejected_spans == 1
    short = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "abcd", "spanId": "ef" * 8}]}]}]}
    answer = post(collector, json.dumps(short).encode(), JSON).json()["partialSuccess"]
    assert (answer["rejectedSpans"], answer["errorMessage"][:9]) == ("1", "left out:")


BOMB = gzip.compress(bytes(80 << 20))
REFUSALS = {
    "garbage": (b"hello", PROTOBUF, {}, 400, 3, "the body is not an OTLP trace request: "),
    "garbage as JSON": (b"hello", JSON, {}, 400, 3, "the body is not an OTLP trace request: "),
    "a JSON list": (b"[1]", JSON, {}, 400, 3, "the body is not an OTLP trace request: "),
    "an id that is not hexadecimal": (
        json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}).encode(), JSON, {}, 400, 3, "the body is not",
    ),
    "half a pair of surrogates": (b'{"resourceSpans": [{"resource": {"attributes": "\\ud800"}}]}', JSON, {}, 400, 3, "the body is not"),
    "no gzip": (b"hello", PROTOBUF, {"Content_Encoding": "gzip"}, 400, 3, "the body is not an OTLP trace request: its gzip compression is broken"),
    "half a gzip": (gzip.compress(b"\n" * 9000)[:-9], PROTOBUF, {"Content_Encoding": "gzip"}, 400, 3, "the body is not an OTLP trace request: its gzip compression is cut off"),
    "too large": (bytes(65 << 20), PROTOBUF, {}, 413, 8, "the request is larger than 64 MiB: send smaller batches"),
    "a bomb": (BOMB, PROTOBUF, {"Content_Encoding": "gzip"}, 413, 8, "the request is larger than 64 MiB: send smaller batches"),
    "another type": (b"hello", "text/plain", {}, 415, 3, "content type 'text/plain' is not spoken here: send application/x-protobuf or application/json"),
    "another coding": (b"hello", PROTOBUF, {"Content_Encoding": "br"}, 415, 3, "content encoding 'br' is not spoken here: send gzip or none"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "headers", "status", "code", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(collector: Process, body: bytes, kind: str, headers: dict[str, str], status: int, code: int, sentence: str) -> None:
    response = post(collector, body, kind, **headers)
    told = response.json() if kind == JSON else Status.FromString(response.content)
    found = (told["code"], told["message"]) if isinstance(told, dict) else (told.code, told.message)
    assert (seen(response), found[0], found[1][: len(sentence)]) == ((status, JSON if kind == JSON else PROTOBUF), code, sentence)
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/logs"])
@pytest.mark.parametrize(("kind", "body"), [(PROTOBUF, b""), (JSON, b"{}")], ids=["protobuf", "json"])
def test_metrics_and_logs_are_accepted_and_dropped(collector: Process, path: str, kind: str, body: bytes) -> None:
    response = post(collector, b"{}", kind, path)
    assert (seen(response), response.content) == ((200, kind), body)


def test_other_methods_and_paths(collector: Process) -> None:
    url = f"http://{collector.http}"
    assert [requests.get(f"{url}/v1/traces", timeout=9).status_code, requests.post(f"{url}/v2/traces", timeout=9).status_code] == [405, 404]


def test_health(collector: Process) -> None:
    response = requests.get(f"http://{collector.http}/healthz", timeout=9)
    assert (response.status_code, response.json()) == (200, {"status": "ok", "detail": ""})


def test_a_sender_that_goes_away_half_way_harms_nobody(collector: Process) -> None:
    import socket

    host, port = collector.http.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\nabc"
        )
    trace = trace_id()
    assert post(collector, export([span(trace, 1)]).SerializeToString()).status_code == 200
    assert collector.get(trace)[1] == [span(trace, 1)]
