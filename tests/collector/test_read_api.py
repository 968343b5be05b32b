"""The read API against a real process: what a list says, which trace a name means, what is waited for."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from unspan_collector.chunks import CHUNK_BYTES, chunks
from unspan_collector.facts import Exchange, Facts
from unspan_collector.latest import aside
from unspan_proto import vocabulary as v
from unspan_proto.readapi import traces_pb2 as api

from .making import NOON, SECOND, end_span, export, recording, request_span, span, spans_in, trace_id, work_spans
from .process import Process, code_of


@pytest.fixture
def fresh(collector: Process) -> Process:
    """The collector without traces."""
    collector.traces.Delete(api.DeleteRequest(trace_ids=[one.trace_id for one in collector.list(limit=10_000, all_kinds=True)]))
    return collector


@pytest.fixture
def later() -> Iterator[Any]:
    """Runs something after a moment, in a thread that the test waits for."""
    threads: list[threading.Thread] = []

    def start(work: Any, seconds: float = 0.3) -> None:
        threads.append(threading.Thread(target=lambda: (time.sleep(seconds), work())))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def test_a_summary_says_what_a_list_shows(fresh: Process) -> None:
    trace = trace_id()
    raw = export(recording(trace, "/todos/", query="page=2", method="POST", status=302), service="shop").SerializeToString()
    fresh.send_raw(raw)
    expected = api.Summary(
        trace_id=trace, started_unix_nano=NOON, duration_nano=SECOND, method="POST", path="/todos/?page=2", status=302, spans=6, sql=2,
        bytes=len(raw), complete=True, service="shop",
    )  # fmt: skip
    assert fresh.list() == [expected]
    assert fresh.get(trace) == (expected, recording(trace, "/todos/", query="page=2", method="POST", status=302))


def test_a_summary_says_what_is_lost_or_missing(fresh: Process) -> None:
    lost, missing = trace_id(), trace_id()
    fresh.send([request_span(lost), end_span(lost, 1, ["3 rows were cut"])])
    fresh.send(recording(missing)[2:])
    assert {one.trace_id: (one.complete, list(one.lost)) for one in fresh.list()} == {
        lost: (False, ["3 rows were cut"]),
        missing: (False, ["2 of 6 spans have not arrived"]),
    }
    assert fresh.list(only_complete=True) == []


def test_project_descriptions_and_foreign_traces_are_kept_and_listed_on_demand(fresh: Process) -> None:
    project, foreign, request = trace_id(), trace_id(), trace_id()
    fresh.send([span(project, 1, v.PROJECT, attributes={v.DESCRIPTION: "{}"}, at=NOON + 2)])
    fresh.send([span(foreign, 1, at=NOON + 1)])
    fresh.send(recording(request))
    assert [one.trace_id for one in fresh.list()] == [request]
    assert [one.trace_id for one in fresh.list(all_kinds=True)] == [project, foreign, request]
    assert fresh.get(project, wait=30)[1] == [span(project, 1, v.PROJECT, attributes={v.DESCRIPTION: "{}"}, at=NOON + 2)]
    assert fresh.get(foreign, wait=30)[1] == [span(foreign, 1, at=NOON + 1)]


LISTS = {
    "usual": ({}, 20),
    "a limit": ({"limit": 7}, 7),
    "a large limit": ({"limit": 2**31 - 1}, 25),
    "path": ({"path": "/todos/*/"}, 20),
    "path and limit": ({"path": "/todos/2?/", "limit": 3}, 3),
    "method": ({"method": "get", "limit": 99}, 25),
    "status": ({"status": "200", "limit": 99}, 13),
    "class": ({"status": "4XX", "limit": 99}, 12),
    "since": ({"since_unix_nano": NOON + 20 * SECOND}, 5),
}


@pytest.fixture(scope="module")
def full(collector: Process) -> Process:
    collector.traces.Delete(api.DeleteRequest(trace_ids=[one.trace_id for one in collector.list(limit=10_000, all_kinds=True)]))
    for number in range(25):
        collector.send(recording(trace_id(), f"/todos/{number}/", status=200 if number % 2 == 0 else 404, at=NOON + number * SECOND))
    return collector


@pytest.mark.parametrize(("filters", "expected"), LISTS.values(), ids=LISTS)
def test_lists(full: Process, filters: dict[str, Any], expected: int) -> None:
    found = full.list(**filters)
    assert len(found) == expected
    assert found == sorted(found, key=lambda one: -one.started_unix_nano)


WRONG = {
    "status": (lambda c: c.list(status="40x"), "'40x' is no status: write it like 404 or 4xx"),
    "limit": (lambda c: c.list(limit=-1), "the limit -1 is negative"),
    "short": (lambda c: c.get("abc"), "'abc' is no trace id: it has 32 hexadecimal digits, a prefix of it 6 or more; or write latest"),
    "long": (
        lambda c: c.get("a" * 33),
        f"'{'a' * 33}' is no trace id: it has 32 hexadecimal digits, a prefix of it 6 or more; or write latest",
    ),
    "no digits": (
        lambda c: c.get("oh no; \x1b[31m"),
        "'oh no; \\x1b[31m' is no trace id: it has 32 hexadecimal digits, a prefix of it 6 or more; or write latest",
    ),
    "deletion by prefix": (
        lambda c: c.traces.Delete(api.DeleteRequest(trace_ids=["abcdef"])),
        "'abcdef' is no whole trace id: to delete, give all 32 digits",
    ),
}


@pytest.mark.parametrize(("ask", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_questions_get_a_sentence(collector: Process, ask: Any, sentence: str) -> None:
    assert code_of(lambda: ask(collector))[:2] == ("INVALID_ARGUMENT", sentence)


def test_unknown_traces(fresh: Process) -> None:
    trace = "abcdef" * 5 + "00"
    sentence = "trace abcdefabcdef… is not stored here: it may not have arrived yet, or was sent elsewhere"
    assert code_of(lambda: fresh.get(trace))[:2] == ("NOT_FOUND", sentence)
    assert code_of(lambda: fresh.get("latest"))[:2] == ("NOT_FOUND", "no complete request has been recorded here yet")


def test_prefixes(fresh: Process) -> None:
    one, two = "abcdef1" + "0" * 25, "abcdef2" + "0" * 25
    fresh.send(recording(one))
    assert fresh.get("ABCDEF")[0].trace_id == one
    fresh.send(recording(two))
    assert fresh.get("abcdef2")[0].trace_id == two
    code, sentence, _ = code_of(lambda: fresh.get("abcdef", wait=30))
    assert (code, sentence) == (
        "INVALID_ARGUMENT",
        "the prefix abcdef fits several traces (abcdef100000…, abcdef200000…): give more digits",
    )


def test_deleting(fresh: Process) -> None:
    one, two = trace_id(), trace_id()
    fresh.send([*recording(one), *recording(two)])
    assert fresh.traces.Delete(api.DeleteRequest(trace_ids=[one, "00" * 15 + "01"])).deleted == 1
    assert [found.trace_id for found in fresh.list()] == [two]


def test_a_trace_that_has_not_arrived_is_waited_for(fresh: Process, later: Any) -> None:
    trace = trace_id()
    later(lambda: fresh.send(recording(trace)))
    assert fresh.get(trace, wait=30)[0].complete


def test_a_trace_that_is_not_whole_is_waited_for(fresh: Process, later: Any) -> None:
    trace = trace_id()
    fresh.send(recording(trace)[:4])
    assert not fresh.get(trace)[0].complete
    later(lambda: fresh.send(recording(trace)[4:]))
    assert fresh.get(trace, wait=30)[1] == recording(trace)


def test_waiting_ends_with_what_is_there(fresh: Process) -> None:
    trace = trace_id()
    fresh.send(recording(trace)[:4])
    assert fresh.get(trace, wait=0.2)[1] == recording(trace)[:4]


def test_a_trace_that_lost_something_is_not_waited_for(fresh: Process) -> None:
    trace = trace_id()
    fresh.send([request_span(trace), end_span(trace, 1, ["rows were cut"])])
    assert fresh.get(trace, wait=30)[0].lost == ["rows were cut"]


def test_latest_is_the_newest_complete_request_that_a_person_means(fresh: Process) -> None:
    wanted = trace_id()
    fresh.send(recording(wanted, "/todos/", at=NOON))
    for after, path in enumerate(("/static/site.css", "/favicon.ico", "/healthz", "/api/health/"), 1):
        fresh.send(recording(trace_id(), path, at=NOON + after * SECOND))
    broken = trace_id()
    fresh.send([request_span(broken, at=NOON + 9 * SECOND), end_span(broken, 1, ["rows were cut"])])
    fresh.send([span(trace_id(), 1, at=NOON + 10 * SECOND)])
    assert fresh.get("latest", wait=30)[0].trace_id == wanted


def test_latest_waits_for_a_request_in_flight(fresh: Process, later: Any) -> None:
    old, new = trace_id(), trace_id()
    fresh.send(recording(old, at=NOON))
    fresh.send(recording(new, at=NOON + SECOND)[:2])
    assert fresh.get("latest")[0].trace_id == old
    assert fresh.get("latest", wait=0.2)[0].trace_id == old
    later(lambda: fresh.send(recording(new, at=NOON + SECOND)[2:]))
    assert fresh.get("latest", wait=30)[0].trace_id == new


def test_latest_waits_for_the_first_request(fresh: Process, later: Any) -> None:
    trace = trace_id()
    later(lambda: fresh.send(recording(trace)))
    assert fresh.get("latest", wait=30)[0].trace_id == trace


def test_a_large_trace_comes_in_messages_that_any_client_takes(fresh: Process) -> None:
    trace = trace_id()
    spans = [span(trace, number, v.CALL, attributes={"text": f"{number:05}" * 40_000}) for number in range(1, 41)]
    spans += [request_span(trace, span_id=50), end_span(trace, 41)]
    fresh.send(spans[:30])
    fresh.send(spans[30:])
    found = list(fresh.traces.Get(api.GetRequest(trace_id=trace)))
    assert [chunk.HasField("summary") for chunk in found] == [True, *[False] * (len(found) - 1)]
    assert max(len(chunk.traces_data) for chunk in found) <= CHUNK_BYTES < 3 << 20
    assert spans_in(chunk.traces_data for chunk in found) == spans
    assert found[0].summary.complete


def test_chunks_of_small_pieces_are_few() -> None:
    stored = [export([span("ab" * 16, number)]).SerializeToString() for number in range(1, 101)]
    assert spans_in(chunks(iter(stored))) == [span("ab" * 16, number) for number in range(1, 101)]
    assert [len(list(chunks(iter(stored)))), len(list(chunks(iter(stored), len(stored[0]) * 10)))] == [1, 10]


def test_a_span_larger_than_a_message_travels_alone() -> None:
    spans = [span("ab" * 16, 1), span("ab" * 16, 2, attributes={"text": "x" * 5000}), span("ab" * 16, 3)]
    assert [spans_in([data]) for data in chunks(iter([export(spans).SerializeToString()]), 2000)] == [[one] for one in spans]


def test_a_client_that_waits_does_not_keep_others_waiting(fresh: Process) -> None:
    waiting = [fresh.traces.Get(api.GetRequest(trace_id=trace_id(), wait_seconds=60)) for _ in range(50)]
    trace = trace_id()
    fresh.send(recording(trace))
    assert fresh.get(trace)[0].complete
    for call in waiting:
        call.cancel()


ASIDES = {
    ("GET", "/static/app.js"): True, ("GET", "/favicon.ico"): True, ("HEAD", "/media/x"): True, ("GET", "/health"): True, ("GET", "/HealthZ/"): True,
    ("GET", "/-/ready"): True, ("GET", "/logo.PNG"): True, ("GET", "/.well-known/security.txt"): True,
    ("GET", "/"): False, ("GET", "/todos/"): False, ("POST", "/health"): False, ("GET", "/health/records/"): False, ("GET", "/pingpong/"): False,
    ("GET", "/report.csv"): False, ("GET", "/statics"): False,
}  # fmt: skip


@pytest.mark.parametrize(("request_line", "expected"), ASIDES.items(), ids=[" ".join(line) for line in ASIDES])
def test_asides(request_line: tuple[str, str], expected: bool) -> None:
    assert aside(Facts(request=Exchange(0, 0, request_line[0], request_line[1], "", 200))) is expected


def test_a_trace_without_a_request_is_no_aside() -> None:
    assert aside(Facts()) is False


def test_units_of_work_are_listed_beside_requests_and_are_never_the_latest(fresh: Process) -> None:
    """Not one that holds a request either, nor one that goes on: `latest` does not wait for it."""
    asked, done, going_on = trace_id(), trace_id(), trace_id()
    fresh.send(recording(asked, "/buy/"))
    task = work_spans(done, "task", "shop.tasks.send", at=NOON + SECOND)
    fresh.send([*task, request_span(done, "/inner/", at=NOON + SECOND), end_span(done, 2), end_span(done, 1, span_id=0xE0E)])
    fresh.send([work_spans(going_on, "command", "shop.poll", at=NOON + 2 * SECOND)[0], span(going_on, 7, v.SQL, at=NOON + 2 * SECOND)])
    found = fresh.traces.List(api.ListRequest()).traces
    assert [(one.trace_id, one.method, one.path, one.status, one.complete) for one in found] == [
        (going_on, "COMMAND", "shop.poll", 0, False),
        (done, "TASK", "shop.tasks.send", 0, True),
        (asked, "GET", "/buy/", 200, True),
    ]
    chosen = fresh.traces.List(api.ListRequest(method="task", path="shop.tasks.*")).traces
    assert [one.trace_id for one in chosen] == [done]
    assert next(iter(fresh.traces.Get(api.GetRequest(trace_id="latest", wait_seconds=0)))).summary.trace_id == asked
