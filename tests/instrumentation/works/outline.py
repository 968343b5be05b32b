"""A trace as lines that a person compares: each span of ours below its parent, without what varies."""

from collections.abc import Iterable, Sequence

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from ..sink import Sink

LEFT_OUT = frozenset({v.SQL, v.BEGUN, v.END, v.TAPE, v.SIGNAL, v.LOG})
"""Other files compare these."""


def outline(trace: Sequence[Span]) -> list[str]:
    """`work test yard.test_x passed`, and below it, by two spaces a level, its calls, requests and tasks in the order in which they began."""
    ids = {span.span_id for span in trace}
    shown = sorted((span for span in trace if span.what not in LEFT_OUT and span.what), key=lambda span: (span.start, span.end))

    def below(parent: str, depth: int) -> Iterable[str]:
        for span in shown:
            if span.parent_id == parent or (not parent and span.parent_id not in ids):
                yield "  " * depth + headline(span)
                yield from below(span.span_id, depth + 1)

    return list(below("", 0))


def headline(span: Span) -> str:
    if span.what == v.WORK:
        return f"{span.name}: {span.attributes[v.WORK_OUTCOME]}"
    if span.what == v.REQUEST:
        return f"{span.attributes[v.METHOD]} {span.attributes[v.PATH]} {span.attributes[v.STATUS]}"
    return f"{span.what} {span.attributes.get(v.FUNCTION) or span.attributes.get(v.TASK_NAME) or span.name}"


def works(sink: Sink, count: int) -> dict[str, list[Span]]:
    """Name → spans of at least so many units of work, each whole: every recording in the trace has ended, and all that was announced is there."""
    spans = sink.until(lambda found: sum(span.what == v.WORK for span in found) >= count and settled(found))
    return {str(root.attributes[v.WORK_NAME]): entire(spans, root.trace_id) for root in spans if root.what == v.WORK}


def settled(spans: Sequence[Span]) -> bool:
    """Whether as many recordings have ended as have begun."""
    kinds = [span.what for span in spans]
    return kinds.count(v.END) == kinds.count(v.WORK) + kinds.count(v.REQUEST) and kinds.count(v.BEGUN) == kinds.count(v.WORK)


def entire(spans: list[Span], trace_id: str) -> list[Span]:
    """The spans of one trace; fails when they are not what its end records count."""
    own = [span for span in spans if span.trace_id == trace_id]
    counted = sum(1 for span in own if span.what not in ("", v.END, v.PART))
    assert counted == sum(span.attributes[v.RECORDED] for span in own if span.what == v.END), outline(own)
    return own


def losses(trace: Sequence[Span]) -> list[str]:
    return [why for span in trace if span.what == v.END for why in span.value(v.LOST)]
