"""Which spans a trace already has, so that one that comes twice is kept and counted once. A bounded memory of the traces written last."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from unspan_collector.arrivals import Arrival
from unspan_collector.facts import Facts, Glimpse, marked, merged, summed

MOST_SPANS = 100_000
"""Spans remembered over all traces (some 250 bytes each), every content of one counted; traces forgotten are read back from the store."""


class Known:
    """One trace: its facts, its span ids, and each content that came under an id."""

    __slots__ = ("contents", "facts", "ids")

    def __init__(self, facts: Facts, glimpses: Iterable[Glimpse] = ()) -> None:
        self.facts = facts
        self.ids: set[bytes] = set()
        self.contents: set[bytes] = set()
        for glimpse in glimpses:
            self._note(glimpse)

    def __len__(self) -> int:
        return len(self.contents)

    def _note(self, glimpse: Glimpse) -> None:
        self.ids.add(glimpse.span_id)
        self.contents.add(glimpse.span_id + glimpse.digest)

    def add(self, arrival: Arrival) -> set[int]:
        """Takes in an arrival and returns the positions of its spans that were here already; the size is left to `grow`."""
        again: set[int] = set()
        new: list[Glimpse] = []
        conflicts = 0
        for at, glimpse in enumerate(arrival.glimpses):
            if glimpse.span_id + glimpse.digest in self.contents:
                again.add(at)
                continue
            if glimpse.span_id in self.ids:
                conflicts += 1
            else:
                new.append(glimpse)
            self._note(glimpse)
        grown = merged(self.facts, summed(new, 0, arrival.service))
        self.facts = marked(grown, conflicts, arrival.rejected)
        return again


class Memory:
    """The traces written last. Everything in it can be forgotten at any moment: `read` brings it back."""

    def __init__(self, read: Callable[[bytes], Known]) -> None:
        self._read = read
        self._traces: OrderedDict[bytes, Known] = OrderedDict()
        self._spans = 0

    def trace(self, trace_id: bytes) -> Known:
        """The trace, read from the store when it is not remembered."""
        found = self._traces.get(trace_id)
        if found is None:
            found = self._traces[trace_id] = self._read(trace_id)
            self._spans += len(found)
        self._traces.move_to_end(trace_id)
        return found

    def grown(self, by: int) -> None:
        """Notes that the trace asked for last has so many more spans, and forgets the oldest over the limit."""
        self._spans += by
        while self._spans > MOST_SPANS and len(self._traces) > 1:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= len(oldest)

    def forget(self) -> None:
        self._traces.clear()
        self._spans = 0
