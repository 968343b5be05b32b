"""Pieces of statements, and what queries are put together from."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import FROM, Node, identifier, part
from unspan_instrumentation.lineage.scopes import negated, number


class Item(NamedTuple):
    """A part of a FROM clause."""

    how: Literal["from", "cross", "join"]
    node: Node

    @property
    def read(self) -> Node:
        return self.node.this if self.how == "join" else self.node

    def copy(self) -> "Item":
        return Item(self.how, self.node.copy())


def joins(select: Node) -> list[Item]:
    return [Item("join", one.copy()) for one in part(select, "joins") or ()]


def crossed(items: Iterable[Item]) -> list[Item]:
    """The items after others."""
    return [Item("cross", one.node) if one.how == "from" else one for one in items]


def add(select: exp.Select, item: Item) -> None:
    if item.how == "from" and part(select, FROM) is None:
        select.set(FROM, exp.From(this=item.node))
    else:
        select.append("joins", item.node if item.how == "join" else exp.Join(this=item.node, kind="CROSS"))


def column(table: Node, name: str) -> exp.Column:
    """A column by the table's name as it is written: Django leaves `T4` and `U0` unquoted, and PostgreSQL folds those."""
    alias = part(table, "alias")
    named = alias.this if alias is not None and alias.this is not None else table.this
    return exp.Column(this=identifier(name), table=named.copy())


def missing(condition: Node, outer: set[str]) -> set[str]:
    """The joined tables of which a condition says that there is no row."""
    return {
        one.this.table
        for one in condition.find_all(exp.Is)
        if isinstance(one.expression, exp.Null)
        and isinstance(one.this, exp.Column)
        and one.this.table in outer
        and not (condition.parent is not None and negated(one, condition.parent))
        and one.find_ancestor(exp.Select) is condition.find_ancestor(exp.Select)
    }


def leading(alias: str, select: Node, outer: set[str]) -> set[str]:
    """A joined table, and those of the outer joined ones by which it was reached: a row of it alone would not be found again."""
    ons = {one.this.alias_or_name: one.args.get("on") for one in part(select, "joins") or ()}
    found, waiting = set[str](), [alias]
    while waiting:
        name = waiting.pop()
        found.add(name)
        on = ons.get(name)
        waiting += [one.table for one in on.find_all(exp.Column) if one.table in outer - found] if on is not None else []
    return found


def bound_of(select: Node) -> exp.Limit:
    """The LIMIT that lets the rows through which an OFFSET passes over, too."""
    rows = (number(part(select, "limit")) or 0) + (number(part(select, "offset")) or 0)
    return exp.Limit(expression=exp.Literal.number(rows))


def resolved(select: Node) -> Node | None:
    """The ORDER BY without references to the columns that are shown: those will be others."""
    order = part(select, "order")
    if order is None:
        return None
    order = order.copy()
    shown = [one.this if isinstance(one, exp.Alias) else one for one in select.expressions]
    named = {one.alias: one.this for one in select.expressions if isinstance(one, exp.Alias)}
    for term in order.expressions:
        by = term.this
        if isinstance(by, exp.Literal) and not by.is_string:
            term.set("this", shown[int(by.this) - 1].copy())
        elif isinstance(by, exp.Column) and not by.table and by.name in named:
            term.set("this", named[by.name].copy())
    return order


def together(clauses: list[Node]) -> Node | None:
    """One WITH clause out of several, innermost first."""
    if not clauses:
        return None
    found = clauses[0].copy()
    for clause in clauses[1:]:
        for one in clause.expressions:
            found.append("expressions", one.copy())
        if part(clause, "recursive"):
            found.set("recursive", True)
    return found
