"""Rows that a call was given as objects that nobody saves: where it asks no database, what it was given was all in memory."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import Derived, Instance, ModelRef, bare, lossy

from unspan_inverter.events.calls import Called
from unspan_inverter.facts.givens import Given, Known
from unspan_inverter.facts.parents import target
from unspan_inverter.plan import names
from unspan_inverter.plan.expressions import Assign, Call, Import, Name, Statement
from unspan_inverter.plan.relevance import Relevance, plain, worth

DEEPEST: Final = 2
"""How far what an object points to is made too."""
SHORT: Final = 2
"""Fields of an object that is made where it is given."""


@dataclass(frozen=True, slots=True)
class Making:
    """The means to make objects: the rows that had been read by then, and what tells which fields matter."""

    known: Known
    project: Project
    relevance: Relevance
    keys: bool
    """Whether automatic keys are given although nothing shows them."""

    def made(self, label: str, values: Mapping[str, Any], depth: int = 0) -> Call | None:
        """`Tag(name="home")`; None where it cannot be made so."""
        model = self.project.model(label)
        if model is None or model.inherits:
            return None
        given = {name: value for one in model.fields for name, value in self.field(one, model, values, depth)}
        return Call(Import(model.module, model.name), (), tuple(given.items()))

    def field(self, one: Field, model: Model, values: Mapping[str, Any], depth: int) -> Iterable[tuple[str, Any]]:
        value = values.get(one.attname)
        if one.attname not in values or one.kind != "column" or lossy(value):
            return ()
        if one.attname == model.pk and not one.related:
            return ((one.name, bare(value)),) if self.writes_key(one, bare(value), depth) else ()
        pointed = self.pointed(one, value, depth)
        if pointed is not None:
            return ((one.name, pointed),)
        return ((one.attname, plain(value)),) if worth(one, value, model, self.relevance) else ()

    def writes_key(self, one: Field, key: Any, depth: int) -> bool:
        shown = str(key) in self.relevance.text if len(str(key)) > 2 else str(key) in re.findall(r"\w+", self.relevance.text)
        return key is not None and (depth > 0 or self.keys or shown or not (one.auto or one.has_default))

    def pointed(self, one: Field, value: Any, depth: int) -> Call | None:
        """The object that a relation leads to, where its row had been read: it may have been kept."""
        key = target(one, bare(value), self.project, "default") if one.related and depth < DEEPEST else None
        values = self.known.get(key) if key is not None else None
        return self.made(key.label, values, depth + 1) if key is not None and values is not None else None


def in_memory(call: Called, given: Given, project: Project, timed: bool) -> tuple[Called, tuple[Statement, ...]] | None:
    """The call with the objects in the place of the rows, and the statements that make those; None where it must be given rows.

    `timed`: whether it asks the clock.
    """
    text = "\n".join(texts([*others(call), call.result]))
    making = Making(given.known, project, Relevance(text, {}, False, timed=timed), not isinstance(bare(call.result), str))
    found: dict[str, Any] = {}
    made: list[Statement] = []
    for one in given.rows:
        value = making.made(one.label, one.fields or {})
        if value is None or (told(one) not in found and any(same(one, other) and told(one) != told(other) for other in given.rows)):
            return None
        found.setdefault(told(one), value)
    again = [told(one) for one in (*given.rows, *given.back)]
    if not set(again) <= set(found):
        return None
    named = {key: value for key, value in found.items() if again.count(key) > 1 or is_long(value)}
    taken = set[str]()
    for key, value in named.items():
        name = free(names.identifier(value.function.name), taken)
        made.append(Assign(name, value))
        found[key] = name
    arguments = {name: put(value, found) for name, value in call.arguments.items()}
    return replace(call, arguments=arguments, result=put(call.result, found)), tuple(made)


def others(call: Called) -> list[Any]:
    """The arguments that are no rows."""
    return [value for value in call.arguments.values() if not isinstance(value, ModelRef)]


def texts(value: Any) -> Iterator[str]:
    """What stands in a value, each as text."""
    plain = bare(value)
    if isinstance(plain, dict):
        yield from (text for pair in plain.items() for item in pair for text in texts(item))
    elif isinstance(plain, (list, tuple, set, frozenset)):
        yield from (text for item in plain for text in texts(item))
    elif not isinstance(plain, ModelRef):
        yield str(plain)


def told(one: ModelRef) -> str:
    return repr((one.label, one.pk, one.fields))


def same(one: ModelRef, other: ModelRef) -> bool:
    """Whether two stand for one row."""
    return one.label == other.label and one.pk is not None and bare(one.pk) == bare(other.pk)


def is_long(value: Call) -> bool:
    return len(value.kwargs) > SHORT or any(isinstance(item, Call) or len(repr(item)) > 40 for _, item in value.kwargs)


def free(wished: str, taken: set[str]) -> Name:
    name = next(one for one in (wished, *(f"{wished}_{n}" for n in range(2, 1000))) if one not in taken)
    taken.add(name)
    return Name(name)


def put(value: Any, found: Mapping[str, Any]) -> Any:
    """A recorded value with the objects in the place of its rows."""
    if isinstance(value, ModelRef):
        return found[told(value)]
    if isinstance(value, Derived):
        return replace(value, value=put(value.value, found))
    if isinstance(value, Instance):
        return replace(value, fields={name: put(item, found) for name, item in value.fields.items()}) if value.remakes else value
    if isinstance(value, (list, tuple)):
        return type(value)(put(item, found) for item in value)
    if isinstance(value, dict):
        return {key: put(item, found) for key, item in value.items()}
    return value
