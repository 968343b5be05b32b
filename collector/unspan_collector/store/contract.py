"""What a store of traces does. Every backend keeps it; `tests/collector/test_store.py` runs the same suite on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from unspan_collector.arrivals import Arrival
from unspan_collector.facts import Facts

NEVER = -(2**63)


@dataclass(frozen=True, slots=True)
class Query:
    """Which traces to list. Empty fields do not filter; times are nanoseconds since 1970.

    `path`: glob (`*`, `?`, `[…]`; `*` also takes slashes) over the whole path without its query. `status`: from and to, inclusive.
    """

    limit: int = 20
    path: str = ""
    method: str = ""
    status: tuple[int, int] | None = None
    since: int = NEVER
    arrived_since: int = NEVER
    only_complete: bool = False
    only_in_flight: bool = False
    all_kinds: bool = False
    asides: bool = True


class Summary(NamedTuple):
    """A trace in a list: its id (32 hex digits) and its facts."""

    trace_id: str
    facts: Facts


class Size(NamedTuple):
    """How much is stored: traces, bytes of spans before compression, bytes on disk; how many of the traces are pinned."""

    traces: int
    bytes: int
    disk: int
    pinned: int = 0


class Store(Protocol):
    """Keeps the spans of traces as they were sent, and one index row a trace.

    Safe to call from several threads. Every method may raise StoreBroken.

    A span that comes again with the same bytes is kept and counted once, however far apart the two come. One that comes with other bytes is
    kept as well, and counts as a conflict of its trace. All of this holds across restarts.
    """

    @property
    def name(self) -> str:
        """The store's URL, as a person would write it."""
        ...

    def write(self, batches: Sequence[Sequence[Arrival]]) -> None:
        """Keeps all of it, or nothing. When it returns, a crash of process or machine loses none of it. Raises StoreFull."""
        ...

    def newest(self, query: Query) -> list[Summary]:
        """The summaries that fit, newest start first."""
        ...

    def named(self, prefix: str, most: int = 2) -> list[Summary]:
        """The traces whose id begins with these (lower-case) hex digits, at most `most` of them."""
        ...

    def spans(self, trace_id: str) -> Iterator[bytes]:
        """The trace's spans as serialised TracesData messages, in the order of arrival, of one moment. Empty when unknown. Raises Damaged."""
        ...

    def delete(self, trace_ids: Sequence[str]) -> int:
        """Removes these traces and returns how many there were."""
        ...

    def expire(self, before: int, most_bytes: int, most_traces: int = 0) -> int:
        """Removes traces that started before a time, then the oldest until there are at most `most_traces`, which take at most `most_bytes` on disk
        (0: no limit); those that are pinned count, and stay. Returns how many."""
        ...

    def pin(self, trace_id: str, keep: bool) -> None:
        """Has `expire` leave this trace alone, or no longer, whatever of it is here."""
        ...

    def size(self) -> Size:
        """How much is stored."""
        ...

    def probe(self) -> None:
        """Returns when a write would succeed. Raises StoreFull."""
        ...

    def close(self) -> None:
        """Ends it; nothing that `write` returned for is lost. Calling it again does nothing."""
        ...
