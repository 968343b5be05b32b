"""The contract of `unspan_collector.store.contract.Store`, run on every backend."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unspan_collector.facts import Exchange, Facts
from unspan_collector.store import opened
from unspan_collector.store.contract import Query, Size, Store
from unspan_proto import vocabulary as v

from .making import NOON, SECOND, arrivals, end_span, recording, request_span, span, spans_in, trace_id

BACKENDS = {"sqlite": lambda folder: f"sqlite:///{folder}/traces.sqlite3"}


@pytest.fixture(params=list(BACKENDS))
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same empty store again and again; closes the one before."""
    url, stores = BACKENDS[request.param](tmp_path), []

    def opening() -> Store:
        for old in stores:
            old.close()
        stores.append(opened(url))
        return stores[-1]

    yield opening
    for old in stores:
        old.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


def put(store: Store, *batches: list[Span]) -> None:
    """Writes each batch in a transaction of its own."""
    for batch in batches:
        store.write([arrivals(batch)])


def facts(store: Store, trace: str) -> Facts:
    return store.named(trace)[0].facts


def listed(store: Store, **query: object) -> list[str]:
    return [summary.trace_id for summary in store.newest(Query(**query))]  # type: ignore[arg-type]


def test_a_written_trace_is_there_again_after_reopening(reopen: Callable[[], Store]) -> None:
    spans = recording("ab" * 16, "/todos/", query="page=2", calls=3, sql=2)
    put(reopen(), spans)
    store = reopen()
    assert spans_in(store.spans("ab" * 16)) == spans
    assert facts(store, "ab" * 16) == Facts(
        started=NOON, ended=NOON + SECOND, spans=6, sql=2, bytes=sum(map(len, store.spans("ab" * 16))), counted=6, expected=6, requests=1, ends=1,
        service="shop", request=Exchange(NOON, NOON + SECOND, "GET", "/todos/", "page=2", 200),
    )  # fmt: skip


def test_several_batches_and_traces_go_in_one_transaction(store: Store) -> None:
    one, two = recording("01" * 16), recording("02" * 16)
    store.write([arrivals(one[:3]), arrivals([*two, *one[3:]])])
    assert [spans_in(store.spans("01" * 16)), spans_in(store.spans("02" * 16))] == [one, two]
    assert facts(store, "01" * 16).complete
    assert facts(store, "02" * 16).complete


def test_the_order_of_batches_does_not_matter_to_the_facts(store: Store) -> None:
    parts = [recording("03" * 16)[:2], recording("03" * 16)[2:5], recording("03" * 16)[5:]]
    put(store, *parts)
    whole = facts(store, "03" * 16)
    store.delete(["03" * 16])
    put(store, *reversed(parts))
    assert facts(store, "03" * 16) == whole


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
def test_identical_spans_merge(reopen: Callable[[], Store], restart: bool) -> None:
    spans = recording("04" * 16)
    store = reopen()
    put(store, spans[:4])
    store = reopen() if restart else store
    put(store, spans, spans[2:])
    assert spans_in(store.spans("04" * 16)) == spans
    assert (facts(store, "04" * 16).spans, facts(store, "04" * 16).complete) == (6, True)


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
def test_one_id_with_different_content_keeps_both_and_marks_the_trace(reopen: Callable[[], Store], restart: bool) -> None:
    spans = recording("05" * 16)
    twin = span("05" * 16, 100, v.CALL, name="another")
    store = reopen()
    put(store, spans)
    store = reopen() if restart else store
    put(store, [twin], [twin])
    assert spans_in(store.spans("05" * 16)) == [*spans, twin]
    found = facts(store, "05" * 16)
    assert (found.spans, found.complete, found.losses) == (
        6,
        False,
        ("1 span came twice under one id with different content: both are kept",),
    )


def test_what_another_process_wrote_is_counted_once(store: Store) -> None:
    spans = recording("06" * 16)
    put(store, spans[:3])
    other = opened(store.name)
    put(other, spans[:5])
    other.close()
    put(store, spans)
    assert spans_in(store.spans("06" * 16)) == spans
    assert facts(store, "06" * 16).complete


def test_a_refused_span_marks_its_trace(store: Store) -> None:
    put(store, recording("07" * 16))
    store.write([[type(arrivals(recording("07" * 16))[0])(bytes.fromhex("07" * 16), b"", (), "", 2)]])
    assert facts(store, "07" * 16).losses == ("2 spans could not be decoded and were rejected",)


