"""The queue in front of the store: bounded, emptied by one thread that writes all waiting batches in one transaction (group commit)."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import NamedTuple

from unspan_collector.arrivals import Arrival
from unspan_collector.errors import Busy, Refused, Stopping
from unspan_collector.store.contract import Store

GROUP = 64
"""Batches that share a transaction at most: more would make the first of them wait longer than it saves."""


class Waiting(NamedTuple):
    """A batch and the promise to whoever sent it."""

    arrivals: Sequence[Arrival]
    kept: "Future[None]"


class Room:
    """What one request has of the bytes that may be in work."""

    def __init__(self, take: Callable[[int, int], None]) -> None:
        self._take, self.held = take, 0

    def grow(self, size: int) -> None:
        """Raises Busy, Stopping."""
        self._take(size, self.held)
        self.held += size


class Intake:
    """Takes batches and settles each one's future when the store has it, or refuses.

    `most_bytes`: requests in work at one time, in bytes as received; a single larger one is let in when it is alone.
    """

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._store, self._most = store, most_bytes
        self._bytes = 0
        self._bytes_lock = threading.Lock()
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self.failure: Refused | None = None
        self._thread = threading.Thread(target=self._write_until_closed, name="unspan-store-writer")
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether requests are in work."""
        return self._bytes > 0

    @contextmanager
    def room(self, size: int = 0) -> "Generator[Room]":
        """Holds room for a request of this size, or of one that is still being read, while the block runs. Raises Busy when there is none, Stopping
        after `close`."""
        room = Room(self.take)
        try:
            room.grow(size)
            yield room
        finally:
            with self._bytes_lock:
                self._bytes -= room.held

    def take(self, size: int, held: int) -> None:
        """Room for so many bytes more of a request that holds `held`. Raises Busy, Stopping."""
        with self._bytes_lock:
            if self._closed:
                raise Stopping
            if self._bytes > held and self._bytes + size > self._most:
                raise Busy
            self._bytes += size

    def submit(self, arrivals: Sequence[Arrival]) -> "Future[None]":
        """Queues a batch; the future has no result but raises Refused. Raises Stopping after `close`."""
        waiting = Waiting(arrivals, Future())
        with self._bytes_lock:
            if self._closed:
                raise Stopping
            self._queue.put(waiting)
        return waiting.kept

    def close(self) -> None:
        """Writes what is queued and ends the thread."""
        with self._bytes_lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _write_until_closed(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            claimed = [waiting for waiting in group if waiting.kept.set_running_or_notify_cancel()]
            if claimed:
                self._write(claimed)

    def _next_group(self) -> tuple[list[Waiting], bool]:
        """Waits for a batch, then takes what else is there; with whether it was the last."""
        group: list[Waiting] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) >= GROUP:
                return group, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _write(self, group: list[Waiting]) -> None:
        """Writes the group in one transaction; when that fails for something in one batch, each batch alone."""
        try:
            self._store.write([waiting.arrivals for waiting in group])
            self.failure = None
        except Refused as refused:
            self.failure = refused
            settle(group, refused)
        except Exception as error:  # an error of ours must cost its own batch only, and never this thread
            if len(group) == 1:
                settle(group, error)
            else:
                for waiting in group:
                    self._write([waiting])
        else:
            settle(group, None)


def settle(group: list[Waiting], error: BaseException | None) -> None:
    for waiting in group:
        if error is None:
            waiting.kept.set_result(None)
        else:
            waiting.kept.set_exception(error)
