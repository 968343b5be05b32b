"""Many-to-many rows that a query went through without selecting them: told from its joins and conditions."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare

from unspan_inverter.events import RowsRead
from unspan_inverter.facts import predicates
from unspan_inverter.facts.kinds import Key, Linked

PREFETCH = "_prefetch_related_val_"
"""Prefix under which Django selects the other side's key when it prefetches."""


class Side(NamedTuple):
    """A foreign key of a table between two models."""

    field: Field
    model: Model


def through_rows(event: RowsRead, project: Project) -> Iterator[tuple[Model, dict[str, Any]]]:
    """Rows of joining tables that must have existed for these results: the model between, and its two foreign keys by attname."""
    read = project.model(event.model) if event.model else None
    if read is None or " JOIN " not in event.statement.upper() or not event.rows:
        return
    for between in project.models:
        if between.proxy or f"{between.table}" not in event.statement or between.label == read.label:
            continue
        sides = [Side(one, related) for one in between.fields if one.related and (related := project.model(one.related))]
        here = [side for side in sides if side.model.label == read.label]
        there = [side for side in sides if side not in here[:1]]
        if len(sides) == 2 and here and there:
            yield from joined(event, between, here[0] if there[0] is not here[0] else here[0], there[0], read)


def joined(event: RowsRead, between: Model, here: Side, there: Side, read: Model) -> Iterator[tuple[Model, dict[str, Any]]]:
    mine = next((i for i, column in enumerate(event.columns) if column.model == read.label and column.attname == read.pk), None)
    if mine is None:
        return
    if here.model.label == there.model.label:  # a relation to itself: which side the condition names decides
        here, there = oriented(event, between, here, there)
    other = next((i for i, column in enumerate(event.columns) if column_name(column) == f"{PREFETCH}{there.field.column}"), None)
    fixed = None if other is not None else fixed_key(event, between, there)
    for row in event.rows:
        value = row[other] if other is not None and other < len(row) else fixed
        if value is not None and mine < len(row):
            yield between, {here.field.attname: bare(row[mine]), there.field.attname: bare(value)}


def column_name(column: Any) -> str:
    return str(column.attname if column.model is None else "")


def oriented(event: RowsRead, between: Model, one: Side, two: Side) -> tuple[Side, Side]:
    if fixed_key(event, between, one) is not None or any(column_name(c) == f"{PREFETCH}{one.field.column}" for c in event.columns):
        return two, one
    return one, two


def fixed_key(event: RowsRead, between: Model, side: Side) -> Any:
    """The value that the statement's condition gives the joining table's column."""
    from sqlglot import errors, exp, parse_one  # noqa: PLC0415 - see predicates

    try:
        tree = parse_one(predicates.named(event.statement), read=predicates.DIALECTS.get(event.system, "sqlite"))
    except (errors.SqlglotError, ValueError, RecursionError):
        return None
    where = tree.args.get("where") if tree is not None else None
    for part in predicates.parts(where.this) if where is not None else ():
        inner = part.this if isinstance(part, exp.Paren) else part
        if isinstance(inner, exp.EQ) and isinstance(inner.left, exp.Column) and inner.left.name == side.field.column:
            if inner.left.table in (between.table, ""):
                known, value = predicates.constant(inner.right, event.parameters)
                return as_key(value, side) if known else None
    return None


def as_key(value: Any, side: Side) -> Any:
    """A driver's parameter as the key it stands for: SQLite is given a UUID as 32 hex digits."""
    import uuid  # noqa: PLC0415

    pk = side.model.field("pk")
    if pk is not None and pk.type == "UUIDField" and isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            return value
    return value


def as_link(between: Model, values: dict[str, Any], project: Project) -> Linked | None:
    """The many-to-many link that a row of an automatic table is."""
    for model in project.models:
        for one in model.fields:
            if one.kind == "many_to_many" and one.through and one.through.lower() == between.label.lower() and one.through_auto:
                sides = [side for side in between.fields if side.related]
                if len(sides) == 2 and all(side.attname in values for side in sides):
                    owner, target = sides
                    if (owner.related or "").lower() != model.label.lower():
                        owner, target = target, owner
                    return Linked(
                        Key(model.label, values[owner.attname]), one.name, Key(project_label(target, project), values[target.attname])
                    )
    return None


def project_label(side: Field, project: Project) -> str:
    related = project.model(side.related or "")
    return related.label if related else str(side.related)
