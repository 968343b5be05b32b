"""A whole trace as the inverter sees it: ordered, checked spans of one request, task or command, and the description of the project it ran in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from unspan_proto import FORMAT, parts
from unspan_proto import vocabulary as v
from unspan_proto.errors import ContractError, NotEncoded, check_format
from unspan_proto.project import Project, from_plain
from unspan_proto.span import Span

from unspan_inverter.errors import NoRequest, NotFromWork, Unreadable


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded request, or in its place a task or a command. `spans` are ours, below it and in the order they began; `gaps` are sentences on what is
    missing."""

    id: str
    request: Span
    spans: tuple[Span, ...]
    project: Project
    gaps: tuple[str, ...] = ()
    redacted: Mapping[str, str] = field(default_factory=dict[str, str])
    """Texts that stand in the place of secrets, with the function of the project whose code holds the secret as a literal; empty for most."""
    signed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of them that the application's own signature stood under: how it signs (see `vocabulary.REDACTED`)."""

    @property
    def of_work(self) -> bool:
        """Whether a task or a command stands in the place of the request."""
        return self.request.what == v.WORK

    def children(self) -> Mapping[str, Sequence[Span]]:
        """Span id → the spans directly below it."""
        below: defaultdict[str, list[Span]] = defaultdict(list)
        for span in self.spans:
            below[span.parent_id].append(span)
        return below


def built(spans: Iterable[Span], project_spans: Iterable[Span] = ()) -> Trace:
    """The trace of these spans. Raises NoRequest, NotFromWork, Unreadable, or NewerFormat's sentence as Unreadable."""
    joined, gaps = parts.joined(merged(spans))
    some = next((span.trace_id for span in joined), "")
    request = root(joined, some)
    try:
        check_format(request.attributes.get(v.FORMAT, FORMAT))
        below, strays = descendants(request, joined)
        gaps += strays + repeated(joined) + losses(below) + backwards(below)
        return Trace(
            some,
            request,
            tuple(below),
            described(project_spans, some),
            tuple(gaps),
            substitutes(below, 2),
            {text: how for text, how in substitutes(below, 3).items() if how},
        )
    except ContractError as error:
        raise Unreadable(some, str(error)) from None


REPEATABLE: Final = ("task", "command")
"""Units of work that a test can do again."""


def root(joined: Sequence[Span], trace_id: str) -> Span:
    """The unit of work of a trace that is one, else its first request. Raises NoRequest, NotFromWork."""
    for what in (v.WORK, v.BEGUN):
        for span in joined:
            if span.what == what:
                kind = str(span.attributes.get(v.WORK_KIND))
                if what == v.BEGUN or kind not in REPEATABLE:
                    raise NotFromWork(trace_id, kind, str(span.attributes.get(v.WORK_NAME)), cut=what == v.BEGUN and kind in REPEATABLE)
                return span
    requests = sorted((span for span in joined if span.what == v.REQUEST), key=lambda span: span.start)
    if not requests:
        raise NoRequest(trace_id)
    return requests[0]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans without exact repetitions: a sender may deliver a batch twice."""
    found: dict[str, list[Span]] = {}
    order: list[Span] = []
    for span in spans:
        same = found.setdefault(span.span_id, [])
        if not any(content(span) == content(other) for other in same):
            same.append(span)
            order.append(span)
    return order


def content(span: Span) -> tuple[object, ...]:
    return (span.parent_id, span.name, span.start, span.end, dict(span.attributes))


def repeated(spans: Sequence[Span]) -> list[str]:
    """A sentence for each span id that stands for different contents."""
    seen: dict[str, int] = {}
    for span in spans:
        seen[span.span_id] = seen.get(span.span_id, 0) + 1
    return [f"span id {id} stands for {n} different spans" for id, n in seen.items() if n > 1]


def descendants(request: Span, spans: Sequence[Span]) -> tuple[list[Span], list[str]]:
    """Our spans below the request in order of time, and a sentence on those that hang nowhere or in a circle."""
    below = reaching(request.span_id, {span.span_id: span.parent_id for span in spans})
    ours = [span for span in spans if span is not request and span.what]
    mine = [span for span in ours if span.span_id in below]
    stray = sum(span.what != v.REQUEST and span.span_id not in below for span in ours)
    gaps = [f"{stray} spans have no way up to the request: their parents are missing or form a circle"] if stray else []
    return sorted(mine, key=lambda span: (span.start, span.end, span.span_id)), gaps


def reaching(root: str, parents: Mapping[str, str]) -> set[str]:
    """The ids of the spans from which the way up leads to `root`."""
    found: set[str] = {root}
    for start in parents:
        way: dict[str, None] = {}
        at = start
        while at in parents and at not in found and at not in way:
            way[at] = None
            at = parents[at]
        if at in found:
            found.update(way)
    return found - {root}


def losses(below: Sequence[Span]) -> list[str]:
    """What the recorder itself says it lost, and what did not arrive."""
    lost: list[str] = []
    for end in ends(below):  # a request that the application made to itself has one of its own
        said: Any = end.value(v.LOST, [])
        if not isinstance(said, list) or not isinstance(end.attributes.get(v.RECORDED, 0), int):
            raise NotEncoded("its last record does not say what was lost")
        lost += [str(sentence) for sentence in cast(list[object], said)]
    return list(dict.fromkeys([*lost, *not_arrived(below)]))


def substitutes(below: Sequence[Span], place: int) -> dict[str, str]:
    """Which texts stand in the place of secrets, and what the recorder says of each in this place of the list at the end."""
    said = [one for end in ends(below) for one in cast(list[object], end.value(v.REDACTED, []) or [])]
    pairs = [cast(list[object], one) for one in said if isinstance(one, list)]
    return {str(one[1]): str(one[place]) for one in pairs if len(one) == 4 and len(str(one[1])) > 1}


def ends(spans: Sequence[Span]) -> list[Span]:
    return [span for span in spans if span.what == v.END]


def not_arrived(below: Sequence[Span]) -> list[str]:
    """Whether the ends of all requests are there, and as many spans as they count."""
    found, requests = ends(below), 1 + sum(span.what == v.REQUEST for span in below)
    if not found:
        return ["its end did not arrive: the request was still running, or the process stopped before it was sent"]
    counts = [count for end in found if isinstance(count := end.attributes.get(v.RECORDED, 0), int)]
    recorded, arrived = sum(counts), 1 + sum(span.what != v.END for span in below)
    lost = [f"{requests - len(found)} of {requests} requests of this trace did not end"] if len(found) < requests else []
    return [*lost, f"{recorded - arrived} of {recorded} spans did not arrive"] if arrived < recorded else lost


def backwards(below: Sequence[Span]) -> list[str]:
    wrong = sum(span.end < span.start for span in below)
    return [f"{wrong} spans end before they begin: the clock went backwards, their order may be wrong"] if wrong else []


def described(project_spans: Iterable[Span], trace_id: str) -> Project:
    """The project's description. Raises Unreadable where there is none, or a damaged one."""
    joined, gaps = parts.joined(merged(project_spans))
    for span in joined:
        if span.what == v.PROJECT and not gaps:
            check_format(span.attributes.get(v.FORMAT, FORMAT))
            return from_plain(span.value(v.DESCRIPTION))
    raise Unreadable(trace_id, "the description of the project (models, routes) is not there")
