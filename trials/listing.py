"""What a trace holds, as lines for a person: the request, what was done for it in order, the answer. Every attribute that there is, none chosen."""

from collections import Counter
from collections.abc import Iterator

from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.errors import ContractError
from unspan_proto.span import Span

OURS = {value for name, value in vars(v).items() if name.isupper() and isinstance(value, str)}
QUIET = {v.KIND, v.FORMAT, v.PROJECT_REF, v.SYSTEM, v.OPERATION, v.FILE, v.LINE, v.THREAD, v.FUNCTION, v.IN_ATOMIC}
"""Attributes that the line says already, or that nobody misses in a short listing."""
ANSWER = ("http.response", "unspan.http.response", "unspan.session.after", "unspan.exception")
SHORT = 160
FAILED = 2
"""OTLP's status of an error."""


def lines(trace: Trace, full: bool = False) -> Iterator[str]:
    """The listing. `full`: values are not cut, and no attribute is left out."""
    request = trace.request
    mine = names(request, full)
    yield "  came in"
    yield from (f"    {name} = {shown(request, name, full)}" for name in mine if not name.startswith(ANSWER))
    yield f"  was done: {', '.join(f'{count} {kind}' for kind, count in counts(trace).items()) or 'nothing'}"
    depths = {request.span_id: 0}
    for span in trace.spans:
        depth = depths[span.span_id] = depths.get(span.parent_id, 0) + 1
        if span.what not in (v.END, v.PART):
            yield from record(span, "  " * min(depth + 1, 20), full)
    yield "  went out"
    yield from (f"    {name} = {shown(request, name, full)}" for name in mine if name.startswith(ANSWER))


def record(span: Span, indent: str, full: bool) -> Iterator[str]:
    yield f"{indent}{span.what} {span.name}{' FAILED' if span.status == FAILED else ''}"
    yield from (f"{indent}      {name.removeprefix('unspan.')} = {shown(span, name, full)}" for name in names(span, full))


def names(span: Span, full: bool) -> list[str]:
    """The attributes that are shown: all, or those of our own vocabulary that say something."""
    return sorted(name for name in span.attributes if full or (name in OURS and name not in QUIET))


def counts(trace: Trace) -> dict[str, int]:
    """How many records of each kind."""
    return dict(Counter(span.what for span in trace.spans if span.what not in (v.END, v.PART)))


def shown(span: Span, name: str, full: bool) -> str:
    try:
        text = repr(span.value(name))
    except ContractError as error:
        text = f"unreadable: {error}"
    return text if full or len(text) <= SHORT else f"{text[:SHORT]}… ({len(text)} characters)"
