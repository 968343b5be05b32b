"""What the store remembers of the traces written last has a bound, whatever came."""

from collections.abc import Iterator

import pytest
from unspan_collector.arrivals import Arrival
from unspan_collector.facts import Facts, Glimpse
from unspan_collector.store.known import MOST_SPANS, Known, Memory

SITUATIONS = {
    "as many spans as are remembered": (MOST_SPANS, MOST_SPANS, [b"one", b"two"]),
    "one more": (MOST_SPANS + 1, MOST_SPANS + 1, [b"one", b"two", b"one"]),
    "one id with ever another content": (MOST_SPANS + 1, 1, [b"one", b"two", b"one"]),
}


def glimpses(count: int, ids: int) -> Iterator[Glimpse]:
    for number in range(count):
        yield Glimpse((number % ids).to_bytes(8, "big"), number.to_bytes(12, "big"), "call", 1, 2, None)


@pytest.mark.parametrize(("count", "ids", "expected"), SITUATIONS.values(), ids=SITUATIONS)
def test_the_oldest_trace_is_forgotten_over_the_limit(count: int, ids: int, expected: list[bytes]) -> None:
    read: list[bytes] = []

    def reading(trace_id: bytes) -> Known:
        read.append(trace_id)
        return Known(Facts())

    memory = Memory(reading)
    for trace_id, arrived in ((b"one", tuple(glimpses(count, ids))), (b"two", ())):
        known = memory.trace(trace_id)
        known.add(Arrival(trace_id, b"", arrived))
        memory.grown(len(known))
    memory.trace(b"one")
    assert read == expected
