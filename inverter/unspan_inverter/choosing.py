"""Which of many traces are worth a test: the fewest that together take every branch that was recorded. No I/O here."""

from collections.abc import Iterator, Sequence

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

from unspan_inverter.comparing.steps import fingerprint
from unspan_inverter.events.calls import Called
from unspan_inverter.trace import Trace

Branches = frozenset[int]
OUTSIDE = (v.HTTP, v.MAIL, v.ON_COMMIT, v.STORAGE, v.CACHE)


class Choice:
    """Traces by the branches they take: of those that take the same ones only the first is kept, by its id."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}
        self._traces: dict[Branches, str] = {}
        self._covered: Branches = frozenset()

    def add(self, trace: Trace) -> None:
        branches = frozenset(self._numbers.setdefault(one, len(self._numbers)) for one in taken(trace))
        self._traces.setdefault(branches, trace.id)

    def take(self) -> tuple[Branches, str] | None:
        """The trace that takes the most branches which none takes that is covered; None where none takes one. It is not given again."""
        best = max(self._traces, key=lambda branches: len(branches - self._covered), default=None)
        if best is None or best <= self._covered:
            return None
        return best, self._traces.pop(best)

    def cover(self, branches: Branches) -> None:
        """A test takes them."""
        self._covered |= branches


def taken(trace: Trace) -> Iterator[tuple[str, ...]]:
    """What a request did, as far as it tells a way through the code: the answer, who called whom, what raised, what was asked of the database and of others."""
    asked = trace.request.attributes
    yield ("answer", *(str(asked.get(name, "")) for name in (v.METHOD, v.ROUTE, v.VIEW, v.STATUS)))
    yield from steps(trace.spans)


def ways(call: Called, spans: Sequence[Span]) -> frozenset[tuple[str, ...]]:
    """What a call did, as far as it tells a way through the function's code: which locals it had in the end, what kind of result. `spans`: those inside of it."""
    own = next((span for span in spans if span.span_id == call.span), None)
    bound = own.value(v.LOCALS, {}) if own is not None else {}
    held = ("locals", *sorted(map(str, bound))) if isinstance(bound, dict) else ("locals",)
    plain = bare(call.result)
    known = isinstance(plain, (bool, int, str, list, tuple, dict, set, type(None)))
    ended = ("result", type(plain).__name__, str(bool(plain)) if known else "")
    return frozenset([*steps(spans), held, ended])


def steps(spans: Sequence[Span]) -> Iterator[tuple[str, ...]]:
    """Who called whom, what raised, what was asked of the database and of others."""
    functions = {span.span_id: str(span.attributes.get(v.FUNCTION, "")) for span in spans if span.what == v.CALL}
    for span in spans:
        above, raised = functions.get(span.parent_id, ""), str(span.attributes.get(v.EXCEPTION_TYPE, ""))
        if span.what == v.CALL:
            yield ("call", above, functions[span.span_id], raised)
        elif span.what == v.SQL:
            yield ("sql", above, fingerprint(str(span.attributes.get(v.STATEMENT, ""))), raised)
        elif span.what in OUTSIDE:
            yield (span.what, above, raised)
