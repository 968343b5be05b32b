"""What arrived of a trace: whether it may be called complete, and what is in it."""

from collections import Counter
from collections.abc import Sequence

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

ROOTS = (v.REQUEST, v.WORK)


def complete(trace: Sequence[Span]) -> bool:
    """As the collector says it: ended, as many spans as were sent, nothing lost."""
    ends = [span for span in trace if span.what == v.END]
    counted = sum(1 for span in trace if span.what and span.what not in (v.END, v.PART))
    return bool(ends) and counted == sum(end.attributes[v.RECORDED] for end in ends) and not any(end.value(v.LOST) for end in ends)


def kinds(trace: Sequence[Span]) -> Counter[str]:
    """How many spans of each kind, and functions that were called; values may be stand-ins, and tapes are as the libraries' caches are."""
    return Counter(f"{span.what} {span.name if span.what == v.CALL else ''}" for span in trace if span.what not in (v.TAPE, v.PART))
