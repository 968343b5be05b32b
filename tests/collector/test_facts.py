"""When a trace is complete, in flight, or has lost something: one row a situation."""

from itertools import permutations

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unspan_collector.facts import MORE_LOSSES, MOST_LOSSES, Facts, merged, summed
from unspan_proto import vocabulary as v

from .making import arrivals, end_span, part_span, recording, request_span, span, work_spans

T = "ab" * 16
CALLS = [span(T, 100, v.CALL), span(T, 101, v.CALL)]


def facts(spans: list[Span]) -> Facts:
    return summed(arrivals(spans)[0].glimpses, 0, "")


SITUATIONS = {
    "whole": ([*CALLS, request_span(T), end_span(T, 3)], True, False, ()),
    "a request alone": ([request_span(T), end_span(T, 1)], True, False, ()),
    "spans of other instrumentations do not count": ([*CALLS, span(T, 7), span(T, 8), request_span(T), end_span(T, 3)], True, False, ()),
    "a stream after the request": ([request_span(T), span(T, 5, v.STREAM), end_span(T, 2)], True, False, ()),
    "parts do not count": (
        [*CALLS, part_span(T, 20, 0, 2), part_span(T, 21, 1, 2), request_span(T), end_span(T, 3)],
        True,
        False,
        (),
    ),
    "not ended": ([*CALLS, request_span(T)], False, True, ()),
    "not answered": (CALLS, False, True, ()),
    "a span on its way": ([*CALLS[:1], request_span(T), end_span(T, 3)], False, True, ("1 of 3 spans have not arrived",)),
    "the request on its way": ([*CALLS, end_span(T, 3)], False, True, ()),
    "a part on its way": (
        [part_span(T, 20, 0, 2), request_span(T), end_span(T, 1)],
        False,
        True,
        ("pieces of a large value have not arrived",),
    ),
    "more than announced": ([*CALLS, request_span(T), end_span(T, 1)], False, True, ("2 spans more than the 1 announced",)),
    "losses": ([request_span(T), end_span(T, 1, ["rows were cut", "rows were cut"])], False, False, ("rows were cut",)),
    "losses, and a span on its way": (
        [request_span(T), end_span(T, 2, ["rows were cut"])],
        False,
        True,
        ("rows were cut", "1 of 2 spans have not arrived"),
    ),
    "losses in parts": (
        [request_span(T), span(T, 9, v.END, attributes={v.RECORDED: 1}), part_span(T, 20, 0, 1, v.LOST)],
        False,
        False,
        ("more was lost than fits one span: the trace's end record lists it",),
    ),
    "unreadable losses": (
        [request_span(T), span(T, 9, v.END, attributes={v.RECORDED: 1, v.LOST: "{nonsense"})],
        False,
        False,
        ("the list of what was lost cannot be read",),
    ),
    "two requests of one trace, one ended": ([request_span(T), request_span(T, span_id=2), end_span(T, 1)], False, True, ()),
    "two requests of one trace": (
        [request_span(T), request_span(T, span_id=2), end_span(T, 1), end_span(T, 1, span_id=0xE0E)],
        True,
        False,
        (),
    ),
    "a unit of work": ([*CALLS, *work_spans(T), end_span(T, 4)], True, False, ()),
    "a unit of work that goes on": ([*CALLS, work_spans(T)[0]], False, True, ()),
    "a unit of work that goes on after a request inside of it": ([work_spans(T)[0], request_span(T), end_span(T, 1)], False, True, ()),
    "a unit of work with a request inside of it": (
        [*work_spans(T), request_span(T), end_span(T, 1), end_span(T, 2, span_id=0xE0E)],
        True,
        False,
        (),
    ),
    "a unit of work of which a span is on its way": ([*work_spans(T), end_span(T, 3)], False, True, ("1 of 3 spans have not arrived",)),
    "a project's description": ([span(T, 1, v.PROJECT, attributes={v.DESCRIPTION: "{}"})], False, False, ()),
    "a foreign trace": ([span(T, 1), span(T, 2)], False, False, ()),
}


@pytest.mark.parametrize(("spans", "complete", "in_flight", "sentences"), SITUATIONS.values(), ids=SITUATIONS)
def test_situations(spans: list[Span], complete: bool, in_flight: bool, sentences: tuple[str, ...]) -> None:
    found = facts(spans)
    assert (found.complete, found.in_flight, (*found.losses, *found.missing)) == (complete, in_flight, sentences)


def test_facts_of_batches_in_any_order_are_the_facts_of_the_whole() -> None:
    spans = recording(T, calls=1, sql=1)
    for order in permutations([[one] for one in spans]):
        grown = Facts()
        for batch in order:
            grown = merged(grown, facts(batch))
        assert grown == facts(spans)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (MOST_LOSSES, [f"loss {n}" for n in range(MOST_LOSSES)]),
        (3 * MOST_LOSSES, [*[f"loss {n}" for n in range(MOST_LOSSES)], MORE_LOSSES]),
    ],
    ids=["as many as are kept", "more"],
)
def test_what_was_lost_is_listed_up_to_a_limit(count: int, expected: list[str]) -> None:
    grown = Facts()
    for number in [*range(count), 0]:
        grown = merged(grown, facts([end_span(T, 1, [f"loss {number}"])]))
    assert list(grown.lost) == expected


def test_the_earliest_of_several_requests_names_the_trace() -> None:
    later, earlier = request_span(T, "/inner/", at=2_000, span_id=2), request_span(T, "/outer/", at=1_000)
    found = [merged(facts([one]), facts([other])).request for one, other in ((later, earlier), (earlier, later))]
    assert [request.path for request in found if request] == ["/outer/", "/outer/"]


@pytest.mark.parametrize("inner", [[], [request_span(T, "/inner/", at=500)]], ids=["alone", "with a request inside"])
def test_a_unit_of_work_names_the_trace(inner: list[Span]) -> None:
    """From its first record on, and whatever requests it makes."""
    began, root = work_spans(T, "test", "shop.tests.Buying.test_it", at=1_000)
    for spans in ([began, *inner], [*inner, root, began], [root]):
        found = merged(facts(spans[:1]), facts(spans[1:])) if spans[1:] else facts(spans)
        assert (found.method, found.title, found.since) == ("TEST", "shop.tests.Buying.test_it", 1_000)
        assert (found.until == root.end_time_unix_nano) is (root in spans)
