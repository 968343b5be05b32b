"""2,000 spoiled inputs; `make fuzz` is the long form."""

from pathlib import Path
from typing import Final

from collector.process import Process, memory

from .rounds import inverted, received

ROOM: Final = 96 << 20
"""Bytes: what a collector may hold more than when it started: the spans that it remembers, and what requests of many MiB left unused in the C library's arenas."""


def test_spoiled_requests_are_taken_or_refused(tmp_path: Path) -> None:
    with Process(tmp_path / "traces.sqlite3") as process:
        started = memory(process.popen.pid)
        outcomes = received(process.http, process.grpc, 0, 1_900)
        assert memory(process.popen.pid) < started + ROOM
        assert outcomes["200"] > 100
        assert outcomes["400"] > 100
        assert [line for line in process.said if "Traceback" in line] == []
        process.list(limit=10_000, all_kinds=True)
        assert process.stop() == 0


def test_spoiled_traces_become_tests_or_are_refused_with_a_sentence() -> None:
    outcomes = inverted(0, 100)
    assert outcomes.total() == 100
    assert outcomes["a test"] > 5
