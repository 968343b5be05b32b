"""What the rows of a result prove beyond the columns they hold: conditions that they met, and rows of the tables they were joined with.

Every INNER JOIN's row existed, every `column = value` of the WHERE held, every `a.x = b.y` of an ON carries a value from one row to the other.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import RowsRead
from unspan_inverter.facts import predicates

Place = tuple[str, str]
"""`(table alias, column name)`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The joins and conditions of one statement text."""

    tables: Mapping[str, str]
    """Alias → table, in the order of the FROM clause."""
    outer: frozenset[str]
    equal: tuple[tuple[Place, Place], ...]
    fixed: tuple[tuple[Place, Any], ...]
    """Places with the expression that they equal."""


@dataclass(slots=True)
class Joined:
    """A row of one of the joined tables, as far as a result proves it: attname → value."""

    alias: str
    model: Model
    values: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def pk(self) -> Any:
        return self.values.get(self.model.pk)


@lru_cache(maxsize=4096)
def shape(statement: str, system: str) -> Shape | None:
    """The shape of a SELECT; None for one that groups, unites or cannot be read."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    tree = predicates.tree_of(statement, system)
    if not isinstance(tree, exp.Select) or tree.args.get("group") or any(one.find(exp.AggFunc, exp.Window) for one in tree.expressions):
        return None
    source = predicates.source_of(tree)
    if not isinstance(source, exp.Table):
        return None
    tables = {source.alias_or_name: source.name}
    outer: set[str] = set()
    conditions: list[Any] = []
    for join in tree.args.get("joins") or []:
        if not isinstance(join.this, exp.Table):
            return None
        tables[join.this.alias_or_name] = join.this.name
        if (join.side or "").upper() in ("LEFT", "RIGHT", "FULL"):
            outer.add(join.this.alias_or_name)
        conditions += predicates.parts(join.args["on"]) if join.args.get("on") is not None else []
    where = tree.args.get("where")
    met = predicates.parts(where.this) if where is not None else []
    equal = tuple(pair for part in conditions + met if (pair := equality(part, tables)))
    fixed = tuple(found for part in conditions + met if (found := fixing(part, tables)))
    needed = {place[0] for part in met if (found := fixing(part, tables)) for place in [found[0]] if not null(found[1])}
    return Shape(tables, frozenset(outer - needed), equal, fixed)


def place(tree: Any, tables: Mapping[str, str]) -> Place | None:
    from sqlglot import exp  # noqa: PLC0415

    if not isinstance(tree, exp.Column):
        return None
    alias = tree.table or (next(iter(tables)) if len(tables) == 1 else "")
    return (alias, tree.name) if alias in tables else None


def unwrapped(tree: Any) -> Any:
    from sqlglot import exp  # noqa: PLC0415

    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def equality(tree: Any, tables: Mapping[str, str]) -> tuple[Place, Place] | None:
    from sqlglot import exp  # noqa: PLC0415

    tree = unwrapped(tree)
    if not isinstance(tree, exp.EQ):
        return None
    left, right = place(tree.left, tables), place(tree.right, tables)
    return (left, right) if left and right else None


def fixing(tree: Any, tables: Mapping[str, str]) -> tuple[Place, Any] | None:
    """`column = value`, a bare boolean column or its negation, `IS NULL`, an IN of one value."""
    from sqlglot import exp  # noqa: PLC0415

    tree = unwrapped(tree)
    if isinstance(tree, exp.Column):
        found = place(tree, tables)
        return (found, exp.true()) if found else None
    if isinstance(tree, exp.Not) and isinstance(unwrapped(tree.this), exp.Column):
        found = place(unwrapped(tree.this), tables)
        return (found, exp.false()) if found else None
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        found = place(tree.this, tables)
        return (found, tree.expression) if found else None
    if isinstance(tree, exp.EQ):
        found = place(tree.left, tables)
        return (found, tree.right) if found and place(tree.right, tables) is None else None
    if isinstance(tree, exp.In) and len(tree.expressions) == 1:
        found = place(tree.this, tables)
        return (found, tree.expressions[0]) if found else None
    return None


def null(tree: Any) -> bool:
    from sqlglot import exp  # noqa: PLC0415

    return isinstance(tree, exp.Null)


def proved(event: RowsRead, project: Project) -> Iterator[tuple[list[Joined], tuple[tuple[Place, Place], ...]]]:
    """For each result row, the rows of all tables it came from, and the equalities between their columns."""
    text = event.statement.upper()
    if not event.rows or (" WHERE " not in text and " JOIN " not in text and complete(event, project)):
        return
    found = shape(event.statement, event.system)
    if found is None:
        return
    models = {alias: model for alias, table in found.tables.items() if (model := project.table(table))}
    constants = {where: value for where, tree in found.fixed if (value := constant(tree, event)) is not MISSING}
    columns = list(of_models(event, models))
    for row in event.rows:
        values = selected(columns, row, project)
        for (alias, column), value in constants.items():
            if alias in models and (one := models[alias].by_column(column)):
                values.setdefault(alias, {}).setdefault(column, as_python(one, value, project))
        gone = {alias for alias in found.outer if absent(models.get(alias), values.get(alias, {}))}
        spread(values, found.equal, gone)
        yield [joined(alias, model, values.get(alias, {})) for alias, model in models.items() if alias not in gone], found.equal


