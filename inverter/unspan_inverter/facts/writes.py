"""What statements that write tell of rows: which ones they chose, what those held before, and what they hold now."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from unspan_proto.project import Model, Project
from unspan_proto.values import Opaque, bare, lossy

from unspan_inverter.events import RowsDeleted, RowsInserted, RowsUpdated
from unspan_inverter.facts import joins, parents, predicates
from unspan_inverter.facts.joins import MISSING
from unspan_inverter.facts.kinds import Key, Made
from unspan_inverter.facts.ledger import Ledger

MOST_STAND_INS = 200
"""Rows that nobody read are made up to this number for one statement."""
WRITTEN = "a write changed this row without reading it"
UNCHANGED: Any = object()
"""A column that an UPDATE set to itself."""


def write(ledger: Ledger, event: RowsInserted | RowsUpdated | RowsDeleted) -> None:
    model = ledger.concrete(event.model)
    if model is None:
        return
    if isinstance(event, RowsInserted):
        inserted(ledger, event, model)
    elif isinstance(event, RowsUpdated):
        updated(ledger, event, model)
    else:
        deleted(ledger, event, model)


def inserted(ledger: Ledger, event: RowsInserted, model: Model) -> None:
    for row in event.rows:
        pk = bare(row.get("pk", row.get(model.pk)))
        values = {name: value for name, value in row.items() if name != "pk"}
        found = met(ledger, values, event, model)
        if found is not None:
            change(
                ledger,
                found,
                {one.attname: values[one.attname] for one in model.fields if one.column in event.overwrites and one.attname in values},
                event,
            )
            continue
        key = Key(model.label, Made(ledger.another()) if pk is None or lossy(pk) else pk, event.database)
        ledger.spans.setdefault(key, event.span)
        ledger.now.gone.pop(key, None)
        ledger.now.born[key] = values
        ledger.made_rows.add(key)
        if isinstance(key.pk, Made):
            ledger.keyless[key] = None


def met(ledger: Ledger, values: Mapping[str, Any], event: RowsInserted, model: Model) -> Key | None:
    """The row that was there already, before an INSERT or by it, and that it ran into: it has the same unique values."""
    together = [[one.attname] for one in model.fields if one.unique]
    together += [
        [one.attname for name in constraint.fields if (one := model.field(name)) is not None]
        for constraint in model.constraints
        if constraint.kind == "unique"
    ]
    for key, row in ledger.current(model.label, event.database).items() if event.existing or event.lenient else ():
        if (key.pk in event.existing or key in ledger.now.born) and any(
            names and all(values.get(name) is not None and row.get(name) == values[name] for name in names) for names in together
        ):
            return key
    return None


def updated(ledger: Ledger, event: RowsUpdated, model: Model) -> None:
    for pk, given in event.changes:
        values = dict(given)
        pk = values.pop(model.pk, None) if pk is None and len(event.changes) > 1 else pk
        if pk is not None:
            keys = [Key(model.label, bare(pk), event.database)] if event.row_count else []
        else:
            keys = matched(ledger, model, event)
            if len(keys) != event.row_count:
                overwritten(ledger, model, values, event.database)
        for key in keys:
            change(ledger, key, values, event)


def overwritten(ledger: Ledger, model: Model, values: Mapping[str, Any], database: str) -> None:
    """An UPDATE chose rows that cannot be told: what it wrote is no longer known of any row."""
    ledger.now.overwritten.setdefault((model.label, database), set()).update(values)
    for key, row in ledger.now.born.items():
        if (key.label, key.database) == (model.label, database):
            row.update({name: Opaque("overwritten") for name in values})


def change(ledger: Ledger, key: Key, given: Mapping[str, Any], event: RowsUpdated | RowsInserted) -> None:
    held = ledger.current(key.label, key.database).get(key, {})
    model = ledger.project.model(key.label)
    made = given
    if model is not None and isinstance(event, RowsUpdated):
        made = {name: computed(value, held.get(name), model, name, event) for name, value in given.items()}
    values = {name: value for name, value in made.items() if value is not UNCHANGED}
    if key in ledger.now.born:
        ledger.now.born[key].update(values)
    else:
        ledger.known(key, event.span)
        ledger.now.changed.setdefault(key, {}).update(values)


def deleted(ledger: Ledger, event: RowsDeleted, model: Model) -> None:
    keys = [Key(model.label, bare(pk), event.database) for pk in event.keys] if event.keys is not None else matched(ledger, model, event)
    for key in keys if event.row_count else []:
        if key in ledger.now.born:
            ledger.undone.append((key, ledger.now.born.pop(key)))
        else:
            if event.keys is None or event.row_count == len(keys):
                ledger.known(key, event.span)
            if key in ledger.before:
                ledger.now.gone[key] = event.span


def matched(ledger: Ledger, model: Model, event: RowsUpdated | RowsDeleted) -> list[Key]:
    """The rows that a write's condition chose: those known, and stand-ins for those that the database counted beyond them."""
    where = predicates.where(event.statement, event.parameters, event.system)
    if where is None:
        return []
    found = [key for key, row in ledger.current(model.label, event.database).items() if predicates.holds(where, by_column(model, row))]
    ways, missing = predicates.choices(where), event.row_count - len(found)
    if missing > MOST_STAND_INS:
        ledger.notes.append(f"{missing} rows that `{event.statement[:90]}` wrote were not recorded: too many to make up")
    for turn in range(0 if missing > MOST_STAND_INS else missing if ways == 1 else ways):
        values = predicates.satisfying(where, turn)
        if values is None or len(found) >= event.row_count:
            break
        key = witness(ledger, model, from_columns(model, values, ledger.project), where, found if ways > 1 else [], event.database)
        if key is not None:
            ledger.known(key, event.span)
            found.append(key)
    return found


