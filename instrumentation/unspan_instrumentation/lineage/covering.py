"""The tables of a database as statements name them, and whether a statement returns all of theirs by itself."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import WITH, Node, part
from unspan_instrumentation.lineage.scopes import aggregates, sources


class Table(NamedTuple):
    """A table as models know it: its columns and primary key, and the sets of columns that are unique together."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()


Schema = Mapping[str, Table]


def covers(tree: Node, schema: Schema) -> bool:
    """Whether the rows of a SELECT hold every column of every table that it reads."""
    if not isinstance(tree, exp.Select) or any(part(tree, name) for name in ("group", "distinct", "offset", WITH)):
        return False
    if aggregates(tree) or len(list(tree.find_all(exp.Select))) != 1:
        return False
    shown: dict[str, set[str]] = {}
    for one in tree.expressions:
        plain = one.this if isinstance(one, exp.Alias) else one
        if isinstance(plain, exp.Column):
            shown.setdefault(plain.table, set()).add(plain.name)
    return all(
        isinstance(one.node, exp.Table) and one.node.name in schema and set(schema[one.node.name].columns) <= shown.get(one.alias, set())
        for one in sources(tree)
    )
