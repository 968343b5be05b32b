"""Rows that nothing read but something proves: those a COUNT counted, a MAX found, a refused INSERT ran into."""

import re
from collections.abc import Mapping
from typing import Any

from unspan_proto.project import Model
from unspan_proto.values import bare, lossy

from unspan_inverter.events import RowsRead, WriteRefused
from unspan_inverter.facts import parents, predicates, refusals, windows
from unspan_inverter.facts.kinds import Key, Made, RowExists
from unspan_inverter.facts.ledger import Ledger, Refused
from unspan_inverter.facts.writes import MOST_STAND_INS, from_columns

BEHIND_COUNT = "a query counted this row without reading it"
CLASHED = "a write was refused because of this row"
LEFT_BEHIND = (
    "the database gave a new row of {} a key that was taken: the sequence of its keys had been left behind by rows with keys of their own, "
    "which no test database shows (`manage.py sqlsequencereset` writes the statements that mend it)"
)


def prove(ledger: Ledger) -> None:
    """Adds to the ledger the rows behind refused inserts, extremes and counts."""
    for one in ledger.clashes:
        clashed(one, ledger)
    extreme_rows(ledger)
    counted_rows(ledger)


def initial(ledger: Ledger, label: str, database: str) -> list[Mapping[str, Any]]:
    return [row for key, row in ledger.before.items() if (key.label, key.database) == (label, database)]


def clashed(refused: Refused, ledger: Ledger) -> None:
    """A refused write proves a row with the same values in columns that no two rows share."""
    event = refused.event
    model = ledger.concrete(event.model)
    if model is None:
        return
    rows = [written(row, event, model, ledger) for row in event.rows]
    told = refusals.shared(event.message, model, rows)
    if told == (model.pk,) and all(row.get(model.pk) is None for row in rows):
        ledger.hindrances.append(LEFT_BEHIND.format(model.label))
        return
    sets = [told] if told is not None else [names for names in refusals.uniques(model) if len(names) == 1 and names != (model.pk,)]
    tried = [
        {name: row[name] for name in names}
        for row in rows
        for names in sets
        if names and all(row.get(name) is not None and not lossy(row[name]) for name in names)
    ]
    tried = [values for values in tried if refusals.names_values(event.message, [bare(value) for value in values.values()])] or tried
    standing = [*refused.born.items(), *ledger.before.items()]
    met = [
        values
        for values in tried
        if any((key.label, key.database) == (model.label, event.database) and holds(row, values, event) for key, row in standing)
    ]
    values = next(iter([*met, *tried]), None)
    if values is None or any(key.label == model.label and holds(made, values, event) for key, made in refused.born.items()):
        return
    if values in met or tried.count(values) == 1:  # a bulk of rows may also run into one of its own
        ran_into(values, event, model, ledger)


def written(row: Mapping[str, Any], event: WriteRefused, model: Model, ledger: Ledger) -> dict[str, Any]:
    """What a row would have held: of one that was to be updated, also what it held before."""
    pk = bare(row.get("pk", event.keys[0] if event.keys is not None and len(event.keys) == 1 else None))
    given = {name: value for name, value in row.items() if name != "pk"}
    return given if pk is None or lossy(pk) else {**ledger.before.get(Key(model.label, pk, event.database), {}), model.pk: pk, **given}


def ran_into(values: Mapping[str, Any], event: WriteRefused, model: Model, ledger: Ledger) -> None:
    """Adds the row with these values, or notes of the known one that the request has met it."""
    for key, known in ledger.before.items():
        if (key.label, key.database) == (model.label, event.database) and holds(known, values, event):
            ledger.only_pointed.discard(key)
            ledger.shown.setdefault(key, set()).update(values)
            return
    pk = bare(values[model.pk]) if model.pk in values else Made(ledger.another(), CLASHED)
    given = {one.column: values[one.attname] for one in model.fields if one.column and one.attname in values}
    apart = from_columns(model, unseen(model, given, ledger), ledger.project)
    ledger.known(Key(model.label, pk, event.database), event.span).update({**apart, **values})
    ledger.reasons[Key(model.label, pk, event.database)] = CLASHED


def holds(row: Mapping[str, Any], values: Mapping[str, Any], event: WriteRefused) -> bool:
    return all(refusals.same(row.get(name), value, event.message) for name, value in values.items())


def counted_rows(ledger: Ledger) -> None:
    """Adds the rows that a COUNT or an EXISTS saw and nothing else read."""
    for event in ledger.counted:
        wanted = count_of(event)
        model = ledger.concrete(event.model)
        if not wanted or model is None or event.supported:
            continue
        where = predicates.where(event.statement, event.parameters, event.system)
        if where is None:
            ledger.notes.append(f"the rows behind `{event.statement[:90]}` were not recorded: the test has those that other queries read")
            continue
        known = sum(
            predicates.holds(where, columns(model, row))
            for row in [*initial(ledger, model.label, event.database), *born_rows(ledger, model.label, event.database)]
        )
        values = predicates.satisfying(where)
        if known < wanted and values is None:
            ledger.notes.append(f"{wanted - known} rows behind `{event.statement[:90]}` were not recorded, and their values cannot be told")
        elif wanted - known > MOST_STAND_INS:
            ledger.notes.append(f"{wanted - known} rows behind `{event.statement[:90]}` were not recorded: too many to make up")
        elif known < wanted and values is not None:
            count(event, model, values, wanted - known, ledger)


