"""What can still be read of a file with damaged pages: row by row, into a new file that takes its place. The damaged one stays beside it.

Knows how to walk around broken pages; what a trace is made of is `sqlite`'s and `facts`'s.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import zstandard

from unspan_collector.arrivals import sorted_by_trace
from unspan_collector.errors import Corrupted, Undecodable
from unspan_collector.facts import Facts
from unspan_collector.store import rows
from unspan_collector.store.contract import Store
from unspan_collector.store.file import reader
from unspan_collector.wire import decoded

MOST_NAMED = 20
"""Traces that the sentence names."""
SIDES = ("", "-wal", "-shm")


class Mendable(Store, Protocol):
    """A new store, of the same kind as the damaged one."""

    def mend(self, trace_id: bytes, facts: Facts) -> None: ...


class Rescued(NamedTuple):
    """What became of a damaged file: how many traces are whole, which are not, whether some may be gone without a name, and where the file lies now."""

    whole: int
    harmed: list[str]
    blind: bool
    aside: Path

    def sentence(self, path: Path) -> str:
        more = len(self.harmed) - MOST_NAMED
        named = ", ".join(self.harmed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        harm = f"spans of {len(self.harmed)} traces are lost ({named}), " if self.harmed else ""
        gone = ", and others may be gone altogether, for their index is damaged too" if self.blind else ""
        kept = f"What could be read was kept, and the damaged file is {self.aside}."
        return f"the store {path} had damaged pages: {harm}{self.whole} traces are whole{gone}. {kept}"


class Wreck:
    """A damaged file, read as far as its pages allow."""

    def __init__(self, path: Path) -> None:
        self.blind = False
        """Whether the index of traces has broken pages itself."""
        self._db = reader(path)
        self._db.execute("PRAGMA writable_schema = ON")  # else a file that was cut off is refused as a whole

    def traces(self) -> dict[bytes, Facts]:
        """The index rows that can be read, from both ends."""
        found: dict[bytes, Facts] = {}
        for order in ("ASC", "DESC"):
            for trace_id, text in self._index(f"SELECT trace_id, facts FROM trace ORDER BY trace_id {order}"):
                with suppress(ValueError, TypeError, LookupError):
                    found[trace_id] = rows.facts(text)
        return found

    def pins(self) -> list[bytes]:
        return [trace_id for (trace_id,) in self._some("SELECT trace_id FROM pin")]

    def chunks(self) -> Iterator[bytes]:
        """The chunks that can be read, in the order of arrival, unpacked."""
        last, number = self._last(), 0
        while number <= last:
            try:
                found = self._db.execute("SELECT number, spans FROM chunk WHERE number >= ? ORDER BY number LIMIT 1", (number,)).fetchone()
            except sqlite3.Error:  # a broken page: its numbers one by one, until one lies on another page
                number += 1
                continue
            if found is None:
                return
            number = found[0] + 1
            try:
                yield zstandard.ZstdDecompressor().decompress(found[1])
            except zstandard.ZstdError:
                continue

    def _last(self) -> int:
        """The highest number of a chunk that any page knows."""
        found = [number for sql in LAST for (number,) in self._some(sql) if isinstance(number, int)]
        return max(found, default=-1)

    def _some(self, sql: str) -> Iterator[Any]:
        """The rows before the first broken page."""
        try:
            yield from self._db.execute(sql)
        except sqlite3.Error:
            return

    def _index(self, sql: str) -> Iterator[Any]:
        try:
            yield from self._db.execute(sql)
        except sqlite3.Error:
            self.blind = True

    def close(self) -> None:
        self._db.close()


LAST = (
    "SELECT max(number) FROM chunk",
    "SELECT number FROM chunk NOT INDEXED ORDER BY number",
    "SELECT number FROM chunk INDEXED BY chunk_trace ORDER BY trace_id",
    "SELECT number FROM chunk INDEXED BY chunk_trace ORDER BY trace_id DESC",
)


def rescued(path: Path, fresh: Callable[[Path], Mendable]) -> Rescued:
    """Puts a new file in the place of the damaged one, with all that can be read. Raises Corrupted where that is nothing."""
    new = path.with_name(f"{path.name}.rescue")
    for side in SIDES:
        new.with_name(new.name + side).unlink(missing_ok=True)
    with closing(Wreck(path)) as wreck:
        before = wreck.traces()
        with closing(fresh(new)) as store:
            copied(wreck, store)
            harmed = marked(before, store)
            whole = store.size().traces - len(harmed)
    if not before and not whole:
        new.unlink()
        raise Corrupted(str(path))
    aside = set_aside(path)
    new.rename(path)
    return Rescued(whole, harmed, wreck.blind, aside)


def copied(wreck: Wreck, store: Mendable) -> None:
    """Every chunk that can be read, and the pins."""
    for data in wreck.chunks():
        try:
            store.write([sorted_by_trace(decoded(data), data).arrivals])
        except Undecodable:
            continue
    for trace_id in wreck.pins():
        store.pin(trace_id.hex(), True)


def marked(before: dict[bytes, Facts], store: Mendable) -> list[str]:
    """Has the index say of each trace how many of its spans are lost; the ids of these traces."""
    harmed: list[str] = []
    for trace_id, known in before.items():
        found = store.named(trace_id.hex(), 1)
        left = found[0].facts if found else Facts(service=known.service, started=known.started, ended=known.ended)
        if left.spans < known.spans or left.ends < known.ends or left.parts < known.parts:
            gone = max(known.spans - left.spans, 1)
            store.mend(trace_id, replace(left, damaged=gone, request=left.request or known.request, work=left.work or known.work))
            harmed.append(trace_id.hex())
    return harmed


def set_aside(path: Path) -> Path:
    """Gives the damaged file, with its log, a name of its own."""
    names = (f"{path.name}.damaged", *(f"{path.name}.damaged-{number}" for number in range(2, 1_000)))
    aside = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    for side in reversed(SIDES):
        if (part := path.with_name(path.name + side)).exists():
            part.rename(aside.with_name(aside.name + side))
    return aside
