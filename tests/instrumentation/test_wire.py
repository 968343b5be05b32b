"""Records as OTLP's bytes, read back by OTLP's own classes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from unspan_instrumentation import wire
from unspan_instrumentation.outbox import Finished
from unspan_instrumentation.provider import resource_bytes
from unspan_instrumentation.records import Record
from unspan_instrumentation.redaction import Redactor
from unspan_instrumentation.settings import Settings
from unspan_proto import vocabulary as v
from unspan_proto.parts import joined
from unspan_proto.span import Span, Wire, from_otlp, from_wire
from unspan_proto.values import Truncated

OFF = Redactor(Settings(redact=None))

TRACE, OWNER = 0xABCDEF << 96, 77
TEXT = st.text() | st.characters(categories=("Cs",))


def record(**attributes: Any) -> Record:
    named = {key.replace("_", "."): value for key, value in attributes.items()}
    return Record(TRACE, OWNER, 5, v.SQL, "SELECT", 10, 20, named, True, 3)


def spans(one: Record) -> list[Span]:
    return [from_wire(Wire.FromString(data)) for data in wire.Draft(one, OFF).spans()]


@given(
    st.dictionaries(TEXT.filter(lambda key: key not in v.ENCODED and key != v.KIND), TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)),
    st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1), TEXT,
)  # fmt: skip
def test_a_record_is_a_span(attributes: dict[str, Any], trace_id: int, span_id: int, parent: int, name: str) -> None:
    one = Record(trace_id, span_id, parent, v.SQL, name, 10, 2**63, attributes, True, 3)
    [span] = spans(one)
    readable = {plain(key): plain(value) for key, value in attributes.items()}
    assert span == Span(
        f"{trace_id:032x}", f"{span_id:016x}", f"{parent:016x}" if parent else "", plain(name), 10, 2**63, {v.KIND: v.SQL, **readable}, 3, 2
    )


def plain(value: Any) -> Any:
    """A text as UTF-8 can carry it: lone surrogates stand as escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def test_values_of_the_codec_are_encoded() -> None:
    one = record(unspan_sql_rows=[[1, b"\x00"]], unspan_sql_parameters=("\ud800",), db_query_text="SELECT 1")
    [span] = spans(one)
    assert [span.value(name) for name in (v.ROWS, v.PARAMETERS, v.STATEMENT)] == [[[1, b"\x00"]], ("\ud800",), "SELECT 1"]


@pytest.mark.parametrize(
    "size", [v.PART_BYTES - 3, v.PART_BYTES - 2, v.PART_BYTES - 1, 3 * v.PART_BYTES + 1], ids=lambda size: str(size - v.PART_BYTES)
)
def test_a_large_value_travels_in_parts(size: int) -> None:
    """The text of the value has two quotes more than its characters."""
    found = spans(record(unspan_tape_value="é" * (size // 2) + "x" * (size % 2), unspan_sql_rows=[[1]]))
    whole, gaps = joined(found)
    assert [max(len(str(text).encode()) for text in span.attributes.values()) <= v.PART_BYTES for span in found] == [True] * len(found)
    assert (len(found) > 1) == (size + 2 > v.PART_BYTES)
    assert (len(whole), gaps) == (1, [])
    assert (whole[0].value(v.VALUE), whole[0].value(v.ROWS)) == ("é" * (size // 2) + "x" * (size % 2), [[1]])


def test_several_large_values_fit_no_message_together() -> None:
    found = spans(record(unspan_tape_value="a" * 900_000, unspan_sql_rows="b" * 900_000, unspan_sql_parameters="c" * 900_000))
    [whole], gaps = joined(found)
    assert gaps == []
    assert [whole.value(name) for name in (v.VALUE, v.ROWS, v.PARAMETERS)] == [letter * 900_000 for letter in "abc"]
    assert len(found) == 2


def test_the_same_parts_have_the_same_ids() -> None:
    one = record(unspan_tape_value="a" * 3_000_000)
    ids = [[span.span_id for span in spans(one)] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


def test_a_span_of_the_sdk_gets_our_attributes() -> None:
    """What the SDK says stays; where both name an attribute, ours is the exact one."""
    tracer = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False).get_tracer(
        "stock", "1", schema_url="https://s"
    )
    with tracer.start_as_current_span(
        "GET /", kind=SpanKind.SERVER, attributes={"http.method": "GET", "url.path": "/wrong", "n": (1, 2)}
    ) as span:
        span.add_event("happened", {"x": 1})
    ours = {v.PATH: "/right", v.STATUS: 200, v.STREAMING: False, v.RESPONSE_BODY: b"x" * 2_000_000}
    batch, parts = wire.Finished(Finished(span, ours), OFF).encoded()  # type: ignore[arg-type]
    request = ExportTraceServiceRequest.FromString(
        wire.request([batch, wire.resource_spans(resource_bytes(Resource({"service.name": "shop"})), parts)])
    )
    [found], gaps = joined(from_otlp(request.resource_spans))
    assert gaps == []
    assert {name: found.value(name) for name in found.attributes} == {"http.method": "GET", "n": [1, 2], **ours}
    assert (found.name, found.kind, found.scope, dict(found.resource)["service.name"], found.events[0].name) == (
        "GET /",
        2,
        "stock",
        "shop",
        "happened",
    )
    assert request.resource_spans[1].scope_spans[0].schema_url == v.SCHEMA_URL
    assert isinstance(found.value(v.RESPONSE_BODY), bytes)
    assert not isinstance(found.value(v.RESPONSE_BODY), Truncated)
