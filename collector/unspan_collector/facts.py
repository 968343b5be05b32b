"""What the index knows of a trace, and how it grows with each batch. Pure values; nothing here reads or writes.

A span is seen once (`Glimpse`), the glimpses of a batch make `Facts`, and the facts of all batches are merged into one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from unspan_proto import vocabulary as v

MOST_LOSSES = 200
"""Sentences that a trace keeps on what was lost, of all its end records together."""
MORE_LOSSES = "more was lost than is listed here"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The HTTP request of a trace. Times are nanoseconds since 1970; `query` without `?`; `status` 0 when there was none."""

    started: int
    ended: int
    method: str
    path: str
    query: str
    status: int


@dataclass(frozen=True, slots=True)
class Work:
    """The unit of work of a trace, as its first record (`ended` 0) or its root tells: `kind` is `task`, `command`, `test` or `script`."""

    started: int
    ended: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What the `end` record says: how many spans were sent, and what was lost."""

    recorded: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A `part` span: which of how many; `of_losses` when it is a piece of the list of losses."""

    index: int
    count: int
    of_losses: bool


class Glimpse(NamedTuple):
    """What the index needs of one span. `digest` tells two contents under one id apart."""

    span_id: bytes
    digest: bytes
    kind: str
    started: int
    ended: int
    detail: Exchange | Work | Ending | Piece | None


@dataclass(frozen=True, slots=True)
class Facts:
    """One trace, summed up. `parts_due` counts what the first piece of each attribute announces; `counted` the spans that `expected` is about."""

    started: int = 0
    ended: int = 0
    spans: int = 0
    sql: int = 0
    bytes: int = 0
    counted: int = 0
    expected: int = 0
    requests: int = 0
    works: int = 0
    begun: int = 0
    ends: int = 0
    projects: int = 0
    parts: int = 0
    parts_due: int = 0
    conflicts: int = 0
    rejected: int = 0
    damaged: int = 0
    lost: tuple[str, ...] = ()
    service: str = ""
    request: Exchange | None = None
    work: Work | None = None

    @property
    def since(self) -> int:
        """When the unit of work, or the request, began; where neither is known, the first span."""
        return self.work.started if self.work else self.request.started if self.request else self.started

    @property
    def until(self) -> int:
        """When it ended."""
        return (self.work.ended if self.work else self.request.ended if self.request else 0) or self.ended

    @property
    def method(self) -> str:
        """As sent; of a unit of work its kind, in upper case."""
        return self.work.kind.upper() if self.work else self.request.method if self.request else ""

    @property
    def title(self) -> str:
        """The path with its query; of a unit of work its name."""
        if self.work or not self.request:
            return self.work.name if self.work else ""
        return self.request.path + ("?" + self.request.query if self.request.query else "")

    @property
    def roots(self) -> int:
        """Recordings whose root is here: requests, and units of work."""
        return self.requests + self.works

    @property
    def open_ended(self) -> bool:
        """Whether a root or an end is not here yet."""
        return not self.roots or self.ends < self.roots or self.works < self.begun

    @property
    def losses(self) -> tuple[str, ...]:
        """What can never come any more."""
        said = list(self.lost)
        if self.conflicts:
            said.append(f"{spans(self.conflicts)} came twice under one id with different content: both are kept")
        if self.rejected:
            said.append(f"{spans(self.rejected)} could not be decoded and {'was' if self.rejected == 1 else 'were'} rejected")
        if self.damaged:
            said.append(f"{spans(self.damaged)} or more stood on damaged pages of the collector's file")
        return tuple(said)

    @property
    def missing(self) -> tuple[str, ...]:
        """What was announced and is not here, once the request or the work has ended."""
        if self.open_ended:
            return ()
        gap = self.expected - self.counted
        said = [f"{gap} of {self.expected} spans have not arrived"] if gap > 0 else []
        if gap < 0:
            said.append(f"{spans(-gap)} more than the {self.expected} announced")
        if self.parts != self.parts_due:
            said.append("pieces of a large value have not arrived")
        return tuple(said)

    @property
    def complete(self) -> bool:
        """The request or the work has ended, all of it is here, and nothing was lost."""
        return not self.open_ended and self.ends == self.roots and not self.missing and not self.losses

    @property
    def in_flight(self) -> bool:
        """A recording of ours of which more must come. Not where a span was rejected or changed: those would be waited for in vain."""
        waiting = self.open_ended or bool(self.missing)
        description = self.projects and not (self.roots or self.begun)
        return bool(self.counted) and waiting and not (self.conflicts or self.rejected or self.damaged or description)


