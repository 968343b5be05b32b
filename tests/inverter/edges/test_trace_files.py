"""OTLP/JSON files: there and back without loss, other tools' files, and files that are none."""

import json
import struct
from pathlib import Path

import pytest
from edge_traces import PROJECT, TRACE, completing_a_todo, project
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData
from unspan_inverter.errors import BadFile, NotInFile
from unspan_inverter.exporting import TraceFile, as_json, from_json
from unspan_inverter.recorded import Recorded

WIRE_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
UINT32, UINT64, INT64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1)
PLAIN = st.one_of(
    WIRE_TEXT.map(lambda text: AnyValue(string_value=text)),
    st.booleans().map(lambda flag: AnyValue(bool_value=flag)),
    INT64.map(lambda number: AnyValue(int_value=number)),
    st.floats(allow_nan=False).map(lambda number: AnyValue(double_value=number)),
    st.binary(max_size=12).map(lambda data: AnyValue(bytes_value=data)),
    st.just(AnyValue()),
)


def containers(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    def listed(items: list[AnyValue]) -> AnyValue:
        made = AnyValue()
        made.array_value.values.extend(items)
        return made

    def mapped(items: dict[str, AnyValue]) -> AnyValue:
        made = AnyValue()
        made.kvlist_value.values.extend(KeyValue(key=key, value=value) for key, value in items.items())
        return made

    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(listed), st.dictionaries(WIRE_TEXT, inner, min_size=1, max_size=3).map(mapped)
    )


ANY_VALUE = st.recursive(PLAIN, containers, max_leaves=6)
ATTRIBUTES = st.lists(st.builds(lambda key, value: KeyValue(key=key, value=value), WIRE_TEXT, ANY_VALUE), max_size=4)
SPAN_ID = st.binary(min_size=8, max_size=8)
LINK = st.builds(
    Span.Link, trace_id=st.binary(min_size=16, max_size=16), span_id=SPAN_ID, trace_state=WIRE_TEXT, attributes=ATTRIBUTES, flags=UINT32
)
EVENT = st.builds(Span.Event, time_unix_nano=UINT64, name=WIRE_TEXT, attributes=ATTRIBUTES, dropped_attributes_count=UINT32)
SPAN = st.builds(
    Span, trace_id=st.just(bytes.fromhex(TRACE)), span_id=SPAN_ID, parent_span_id=SPAN_ID | st.just(b""), trace_state=WIRE_TEXT, flags=UINT32,
    name=WIRE_TEXT, kind=st.integers(0, 5), start_time_unix_nano=UINT64, end_time_unix_nano=UINT64, attributes=ATTRIBUTES,
    dropped_attributes_count=UINT32, events=st.lists(EVENT, max_size=2), links=st.lists(LINK, max_size=2),
    status=st.builds(Status, message=WIRE_TEXT, code=st.integers(0, 2)),
)  # fmt: skip
SCOPE = st.builds(InstrumentationScope, name=WIRE_TEXT, version=WIRE_TEXT, attributes=ATTRIBUTES)
SCOPE_SPANS = st.builds(ScopeSpans, scope=SCOPE, spans=st.lists(SPAN, min_size=1, max_size=3), schema_url=WIRE_TEXT)
RESOURCE_SPANS = st.builds(
    ResourceSpans,
    resource=st.builds(Resource, attributes=ATTRIBUTES),
    scope_spans=st.lists(SCOPE_SPANS, min_size=1, max_size=2),
    schema_url=WIRE_TEXT,
)
TRACES = st.lists(RESOURCE_SPANS, min_size=1, max_size=2).map(lambda batches: TracesData(resource_spans=batches))


@settings(max_examples=150, deadline=None)
@given(TRACES)
def test_every_trace_comes_back_the_same(trace):
    text = as_json(Recorded(TRACE, trace))

    assert from_json(text, "a file") == trace


@pytest.mark.deep
@settings(max_examples=3000, deadline=None)
@given(TRACES)
def test_every_trace_comes_back_the_same_at_length(trace):
    assert from_json(as_json(Recorded(TRACE, trace)), "a file") == trace


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_json_has_not_come_back(number):
    trace = completing_a_todo()
    trace.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="number").value.double_value = number

    back = from_json(as_json(Recorded(TRACE, trace)), "a file")

    value = back.resource_spans[0].scope_spans[0].spans[0].attributes[-1].value
    assert struct.pack("d", value.double_value) == struct.pack("d", number)


def exported(tmp_path: Path, trace: Message | None = None) -> Path:
    file = tmp_path / "trace.json"
    file.write_text(as_json(Recorded(TRACE, trace or completing_a_todo(), project())), encoding="utf-8")
    return file


def test_a_file_holds_the_trace_and_the_project(tmp_path):
    found = TraceFile(exported(tmp_path)).fetched("")

    assert found == Recorded(TRACE, completing_a_todo(), project())


