"""Spans → trace: what is merged, ordered, refused, and named as a gap."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.errors import InverterError, NoRequest, NotFromWork, Unreadable
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace, built
from unspan_proto import FORMAT
from unspan_proto import vocabulary as v
from unspan_proto.project import as_plain
from unspan_proto.span import Span

from .making import PROJECT, START, TRACE, cached, encoded, ended, nth, project_spans, read, request_span, span, spans, trace

AUTHOR = {"id": 7, "name": "Jane", "email": "jane@example.org"}


def of(some: Sequence[Span]) -> Trace:
    return built(some, project_spans())


def test_a_whole_trace_has_its_spans_in_the_order_they_began() -> None:
    told = spans(read("shop.Author", AUTHOR), cached("get", "count"))
    found = of([told[2], told[0], told[3], told[1]])
    assert found == Trace(TRACE, told[0], (told[1], told[2], told[3]), PROJECT, ())
    assert found.children() == {nth(1): [told[1], told[2], told[3]]}


def test_spans_that_began_together_have_one_order_however_they_arrive() -> None:
    together = [replace(one, start=START, end=START) for one in spans(read("shop.Author", AUTHOR), cached("get", "count"))]
    assert of(together) == of(together[::-1])


def test_a_span_that_was_delivered_twice_counts_once() -> None:
    told = spans(read("shop.Author", AUTHOR))
    assert of([*told, *told]) == of(told)


def again(**other: Any) -> Callable[[list[Span]], list[Span]]:
    """The second span is there a second time, with other values."""
    return lambda told: [*told, replace(told[1], **other)]


def moved(parents: dict[int, str]) -> Callable[[list[Span]], list[Span]]:
    return lambda told: [replace(one, parent_id=parents[n]) if n in parents else one for n, one in enumerate(told)]


STRAY = "{} spans have no way up to the request: their parents are missing or form a circle"
GAPS: dict[str, tuple[Callable[[list[Span]], list[Span]], list[str]]] = {
    "nothing": (lambda told: told, []),
    "id-twice": (again(name="other"), [f"span id {nth(2)} stands for 2 different spans"]),
    "attributes-twice": (again(attributes={v.KIND: v.SQL}), [f"span id {nth(2)} stands for 2 different spans"]),
    "end-missing": (
        lambda told: told[:-1],
        ["its end did not arrive: the request was still running, or the process stopped before it was sent"],
    ),
    "span-missing": (lambda told: [told[0], *told[2:]], ["1 of 3 spans did not arrive"]),
    "circle": (moved({1: nth(3), 2: nth(2)}), [STRAY.format(2), "2 of 3 spans did not arrive"]),
    "own-parent": (moved({1: nth(2)}), [STRAY.format(1), "1 of 3 spans did not arrive"]),
    "parent-missing": (moved({1: nth(99)}), [STRAY.format(1), "1 of 3 spans did not arrive"]),
    "parentless": (moved({1: ""}), [STRAY.format(1), "1 of 3 spans did not arrive"]),
    "clock-backwards": (
        lambda told: [told[0], replace(told[1], end=told[1].start - 1), *told[2:]],
        ["1 spans end before they begin: the clock went backwards, their order may be wrong"],
    ),
    "request-ends-before-it-begins": (lambda told: [replace(told[0], end=0), *told[1:]], []),
    "part-missing": (
        lambda told: [
            *told,
            span(9, v.PART, {v.PART_OF: v.RESPONSE_BODY, v.PART_INDEX: 0, v.PART_COUNT: 2, v.PART_TEXT: '"a'}),
        ],
        [f"{v.RESPONSE_BODY} of span {nth(1)} has 1 of its 2 parts"],
    ),
    "lost": (
        lambda told: [*told[:-1], span(4, v.END, ended(3, "calls over UNSPAN_MAX_CALLS", "a chunk").attributes)],
        ["calls over UNSPAN_MAX_CALLS", "a chunk"],
    ),
    "foreign-span-between": (
        lambda told: [told[0], span(9, "", {}), replace(told[1], parent_id=nth(9)), *told[2:]],
        [],
    ),
}


@pytest.mark.parametrize("name", GAPS)
def test_what_is_missing_is_named(name: str) -> None:
    change, gaps = GAPS[name]
    assert list(of(change(spans(read("shop.Author", AUTHOR), cached("get", "count")))).gaps) == gaps


def test_a_gap_refuses_the_test_until_it_is_accepted() -> None:
    broken = of(spans(read("shop.Author", AUTHOR))[:-1])
    with pytest.raises(InverterError) as refused:
        generated([broken])
    assert str(refused.value) == (
        "trace 4f1c0000… is not complete: its end did not arrive: the request was still running, or the process stopped before it was sent.\n"
        "Record it again, or accept a weaker test with --allow-gaps."
    )
    assert "self.client.get" in generated([broken], allow_gaps=True).source


def test_a_long_chain_of_calls_is_followed_to_its_end() -> None:
    calls = [span(n, v.CALL, {v.FUNCTION: "shop.views.deep"}, parent=n - 1) for n in range(2, 20_000)]
    told = [request_span(), *calls, span(20_000, v.END, ended(len(calls) + 1).attributes)]
    assert of(told[::-1]).gaps == ()


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ([], "trace without an id holds no Django request."),
        ([span(2, v.SQL, {})], "trace 4f1c0000… holds no Django request."),
        ([span(2, v.END, ended(1).attributes)], "trace 4f1c0000… holds no Django request."),
    ],
    ids=["empty", "only-sql", "only-end"],
)
def test_a_trace_without_a_request_is_no_test(told: list[Span], error: str) -> None:
    with pytest.raises(NoRequest) as refused:
        of(told)
    assert str(refused.value) == (
        f"{error}\nA test of level integration needs one: was the application started under opentelemetry-instrument with unspan installed?"
    )


@pytest.mark.parametrize("kind", [v.WORK, v.BEGUN], ids=["ended", "going on"])
@pytest.mark.parametrize("inner", [[], spans()], ids=["alone", "with a request inside"])
def test_a_script_is_no_test(kind: str, inner: list[Span]) -> None:
    root = span(9, kind, {v.WORK_KIND: "script", v.WORK_NAME: "fill.py"}, parent=0)
    with pytest.raises(NotFromWork) as refused:
        of([*inner, root])
    assert str(refused.value) == (
        "trace 4f1c0000… is the script fill.py, and tests are made from requests, tasks and commands only.\n"
        "Look at it with `inverter show`, or choose a request: `inverter traces` lists both."
    )


def test_a_task_without_its_end_is_no_test() -> None:
    with pytest.raises(NotFromWork) as refused:
        of([span(9, v.BEGUN, {v.WORK_KIND: "task", v.WORK_NAME: "shop.tasks.send"}, parent=8)])
    assert str(refused.value) == (
        "trace 4f1c0000… is the task shop.tasks.send, and its end did not arrive.\n"
        "Look at it with `inverter show`, or choose a request: `inverter traces` lists both."
    )


def project(**attributes: object) -> list[Span]:
    return [span(1, v.PROJECT, {v.FORMAT: FORMAT, **attributes}, parent=0)]


def raw(text: str) -> list[Span]:
    return [replace(one, attributes={**one.attributes, v.DESCRIPTION: text}) for one in project()]


NEWER = f"this trace has format {FORMAT + 1}, this unspan reads formats up to {FORMAT}: install a newer unspan to read it"
NO_PROJECT = "the description of the project (models, routes) is not there"
END = nth(2)
UNREADABLE: dict[str, tuple[list[Span], list[Span], str]] = {
    "newer": (spans(format=FORMAT + 1), project_spans(), NEWER),
    "no-number": (spans(format="two"), project_spans(), "this is not a value in the trace format: its format is not a number from 1"),
    "no-project": (spans(), [], NO_PROJECT),
    "project-without-parts": (
        spans(),
        [*project(), span(2, v.PART, {v.PART_OF: v.DESCRIPTION, v.PART_INDEX: 0, v.PART_COUNT: 2, v.PART_TEXT: "{"})],
        NO_PROJECT,
    ),
    "newer-project": (spans(), project(**{v.FORMAT: FORMAT + 1}), NEWER),
    "newer-description": (spans(), project(**{v.DESCRIPTION: {**as_plain(PROJECT), "format": FORMAT + 1}}), NEWER),
    "empty-description": (
        spans(),
        project(**{v.DESCRIPTION: {}}),
        "this is not a value in the trace format: the description of the project is damaged: KeyError: 'format'",
    ),
    "no-description": (
        spans(),
        project(),
        "this is not a value in the trace format: the description of the project is damaged: TypeError: 'NoneType' object is not subscriptable",
    ),
    "description-is-no-value": (
        spans(),
        raw("{"),
        "this is not a value in the trace format: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    "models-without-fields": (
        spans(),
        project(**{v.DESCRIPTION: {**as_plain(PROJECT), "models": [{"label": "shop.Book"}]}}),
        "this is not a value in the trace format: the description of the project is damaged: KeyError: 'fields'",
    ),
    "losses-are-no-list": (
        [request_span(), span(2, v.END, {v.RECORDED: 1, v.LOST: 5})],
        project_spans(),
        "this is not a value in the trace format: its last record does not say what was lost",
    ),
    "count-is-no-number": (
        [request_span(), span(2, v.END, {v.RECORDED: "many", v.LOST: []})],
        project_spans(),
        "this is not a value in the trace format: its last record does not say what was lost",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_damaged_trace_is_refused_with_its_reason(name: str) -> None:
    told, described, why = UNREADABLE[name]
    with pytest.raises(Unreadable) as refused:
        built(told, described)
    lines = str(refused.value).splitlines()
    assert lines == [
        f"trace 4f1c0000… cannot be read: {why}.",
        f"Record it again, or look at it with: inverter show --trace-id {TRACE}",
    ]


DAMAGED = {
    "rows-are-no-lists": (read("shop.Author", AUTHOR, **{v.ROWS: 5}), "TypeError: 'int' object is not iterable"),
    "headers-are-no-pairs": (None, "ValueError: not enough values to unpack (expected 2, got 1)"),
    "columns-are-no-list": (read("shop.Author", AUTHOR, **{v.COLUMNS: 5}), "TypeError: 'int' object is not iterable"),
    "column-of-lists": (read("shop.Author", AUTHOR, **{v.COLUMNS: [[["shop"], "id", "a"]]}), "TypeError: unhashable type: 'list'"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_values_of_other_types_are_a_sentence_and_no_traceback(name: str) -> None:
    happened, why = DAMAGED[name]
    told = trace(happened) if happened else trace(headers=[["Host"]])
    with pytest.raises(Unreadable) as refused:
        generated([told])
    assert str(refused.value).splitlines()[0] == f"trace 4f1c0000… cannot be read: its data does not keep the format ({why})."


def test_a_text_that_is_no_value_is_a_sentence() -> None:
    told = spans(read("shop.Author", AUTHOR))
    told[1] = replace(told[1], attributes={**told[1].attributes, v.ROWS: "[1,"})
    with pytest.raises(
        Unreadable, match=r"cannot be read: its data does not keep the format .NotEncoded: this is not a value in the trace format"
    ):
        generated([of(told)])


def test_a_request_whose_response_was_not_recorded_is_no_test() -> None:
    with pytest.raises(Unreadable) as refused:
        generated([trace(status=None)])
    assert str(refused.value).splitlines()[0] == "trace 4f1c0000… cannot be read: its response was not recorded."


def test_text_of_a_trace_stands_in_an_error_on_one_line_and_inert() -> None:
    told = [request_span(), span(2, v.END, ended(1, "rows of \x1b[2J\n\u202e`books`" + "!" * 400).attributes)]
    with pytest.raises(InverterError) as refused:
        generated([of(told)])
    first, second = str(refused.value).splitlines()
    assert first.startswith("trace 4f1c0000… is not complete: rows of \\x1b[2J\\n\\u202e`books`!!!")
    assert first.isprintable()
    assert len(first) < 400
    assert second == "Record it again, or accept a weaker test with --allow-gaps."


def test_two_requests_in_one_trace_make_the_first_one_s_test() -> None:
    inner = replace(span(5, v.REQUEST, encoded({v.METHOD: "GET", v.PATH: "/inner/", v.STATUS: 200})), name="inner")
    told = [*spans(), inner]
    assert of(told).request.span_id == nth(1)
