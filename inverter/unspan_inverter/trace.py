"""A whole trace as the inverter sees it: ordered, checked spans of one request, and the description of the project it ran in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from unspan_proto import FORMAT, parts
from unspan_proto import vocabulary as v
from unspan_proto.errors import ContractError, NewerFormat
from unspan_proto.project import Project, from_plain
from unspan_proto.span import Span

from unspan_inverter.errors import NoRequest, Unreadable


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded request. `spans` are ours, below the request and in the order they began; `gaps` are sentences on what is missing."""

    id: str
    request: Span
    spans: tuple[Span, ...]
    project: Project
    gaps: tuple[str, ...] = ()

    def children(self) -> Mapping[str, Sequence[Span]]:
        """Span id → the spans directly below it."""
        below: defaultdict[str, list[Span]] = defaultdict(list)
        for span in self.spans:
            below[span.parent_id].append(span)
        return below


def built(spans: Iterable[Span], project_spans: Iterable[Span] = ()) -> Trace:
    """The trace of these spans. Raises NoRequest, Unreadable, or NewerFormat's sentence as Unreadable."""
    joined, gaps = parts.joined(merged(spans))
    some = next((span.trace_id for span in joined), "")
    requests = sorted((span for span in joined if span.what == v.REQUEST), key=lambda span: span.start)
    if not requests:
        raise NoRequest(some)
    request = requests[0]
    try:
        check_format(request)
        below, strays = descendants(request, joined)
        gaps += strays + repeated(joined) + losses(request, below) + backwards(below)
        return Trace(some, request, tuple(below), described(project_spans, some), tuple(gaps))
    except ContractError as error:
        raise Unreadable(some, str(error)) from None


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


def check_format(request: Span) -> None:
    found = request.attributes.get(v.FORMAT, FORMAT)
    if not isinstance(found, int) or found > FORMAT:
        raise NewerFormat(found if isinstance(found, int) else -1, FORMAT)


def descendants(request: Span, spans: Sequence[Span]) -> tuple[list[Span], list[str]]:
    """Our spans below the request in order of time, and a sentence on those that hang nowhere or in a circle."""
    parents = {span.span_id: span.parent_id for span in spans}
    mine: list[Span] = []
    stray = 0
    for span in spans:
        if span is request or not span.what:
            continue
        if reaches(span, request.span_id, parents):
            mine.append(span)
        elif span.what != v.REQUEST:
            stray += 1
    gaps = [f"{stray} spans have no way up to the request: their parents are missing or form a circle"] if stray else []
    return sorted(mine, key=lambda span: (span.start, span.end)), gaps


def reaches(span: Span, root: str, parents: Mapping[str, str]) -> bool:
    at, passed = span.span_id, set[str]()
    while at and at not in passed:
        passed.add(at)
        at = parents.get(at, "")
        if at == root:
            return True
    return False


def losses(request: Span, below: Sequence[Span]) -> list[str]:
    """What the recorder itself says it lost, and what did not arrive."""
    ends = [span for span in below if span.what == v.END]
    if not ends:
        return ["its end did not arrive: the request was still running, or the process stopped before it was sent"]
    lost: list[str] = [str(sentence) for sentence in ends[0].value(v.LOST, [])]
    recorded = int(ends[0].attributes.get(v.RECORDED, 0))
    arrived = 1 + sum(span.what != v.END for span in below)
    if arrived < recorded:
        lost.append(f"{recorded - arrived} of {recorded} spans did not arrive")
    return lost


def backwards(below: Sequence[Span]) -> list[str]:
    wrong = sum(span.end < span.start for span in below)
    return [f"{wrong} spans end before they begin: the clock went backwards, their order may be wrong"] if wrong else []


def described(project_spans: Iterable[Span], trace_id: str) -> Project:
    """The project's description. Raises Unreadable where there is none, or a damaged one."""
    joined, gaps = parts.joined(merged(project_spans))
    for span in joined:
        if span.what == v.PROJECT and not gaps:
            check_format(span)
            try:
                return from_plain(span.value(v.DESCRIPTION))
            except (TypeError, KeyError, AttributeError, ValueError) as error:
                raise Unreadable(trace_id, f"the description of the project is damaged ({type(error).__name__})") from None
    raise Unreadable(trace_id, "the description of the project (models, routes) is not there")
