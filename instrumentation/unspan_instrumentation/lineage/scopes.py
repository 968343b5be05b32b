"""What a SELECT inside a statement reads, and what of it hangs on the statement around: questions to the tree, nothing is changed."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import FROM, WITH, Node, part


class Source(NamedTuple):
    """What a SELECT reads from: a table, a subquery, a function. `side` of its join: `LEFT`, `LATERAL`, …"""

    alias: str
    node: Node
    side: str = ""


def sources(select: Node) -> list[Source]:
    """In the order of the text, joins in brackets included."""
    first = part(select, FROM)
    found: list[Source] = []

    def joined(node: Node) -> None:
        for join in part(node, "joins") or ():
            found.append(Source(join.this.alias_or_name, join.this, (join.side or "").upper()))
            joined(join.this)

    if first is not None:
        found.append(Source(first.this.alias_or_name, first.this))
        joined(first.this)
    joined(select)
    return [*found, *(Source(one.alias_or_name, one, "LATERAL") for one in part(select, "laterals") or ())]


def conjuncts(condition: Node | None) -> list[Node]:
    """What all has to hold, one by one; of a WHERE, of its condition."""
    if condition is None:
        return []
    node = condition.this if isinstance(condition, exp.Where) else condition
    node = node.unnest() if isinstance(node, exp.Paren) else node
    return [*conjuncts(node.left), *conjuncts(node.right)] if isinstance(node, exp.And) else [node]


def surrounding(select: Node) -> Node | None:
    """The statement in one of whose expressions a SELECT stands; None for a derived table, a WITH query, and the outermost."""
    node, above = select, select.parent
    while above is not None:
        if isinstance(above, (exp.From, exp.CTE, exp.Lateral)) or (isinstance(above, exp.Join) and node.arg_key == "this"):
            return None
        if isinstance(above, (exp.Select, exp.Update, exp.Delete)):
            return above
        node, above = above, above.parent
    return None


def free(select: Node) -> set[str]:
    """Aliases that columns under a SELECT name and that neither it nor a SELECT inside of it brings."""
    found: set[str] = set()
    for column in select.find_all(exp.Column):
        inner = column.find_ancestor(exp.Select)
        while column.table and inner is not None:
            if column.table in {one.alias for one in sources(inner)}:
                break
            if inner is select:
                found.add(column.table)
                break
            inner = inner.find_ancestor(exp.Select)
    return found


def of_scope(kind: type[Node], select: Node) -> Iterator[Node]:
    """Nodes of a kind that belong to this SELECT, not to one inside of it."""
    return (one for one in select.find_all(kind) if one.find_ancestor(exp.Select) is select)


def aggregates(select: Node) -> bool:
    """Whether the rows of the result stand for several rows each."""
    return any(
        one.find_ancestor(exp.Window) is None and one.find_ancestor(exp.Select) is select
        for shown in select.expressions
        for one in shown.find_all(exp.AggFunc)
    )


def number(clause: Node | None) -> int | None:
    """The number of a LIMIT or OFFSET: 0 where there is none, None where it is no plain number."""
    if clause is None:
        return 0
    value = clause.expression
    return int(value.this) if isinstance(value, exp.Literal) and not value.is_string else None


def limited(select: Node) -> bool:
    """Whether the LIMIT bounds the rows that are read, not only those of the result."""
    if part(select, "limit") is None or number(part(select, "limit")) is None or number(part(select, "offset")) is None:
        return False
    gathers = any(part(select, name) for name in ("group", "distinct", "having"))
    return not gathers and not aggregates(select) and not any(of_scope(exp.Window, select))


def negated(node: Node, top: Node) -> bool:
    """Whether what is below `top` counts the other way round there."""
    turns, one = 0, node
    while one is not top and one.parent is not None:
        turns += isinstance(one, exp.Not)
        one = one.parent
    return turns % 2 == 1


def upwards(node: Node | None, top: Node) -> Iterator[Node]:
    """The node and what is above it, up to `top`, which is left out."""
    while node is not None and node is not top:
        yield node
        node = node.parent


def stands_in(node: Node, select: Node, name: str) -> bool:
    """Whether a node is inside of this argument of a SELECT."""
    return any(one.parent is select and one.arg_key == name for one in upwards(node, select))


def withs(node: Node | None) -> list[Node]:
    """The WITH clauses that can be seen from a node, innermost first."""
    found: list[Node] = []
    while node is not None:
        if part(node, WITH) is not None:
            found.append(part(node, WITH))
        node = node.parent
    return found