def spans(count: int) -> str:
    return f"{count} span" if count == 1 else f"{count} spans"


def summed(glimpses: Iterable[Glimpse], size: int, service: str) -> Facts:
    """The facts of spans that are new to their trace; `size` in bytes as stored, before compression."""
    seen = list(glimpses)
    details = [glimpse.detail for glimpse in seen if glimpse.detail is not None]
    exchanges = [detail for detail in details if isinstance(detail, Exchange)]
    endings = [detail for detail in details if isinstance(detail, Ending)]
    pieces = [detail for detail in details if isinstance(detail, Piece)]
    works = [detail for detail in details if isinstance(detail, Work)]
    kinds = [glimpse.kind for glimpse in seen]
    own = sum(1 for kind in kinds if kind in (v.END, v.PART))
    return Facts(
        started=min((glimpse.started for glimpse in seen if glimpse.started), default=0),
        ended=max((glimpse.ended for glimpse in seen), default=0),
        spans=len(seen) - own, sql=kinds.count(v.SQL), bytes=size,
        counted=sum(1 for kind in kinds if kind) - own, expected=sum(ending.recorded for ending in endings),
        requests=kinds.count(v.REQUEST), works=kinds.count(v.WORK), begun=kinds.count(v.BEGUN), ends=len(endings), projects=kinds.count(v.PROJECT),
        parts=len(pieces), parts_due=sum(piece.count for piece in pieces if piece.index == 0),
        lost=losses(endings, pieces), service=service, request=min(exchanges, key=started, default=None), work=max(works, key=known, default=None),
    )  # fmt: skip


def losses(endings: list[Ending], pieces: list[Piece]) -> tuple[str, ...]:
    said = [sentence for ending in endings for sentence in ending.lost]
    if any(piece.of_losses for piece in pieces):
        said.append("more was lost than fits one span: the trace's end record lists it")
    return tuple(dict.fromkeys(said))


def merged(one: Facts, other: Facts) -> Facts:
    """The facts of both batches; order does not matter, but for which service name wins."""
    exchanges = [facts.request for facts in (one, other) if facts.request]
    works = [facts.work for facts in (one, other) if facts.work]
    return Facts(
        started=min(filter(None, (one.started, other.started)), default=0), ended=max(one.ended, other.ended),
        spans=one.spans + other.spans, sql=one.sql + other.sql, bytes=one.bytes + other.bytes,
        counted=one.counted + other.counted, expected=one.expected + other.expected,
        requests=one.requests + other.requests, works=one.works + other.works, begun=one.begun + other.begun, ends=one.ends + other.ends, projects=one.projects + other.projects,
        parts=one.parts + other.parts, parts_due=one.parts_due + other.parts_due,
        conflicts=one.conflicts + other.conflicts, rejected=one.rejected + other.rejected, damaged=one.damaged + other.damaged,
        lost=listed(one.lost + other.lost), service=one.service or other.service,
        request=min(exchanges, key=started, default=None), work=max(works, key=known, default=None),
    )  # fmt: skip


def listed(losses: tuple[str, ...]) -> tuple[str, ...]:
    """Each once; over the limit, that there are more."""
    found = tuple(sentence for sentence in dict.fromkeys(losses) if sentence != MORE_LOSSES)
    more = len(found) > MOST_LOSSES or MORE_LOSSES in losses
    return (*found[:MOST_LOSSES], MORE_LOSSES) if more else found


def known(work: Work) -> int:
    """The root knows more than the first record."""
    return work.ended


def started(exchange: Exchange) -> int:
    return exchange.started


def marked(facts: Facts, conflicts: int, rejected: int) -> Facts:
    return replace(facts, conflicts=facts.conflicts + conflicts, rejected=facts.rejected + rejected)
