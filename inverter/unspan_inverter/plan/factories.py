"""Rows by the project's own factories: what a factory gives by itself is left out, unless it mattered. The recorded values win over the factory's.

A factory that might make other rows than the recorded ones, or none, is passed by: those rows are made as without it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from unspan_proto.project import Field, Model
from unspan_proto.values import bare, lossy

from unspan_inverter.events import Event, RowsRead
from unspan_inverter.facts import Facts, RowExists
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Assign, Attr, Call, Do, Statement
from unspan_inverter.plan.habits import COMPUTED, LITERAL, RELATED, Factory, Given
from unspan_inverter.plan.relevance import Relevance, plain

TEXTS: Final = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})


class NotBy(Exception):
    """A row that the factory cannot be trusted with."""


@dataclass(frozen=True, slots=True)
class Mattering:
    """What decides whether a text mattered: `relevance.text` is all in which it may be seen, `read` the columns that the application fetched."""

    relevance: Relevance
    read: frozenset[tuple[str, str]]

    def incidental(self, value: Any, one: Field, model: Model) -> bool:
        """Whether any other text would have done: it was not fetched, and nothing was asked, told or sent in which it can be seen."""
        if not isinstance(value, str) or one.type not in TEXTS or one.choices or one.primary_key or self.relevance.decides(one, model):
            return False
        return (model.label, one.attname) not in self.read and len(value) > 2 and value.lower() not in self.relevance.text.lower()


def columns_read(events: Iterable[Event]) -> frozenset[tuple[str, str]]:
    """The columns that the application fetched, of any row."""
    columns = (column for event in events if isinstance(event, RowsRead) and event.rows for column in event.columns)
    return frozenset((column.model, column.attname) for column in columns if column.model and column.attname)


def preferred(
    statements: Sequence[Statement], facts: Facts, bindings: Bindings, events: Iterable[Event], relevance: Relevance
) -> list[Statement]:
    """The statements, rows made by factories where the project has one for their model. `relevance.text`: all in which a value may have mattered."""
    if not bindings.habits.factories:
        return list(statements)
    rows = {row.key: row for row in facts.rows}
    matter = Mattering(relevance, columns_read(events))
    return [by_factory(one, rows, bindings, matter) for one in statements]


def by_factory(statement: Statement, rows: Mapping[Any, RowExists], bindings: Bindings, matter: Mattering) -> Statement:
    row = rows.get(statement.row) if isinstance(statement, (Assign, Do)) and statement.row is not None else None
    model = bindings.project.model(row.key.label) if row is not None else None
    factory = bindings.habits.factories.get(model.label.lower()) if model is not None else None
    if row is None or model is None or factory is None or not isinstance(statement, (Assign, Do)):
        return statement
    made = statement.value
    if (
        not (isinstance(made, Call) and isinstance(made.function, Attr) and made.function.name == "create")
        or row.key.database != "default"
        or row.why
    ):
        return statement
    try:
        found = arguments(dict(made.kwargs), row, model, factory, matter)
        taken_once(found, row, rows, model, factory)
    except NotBy:
        return statement
    return replace(statement, value=Call(factory.make, factory.first, tuple(found.items())))


def arguments(written: dict[str, Any], row: RowExists, model: Model, factory: Factory, matter: Mattering) -> dict[str, Any]:
    """The keywords for the factory. Raises NotBy."""
    given = {**required(model), **factory.fields} if factory.everything else factory.fields
    found = {name: value for name, value in written.items() if name not in given or not left_out(value, given[name], name, model, matter)}
    for name, what in given.items():
        if name not in written:
            found |= overriding(row, field_of(model, name), what, written, factory.everything)
    return found


def field_of(model: Model, name: str) -> Field:
    one = next((one for one in model.fields if one.name == name), None)
    if one is None or one.kind != "column":
        raise NotBy
    return one


def required(model: Model) -> dict[str, Given]:
    """The fields that must have a value and get none from the model."""
    return {
        one.name: Given(RELATED if one.related else COMPUTED)
        for one in model.fields
        if one.kind == "column"
        and not (
            one.null
            or one.has_default
            or one.blank
            or one.auto
            or one.auto_now
            or one.auto_now_add
            or one.generated
            or one.db_default
            or one.parent_link
        )
    }


def left_out(value: Any, what: Given, name: str, model: Model, matter: Mattering) -> bool:
    """Whether the factory's own value does as well as the recorded one."""
    if what.kind == LITERAL:
        return type(value) is type(what.value) and value == what.value
    return what.kind != RELATED and matter.incidental(value, field_of(model, name), model)


def overriding(row: RowExists, one: Field, what: Given, written: Mapping[str, Any], everything: bool) -> dict[str, Any]:
    """What has to be said of a field that the model alone would have given its recorded value. Raises NotBy."""
    if one.auto_now or one.auto_now_add or one.generated or (one.name in ("password", "last_login") and not everything):
        return {}
    recorded = row.values.get(one.attname)
    if one.attname in written or one.attname not in row.values or lossy(recorded) or one.name == "password":
        raise NotBy
    value = plain(recorded)
    if what.kind == RELATED:
        if value is not None:
            raise NotBy
        return {one.name: None}
    if what.kind == LITERAL and type(value) is type(what.value) and value == what.value:
        return {}
    return {one.name: bare(value)}


def taken_once(found: Mapping[str, Any], row: RowExists, rows: Mapping[Any, RowExists], model: Model, factory: Factory) -> None:
    """A factory that takes a row which is there must not find another's. Raises NotBy."""
    if not factory.unique:
        return
    columns = [field_of(model, name).attname for name in factory.unique]
    if not all(name in found for name in factory.unique):
        raise NotBy
    mine = [bare(row.values.get(name)) for name in columns]
    others = [other for other in rows.values() if other.key.label == row.key.label and other is not row]
    if any([bare(other.values.get(name)) for name in columns] == mine for other in others):
        raise NotBy
