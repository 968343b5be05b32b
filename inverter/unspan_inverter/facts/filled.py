"""Forms that a call was given: how each was made, and whether its validation had run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import Instance, ModelRef, bare

from unspan_inverter.events import Event, RowsInserted, RowsRead
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.units import rows


@dataclass(frozen=True, slots=True)
class Filled:
    """The argument `name` is a form with these fields. `made`: the call of the `__init__` that the project has for it, None where Django's own ran."""

    name: str
    form: Instance
    made: Called | None
    inside: bool
    """Whether the call is a part of the form's validation."""

    @property
    def validated(self) -> bool:
        """Whether validation had run when the call began."""
        return "cleaned_data" in self.form.fields and not self.inside

    @property
    def saved(self) -> bool:
        """Whether the form had saved its row by then: it was made without one."""
        instance = self.form.fields.get("instance")
        given = [item for value in (self.made.arguments.values() if self.made is not None else ()) for item in parts(value)]
        known = any(isinstance(one, ModelRef) and isinstance(instance, ModelRef) and one.label == instance.label for one in given)
        return isinstance(instance, ModelRef) and instance.pk is not None and self.made is not None and not known


def filled(call: Called, calls: Sequence[Called]) -> Filled | None:
    """The first form among the arguments."""
    name, form = next(((name, value) for name, value in call.arguments.items() if is_form(value)), ("", None))
    if not isinstance(form, Instance) or "<" in form.type:
        return None
    before = [one for one in calls if one.began <= call.began and one.function.endswith(".__init__") and is_made(one, form)]
    inside = call.function.rpartition(".")[2].startswith(("clean", "_clean", "full_clean", "_post_clean"))
    return Filled(name, form, before[-1] if before else None, inside)


def set_beside(given: Filled, happened: Sequence[Event], project: Project) -> bool:
    """Whether the row that the call made of the form points to one that the form was neither made with nor sent, and the call never read: something was set on it, which was not recorded.

    `happened`: inside of the call, and what was read since the form was made.
    """
    instance = given.form.fields.get("instance")
    made = given.made.arguments if given.made is not None else {}
    held = instance.fields or {} if isinstance(instance, ModelRef) else {}
    known = {repr(bare(row.pk)) for row in rows((dict(made), given.form.fields.get("cleaned_data")))} | {
        repr(bare(one)) for one in held.values()
    }
    known |= {repr(bare(value)) for event in happened if isinstance(event, RowsRead) for row in event.rows for value in row}
    known |= {
        repr(bare(value))
        for event in happened
        if isinstance(event, RowsInserted)
        for row in event.rows
        for name, value in row.items()
        if name in ("id", "pk")
    }
    for event in happened:
        model = project.model(event.model) if isinstance(event, RowsInserted) else None
        if model is None or not isinstance(event, RowsInserted) or not isinstance(instance, ModelRef) or model.label != instance.label:
            continue
        pointing = [one.attname for one in model.fields if one.related and one.kind == "column"]
        if any(bare(row.get(name)) is not None and repr(bare(row[name])) not in known for row in event.rows for name in pointing):
            return True
    return False


def is_form(value: Any) -> bool:
    """Whether it is one of Django's forms, of which the recorder keeps what came in and what validation has found."""
    return isinstance(value, Instance) and {"data", "initial"} <= set(value.fields) and not value.remakes


def is_made(init: Called, form: Instance) -> bool:
    """Whether a call of `__init__` may have made this form: it is of the same class, and was given the same data."""
    own = next(iter(init.arguments.values()), None)
    given = [item for value in list(init.arguments.values())[1:] for item in parts(value)]
    return isinstance(own, Instance) and own.type == form.type and (form.fields["data"] in given or not form.fields["data"])


def parts(value: Any) -> list[Any]:
    """An argument, and what `*args` or `**kwargs` hold."""
    if isinstance(value, dict):
        return [value, *value.values()]
    return [value, *value] if isinstance(value, (tuple, list)) else [value]