FILTERS = {
    "newest first": ({}, ["e", "d", "c", "b", "a"]),
    "limit": ({"limit": 2}, ["e", "d"]),
    "path exactly": ({"path": "/todos/"}, ["a"]),
    "path glob": ({"path": "/todos/*"}, ["c", "b", "a"]),
    "path glob of one character": ({"path": "/todos/?/"}, ["b"]),
    "path with a class": ({"path": "/todos/[0-9][0-9]/*"}, ["c"]),
    "path without its query": ({"path": "*page*"}, []),
    "method in any case": ({"method": "post"}, ["c"]),
    "one status": ({"status": (404, 404)}, ["b"]),
    "a class of statuses": ({"status": (400, 499)}, ["d", "b"]),
    "since": ({"since": NOON + 3 * SECOND}, ["e", "d"]),
    "only complete": ({"only_complete": True}, ["d", "c", "b", "a"]),
    "no asides": ({"asides": False}, ["e", "d", "c", "b"]),
    "all kinds": ({"all_kinds": True}, ["f", "e", "d", "c", "b", "a"]),
    "in flight": ({"only_in_flight": True}, ["e"]),
    "in flight, arrived lately": ({"only_in_flight": True, "arrived_since": 2**62}, []),
    "all together": ({"path": "/todos/*", "status": (200, 404), "since": NOON + SECOND, "only_complete": True, "limit": 1}, ["c"]),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_listing(store: Store, query: dict[str, object], expected: list[str]) -> None:
    def later(seconds: int) -> dict[str, int]:
        return {"at": NOON + seconds * SECOND}

    put(
        store,
        recording("0a" * 16, "/todos/", query="page=2", **later(0)),
        recording("0b" * 16, "/todos/1/", status=404, **later(1)),
        recording("0c" * 16, "/todos/12/done/", method="POST", status=302, **later(2)),
        recording("0d" * 16, "/%C3%A9t%C3%A9/", status=403, **later(3)),
        recording("0e" * 16, "/slow/", **later(4))[:-1],
        [span("0f" * 16, 1, name="a foreign span", **later(5))],
    )
    if "asides" in query:
        store.delete(["0a" * 16])
        put(store, recording("0a" * 16, "/static/site.css"))
    assert [trace[1] for trace in listed(store, **query)] == expected


def test_names_by_prefix(store: Store) -> None:
    put(store, recording("abcdef" + "0" * 26), recording("abcdef1" + "0" * 25), recording("abc" + "f" * 29))

    def named(prefix: str) -> list[str]:
        return [summary.trace_id.rstrip("0") for summary in store.named(prefix, 5)]

    assert named("abcdef") == ["abcdef", "abcdef1"]
    assert named("abcdef1") == ["abcdef1"]
    assert named("abcffffff") == ["abc" + "f" * 29]
    assert named("abd") == []
    assert len(store.named("ab")) == 2


def test_deleting(store: Store) -> None:
    put(store, recording("11" * 16), recording("12" * 16))
    assert store.delete(["11" * 16, "13" * 16]) == 1
    assert (listed(store), list(store.spans("11" * 16))) == (["12" * 16], [])
    put(store, recording("11" * 16))
    assert facts(store, "11" * 16).complete


def test_expiring_by_age_and_by_size(store: Store) -> None:
    for number in range(300):
        put(store, recording(trace_id(number), at=NOON + number * SECOND))
    assert store.expire(NOON + 250 * SECOND, 0) == 250
    assert [len(listed(store, limit=999)), facts(store, trace_id(250)).complete] == [50, True]
    before = store.size()
    assert store.expire(0, before.disk) == 0
    removed = store.expire(0, before.disk * 2 // 3)
    assert 0 < removed < 50
    assert listed(store, limit=999) == [trace_id(number) for number in range(299, 249 + removed, -1)]


def test_size(store: Store) -> None:
    put(store, recording("21" * 16), [span("22" * 16, 1)])
    size = store.size()
    assert size == Size(2, sum(len(data) for trace in ("21", "22") for data in store.spans(trace * 16)), size.disk)
    assert size.disk > 0


def test_hostile_numbers_and_texts_are_data(store: Store) -> None:
    huge = request_span("31" * 16, "/'; DROP TABLE trace;--\x00é" + "x" * 5000, query="a=%00", at=2**64 - 2 * SECOND)
    huge.end_time_unix_nano = 1
    put(store, [huge, end_span("31" * 16, -5)])
    found = facts(store, "31" * 16)
    assert found.request is not None
    assert (found.request.started, found.request.ended, len(found.request.path), found.complete) == (2**63 - 1, 1, 2048, False)
    assert found.losses == ("the end record does not say how many spans there were",)
    assert spans_in(store.spans("31" * 16))[0] == huge


def test_a_closed_store_refuses(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(Exception, match="closed"):
        store.write([arrivals(recording("41" * 16))])


def test_a_pinned_trace_stays_whatever_the_limits_are(reopen: Callable[[], Store]) -> None:
    store = reopen()
    for number in range(40):
        put(store, recording(trace_id(number), at=NOON + number * SECOND))
    for number in (3, 7):
        store.pin(trace_id(number), True)
    store = reopen()
    put(store, [span(trace_id(3), 99)])  # what arrives later changes nothing
    assert store.size().pinned == 2
    assert store.expire(NOON + 30 * SECOND, 0) == 28
    assert store.expire(0, 0, 5) == 7
    assert listed(store) == [trace_id(number) for number in (39, 38, 37, 7, 3)]
    assert store.expire(0, 1) == 3
    store.pin(trace_id(7), False)
    assert store.expire(0, 1) == 1
    assert store.delete([trace_id(3)]) == 1
    assert (listed(store), store.size().pinned) == ([], 0)