def witness(
    ledger: Ledger, model: Model, values: dict[str, Any], where: tuple[predicates.Term, ...], found: list[Key], database: str
) -> Key | None:
    """A row with these values, which a write must have chosen; None where it is one of those found, or a known one that was not chosen."""
    rows = ledger.current(model.label, database)
    if any(all(rows[key].get(name) == value for name, value in values.items()) for key in found):
        return None
    pk = values.get(model.pk)
    key = Key(model.label, Made(ledger.another(), WRITTEN) if pk is None or lossy(pk) else bare(pk), database)
    if key in rows and (key in found or key in ledger.now.born or not predicates.holds(where, by_column(model, {**values, **rows[key]}))):
        return None
    if key not in rows:
        ledger.others[key] = frozenset(rows)
        ledger.reasons[key] = WRITTEN
    for name, value in values.items():
        ledger.before.setdefault(key, {}).setdefault(name, value)
    return key


def computed(value: Any, before: Any, model: Model, name: str, event: RowsUpdated) -> Any:
    """What `SET n = n + 1` made of a known number, and `SET n = n` of anything; any other expression stays what it is."""
    one = model.field(name)
    if isinstance(value, Opaque) and one is not None and itself(one.column or "", event.statement):
        return UNCHANGED
    if not isinstance(value, Opaque) or one is None or not isinstance(before, (int, float, Decimal)) or isinstance(before, bool):
        return value
    found = re.search(
        rf"[`\"]{re.escape(str(one.column))}[`\"] = \([^()]*[`\"]{re.escape(str(one.column))}[`\"] ([+-]) (%s|\d+)\)", event.statement
    )
    if found is None:
        return value
    at = predicates.placeholders(event.statement[: found.start(2)])
    held: Any = before
    try:
        step: Any = event.parameters[at] if found[2] == "%s" else int(found[2])
        exact = type(held)(step)
        return value if exact != step else held + exact if found[1] == "+" else held - exact
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return value


def itself(column: str, statement: str) -> bool:
    """Whether an UPDATE sets a column to itself."""
    name = rf"[`\"]{re.escape(column)}[`\"]"
    return re.search(rf"(?:SET|,) {name} = (?:[`\"]\w+[`\"]\.)?{name}(?=,| WHERE |$)", statement) is not None


def from_columns(model: Model, values: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """Values by column name as a row's, in the types of its fields."""
    found: dict[str, Any] = {}
    for one in model.fields:
        value = values.get(one.column or "", MISSING)
        if value is predicates.PRESENT:
            value = parents.stand_in(one, 1) if not one.related else MISSING
        if value is not MISSING:
            found[one.attname] = joins.as_python(one, value, project)
    return found


def by_column(model: Model, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values under its column names, as SQL knows them."""
    return {one.column: row[one.attname] for one in model.fields if one.column and one.attname in row}
