"""Results whose order the database chose: rows that the query's ORDER BY leaves level, and that came otherwise than the test will put them in."""

from collections.abc import Iterable, Mapping
from typing import Final

from unspan_proto.project import Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import Event, RowsRead
from unspan_inverter.facts import predicates
from unspan_inverter.facts.kinds import Key, Loose

CHOOSING: Final = frozenset({"postgresql", "mysql", "mariadb"})
"""Databases that join and sort in ways of which nothing can be said beforehand; SQLite goes through tables as they are."""


def results(events: Iterable[Event], places: Mapping[Key, int], project: Project) -> tuple[Loose, ...]:
    """`places`: where the test puts each row among all that it makes."""
    found: list[Loose] = []
    for event in events:
        if isinstance(event, RowsRead) and event.system in CHOOSING and len(event.rows) > 1:
            order = positions(event, places, project)
            if order is None or order == sorted(order):
                continue
            groups = level(event, project)
            if groups and any(
                one == other and here > there for one, other, here, there in zip(groups, groups[1:], order, order[1:], strict=False)
            ):
                found.append(Loose(event.rows, tuple(groups)))
    return tuple(found)


def positions(event: RowsRead, places: Mapping[Key, int], project: Project) -> list[int] | None:
    """Where the test puts the rows of a result; None for rows without a key, or with the same several times."""
    model, owner = project.model(event.model or ""), project.owner(event.model or "")
    if model is None or owner is None:
        return None
    at = next(
        (i for i, one in enumerate(event.columns) if one.model == event.model and one.attname == model.pk and one.alias == model.table),
        None,
    )
    if at is None:
        return None
    keys = [Key(owner.label, bare(row[at]), event.database) for row in event.rows if not isinstance(bare(row[at]), (list, dict))]
    known = {key: places.get(key, len(places) + i) for i, key in enumerate(keys)}
    return list(known.values()) if len(known) == len(event.rows) else None


def level(event: RowsRead, project: Project) -> list[int]:
    """A number for each row, the same for rows next to each other that the ORDER BY does not tell apart; none where it cannot be told."""
    columns = sorted_by(event, project)
    if columns is None:
        return []
    groups, number = [0], 0
    for before, row in zip(event.rows, event.rows[1:], strict=False):
        number += any(lossy(row[at]) or bare(before[at]) != bare(row[at]) for at in columns)
        groups.append(number)
    return groups


def sorted_by(event: RowsRead, project: Project) -> list[int] | None:
    """The places of the columns that a result is ordered by; None where others than its own decide."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    if "ORDER BY" not in event.statement.upper():
        return []
    tree = predicates.tree_of(event.statement, event.system)
    if tree is None:
        return None
    order = tree.args.get("order")
    found: list[int] = []
    for one in order.expressions if order is not None else ():
        by = one.this if isinstance(one, exp.Ordered) else one
        at = place(by.table, by.name, event, project) if isinstance(by, exp.Column) else None
        if isinstance(by, exp.Literal) and by.is_int and int(by.this) <= len(event.columns):
            at = int(by.this) - 1
        if at is None:
            return None
        found.append(at)
    return found


def place(table: str, name: str, event: RowsRead, project: Project) -> int | None:
    """The place of a column in a result, which names columns by attname."""
    for at, one in enumerate(event.columns):
        model = project.model(one.model) if one.model else None
        field = model.field(one.attname) if model and one.attname else None
        if field is not None and field.column == name and one.alias == table:
            return at
    return None