def test_a_document_is_what_the_specification_says(tmp_path):
    document = json.loads(exported(tmp_path).read_text())

    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][1]
    assert {key: span[key] for key in ("traceId", "spanId", "parentSpanId", "startTimeUnixNano")} == {
        "traceId": TRACE, "spanId": "0000000000000002", "parentSpanId": "0000000000000001", "startTimeUnixNano": "1700000000002000000",
    }  # fmt: skip
    assert document["resourceSpans"][0]["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "todo"}}]
    assert document["resourceSpans"][1]["scopeSpans"][0]["spans"][0]["traceId"] == PROJECT


FOREIGN = {
    "resourceSpans": [{
        "resource": {"attributes": [{"key": "a", "value": {"intValue": 7}}], "droppedAttributesCount": 0, "newIn2030": {"x": [1]}},
        "scopeSpans": [{
            "scope": {"name": "js"},
            "spans": [{
                "traceId": TRACE.upper(), "spanId": "00000000000000AB", "parentSpanId": "", "name": "GET /", "kind": 2, "ns": True,
                "startTimeUnixNano": "5", "endTimeUnixNano": 9, "status": {"code": 1}, "links": [{"traceId": PROJECT, "spanId": "00000000000000cd"}],
            }],
        }],
    }]
}  # fmt: skip


def test_another_tools_file_is_read():
    found = from_json(json.dumps(FOREIGN), "a file").resource_spans[0]

    span = found.scope_spans[0].spans[0]
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id, span.kind) == (TRACE, "00000000000000ab", b"", 2)
    assert (span.start_time_unix_nano, span.end_time_unix_nano, span.status.code) == (5, 9, 1)
    assert span.links[0].trace_id.hex() == PROJECT
    assert found.resource.attributes[0].value.int_value == 7


def test_a_file_with_a_document_a_line_is_read():
    line = as_json(Recorded(TRACE, completing_a_todo()))
    lines = line + "\n" + as_json(Recorded(PROJECT, project()))

    both = completing_a_todo()
    both.MergeFrom(project())
    assert from_json(lines, "a file") == both


def test_protobufs_own_names_are_read():
    document = {"resource_spans": [{"scope_spans": [{"spans": [{"trace_id": TRACE, "span_id": "00000000000000ab"}]}]}]}

    span = from_json(json.dumps(document), "a file").resource_spans[0].scope_spans[0].spans[0]
    assert (span.trace_id.hex(), span.span_id.hex()) == (TRACE, "00000000000000ab")


def spans(**more: object) -> str:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": "00000000000000ab", **more}]}]}]})


WHOLE = as_json(Recorded(TRACE, completing_a_todo()))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"  \n ", "it is empty"),
        (b"hello", "it is no JSON, or not all of it"),
        (WHOLE[:-20].encode(), "it is no JSON, or not all of it"),
        ((WHOLE + WHOLE[:-20]).encode(), "line 2 is no JSON, or not all of it"),
        (b"\xff\xfe{}", "it is no UTF-8 text"),
        (b"[]", "it has no list `resourceSpans`"),
        (b"{}", "it has no list `resourceSpans`"),
        (b'{"resourceSpans": 5}', "it has no list `resourceSpans`"),
        (b'{"resourceSpans": [5]}', "resourceSpans is no list of objects"),
        (b'{"resourceSpans": [{"scopeSpans": {"spans": []}}]}', "scopeSpans is no list of objects"),
        (b'{"resourceSpans": NaN}', "it is no JSON, or not all of it"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"resourceSpans": [{"resource": ' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"}]}", None),
        (b'{"resourceSpans": ' + b"9" * 10_000 + b"}", "it is no JSON, or not all of it"),
        (spans(traceId="xyz").encode(), "traceId 'xyz' is no id of 32 hexadecimal digits"),
        (spans(spanId=5).encode(), "spanId 5 is no id of 16 hexadecimal digits"),
        (spans(parentSpanId="ab").encode(), "parentSpanId 'ab' is no id of 16 hexadecimal digits"),
        (spans(name={"a": 1}).encode(), "it does not keep to OTLP/JSON"),
        (spans(startTimeUnixNano="soon").encode(), "it does not keep to OTLP/JSON"),
        (spans(startTimeUnixNano=-1).encode(), "it does not keep to OTLP/JSON"),
        (spans(attributes=[{"key": "a", "value": {"intValue": "many"}}]).encode(), "it does not keep to OTLP/JSON"),
    ],
)
def test_what_is_no_trace_is_one_sentence(tmp_path, data, why):
    file = tmp_path / "trace.json"
    file.write_bytes(data)

    if why is None:  # unknown fields may be anything
        TraceFile(file)
        return
    with pytest.raises(BadFile) as caught:
        TraceFile(file)

    first, remedy = str(caught.value).split("\n")
    assert first.startswith(f"{file} cannot be read as a trace: ")
    assert why in first
    assert remedy == "It should be OTLP/JSON, as `inverter export -o FILE` writes it."


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(BadFile, match="No such file or directory"):
        TraceFile(tmp_path / "none.json")
    with pytest.raises(BadFile, match="Is a directory"):
        TraceFile(tmp_path)


def two_traces(tmp_path: Path) -> TraceFile:
    other = completing_a_todo()
    for span in other.resource_spans[0].scope_spans[0].spans:
        span.trace_id = bytes.fromhex("5e" * 16)
        span.start_time_unix_nano += 10**9
    other.MergeFrom(completing_a_todo())
    return TraceFile(exported(tmp_path, other))


@pytest.mark.parametrize(("asked", "found"), [(TRACE, TRACE), ("4f1c00", TRACE), ("5e5e5e", "5e" * 16), ("latest", "5e" * 16)])
def test_one_of_several_is_chosen_by_id(tmp_path, asked, found):
    assert two_traces(tmp_path).fetched(asked) == Recorded(found, two_traces(tmp_path).fetched(found).trace, project())


@pytest.mark.parametrize(
    ("asked", "said"), [("", "a trace id is needed"), ("abcdef12345", "trace abcdef12… is not the one trace of its kind")]
)
def test_an_id_that_does_not_choose_one_is_said(tmp_path, asked, said):
    with pytest.raises(NotInFile) as caught:
        two_traces(tmp_path).fetched(asked)

    assert str(caught.value) == f"{said} in {tmp_path}/trace.json.\nIt holds: {'5e' * 16}, {TRACE}; choose with --trace-id."
