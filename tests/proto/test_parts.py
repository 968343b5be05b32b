"""Large attributes: cut by the sender, put back by readers, a missing piece named."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_proto import parts
from unspan_proto import vocabulary as v
from unspan_proto.span import Span


def span(span_id: str, parent: str = "", **attributes: object) -> Span:
    return Span("t" * 32, span_id, parent, "name", 1, 2, attributes)


def part(owner: str, name: object, index: object, count: object, text: object) -> Span:
    attributes = {v.KIND: v.PART, v.PART_OF: name, v.PART_INDEX: index, v.PART_COUNT: count, v.PART_TEXT: text}
    return Span("t" * 32, f"p{owner}{index}", owner, "part", 1, 2, attributes)


def cut(owner: str, name: str, text: str, size: int) -> list[Span]:
    found = list(parts.pieces(text, size))
    return [part(owner, name, index, len(found), piece) for index, piece in enumerate(found)]


@given(st.text(), st.integers(4, 30))
def test_pieces_are_small_and_make_the_whole(text: str, size: int) -> None:
    found = list(parts.pieces(text, size))
    assert "".join(found) == text
    assert all(0 < len(piece.encode()) <= size for piece in found)


@given(st.text(min_size=1), st.text(min_size=1), st.integers(4, 9), st.randoms(use_true_random=False))
def test_parts_in_any_order_are_put_back(one: str, two: str, size: int, order: random.Random) -> None:
    spans = [span("a", kept=1), span("b"), *cut("a", "x", one, size), *cut("a", "y", two, size), *cut("b", "x", two, size)]
    order.shuffle(spans)
    whole, gaps = parts.joined(spans)
    assert {s.span_id: dict(s.attributes) for s in whole} == {"a": {"kept": 1, "x": one, "y": two}, "b": {"x": two}}
    assert gaps == []


WHOLE = cut("a", "x", "abcdefghijkl", 4)


@pytest.mark.parametrize(
    ("pieces", "gap"),
    [
        (WHOLE[:2], "x of span a has 2 of its 3 parts"),
        (WHOLE[1:], "x of span a has 2 of its 3 parts"),
        ([part("a", "x", 0, 10**15, "a")], f"x of span a has 1 of its {10**15} parts"),
        ([part("a", "x", 0, "many", "a")], "x of span a has 1 of its -1 parts"),
        ([part("a", "x", "first", 1, "a")], "x of span a has 1 of its 1 parts"),
        ([part("a", "x", 7, 1, "a")], "x of span a has 1 of its 1 parts"),
    ],
    ids=["the last is missing", "the first is missing", "a count that is too large", "a count that is no number", "an index that is no number", "a wrong index"],
)  # fmt: skip
def test_a_missing_part_leaves_the_attribute_out_and_is_named(pieces: list[Span], gap: str) -> None:
    assert parts.joined([span("a", kept=1), *pieces]) == ([span("a", kept=1)], [gap])


def test_a_part_that_arrives_twice_counts_once() -> None:
    assert parts.joined([span("a"), *WHOLE, *WHOLE]) == ([span("a", x="abcdefghijkl")], [])


def test_parts_of_a_span_that_did_not_arrive_are_named() -> None:
    assert parts.joined(WHOLE) == ([], ["span a did not arrive, only its x did"])
