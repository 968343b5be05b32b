"""From two traces to what the second does differently, in the order in which it happened."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, Literal

from unspan_proto import vocabulary as v

from unspan_inverter.comparing.alignment import Pairs, aligned
from unspan_inverter.comparing.clocks import clocks
from unspan_inverter.comparing.containers import CONTAINERS
from unspan_inverter.comparing.correspondence import Correspondence
from unspan_inverter.comparing.elsewhere import OPENING, apart, debug_page
from unspan_inverter.comparing.moments import Moments, Run
from unspan_inverter.comparing.parts import ABSENT, MOST, Leaf
from unspan_inverter.comparing.steps import Step, request, response, steps, value
from unspan_inverter.trace import Trace

RANDOM: Final = ("random.", "secrets.", "uuid.", "os.urandom", "django.utils.crypto.")
AT_END: Final = frozenset({"locals", "result", "exception"})
Kind = Literal["missing", "added", "moved", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One departure. `missing`: only the first has the step; `added`: only the second; `moved`: both, in another order; `changed`: both, and
    `leaves` of the `aspect` differ. `times`: how often the same."""

    kind: Kind
    step: Step
    aspect: str = ""
    leaves: tuple[Leaf, ...] = ()
    other: Step | None = None
    times: int = 1
    made: tuple[int, int] = (0, 0)
    """How often steps of this name came in the first, in the second."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two traces do differently. `mapped`: how many keys, tokens and times of one stand for others of the other; `left`: what was not compared,
    because it belongs to where they ran → steps of it in the first, in the second."""

    first: Trace
    second: Trace
    differences: tuple[Difference, ...]
    steps: tuple[int, int]
    mapped: Correspondence
    left: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def same(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Side:
    """The steps of a trace, and how often each name comes."""

    steps: Sequence[Step]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


def compared(
    first: Trace, second: Trace, *, leave_out: Callable[[Step], bool] = lambda step: False, elsewhere_set: bool = False,
    earlier: Comparison | None = None,
) -> Comparison:  # fmt: skip
    """The comparison of two traces. `leave_out`: steps that are not compared, as those that a test's stubs answer; `elsewhere_set`: whether the second ran where
    a project may have other settings, as its tests do; `earlier`: the comparison of requests that came before these on the same rows."""
    found = Correspondence(
        first.project,
        moments(first, second),
        clocks(first.spans, second.spans),
        CONTAINERS,
        drawn(first) | drawn(second),
        hosts=hosts(first, second),
    )
    if earlier is not None:
        found.remember(earlier.mapped)
    pages = debug_page(first) != debug_page(second)
    found.learn_sizes(value(first.request, v.REQUEST_BODY), value(second.request, v.REQUEST_BODY))
    elsewhere = [apart(first, second), apart(second, first)]
    found.opening = opened(first, elsewhere[0]) - opened(second, elsewhere[1])
    whole = [[one for one in steps(trace, found) if not leave_out(one)] for trace in (first, second)]
    sides = [side(some, left) for some, left in zip(whole, elsewhere, strict=True)]
    pairs = aligned([one.name for one in sides[0].steps], [one.name for one in sides[1].steps])
    both = [(sides[0].steps[i], sides[1].steps[j]) for i, j in pairs if i is not None and j is not None]
    ends = [(request(first), request(second)), (response(first, page=not pages), response(second, page=not pages))]
    for one, other in [ends[0], *both]:  # keys that are shown later stand in paths and parameters before
        learn(found, one, other)
    differences = [*changes(found, *ends[0]), *between(found, sides, pairs)]
    differences += changes(found, *ends[1])
    differences, given = configured(differences, first) if elsewhere_set else (differences, Counter[str]())
    rest = grouped(topmost(moved(remembered(differences, first, second))))
    left = [
        Counter(places[one.span.span_id] for one in some if one.span.span_id in places)
        for some, places in zip(whole, elsewhere, strict=True)
    ]
    counts = {name: (left[0][name], left[1][name]) for name in sorted(left[0] | left[1])}
    counts |= {f"settings of the process, as {name}() gives them": (number, number) for name, number in sorted(given.items())}
    return Comparison(first, second, tuple(rest), (len(sides[0].steps), len(sides[1].steps)), found, counts)


def opened(trace: Trace, elsewhere: Mapping[str, str]) -> int:
    return sum(span.what == v.SQL and elsewhere.get(span.span_id) == OPENING for span in trace.spans)


def between(found: Correspondence, sides: Sequence[Side], pairs: Pairs) -> list[Difference]:
    """The departures of the steps, in the order of the first run: what a call did with its locals, or returned, comes at its end."""
    timed: list[tuple[int, Difference]] = []
    at = 0
    for i, j in pairs:
        one = sides[0].steps[i] if i is not None else None
        other = sides[1].steps[j] if j is not None else None
        at = one.span.start if one else at
        if one and other:
            timed += [(one.span.end if change.aspect in AT_END else at, change) for change in changes(found, one, other)]
        elif one:
            timed.append((at, one_sided("missing", one, sides)))
        elif other:
            timed.append((at, one_sided("added", other, sides)))
    return [one for _, one in sorted(timed, key=lambda pair: pair[0])]


def side(some: Sequence[Step], elsewhere: Mapping[str, str]) -> Side:
    """A trace's steps without those that belong elsewhere."""
    kept = [one for one in some if one.span.span_id not in elsewhere]
    return Side(kept, Counter(one.name for one in kept))


def moments(first: Trace, second: Trace) -> Moments:
    runs = [Run(trace.request.start / 1e9, trace.request.end / 1e9) for trace in (first, second)]
    return Moments(runs[0], runs[1], str(first.project.settings.get("TIME_ZONE") or "UTC"))


def hosts(first: Trace, second: Trace) -> tuple[str, str]:
    """Under which names the two runs called the server, where both say so."""
    found = [
        next((str(one[1]) for one in pairs if len(one) == 2 and str(one[0]).lower() == "host"), "testserver")
        for pairs in map(headers, (first, second))
    ]
    return ("", "") if found[0] == found[1] else (found[0], found[1])


def headers(trace: Trace) -> list[Any]:
    found = value(trace.request, v.REQUEST_HEADERS)
    return found if isinstance(found, list) else []


def drawn(trace: Trace) -> frozenset[str]:
    """The texts that sources of randomness gave."""
    found = [
        value(span, v.VALUE) for span in trace.spans if span.what == v.TAPE and str(span.attributes.get(v.SOURCE, "")).startswith(RANDOM)
    ]
    return frozenset(text for one in found for text in (str(one), getattr(one, "hex", None)) if isinstance(text, str) and len(text) > 3)


def learn(found: Correspondence, one: Step, other: Step) -> None:
    """Finds the pairs of keys that the rows of a step show."""
    for name in ("rows", "written values", "chosen rows", "user", "arguments", "result"):
        if name in one.aspects and name in other.aspects:
            for _ in islice(found.leaves(one.aspects[name], other.aspects[name]), MOST):
                pass
    if one.span.what == v.STORAGE:
        found.pair_files(*(str(step.aspects.get(word, "")) for word in ("name", "result") for step in (one, other)))


def changes(found: Correspondence, one: Step, other: Step) -> Iterator[Difference]:
    for name in [*one.aspects, *(name for name in other.aspects if name not in one.aspects)]:
        values = (
            (at_end(one, other), at_end(other, one))
            if name == "locals"
            else (one.aspects.get(name, ABSENT), other.aspects.get(name, ABSENT))
        )
        leaves = tuple(islice(found.leaves(*values, None, ()), MOST))
        if leaves:
            yield Difference("changed", one, name, leaves, other)


def at_end(one: Step, other: Step) -> dict[str, Any]:
    """The locals of a call at its end, with those of its arguments that had changed in the other run: they are recorded only then."""
    arguments, mine, theirs = (step.aspects.get(name, {}) for step, name in ((one, "arguments"), (one, "locals"), (other, "locals")))
    if not (isinstance(arguments, dict) and isinstance(mine, dict) and isinstance(theirs, dict)):
        return mine
    return {name: arguments[name] for name in theirs if name in arguments} | mine


def one_sided(kind: Kind, step: Step, sides: Sequence[Side]) -> Difference:
    return Difference(kind, step, made=(sides[0].counts[step.name], sides[1].counts[step.name]))


def remembered(differences: Sequence[Difference], first: Trace, second: Trace) -> list[Difference]:
    """Without the reads of rows that the other run had in Django's memory already: content types, the current site."""
    kept = {kind: known(trace) for kind, trace in (("missing", second), ("added", first))}
    return [one for one in differences if one.step.span.attributes.get(v.MODEL) not in kept.get(one.kind, ()) or one.step.name[0] != v.SQL]


def configured(differences: Sequence[Difference], first: Trace) -> tuple[list[Difference], Counter[str]]:
    """Without what functions give that have no arguments, do nothing, and gave the same each time in either run (or name it as settings are named), and
    what came from there: settings of the process, which differ where tests run; and these functions."""
    doing = {span.parent_id for span in first.spans}
    asked = Counter(span.attributes.get(v.FUNCTION) for span in first.spans if span.what == v.CALL)
    given: defaultdict[str, list[Difference]] = defaultdict(list)
    for one in differences:
        if (
            one.kind == "changed"
            and one.aspect == "result"
            and not one.step.aspects.get("arguments")
            and one.step.span.span_id not in doing
        ):
            given[one.step.name[1]].append(one)
    constant = [
        some[0]
        for name, some in given.items()
        if len(some) == asked[name]
        and len({repr(one.leaves) for one in some}) == 1
        and (len(some) > 1 or all(leaf.way and leaf.way[0].isupper() for leaf in some[0].leaves))
    ]
    settings = {(leaf.way[-1:], repr(leaf.first), repr(leaf.second)) for one in constant for leaf in one.leaves}
    rest = [
        replace(one, leaves=tuple(leaf for leaf in one.leaves if (leaf.way[-1:], repr(leaf.first), repr(leaf.second)) not in settings))
        for one in differences
    ]
    kept = [one for one, before in zip(rest, differences, strict=True) if one.leaves or not before.leaves]
    return kept, Counter({one.step.name[1]: asked[one.step.name[1]] for one in constant})


def known(trace: Trace) -> frozenset[object]:
    return frozenset(span.attributes.get(v.MODEL) for span in trace.spans if span.what == v.REMEMBERED)


def moved(differences: Sequence[Difference]) -> list[Difference]:
    """A step that is missing at one place and added at another has moved."""
    added: defaultdict[tuple[str, str], list[Difference]] = defaultdict(list)
    for one in differences:
        if one.kind == "added":
            added[one.step.name].append(one)
    found: list[Difference] = []
    gone: set[int] = set()
    for one in differences:
        if one.kind == "missing" and added[one.step.name]:
            twin = added[one.step.name].pop(0)
            gone.add(id(twin))
            found.append(Difference("moved", one.step, other=twin.step))
        else:
            found.append(one)
    return [one for one in found if id(one) not in gone]


def topmost(differences: Sequence[Difference]) -> list[Difference]:
    """Without the steps inside of a call that is itself on one side only."""
    apart = {one.step.span.span_id for one in differences if one.kind in ("missing", "added", "moved")}
    return [one for one in differences if one.kind not in ("missing", "added", "moved") or one.step.span.parent_id not in apart]


def grouped(differences: Sequence[Difference]) -> list[Difference]:
    """The same departure again and again is one, at its first place."""
    found: dict[Any, Difference] = {}
    for place, one in enumerate(differences):
        key = (one.kind, one.step.name, one.step.where) if one.kind in ("missing", "added") else place
        before = found.get(key)
        found[key] = one if before is None else Difference(one.kind, before.step, times=before.times + 1, made=one.made)
    return list(found.values())
