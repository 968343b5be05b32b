"""Which of many traces are worth a test: the fewest that together take every branch that was recorded. No I/O here."""

from collections.abc import Iterator, Mapping

from unspan_proto import vocabulary as v

from unspan_inverter.comparing.steps import fingerprint
from unspan_inverter.trace import Trace

Branch = tuple[str, ...]


def branches(trace: Trace) -> frozenset[Branch]:
    """What a request did, as far as a test of it can tell: how it was answered, who called whom, what raised, what was asked of the database."""
    return frozenset(taken(trace))


def taken(trace: Trace) -> Iterator[Branch]:
    asked = trace.request.attributes
    yield ("answer", *(str(asked.get(name, "")) for name in (v.METHOD, v.ROUTE, v.VIEW, v.STATUS)))
    functions = {span.span_id: str(span.attributes.get(v.FUNCTION, "")) for span in trace.spans if span.what == v.CALL}
    for span in trace.spans:
        above = functions.get(span.parent_id, "")
        if span.what == v.CALL:
            yield ("call", above, functions[span.span_id], str(span.attributes.get(v.EXCEPTION_TYPE, "")))
        elif span.what == v.SQL:
            yield ("sql", above, fingerprint(str(span.attributes.get(v.STATEMENT, ""))))
        elif span.what in (v.HTTP, v.MAIL, v.ON_COMMIT, v.STORAGE, v.CACHE):
            yield (span.what, above, str(span.attributes.get(v.EXCEPTION_TYPE, "")))


def next_chosen(known: Mapping[str, frozenset[Branch]], covered: frozenset[Branch]) -> str | None:
    """The trace that takes the most branches which no test takes yet, the first of several; None where none takes one."""
    best = max(known, key=lambda trace_id: len(known[trace_id] - covered), default=None)
    return best if best is not None and known[best] - covered else None
