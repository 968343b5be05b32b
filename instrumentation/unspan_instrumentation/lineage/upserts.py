"""INSERTs that may run into rows which are there already: which rows those are."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import Node, part

MOST: Final = 200
"""Rows of one INSERT that are looked for."""


def target(insert: exp.Insert) -> exp.Table | None:
    """The table of an INSERT with something to do about a conflict."""
    table = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    about = part(insert, "conflict") or part(insert, "alternative") or part(insert, "ignore")
    return table if about and isinstance(table, exp.Table) else None


def condition(insert: exp.Insert, unique: Iterable[tuple[str, ...]]) -> Node | None:
    """That a row has one of the unique values which the INSERT brings; None where it names no columns or brings no rows."""
    names = [one.name for one in insert.this.expressions] if isinstance(insert.this, exp.Schema) else []
    values = insert.expression
    if not names or not isinstance(values, exp.Values):
        return None
    places = [[names.index(name) for name in some] for some in unique if set(some) <= set(names)]
    either = [
        exp.and_(*(exp.EQ(this=exp.column(names[at], quoted=True), expression=row.expressions[at].copy()) for at in some))
        for row in islice(values.expressions, MOST)
        for some in places
        if isinstance(row, exp.Tuple) and len(row.expressions) == len(names)
    ]
    return exp.or_(*either) if either else None
