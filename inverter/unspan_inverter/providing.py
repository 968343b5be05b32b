"""What a call was given, for its test: objects that nobody saves, a form, the rows that were there. A pure function of recorded data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from unspan_proto.project import Project
from unspan_proto.values import ModelRef

from unspan_inverter.events import Event, RowsDeleted, RowsInserted, RowsRead, RowsSupported, RowsUpdated, TapeRead
from unspan_inverter.events.calls import Called, of_call
from unspan_inverter.facts.filled import Filled, set_beside
from unspan_inverter.facts.givens import given as given_rows
from unspan_inverter.facts.nearby import nearby
from unspan_inverter.facts.units import AMONG, FREE, STORED, Unit, refers, rows
from unspan_inverter.plan.expressions import Statement
from unspan_inverter.plan.forms import FORM
from unspan_inverter.plan.instances import in_memory
from unspan_inverter.trace import Trace


def unsaved(
    made: Unit, trace: Trace, within: Sequence[Event], happened: Sequence[Event], before: frozenset[str]
) -> tuple[Unit, tuple[Statement, ...]] | None:
    """The unit with objects in the place of the rows that it was given, and what makes them; None for one that needs the rows."""
    if made.request or made.view or any(hasattr(event, "database") for event in within):
        return None
    read = [event for event in happened if isinstance(event, RowsRead) and event.span in before]
    own = given_rows(made.call, read, trace.project)
    found = in_memory(made.call, own, trace.project, any(isinstance(event, TapeRead) for event in within)) if own is not None else None
    if found is None:
        return None
    return replace(made, call=found[0], base=FREE, why="it is given objects that need not be saved, and asks no database"), found[1]


MOST: Final = 5
"""Rows of a queryset that are looked for in it."""


def selecting(made: Unit, trace: Trace, happened: Sequence[Event], spans: frozenset[str]) -> tuple[Unit, list[Event]] | None:
    """The unit with the rows that were read next by what called it, or by the framework, and what happened with that; None where there are none.

    Whatever was done to the queryset by then, has made it no larger.
    """
    call, placed = made.call, {span.span_id: span for span in trace.spans}
    above, at = {trace.request.span_id}, placed.get(call.span)
    while at is not None:
        above.add(at.parent_id)
        at = placed.get(at.parent_id)
    model = trace.project.model(str(call.result.fields.get("model")))
    later = {one.span_id for one in trace.spans if one.start >= call.ended and one.parent_id in above}
    reads = (one for one in happened if isinstance(one, RowsRead) and one.span in later and model is not None and one.model == model.label)
    event = next((one for one in reads if one.rows and not one.shape.get("aggregate")), None)
    at_key = (
        next((n for n, one in enumerate(event.columns) if model and (one.model, one.attname) == (model.label, model.pk)), None)
        if event
        else None
    )
    if model is None or event is None or at_key is None:
        return None
    some = [ModelRef(model.label, row[at_key]) for row in event.rows[:MOST]]
    beside = [one for one in happened if isinstance(one, RowsSupported) and one.span not in spans]
    found = [*nearby(beside, [event], some, trace.project), *(one for one in happened if one.span in spans), event]
    result = replace(call.result, fields={**call.result.fields, AMONG: some})
    return replace(made, call=replace(call, result=result), base=STORED, why="it selects rows"), found


def with_form(made: Unit, form: Filled, trace: Trace, happened: Sequence[Event]) -> Unit:
    """The unit with a form that the test makes. Validation asks the database where it did."""
    call = replace(made.call, arguments={**made.call.arguments, form.name: FORM})
    spans = since(form, made.call, trace)
    asks = form.validated and any(hasattr(event, "database") for event in happened if event.span in spans)
    if made.base == STORED or asks or refers((form.form.fields.get("cleaned_data"), dict(form.made.arguments) if form.made else {})):
        return replace(made, call=call, base=STORED, why=made.why if made.base == STORED else "its form asks the database")
    return replace(made, call=call, base=FREE, why="it is given a form, and asks no database")


def unfit(form: Filled, call: Called, trace: Trace, happened: Sequence[Event], within: Sequence[Event]) -> str:
    """Why a form cannot be made as it was when the call began; empty where it can."""
    past = [event for event in happened if event.span in since(form, call, trace)]
    if form.saved:
        return "its form had been saved before it was called"
    if form.validated and overtaken(past):
        return "the request had changed rows since its form was made"
    if set_beside(form, [*(event for event in past if isinstance(event, RowsRead)), *within], trace.project):
        return "something was set on its form before it was called, which was not recorded"
    return ""


def since(form: Filled, call: Called, trace: Trace) -> frozenset[str]:
    """What had happened since the form was made when the call began; from the beginning on, where that is not known."""
    began = form.made.began if form.made is not None else 0
    return frozenset(span.span_id for span in trace.spans if began <= span.start < call.began)


def overtaken(events: Sequence[Event]) -> bool:
    """Whether rows were written after validation had asked for such: asked again, it would find them."""
    written = {event.model for event in events if isinstance(event, (RowsInserted, RowsUpdated, RowsDeleted))}
    return any(isinstance(event, RowsRead) and event.model in written for event in events)


def around(
    made: Unit, happened: Sequence[Event], within: list[Event], spans: frozenset[str], before: frozenset[str], project: Project,
    form: Filled | None = None,
) -> Sequence[Event]:  # fmt: skip
    """What happened inside of the call; of one that is given rows, or a form, also what was read before."""
    if made.base != STORED:
        return within
    if form is None and next(rows(dict(made.call.arguments)), None) is None:
        return [*within, *(event for event in happened if isinstance(event, RowsSupported) and event.pointed and event not in within)]
    near = [
        event for event in happened if event.span in spans or event.span in before or (isinstance(event, RowsSupported) and event.pointed)
    ]
    if form is not None or not any(hasattr(event, "database") for event in within):
        return of_call(near, spans)
    outside = [event for event in of_call(near, spans) if event.span not in spans]
    return [*nearby(outside, within, list(rows((dict(made.call.arguments), made.call.result))), project), *within]
