"""What is left of a request of which some bytes are bad, and how requests are sorted by trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unspan_collector.arrivals import without
from unspan_collector.errors import Undecodable
from unspan_collector.wire import decoded, size_of

from .making import each_span, export, grouped, recording, span, spans_in, taken

T, U = "ab" * 16, "cd" * 16
GOOD = recording(T)
BAD = b"\xff\xfe"


def spoiled(request: ExportTraceServiceRequest, marker: str = "SPOILED!") -> bytes:
    """The request with the marker's first bytes replaced by bytes that are not UTF-8."""
    raw = request.SerializeToString()
    assert marker.encode() in raw
    return raw.replace(marker[:2].encode(), BAD)


def deep(levels: int) -> bytes:
    """A serialised AnyValue that is a list in a list in a list …, which protobuf itself refuses to build beyond a depth."""
    data = AnyValue(string_value="bottom").SerializeToString()
    for _ in range(levels):
        data = delimited(5, delimited(1, data))
    return data


def delimited(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + size_of(data) + data


def request_of(*spans: bytes) -> bytes:
    return delimited(1, delimited(2, b"".join(delimited(2, one) for one in spans)))


def test_a_bad_text_costs_its_span_only() -> None:
    raw = spoiled(export([*GOOD[:2], span(T, 77, name="SPOILED!"), *GOOD[2:], span(U, 78, name="SPOILED!")]))
    found = taken(raw)
    assert {one.trace_id.hex(): (spans_in([one.data]), one.rejected) for one in found.arrivals} == {T: (GOOD, 1), U: ([], 1)}
    assert found.rejected == 2


def test_a_bad_text_in_a_resource_or_scope_costs_no_span() -> None:
    raw = spoiled(export(GOOD, service="SPOILED!", scope="SPOILED!"))
    message = decoded(raw)
    assert (list(each_span(message.request)), message.rejected) == (GOOD, [])
    resource = message.request.resource_spans[0]
    assert (len(resource.resource.attributes), resource.scope_spans[0].scope.name) == (0, "")


@pytest.mark.parametrize(
    "raw",
    [
        spoiled(export(GOOD, service="SPOILED!")),
        export(GOOD).SerializeToString()
        + delimited(1, delimited(1, delimited(1, KeyValue(key="x").SerializeToString() + delimited(2, deep(60))))),
    ],
    ids=["a bad text", "a deep value"],
)
def test_what_is_kept_can_be_read_where_only_a_resource_was_bad(raw: bytes) -> None:
    found = taken(raw)
    assert ([spans_in([one.data]) for one in found.arrivals], found.rejected, found.whole) == ([GOOD], 0, False)


@pytest.mark.parametrize("levels", [1, 40, *range(44, 52), 200])
def test_a_value_nested_too_deep_costs_its_span_only_and_what_is_kept_can_be_read(levels: int) -> None:
    attribute = delimited(9, KeyValue(key="deep").SerializeToString() + delimited(2, deep(levels)))
    hostile = span(T, 77).SerializeToString() + attribute
    found = taken(request_of(*[one.SerializeToString() for one in GOOD], hostile))
    kept = spans_in([found.arrivals[0].data])
    assert (kept[:7], len(kept) + found.arrivals[0].rejected) == (GOOD, 8)
    rejected = found.arrivals[0].rejected
    assert rejected == {1: 0, 40: 0, 200: 1}.get(levels, rejected)


@pytest.mark.parametrize("raw", [b"hello", b"\xff" * 9, b"{}", b"\n\x05abc", b"\n\x02\xff\xff"], ids=repr)
def test_what_is_no_request_is_refused(raw: bytes) -> None:
    with pytest.raises(Undecodable):
        taken(raw)


BAD_IDS = {
    "no trace id": (b"", b"12345678"),
    "zero trace id": (bytes(16), b"12345678"),
    "short span id": (b"1" * 16, b"1234"),
    "zero span id": (b"1" * 16, bytes(8)),
}


@pytest.mark.parametrize(("trace", "identity"), BAD_IDS.values(), ids=BAD_IDS)
def test_spans_without_valid_ids_are_rejected_and_counted(trace: bytes, identity: bytes) -> None:
    found = taken(export([Span(trace_id=trace, span_id=identity), *GOOD]).SerializeToString())
    assert ([spans_in([one.data]) for one in found.arrivals], found.rejected) == ([GOOD], 1)


def test_the_bytes_of_a_request_with_one_trace_are_kept_as_they_came() -> None:
    raw = export(GOOD).SerializeToString() + b"\xfa\x01\x03new"  # an unknown field of a later protocol
    assert [one.data for one in taken(raw).arrivals] == [raw]


def test_traces_of_one_request_part_with_their_resources_and_scopes() -> None:
    request = ExportTraceServiceRequest(
        resource_spans=[*grouped([span(T, 1), span(U, 2), span(T, 3)], "web", "one"), *grouped([span(T, 4)], "worker", "two")]
    )
    found = {one.trace_id.hex(): one for one in taken(request.SerializeToString()).arrivals}
    expected = ExportTraceServiceRequest(
        resource_spans=[*grouped([span(T, 1), span(T, 3)], "web", "one"), *grouped([span(T, 4)], "worker", "two")]
    )
    assert found[T].data == expected.SerializeToString()
    assert found[U].data == export([span(U, 2)], service="web", scope="one").SerializeToString()
    assert (found[T].service, found[U].service) == ("web", "web")


def test_leaving_spans_out_keeps_the_others_as_they_are() -> None:
    assert without(export(GOOD).SerializeToString(), {0, 3}) == export([GOOD[1], GOOD[2], *GOOD[4:]]).SerializeToString()


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 60))
def test_no_bytes_whatever_do_more_than_being_refused(noise: bytes, at: int, cut: int) -> None:
    raw = export(GOOD).SerializeToString()
    for hostile in (noise, raw[:at] + noise + raw[at + cut :]):
        try:
            taken(hostile)
        except Undecodable:
            pass
