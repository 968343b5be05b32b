"""Which records wait for the end of their request: what comes last may say what a secret in the first of them is, and whose hash or signature.

Nobody waits for them but the exporter's thread. What they weigh counts as queued; when that runs full, those that wait go first.
"""

from typing import Any, Final, NamedTuple

from unspan_proto import vocabulary as v

from unspan_instrumentation.records import Calls, Heard, Record, Signed, Verified

HOLD: Final = 60.0
"""Seconds that a request is waited for: a busy machine may take many for a login, and a stream may go on for hours."""
MOST_OPEN: Final = 10_000
OURS: Final = (Record, Calls, Verified, Signed, Heard)

Weighed = tuple[Any, int]
"""A record, and what it weighs."""


class Open(NamedTuple):
    """A request that goes on: since when, and its records so far."""

    since: float
    records: list[Weighed]


class Waiting:
    """The records of requests that go on."""

    def __init__(self) -> None:
        self._open: dict[int, Open] = {}
        self.bytes = 0
        """What they weigh."""

    def __bool__(self) -> bool:
        return self.bytes > 0  # other threads ask, while the exporter's changes the rest

    def ready(self, taken: list[Weighed], at: float, hold: bool) -> list[Weighed]:
        """Those that wait no longer at the time `at`, of the ones `taken` now too; without `hold` all of them. Each trace's stay in their order."""
        found: list[Weighed] = []
        for weighed in taken:
            found += self._placed(weighed, at)
        late = [trace_id for trace_id, one in self._open.items() if at - one.since >= HOLD]
        for trace_id in [*late, *list(self._open)[: len(self._open) - MOST_OPEN]]:
            found += self._ended(trace_id)
        for one in self._open.values() if not hold else ():
            found += one.records
            one.records.clear()
        self.bytes = self.bytes + sum(weighs for _, weighs in taken) - sum(weighs for _, weighs in found) if self._open else 0
        return found

    def _placed(self, weighed: Weighed, at: float) -> list[Weighed]:
        record = weighed[0]
        if type(record) is Heard:
            self._open.setdefault(record.trace_id, Open(at, []))
        trace_id = trace_of(record)
        if ending(record):
            return [*self._ended(trace_id), weighed]
        one = self._open.get(trace_id)
        if one is None:
            return [weighed]
        one.records.append(weighed)
        return []

    def _ended(self, trace_id: int) -> list[Weighed]:
        one = self._open.pop(trace_id, None)
        return one.records if one is not None else []


def trace_of(record: Any) -> int:
    """The trace that a record is of; of a span of the SDK its own, unless it belongs to a unit of work."""
    if type(record) in OURS or record.trace_id:
        return int(record.trace_id)
    context = record.span.get_span_context()
    return context.trace_id if context is not None else 0


def ending(record: Any) -> bool:
    return type(record) is Record and record.kind == v.END
