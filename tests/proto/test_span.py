"""Spans from OTLP's bytes: every kind of attribute, events, ids, and what is no trace at all."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status, TracesData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Wire
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded
from unspan_proto.span import Event, Span, from_bytes

VALUES = {
    "text": (AnyValue(string_value="ä"), "ä"),
    "empty text": (AnyValue(string_value=""), ""),
    "bool": (AnyValue(bool_value=False), False),
    "int": (AnyValue(int_value=-(2**63)), -(2**63)),
    "float": (AnyValue(double_value=0.5), 0.5),
    "bytes": (AnyValue(bytes_value=b"\xff"), b"\xff"),
    "none": (AnyValue(), None),
    "list": (AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue()])), [1, None]),
    "dict": (AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bool_value=True))])), {"k": True}),
}


def sent(*spans: Wire, scope: str = "unspan", **resource: str) -> bytes:
    pairs = [KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in resource.items()]
    groups = [ScopeSpans(scope=InstrumentationScope(name=scope), spans=spans)]
    return TracesData(resource_spans=[ResourceSpans(resource=Resource(attributes=pairs), scope_spans=groups)]).SerializeToString()


def test_a_whole_span() -> None:
    wire = Wire(
        trace_id=bytes(range(16)), span_id=b"\x01" * 8, parent_span_id=b"\x02" * 8, name="GET /", kind=Wire.SPAN_KIND_SERVER,
        start_time_unix_nano=5, end_time_unix_nano=9, attributes=[KeyValue(key=key, value=value) for key, (value, _) in VALUES.items()],
        events=[Wire.Event(name="exception", time_unix_nano=7, attributes=[KeyValue(key="a", value=AnyValue(int_value=1))])],
        status=Status(code=Status.STATUS_CODE_ERROR, message="broke"),
    )  # fmt: skip
    expected = Span(
        trace_id="000102030405060708090a0b0c0d0e0f", span_id="01" * 8, parent_id="02" * 8, name="GET /", start=5, end=9,
        attributes={key: value for key, (_, value) in VALUES.items()}, kind=2, status=2, status_message="broke",
        events=(Event("exception", 7, {"a": 1}),), scope="unspan", resource={"service": "shop"},
    )  # fmt: skip
    assert from_bytes(sent(wire, service="shop")) == [expected]


def test_an_empty_span_has_empty_everything() -> None:
    assert from_bytes(sent(Wire(), scope="")) == [Span("", "", "", "", 0, 0, kind=0)]


@pytest.mark.parametrize(
    ("attributes", "what"),
    [({v.KIND: v.CALL}, "call"), ({}, ""), ({v.KIND: 7}, ""), ({v.KIND: None}, "")],
    ids=["ours", "foreign", "a number", "nothing"],
)
def test_what_a_span_records(attributes: dict[str, object], what: str) -> None:
    assert Span("", "", "", "", 0, 0, attributes).what == what


def test_values_of_the_codec_are_decoded_and_others_left() -> None:
    span = Span("", "", "", "", 0, 0, {v.RETURN: values.encode((1,)), v.STATUS: 200, "http.url": '{"$":'})
    assert (span.value(v.RETURN), span.value(v.STATUS), span.value("http.url"), span.value(v.ROWS, "none")) == ((1,), 200, '{"$":', "none")


def test_a_damaged_value_is_refused() -> None:
    with pytest.raises(NotEncoded):
        Span("", "", "", "", 0, 0, {v.RETURN: "{"}).value(v.RETURN)


def test_spans_without_attributes_share_nothing_that_can_be_changed() -> None:
    with pytest.raises(TypeError):
        Span("", "", "", "", 0, 0).attributes["x"] = 1  # type: ignore[index]


@given(st.binary(max_size=200))
def test_any_bytes_are_spans_or_refused(data: bytes) -> None:
    try:
        found = from_bytes(data)
    except DecodeError:
        found = []
    assert all(isinstance(span, Span) for span in found)
