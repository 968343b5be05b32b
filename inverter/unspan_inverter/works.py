"""A test of a task's or a command's own trace, joined from the stages. A pure function of recorded data."""

from collections.abc import Sequence

from unspan_inverter.events import Event, Exchange, TaskHanded, events, exchange
from unspan_inverter.events.calls import inside, of_call
from unspan_inverter.events.works import Worked, worked
from unspan_inverter.facts.units import STORED, Unit
from unspan_inverter.plan.function import as_exchange
from unspan_inverter.plan.working import Working
from unspan_inverter.trace import Trace


def at_work(trace: Trace) -> tuple[Working, tuple[Event, ...], Exchange]:
    """The door to the work, what happened inside of its function, and the work in the place of a request."""
    found, happened = worked(trace), events(trace)
    unit = Unit(found.call, STORED, "it is run as it was")
    asked = as_exchange(unit, exchange(trace), frozenset())
    return Working(unit, asked, worked=found), tuple(of_work(found, happened, trace)), asked


def of_work(found: Worked, happened: Sequence[Event], trace: Trace) -> Sequence[Event]:
    """What the function did, without what its queue or its process did around it, and without its being handed over once more, which is Celery's."""
    own = found.call.span
    inner = happened if own == trace.request.span_id else of_call(happened, inside(trace, own))
    return [
        event for event in inner if not (isinstance(event, TaskHanded) and found.outcome == "retried" and event.task_id == found.task_id)
    ]
