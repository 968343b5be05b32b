"""Tests of what stands around a view: the route to it, and middleware that answered in its place. A pure function of recorded data."""

from collections.abc import Callable, Iterator

from unspan_proto.values import Instance

from unspan_inverter.errors import InverterError, NotAtLevel, one_line
from unspan_inverter.events import Event, Exchange, events, exchange
from unspan_inverter.events.calls import Called, calls
from unspan_inverter.facts.units import FREE, STORED
from unspan_inverter.facts.viewing import OF_REQUEST, Viewed, viewed
from unspan_inverter.levels import Considered
from unspan_inverter.plan import Plan
from unspan_inverter.plan.doors import Door
from unspan_inverter.plan.middleware import Middleware
from unspan_inverter.plan.resolving import LEVEL, route
from unspan_inverter.trace import Trace


def surroundings(trace: Trace, of_middleware: Callable[[], Plan]) -> Iterator[Considered]:
    """Each with its plan, or why there is none. `of_middleware`: makes the plan of the middleware that answered."""
    asked = exchange(trace)
    found = viewed(asked, calls(trace))
    if isinstance(found, Viewed):
        plan = route(asked, found, trace.project, trace.id)
        name = f"the route of {asked.path}"
        yield Considered(
            name,
            plan,
            f"it leads to {found.view}" if plan else "the view was given what has no source form",
            FREE if plan else "",
            plan is not None,
        )
    if asked.answered_by:
        try:
            plan = of_middleware()
        except InverterError as error:
            yield Considered(asked.answered_by, None, one_line(str(error).partition("\n")[0].partition(": ")[2]))
        else:
            yield Considered(asked.answered_by, plan, "it answered in the place of the view", STORED if plan.needs_database else FREE, True)


def at_middleware(trace: Trace) -> tuple[Door, tuple[Event, ...], Exchange]:
    """The door to the middleware that answered, and what happened. Raises NotAtLevel."""
    asked, happened = exchange(trace), events(trace)
    called = [one for one in calls(trace) if one.function.startswith(f"{asked.answered_by}.") and asked.answered_by]
    if not called:
        raise NotAtLevel(trace.id, LEVEL, f"{asked.answered_by or 'no middleware'} answered, which is not the project's own")
    seen = Viewed(
        asked.answered_by, called[0], asked=frozenset(name for one in calls(trace) for name in one.asked or ()), attributes=put(called[0])
    )
    by = next((one.function.rpartition(".")[2] for one in reversed(called) if isinstance(one.result, Instance)), "__call__")
    return Middleware(seen, trace.id, any(hasattr(event, "database") for event in happened), by), happened, asked


def put(call: Called) -> dict[str, object]:
    """What was in the request that the middleware was given, beside Django's own."""
    found = next((value for value in call.arguments.values() if isinstance(value, Instance) and set(OF_REQUEST) <= set(value.fields)), None)
    return {name: value for name, value in found.fields.items() if name not in OF_REQUEST} if found is not None else {}
