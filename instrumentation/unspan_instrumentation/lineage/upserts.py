"""INSERTs that may run into rows which are there already: which rows those are."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import FROM, Node, part

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
    places = [[names.index(name) for name in some] for some in unique if names and set(some) <= set(names)]
    either = [
        exp.and_(*(compared(exp.column(names[at], quoted=True), given[at]) for at in some))
        for given in brought(insert.expression)
        for some in places
        if len(given) == len(names)
    ]
    return exp.or_(*either) if either else None


def brought(values: Node) -> Iterator[list[Node]]:
    """What an INSERT gives for each column, row by row; from PostgreSQL's UNNEST an array of all rows' values each."""
    if isinstance(values, exp.Values):
        yield from (row.expressions for row in islice(values.expressions, MOST) if isinstance(row, exp.Tuple))
    source = part(values, FROM) if isinstance(values, exp.Select) else None
    if source is not None and isinstance(source.this, exp.Unnest):
        yield [exp.Any(this=exp.paren(one.copy())) for one in source.this.expressions]


def compared(column: Node, value: Node) -> Node:
    return exp.EQ(this=column, expression=value.copy())
