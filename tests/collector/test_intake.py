"""The queue in front of the store: grouping, and whose batch an error costs."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from unspan_collector.arrivals import Arrival
from unspan_collector.errors import Busy, Stopping, StoreFull
from unspan_collector.intake import Intake
from unspan_collector.store.sqlite import SqliteStore

from .making import arrivals, recording, trace_id


class Watched(SqliteStore):
    """A store that can be held still, counts its transactions, and fails where told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.go = threading.Event()
        self.written: list[int] = []
        self.poison = ""
        self.full = False

    def write(self, batches: Sequence[Sequence[Arrival]]) -> None:
        self.go.wait(20)
        if self.full:
            raise StoreFull(str(self.path))
        if any(arrival.trace_id.hex() == self.poison for batch in batches for arrival in batch):
            raise ZeroDivisionError("an error of ours")
        super().write(batches)
        self.written.append(len(batches))


@pytest.fixture
def store(store_path: Path) -> Watched:
    return Watched(store_path)


def test_batches_that_wait_share_a_transaction(store: Watched) -> None:
    intake = Intake(store, 1 << 20)
    kept = [intake.submit(arrivals(recording(trace_id()))) for _ in range(50)]
    store.go.set()
    assert [one.result(20) for one in kept] == [None] * 50
    assert (sum(store.written), len(store.written) <= 2, store.size().traces) == (50, True, 50)
    intake.close()
    store.close()


def test_an_error_in_one_batch_costs_that_batch_only(store: Watched) -> None:
    intake = Intake(store, 1 << 20)
    traces = [trace_id() for _ in range(10)]
    store.poison = traces[5]
    kept = {trace: intake.submit(arrivals(recording(trace))) for trace in traces}
    store.go.set()
    assert [type(one.exception(20)) for one in kept.values()] == [type(None)] * 5 + [ZeroDivisionError] + [type(None)] * 4
    assert (store.size().traces, intake.failure) == (9, None)
    intake.close()
    store.close()


def test_a_full_store_refuses_the_group_and_the_next_one_is_kept(store: Watched) -> None:
    intake = Intake(store, 1 << 20)
    store.go.set()
    store.full = True
    assert isinstance(intake.submit(arrivals(recording(trace_id()))).exception(20), StoreFull)
    assert isinstance(intake.failure, StoreFull)
    store.full = False
    assert intake.submit(arrivals(recording(trace_id()))).result(20) is None
    assert intake.failure is None
    intake.close()
    store.close()


def test_closing_keeps_what_was_queued_and_refuses_what_comes_after(store: Watched) -> None:
    intake = Intake(store, 1 << 20)
    kept = [intake.submit(arrivals(recording(trace_id()))) for _ in range(20)]
    threading.Timer(0.1, store.go.set).start()
    intake.close()
    assert [one.done() and one.exception() for one in kept] == [None] * 20
    with pytest.raises(Stopping):
        intake.submit([])
    with pytest.raises(Stopping), intake.room(1):
        pass
    store.close()


def test_room_is_bounded_but_never_too_small_for_one(store: Watched) -> None:
    intake = Intake(store, 100)
    with intake.room(60), intake.room(40), pytest.raises(Busy), intake.room(1):
        pass
    with intake.room(1000), pytest.raises(Busy), intake.room(1):
        pass
    assert not intake.busy
    intake.close()
    store.close()