def absent(model: Model | None, values: Mapping[str, Any]) -> bool:
    """Whether an outer join found no row: its key is null, whatever a field of the application's own makes of the nulls beside it."""
    key = model.field(model.pk) if model else None
    if key is not None and key.column is not None and key.column in values:
        return values[key.column] is None
    return all(value is None for value in values.values())


def complete(event: RowsRead, project: Project) -> bool:
    """Whether the result holds the key of its model: then it proves nothing more."""
    model = project.model(event.model or "")
    return model is not None and any(column.model == model.label and column.attname == model.pk for column in event.columns)


class Missing:
    """The type of MISSING."""


MISSING = Missing()


def constant(tree: Any, event: RowsRead) -> Any:
    if null(tree):
        return None
    known, value = predicates.constant(tree, event.parameters)
    return value if known else MISSING


def of_models(event: RowsRead, models: Mapping[str, Model]) -> Iterator[tuple[int, str, Field, str]]:
    """The columns of a result that are fields' own: the place, the table's alias, the field and its column."""
    for at, column in enumerate(event.columns):
        model = models.get(column.alias or "")
        one = model.field(column.attname) if model and column.attname and column.model else None
        if one is not None and one.column:
            yield at, column.alias or "", one, one.column


def selected(columns: Sequence[tuple[int, str, Field, str]], row: tuple[Any, ...], project: Project) -> dict[str, dict[str, Any]]:
    """The row's values by alias and column name."""
    found: dict[str, dict[str, Any]] = {}
    for at, alias, one, name in columns:
        if at < len(row) and not lossy(row[at]):
            found.setdefault(alias, {})[name] = as_python(one, bare(row[at]), project)
    return found


def spread(values: dict[str, dict[str, Any]], equal: tuple[tuple[Place, Place], ...], gone: set[str]) -> None:
    """Carries values over the equalities until nothing changes."""
    moved = True
    while moved:
        moved = False
        for one, two in equal:
            for (alias, column), (other, name) in ((one, two), (two, one)):
                if alias in gone or other in gone or column not in values.get(alias, {}) or name in values.get(other, {}):
                    continue
                values.setdefault(other, {})[name] = values[alias][column]
                moved = True


def joined(alias: str, model: Model, values: Mapping[str, Any]) -> Joined:
    return Joined(alias, model, {one.attname: value for name, value in values.items() if (one := model.by_column(name))})


def as_python(one: Field, value: Any, project: Project) -> Any:
    """A driver's value as that of the field it belongs to: SQLite holds UUIDs, decimals, dates and times as text, durations as microseconds."""
    related = project.model(one.related) if one.related else None
    if related is not None:
        key = related.field(one.to_field or "pk")
        return as_python(key, value, project) if key is not None and key is not one else value
    try:
        if one.type == "UUIDField" and isinstance(value, str):
            return uuid.UUID(value)
        if one.type == "GenericIPAddressField" and isinstance(value, (IPv4Address, IPv6Address)):
            return str(value)
        if one.type == "BooleanField" and isinstance(value, int):
            return bool(value)
        if one.type == "DecimalField" and isinstance(value, (str, int)):
            return Decimal(value)
        if one.type == "DurationField" and type(value) is int:
            return timedelta(microseconds=value)
        if one.type == "TimeField" and isinstance(value, str):
            return time.fromisoformat(value)
        if one.type == "DateField" and isinstance(value, str):
            return date.fromisoformat(value)
        if one.type == "DateTimeField" and isinstance(value, (str, datetime)):
            found = datetime.fromisoformat(value) if isinstance(value, str) else value
            return found if found.tzinfo or not project.settings.get("USE_TZ") else found.replace(tzinfo=timezone.utc)
    except (ValueError, InvalidOperation):
        return value
    return value


def points(row: Joined, other: Joined, equal: tuple[tuple[Place, Place], ...]) -> bool:
    """Whether a column of `row` equals the key of `other`."""
    key = other.model.field("pk")
    there = (other.alias, key.column if key else None)
    return any(there in pair and any(place[0] == row.alias for place in pair if place != there) for pair in equal)


def pointed_first(rows: list[Joined], equal: tuple[tuple[Place, Place], ...]) -> list[Joined]:
    """Rows that others point to before those others."""
    waiting, done = list(rows), list[Joined]()
    while waiting:
        free = [row for row in waiting if not any(points(row, other, equal) for other in waiting if other is not row)] or waiting[:1]
        done += free
        waiting = [row for row in waiting if row not in free]
    return done


def carry(row: Joined, others: list[Joined], equal: tuple[tuple[Place, Place], ...]) -> None:
    """Gives the key that a row has got to the columns that equal it."""
    key = row.model.field("pk")
    here = (row.alias, key.column if key else None)
    for one, two in equal:
        there = two if one == here else one if two == here else None
        for other in others:
            if there is not None and other.alias == there[0] and (column := other.model.by_column(there[1])):
                other.values.setdefault(column.attname, row.pk)
