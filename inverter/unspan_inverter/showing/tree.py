"""The spans of a trace as a tree, also when the trace is broken: no span is left out, none is shown twice."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

NO_GUIDES: tuple[bool, ...] = ()
GUIDES = 24
"""Levels that are indented; what is deeper stands as far to the right."""


@dataclass(frozen=True, slots=True)
class Node:
    """A span at its place: how deep, whether each ancestor and itself is a last child (of the first `GUIDES` levels), what is odd about it."""

    span: Span
    depth: int = 0
    guides: tuple[bool, ...] = ()
    odd: str = ""


def tree(spans: Iterable[Span]) -> list[Node]:
    """The nodes in reading order: a parent before its children, siblings by start. The request or the unit of work comes first."""
    unique, doubles = distinct(spans)
    known = {span.span_id for span in unique}
    children: defaultdict[str, list[int]] = defaultdict(list)
    roots: list[int] = []
    for place in sorted(range(len(unique)), key=lambda one: (unique[one].start, one)):
        span = unique[place]
        (children[span.parent_id] if span.parent_id in known and span.parent_id != span.span_id else roots).append(place)
    roots.sort(key=lambda one: (unique[one].what not in (v.WORK, v.BEGUN), unique[one].what != v.REQUEST))
    walk = Walk(unique, children, doubles)
    nodes = list(walk.down(roots, ""))
    for place in range(len(unique)):  # what no root leads to goes round in a circle: enter it anywhere
        nodes.extend(walk.down([place], "its parents go round in a circle"))
    return nodes


class Walk:
    """Goes down a forest without recursion: a trace may be deeper than Python's stack."""

    def __init__(self, spans: list[Span], children: dict[str, list[int]], doubles: set[str]) -> None:
        self.spans, self.children, self.doubles = spans, children, doubles
        self.seen: set[int] = set()
        self.entered: set[str] = set()

    def down(self, roots: list[int], odd: str) -> Iterator[Node]:
        waiting = [(place, 0, NO_GUIDES, odd) for place in reversed(roots)]
        while waiting:
            place, depth, guides, odd = waiting.pop()
            if place in self.seen:
                continue
            self.seen.add(place)
            span = self.spans[place]
            yield Node(span, depth, guides, odd or self.oddity(span, depth))
            if span.span_id not in self.entered:
                self.entered.add(span.span_id)
                below = [one for one in self.children.get(span.span_id, ()) if one not in self.seen]
                waiting.extend((one, depth + 1, (*guides, one == below[-1])[:GUIDES], "") for one in reversed(below))

    def oddity(self, span: Span, depth: int) -> str:
        if span.span_id in self.doubles:
            return "another span has the same id"
        if span.parent_id and not depth and span.what not in (v.REQUEST, v.PROJECT, v.WORK, v.BEGUN):
            return "its parent is missing"
        return "it ends before it begins" if span.end < span.start else ""


def distinct(spans: Iterable[Span]) -> tuple[list[Span], set[str]]:
    """The spans with identical ones merged, and the ids that different spans share."""
    kept: dict[str, list[Span]] = {}
    order: list[Span] = []
    for span in spans:
        twins = kept.setdefault(span.span_id, [])
        if span not in twins:
            twins.append(span)
            order.append(span)
    return order, {span_id for span_id, twins in kept.items() if len(twins) > 1}
