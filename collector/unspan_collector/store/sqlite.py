"""Traces in one SQLite file: compressed chunks of the spans as sent, and an index row a trace. Keeps the contract of `contract.Store`.

One connection writes, under a lock; every read opens a connection of its own, so that neither waits for the other (write-ahead log).
"""

import sqlite3
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import zstandard
from google.protobuf.message import DecodeError

from unspan_collector.arrivals import Arrival, glimpses_of, without
from unspan_collector.errors import CannotOpen, Corrupted, Damaged, Refused, StoreBroken, StoreFull
from unspan_collector.facts import Facts, Glimpse
from unspan_collector.latest import aside
from unspan_collector.store import rows
from unspan_collector.store.contract import Query, Size, Summary
from unspan_collector.store.file import QUERIES, connected, identity, is_corrupt, is_full, opened, reader
from unspan_collector.store.known import Known, Memory
from unspan_collector.store.rescue import rescued
from unspan_collector.terminal import say

NO_RESCUE = "Make room beside it, move the file away, or choose another with --store sqlite:///PATH."
LEVEL = 3
"""zstandard's level: higher ones gain some percent for several times the time."""


class SqliteStore:
    """Keeps `contract.Store` in the file at `path`. Raises CannotOpen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._memory = Memory(self._read_known)
        self._writer: sqlite3.Connection | None = self._opened()
        self._version = data_version(self._writer)
        self._identity = identity(path)
        self._closed = False

    def _opened(self) -> sqlite3.Connection:
        """The writing connection, to a new file where pages of the old one are damaged."""
        try:
            return opened(self.path)
        except Corrupted:
            self._rescue()
            return opened(self.path)

    def _rescue(self) -> None:
        """Raises CannotOpen where nothing can be read, or there is no room for what can."""
        try:
            say(rescued(self.path, SqliteStore).sentence(self.path))
        except (Refused, sqlite3.Error, OSError) as error:
            raise CannotOpen(str(self.path), f"it is damaged, and what can be read of it could not be kept ({error})", NO_RESCUE) from error

    def _rescue_now(self) -> None:
        try:
            self._rescue()
        except CannotOpen as error:
            raise StoreBroken(str(self.path), str(error)) from error

    @property
    def name(self) -> str:
        return f"sqlite:///{self.path}"

    def write(self, batches: Sequence[Sequence[Arrival]]) -> None:
        with self._transaction() as db:
            for arrivals in batches:
                for arrival in arrivals:
                    self._keep(db, arrival)

    def _keep(self, db: sqlite3.Connection, arrival: Arrival) -> None:
        known = self._memory.trace(arrival.trace_id)
        before = len(known)
        again = known.add(arrival)
        data = without(arrival.data, again) if again else arrival.data
        if len(again) < len(arrival.glimpses):
            db.execute(QUERIES["add_chunk"], {"trace_id": arrival.trace_id, "spans": compressed(data)})
            known.facts = rows.larger(known.facts, len(data))
        db.execute(QUERIES["put_trace"], rows.row(arrival.trace_id, known.facts, time.time_ns(), aside(known.facts)))
        self._memory.grown(len(known) - before)

    def mend(self, trace_id: bytes, facts: Facts) -> None:
        """Has the index say this of a trace, whatever spans are here."""
        with self._transaction() as db:
            self._memory.forget()
            db.execute(QUERIES["put_trace"], rows.row(trace_id, facts, time.time_ns(), aside(facts)))

    def pin(self, trace_id: str, keep: bool) -> None:
        with self._transaction() as db:
            db.execute(QUERIES["pin" if keep else "unpin"], {"trace_id": bytes.fromhex(trace_id)})

    def _read_known(self, trace_id: bytes) -> Known:
        """The trace as the writer's own connection sees it, uncommitted chunks included."""
        db = self._connection()
        row = db.execute(QUERIES["facts"], {"trace_id": trace_id}).fetchone()
        if row is None:
            return Known(Facts())
        chunks = db.execute(QUERIES["chunks"], {"trace_id": trace_id})
        return Known(rows.facts(row[0]), [glimpse for (blob,) in chunks for glimpse in glimpses_in(blob)])

    def newest(self, query: Query) -> list[Summary]:
        sql = QUERIES["list_in_flight" if query.only_in_flight else "list"]
        with self._reading() as db:
            return [rows.summary(row) for row in db.execute(sql, rows.parameters(query))]

    def named(self, prefix: str, most: int = 2) -> list[Summary]:
        bounds = {"first": bytes.fromhex(prefix.ljust(32, "0")), "last": bytes.fromhex(prefix.ljust(32, "f")), "most": most}
        with self._reading() as db:
            return [rows.summary(row) for row in db.execute(QUERIES["named"], bounds)]

    def spans(self, trace_id: str) -> Iterator[bytes]:
        with self._reading() as db:
            try:
                blobs = db.execute(QUERIES["chunks"], {"trace_id": bytes.fromhex(trace_id)}).fetchall()
            except sqlite3.DatabaseError as error:
                if is_corrupt(error):
                    raise Damaged(trace_id) from error
                raise
        for (blob,) in blobs:
            yield unpacked(trace_id, blob)

    def delete(self, trace_ids: Sequence[str]) -> int:
        with self._transaction() as db:
            self._memory.forget()
            return sum(remove(db, bytes.fromhex(trace_id)) for trace_id in trace_ids)

    def expire(self, before: int, most_bytes: int, most_traces: int = 0) -> int:
        removed = 0
        while batch := self._expirable(before, most_bytes, most_traces):
            removed += self.delete(batch)
            with self._lock:
                self._connection().execute("PRAGMA incremental_vacuum").fetchall()
        return removed

    def _expirable(self, before: int, most_bytes: int, most_traces: int) -> list[str]:
        """The next oldest traces to remove, few enough that the writer is free again soon."""
        with self._reading() as db:
            oldest = db.execute(QUERIES["oldest"]).fetchall()
            old = [trace_id.hex() for trace_id, started in oldest if started < before]
            over = db.execute(QUERIES["size"]).fetchone()[0] - most_traces if most_traces else 0
            if not old and over > 0:
                return [trace_id.hex() for trace_id, _ in oldest[:over]]
            if old or not most_bytes or used(db) <= most_bytes:
                return old
            return [trace_id.hex() for trace_id, _ in oldest[: max(1, len(oldest) // 10)]]

    def size(self) -> Size:
        with self._reading() as db:
            traces, octets = db.execute(QUERIES["size"]).fetchone()
            return Size(traces, octets, used(db), db.execute(QUERIES["pinned"]).fetchone()[0])

    def probe(self) -> None:
        with self._transaction() as db:
            db.execute(QUERIES["beat"])

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """The writing connection inside a transaction that is durable when the block ends, or undone."""
        with self._lock:
            try:
                db = self._connection()
                db.execute("BEGIN IMMEDIATE")
                self._notice_other_writers(db)
                yield db
                db.execute("COMMIT")
            except (sqlite3.Error, OSError, CannotOpen) as error:
                self._undo()
                if is_corrupt(error):  # the next attempt finds what could be read, in a new file
                    self._drop()
                    self._rescue_now()
                raise self._translated(error) from error
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        """Rolls back. The connection stays: on a full disk a new one, which needs room for its shared memory, would end reading as well."""
        self._memory.forget()
        try:
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop()

    def _notice_other_writers(self, db: sqlite3.Connection) -> None:
        version = data_version(db)
        if version != self._version:
            self._version = version
            self._memory.forget()

    def _connection(self) -> sqlite3.Connection:
        """The writing connection; a new one after an error, or when the file was removed or replaced under our feet."""
        if self._closed:
            raise StoreBroken(str(self.path), "it is closed")
        if self._writer is not None and identity(self.path) != self._identity:
            self._drop()
        if self._writer is None:
            self._writer = connected(self.path)
            self._version, self._identity = data_version(self._writer), identity(self.path)
        return self._writer

    def _drop(self) -> None:
        """Closes the writing connection, which undoes what it had not committed, and all that was remembered of it."""
        self._memory.forget()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except sqlite3.Error:
                pass

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        try:
            if identity(self.path) != self._identity:
                with self._lock:
                    self._connection()
            with closing(reader(self.path)) as db:
                yield db
        except (sqlite3.Error, OSError, CannotOpen) as error:
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.Error | OSError | CannotOpen) -> StoreFull | StoreBroken:
        return StoreFull(str(self.path)) if is_full(self.path, error) else StoreBroken(str(self.path), str(error))


def remove(db: sqlite3.Connection, trace_id: bytes) -> int:
    db.execute(QUERIES["delete_chunks"], {"trace_id": trace_id})
    db.execute(QUERIES["unpin"], {"trace_id": trace_id})
    return db.execute(QUERIES["delete_trace"], {"trace_id": trace_id}).rowcount


def compressed(data: bytes) -> bytes:
    """With a checksum, so that damage on the disk shows instead of becoming a wrong value."""
    return zstandard.ZstdCompressor(LEVEL, write_checksum=True).compress(data)


def unpacked(trace_id: str, blob: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(blob)
    except zstandard.ZstdError:
        raise Damaged(trace_id) from None


def glimpses_in(blob: bytes) -> list[Glimpse]:
    """The glimpses of a chunk; none of a damaged one, whose trace cannot be read any more but must not block what arrives for it."""
    try:
        return glimpses_of(zstandard.ZstdDecompressor().decompress(blob))
    except (zstandard.ZstdError, DecodeError):
        return []


def data_version(db: sqlite3.Connection) -> int:
    """A number that changes when another connection, of any process, has written."""
    return pragma(db, "data_version")


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    return (pragma(db, "page_count") - pragma(db, "freelist_count")) * pragma(db, "page_size")


def pragma(db: sqlite3.Connection, name: str) -> Any:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