EXTREME = re.compile(r'SELECT (?:MAX|MIN)\([`"]?\w+[`"]?\.[`"]?(\w+)[`"]?\)(?: AS [`"]?\w+[`"]?)? FROM', re.I)
"""A query for the greatest or the least value of one column."""


def extreme_rows(ledger: Ledger) -> None:
    """Adds the row that held the greatest or the least value which a query asked for."""
    for event in ledger.counted:
        model = ledger.concrete(event.model)
        asked = EXTREME.match(event.statement)
        value = bare(event.rows[0][0]) if asked and len(event.rows) == 1 and len(event.rows[0]) == 1 else None
        if model is None or asked is None or value is None or lossy(value) or event.supported:
            continue
        where = predicates.where(event.statement, event.parameters, event.system)
        rows = [
            columns(model, row) for row in [*initial(ledger, model.label, event.database), *born_rows(ledger, model.label, event.database)]
        ]
        if where is None or any(row.get(asked[1]) == value and predicates.holds(where, row) for row in rows):
            continue
        if (values := predicates.satisfying(where)) is not None:
            count(event, model, {**values, asked[1]: value}, 1, ledger)


def count(event: RowsRead, model: Model, values: Mapping[str, Any], number: int, ledger: Ledger) -> None:
    """Adds stand-ins for rows that were counted: rows that only foreign keys spoke of first, then new ones beside the page that was shown."""
    given = from_columns(model, values, ledger.project)
    dangling = [key for key in pointed_only(ledger) if (key.label, key.database) == (model.label, event.database)][:number]
    page = windows.window(model, ledger.counted)
    places = windows.outside(page) if page is not None else iter(())
    for i in range(number):
        if i < len(dangling):
            ledger.known(dangling[i], event.span).update(given)
            continue
        place = next(places, None)
        pk: Any = given[model.pk] if isinstance(given.get(model.pk), int) and number == 1 else Made(ledger.another(), BEHIND_COUNT)
        if (
            page is not None
            and page.attname == model.pk
            and isinstance(place, int)
            and place > 0
            and Key(model.label, place, event.database) not in ledger.before
        ):
            pk = place
            ledger.reasons[Key(model.label, pk, event.database)] = BEHIND_COUNT
        row = ledger.known(Key(model.label, pk, event.database), event.span)
        row.update({**from_columns(model, unseen(model, values, ledger, event), ledger.project), **given})
        if page is not None and page.attname != model.pk and place is not None:
            row.setdefault(page.attname, place)


def pointed_only(ledger: Ledger) -> list[Key]:
    """Keys that foreign keys name and no query read."""
    rows = {key: RowExists(key, values, "") for key, values in ledger.before.items()}
    return [key for key in parents.with_parents(rows, ledger.project) if key not in rows]


def unseen(model: Model, values: Mapping[str, Any], ledger: Ledger, event: RowsRead | None = None) -> dict[str, Any]:
    """Values that keep a stand-in out of the results of the other queries, of its model or one that it inherits from, which did not show it."""
    found: dict[str, Any] = {}
    family = (model, *ledger.project.ancestors(model))
    for other in ledger.counted:
        if other is event or ledger.concrete(other.model) not in family:
            continue
        if not other.supported and (count_of(other) or other.shape.get("sliced")):  # it may have met more rows than it showed
            continue
        where = predicates.where(other.statement, other.parameters, other.system)
        if where and predicates.holds(where, {**columns(model, {}), **found, **values}):
            found |= predicates.breaking(where, values) or {}
    return found


def count_of(event: RowsRead) -> int:
    """How many rows a plain COUNT(*) or EXISTS proves; 0 for any other query."""
    text = event.statement.upper()
    if len(event.rows) == 1 and len(event.rows[0]) == 1 and isinstance(event.rows[0][0], int):
        if text.startswith("SELECT COUNT(*)"):
            return event.rows[0][0]
        if text.startswith("SELECT 1 AS"):
            return 1
    return 0


def columns(model: Model, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by column name, with defaults for what is not known of it."""
    plain = {one.column: one.default for one in model.fields if one.column and one.has_default and not lossy(one.default)}
    return plain | {one.column: row[one.attname] for one in model.fields if one.column and one.attname in row}


def born_rows(ledger: Ledger, label: str, database: str) -> list[Mapping[str, Any]]:
    return [row for key, row in ledger.now.born.items() if (key.label, key.database) == (label, database)]
