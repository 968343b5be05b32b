"""The whole way as one function: traces in, a test file out. A pure function of recorded data; reading and checking happen elsewhere."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from unspan_proto import vocabulary
from unspan_proto.errors import ContractError

from unspan_inverter.code import source
from unspan_inverter.code.classes import Beside
from unspan_inverter.errors import Incomplete, NotRepeatable, Unreadable, one_line
from unspan_inverter.events import events, exchange
from unspan_inverter.facts import facts
from unspan_inverter.plan import Plan, Recorded, http_request
from unspan_inverter.trace import Trace


@dataclass(frozen=True, slots=True)
class Generated:
    """A test file: its text, data files beside it by relative name, lines for stderr, and a good stem for its name.

    `beside`: the same tests as they would be written beside what a file has already.
    """

    source: str
    name: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    notes: tuple[str, ...] = ()
    beside: Callable[[Beside], str] = field(default=lambda there: "", compare=False, repr=False)


def generated(
    traces: Sequence[Trace], *, style: str = "django", level: str = "integration", allow_gaps: bool = False, decoys: bool = True
) -> Generated:
    """The test file of these traces. Raises an InverterError with the reason when none can be made.

    `style`: `django` or `pytest`; `level`: only `integration` is built; `allow_gaps`: accept a trace that lost something, the test says what.
    `decoys`: rows beside those that were asked for, so that the test notices when a condition of a query is dropped.
    """
    plans = [planned(trace, allow_gaps, decoys) for trace in traces]
    with readable(traces[0].id):
        text = source(plans, style)
    notes = tuple(dict.fromkeys(f"not recorded: {one_line(note)}" for plan in plans for note in plan.notes))
    return Generated(
        text, re.sub(r"(?<!^)(?=[A-Z])", "_", plans[0].class_name.removesuffix("Tests")).lower(), {}, notes, partial(source, plans, style)
    )


def planned(trace: Trace, allow_gaps: bool = False, decoys: bool = True) -> Plan:
    """The plan of one trace."""
    if trace.gaps and not allow_gaps:
        raise Incomplete(trace.id, list(trace.gaps))
    with readable(trace.id):
        happened, asked = events(trace), exchange(trace)
        if not asked.status:
            gone = trace.request.attributes.get(vocabulary.CLIENT_GONE) is True
            raise Unreadable(trace.id, "the client went away before there was an answer" if gone else "its response was not recorded")
        known = facts(happened, asked, trace.project, decoys and not trace.gaps, whole=not trace.gaps)
        if known.hindrances and not allow_gaps:
            raise NotRepeatable(trace.id, known.hindrances[0])
        called = frozenset(str(span.attributes.get(vocabulary.FUNCTION)) for span in trace.spans if span.what == vocabulary.CALL)
        return http_request(Recorded(trace.id, happened, asked, known, trace.project, called), allow_gaps)


DAMAGE = (ContractError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
"""What recorded values of types and sizes that no recorder writes make fail, somewhere on the way."""


@contextmanager
def readable(trace_id: str) -> Generator[None]:
    """Says of a trace that its data is damaged, where that is why its inversion failed."""
    try:
        yield
    except DAMAGE as error:
        raise Unreadable(trace_id, f"its data does not keep the format ({type(error).__name__}: {str(error)[:120]})") from error
