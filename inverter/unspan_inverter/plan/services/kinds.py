"""What a client's file provides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Context, Statement


@dataclass(frozen=True, slots=True)
class Stub:
    """What answers one client's requests: the contexts to enter, the assertions on what was sent, the functions the file needs."""

    contexts: tuple[Context, ...]
    asserts: tuple[Statement, ...]
    functions: tuple[str, ...] = ()


Client = Callable[[Sequence[HttpAnswered], str], Stub]
"""`(exchanges in order, name for the mock) → Stub`."""
HOP = {"connection", "content-encoding", "content-length", "date", "keep-alive", "server", "transfer-encoding", "set-cookie2", "via"}
"""Response headers that are not repeated: they describe the recorded connection."""


def kept_headers(exchange: HttpAnswered) -> dict[str, str]:
    """The answer's headers that an application may look at."""
    return dict(kept_pairs(exchange))


def kept_pairs(exchange: HttpAnswered) -> list[tuple[str, str]]:
    """The same with those that come several times."""
    return [(name, value) for name, value in exchange.response_headers if name.lower() not in HOP]


def last_name(dotted: str) -> str:
    return dotted.rsplit(".", 1)[-1]
