"""The levels at which a trace can be tested, joined from the stages: through the client, at the view, at each function. A pure function of recorded data."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from unspan_proto.values import Instance, bare

from unspan_inverter.choosing import ways
from unspan_inverter.errors import InverterError, NotAtLevel, one_line
from unspan_inverter.events import (
    Event,
    Exchange,
    events,
    exchange,
)
from unspan_inverter.events.asking import asked_before
from unspan_inverter.events.calls import Called, calls, inside, of_call
from unspan_inverter.facts import Facts, Made, facts
from unspan_inverter.facts.filled import Filled, filled, is_form
from unspan_inverter.facts.loading import loading
from unspan_inverter.facts.stirred import stirred
from unspan_inverter.facts.units import FREE, STORED, Unit, by_value, rows, selects, unit
from unspan_inverter.facts.viewing import OF_REQUEST, Viewed, viewed
from unspan_inverter.plan import Habits, Plan, Recorded, http_request
from unspan_inverter.plan.doors import Door
from unspan_inverter.plan.expressions import Statement, Subject
from unspan_inverter.plan.function import Function, as_exchange, given, named_after
from unspan_inverter.plan.makings import Unmakable
from unspan_inverter.plan.view import View
from unspan_inverter.providing import around, selecting, unfit, unsaved, with_form
from unspan_inverter.trace import Trace

MOST_CALLS: Final = 3
"""Tests of one function from one trace."""


@dataclass(frozen=True, slots=True)
class Considered:
    """A function that was called: the plan of its test and what it needs, or why there is none."""

    function: str
    plan: Plan | None
    why: str
    base: str = ""
    by_value: bool = False
    """Whether what it was given and what it returned were recorded by value."""


def at_view(trace: Trace, happened: tuple[Event, ...], asked: Exchange) -> tuple[Door, tuple[Event, ...], Exchange]:
    """The door to the view, what happened inside of it, and the exchange as the view saw it. Raises NotAtLevel."""
    found = viewed(asked, calls(trace))
    if isinstance(found, str):
        raise NotAtLevel(trace.id, "view", found)
    found = replace(found, through=loading(asked_before(trace), asked, found.attributes, trace.project))
    if found.status not in (None, asked.status):  # middleware has answered something else
        asked = replace(asked, status=found.status, response_headers=(), response_body=None, response_whole=False, cookies={})
    if found.call is None or asked.deferred:
        return View(found, trace.id, bool(found.through) or any(hasattr(event, "database") for event in happened)), happened, asked
    spans = inside(trace, found.call.span)
    touches = bool(found.through) or any(event.span in spans and hasattr(event, "database") for event in happened)
    return View(found, trace.id, touches), of_call(happened, spans), asked


def considered(
    trace: Trace, pattern: str, decoys: bool, habits: Habits, of_view: Callable[[], Plan], allow_gaps: bool = False
) -> list[Considered]:
    """Each call of a function whose dotted name fits the pattern, with its plan or why there is none; calls that are alike once.

    `of_view`: makes the plan of the request's view.
    """
    happened, asked = events(trace), exchange(trace)
    found: list[Considered] = []
    seen: dict[str, set[str]] = {}
    for call in calls(trace):
        if not fnmatchcase(call.function, pattern):
            continue
        known = seen.setdefault(call.function, set())
        alike = repr((call.arguments, call.result, call.raised))
        if alike not in known and len(known) < MOST_CALLS:
            is_view = call.function == asked.view and not any(one.function == asked.view for one in found)
            found.append(
                of_request(call.function, of_view) if is_view else one_call(call, trace, happened, asked, decoys, habits, allow_gaps)
            )
            known.add(alike)
    return found


def of_request(function: str, of_view: Callable[[], Plan]) -> Considered:
    """The function that is the view of the request."""
    try:
        plan = of_view()
    except InverterError as error:
        return Considered(function, None, one_line(str(error).partition("\n")[0].partition(": ")[2]))
    return Considered(function, plan, "it is the view of the request", STORED if plan.needs_database else FREE)


def one_call(
    call: Called, trace: Trace, happened: Sequence[Event], asked: Exchange, decoys: bool, habits: Habits, allow_gaps: bool
) -> Considered:
    spans = inside(trace, call.span)
    within = [event for event in happened if event.span in spans]
    view = asked.view if asked.made_with is not None else ""
    middleware = [str(bare(one)) for one in trace.project.settings.get("MIDDLEWARE", ())]
    made, known = unit(call, within, view, middleware), by_value(call)
    if isinstance(made, str):
        return Considered(call.function, None, made, by_value=known)
    before = frozenset(span.span_id for span in trace.spans if span.start < call.began and span.span_id not in spans)
    if selects(call, view):
        chosen = selecting(made, trace, happened, spans)
        if chosen is None:
            return Considered(call.function, None, "nothing was read of what it selects", by_value=known)
        made, within = chosen
    form = filled(call, calls(trace)) if any(is_form(value) for value in call.arguments.values()) and not made.request else None
    if form is not None and (why := unfit(form, call, trace, happened, within)):
        return Considered(call.function, None, why, by_value=known)
    if form is not None:
        made = with_form(made, form, trace, happened)
    objects = unsaved(made, trace, within, happened, before) if form is None else None
    if objects is not None:
        with suppress(Unmakable, InverterError):
            plan = planned_call(objects[0], trace, within, asked, decoys, habits, allow_gaps, objects[1])
            return Considered(call.function, plan, objects[0].why, objects[0].base, known)
    if made.base == STORED and stirred(call, within, happened, before, trace.project):
        return Considered(call.function, None, "the request had changed rows that it depends on before it was called", by_value=known)
    try:
        plan = planned_call(
            made, trace, around(made, happened, within, spans, before, trace.project, form), asked, decoys, habits, allow_gaps, filled=form
        )
    except Unmakable as error:
        return Considered(
            call.function, None, f"it was given or returned {error.what}, which cannot be made from what was recorded", by_value=known
        )
    except InverterError as error:
        first = str(error).partition("\n")[0]
        return Considered(call.function, None, one_line(first.partition(": ")[2] or first).rstrip("."), by_value=known)
    return Considered(call.function, plan, made.why, made.base, known)


def planned_call(
    made: Unit, trace: Trace, happened: Sequence[Event], asked: Exchange, decoys: bool, habits: Habits, allow_gaps: bool,
    objects: tuple[Statement, ...] = (), filled: Filled | None = None,
) -> Plan:  # fmt: skip
    reads = asked_of(trace, made, asked)
    told = as_exchange(made, asked, reads)
    known = facts(tuple(happened), told, trace.project, decoys and not trace.gaps, whole=not trace.gaps)
    if any(isinstance(row.key.pk, Made) for row in known.rows):  # the rest of the request read it, or wrote it
        raise NotAtLevel(trace.id, "unit", "a row that it depends on was not read before it was called")
    if born(made, known):
        raise NotAtLevel(trace.id, "unit", "it was given an object that was saved for the first time, of which only the key was recorded")
    through = loading(asked_before(trace), asked, put(made), trace.project) if made.base == STORED else ()
    beside = (
        View(Viewed(made.view, of_class=bool(made.view), asked=reads, attributes=put(made), through=through), trace.id)
        if made.view or made.request
        else None
    )
    door: Door = Function(made, asked, beside, objects, filled)
    recorded = Recorded(trace.id, happened, told, known, trace.project, frozenset(), habits, trace.redacted, trace.signed, door)
    plan = named_after(http_request(recorded, allow_gaps), made)
    within = inside(trace, made.call.span)
    way = ways(made.call, [span for span in trace.spans if span.span_id in within])
    return replace(plan, subject=Subject(made.call.function, given(made), way))


def born(made: Unit, known: Facts) -> bool:
    """Whether a call was given an object that it has saved for the first time."""
    new = {(row.label.lower(), bare(row.key.pk)) for row in known.born if not isinstance(row.key.pk, Made)}
    return any((row.label.lower(), bare(row.pk)) in new for row in rows(dict(made.call.arguments)))


def asked_of(trace: Trace, made: Unit, asked: Exchange) -> frozenset[str]:
    """The attributes of the request that the call reads, with all below it; of a method of the view, those that any function of the project's reads."""
    within = inside(trace, made.call.span)
    found = frozenset(name for call in calls(trace) if made.view or call.span in within for name in call.asked or ())
    user = asked.user.pk if asked.user is not None else None
    gives_user = user is not None and any(
        bare(row.pk) == bare(user) for row in rows(made.call.result)
    )  # `getattr(request, "user")` names no attribute
    return found | {"user"} if gives_user else found


def put(made: Unit) -> dict[str, Any]:
    """What was in the request that a call was given, beside Django's own."""
    found = made.call.arguments.get(made.request)
    return {name: value for name, value in found.fields.items() if name not in OF_REQUEST} if isinstance(found, Instance) else {}


def reasons(some: Sequence[Considered]) -> dict[str, Any]:
    """Why functions have no test of their own: reason → how many."""
    found: dict[str, int] = {}
    for one in some:
        if one.plan is None:
            found[one.why] = found.get(one.why, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
