"""Pages of a list: where rows that were counted but not shown must sort, so that the same page is shown again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from unspan_proto.project import Model
from unspan_proto.values import bare

from unspan_inverter.events import RowsRead
from unspan_inverter.facts import predicates

MOST_BEFORE = 200
"""Rows that are placed before a page, at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """A slice of an ordered result: the attname it is ordered by, its values in the slice, and how many rows come before."""

    attname: str
    descending: bool
    values: tuple[Any, ...]
    offset: int


def window(model: Model, events: Iterable[RowsRead]) -> Window | None:
    """The first sliced query of the model, if it is ordered by a column that it shows."""
    for event in events:
        if event.shape.get("sliced") and event.model and event.model.lower() == model.label.lower() and event.rows:
            return sliced(model, event)
    return None


def sliced(model: Model, event: RowsRead) -> Window | None:
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    tree = predicates.tree_of(event.statement, event.system)
    if tree is None:
        return None
    order, offset = tree.args.get("order"), tree.args.get("offset")
    first = order.expressions[0] if order is not None and order.expressions else None
    if first is None or not isinstance(first.this, exp.Column):
        return None
    one = model.by_column(first.this.name)
    at = next((i for i, column in enumerate(event.columns) if one and column.attname == one.attname and column.model == model.label), None)
    if one is None or at is None:
        return None
    values = tuple(found for row in event.rows if (found := bare(row[at])) is not None)
    known, skipped = predicates.constant(offset.expression, event.parameters) if offset is not None else (True, 0)
    return (
        Window(one.attname, bool(first.args.get("desc")), values, int(skipped)) if values and known and isinstance(skipped, int) else None
    )


def outside(found: Window) -> Iterator[Any]:
    """Values of the ordering column for rows beside the window: first those before it, then any number after it."""
    try:
        low, high = min(found.values), max(found.values)
    except TypeError:
        return
    before = min(found.offset, MOST_BEFORE)
    for i in range(before):
        yield beyond(low if not found.descending else high, found.descending, before - i)
    n = 0
    while True:
        n += 1
        yield beyond(high if not found.descending else low, not found.descending, n)


def beyond(value: Any, up: bool, n: int) -> Any:
    """The n-th value above or below; None where there is none of its kind."""
    if isinstance(value, (bool, bytes)):
        return None
    if isinstance(value, (int, float, Decimal)):
        return value + n if up else value - n
    if isinstance(value, (datetime, date)):
        return value + timedelta(days=n) if up else value - timedelta(days=n)
    if isinstance(value, str):
        return value + "~" * n if up else value[:1].replace(value[:1], " ") * n
    return None
