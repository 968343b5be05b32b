"""Questions to the read API, checked: what a person may write, as what a store understands."""

from unspan_proto.readapi import traces_pb2 as api

from unspan_collector.errors import WrongQuestion
from unspan_collector.store.contract import NEVER, Query

USUAL_LIMIT, MOST_LISTED = 20, 10_000
SHORTEST_PREFIX = 6


def query(request: api.ListRequest) -> Query:
    """The store's question. Raises WrongQuestion."""
    if request.limit < 0:
        raise WrongQuestion(f"the limit {request.limit} is negative")
    return Query(
        limit=min(request.limit or USUAL_LIMIT, MOST_LISTED), path=request.path, method=request.method,
        status=statuses(request.status), since=request.since_unix_nano or NEVER,
        only_complete=request.only_complete, all_kinds=request.all_kinds,
    )  # fmt: skip


def statuses(text: str) -> tuple[int, int] | None:
    """From and to of "404" or "4xx"; None for an empty text. Raises WrongQuestion."""
    if not text:
        return None
    digits = text.lower().removesuffix("xx")
    if len(text) == 3 and digits.isascii() and digits.isdigit() and len(digits) in (1, 3):
        first = int(digits.ljust(3, "0"))
        return first, first if len(digits) == 3 else first + 99
    raise WrongQuestion(f"{text[:20]!r} is no status: write it like 404 or 4xx")


def prefix(trace_id: str) -> str:
    """The digits of an id or prefix, in lower case. Raises WrongQuestion."""
    digits = trace_id.lower()
    if not SHORTEST_PREFIX <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        raise WrongQuestion(
            f"{trace_id[:40]!r} is no trace id: it has 32 hexadecimal digits, a prefix of it {SHORTEST_PREFIX} or more; or write latest"
        )
    return digits


def whole_id(trace_id: str) -> str:
    digits = prefix(trace_id)
    if len(digits) != 32:
        raise WrongQuestion(f"{trace_id[:40]!r} is no whole trace id: to delete, give all 32 digits")
    return digits
