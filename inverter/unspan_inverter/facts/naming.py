"""What a statement's text names: the columns that decide about rows, those that it merely lists, and by which columns it looks rows up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from unspan_inverter.facts import predicates

Column = tuple[str, str]
"""`(table, column)`."""
EVERY = "*"
"""Stands for all columns of a table."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A table of one SELECT: the columns that have to equal one value, and those that have to equal a column of another alias."""

    table: str
    told: frozenset[str]
    followed: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Named:
    """The tables of one statement, and what it does with their columns.

    `listed`: what it shows of the rows that it takes, by which it may tell them apart; `counted`: the same of rows that it only counts; `deciding`: all
    others. `selects`: for each SELECT in it whether it sorts, and what it looks up, by alias.
    """

    tables: frozenset[str]
    deciding: frozenset[Column]
    listed: frozenset[Column]
    counted: frozenset[Column]
    selects: tuple[tuple[bool, Mapping[str, Sought]], ...]
    gathers: bool
    """Whether it makes one of rows that are alike in what it lists."""


@lru_cache(maxsize=4096)
def named(statement: str, system: str) -> Named | None:
    """None for a statement that cannot be read, or that may do anything."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    tree = predicates.tree_of(statement, system)
    if not isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Set, exp.Pragma)):
        return None
    tables = aliases(tree)
    shown, apart = {id(one) for one in lists(tree)}, {id(one) for one in only_counted(tree)}
    listed, counted, deciding = set[Column](), set[Column](), set[Column]()
    for one in tree.find_all(exp.Column, exp.Star):
        if not isinstance(one, exp.Star) or not isinstance(one.parent, (exp.Count, exp.Column)):  # `t.*` is met as a column
            (listed if id(one) in shown else counted if id(one) in apart else deciding).update(places(one, tables))
    every = frozenset(table for some in tables.values() for table in some)
    selects = tuple((one.args.get("order") is not None, sought(one)) for one in tree.find_all(exp.Select))
    return Named(
        every,
        frozenset(deciding),
        frozenset(listed),
        frozenset(counted),
        selects,
        bool(tree.args.get("distinct") or tree.args.get("group")),
    )


def aliases(tree: Any) -> dict[str, set[str]]:
    """The tables behind each alias; subqueries may use one alias for two."""
    from sqlglot import exp  # noqa: PLC0415

    found: dict[str, set[str]] = {}
    for one in tree.find_all(exp.Table):
        found.setdefault(one.alias_or_name, set()).add(one.name)
    return found


def places(one: Any, tables: Mapping[str, set[str]]) -> Iterator[Column]:
    """The columns that a name may mean."""
    from sqlglot import exp  # noqa: PLC0415

    name = EVERY if isinstance(one, exp.Star) or isinstance(one.this, exp.Star) else one.name
    alias = "" if isinstance(one, exp.Star) else one.table
    some = [tables.get(alias, set[str]())] if alias else tables.values()
    yield from ((table, name) for many in some for table in many)


def lists(tree: Any) -> Iterator[Any]:
    """The columns that stand for themselves in the list of the SELECT that the statement is; or to which an UPDATE gives values that hang on no column."""
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, exp.Select):
        yield from listing(tree)
    if isinstance(tree, exp.Update):
        yield from (one.this for one in tree.expressions if isinstance(one, exp.EQ) and one.expression.find(exp.Column) is None)


def listing(select: Any) -> Iterator[Any]:
    """The plain columns that a SELECT lists, there and where it groups by them: Django repeats there whatever it shows of a row."""
    from sqlglot import exp  # noqa: PLC0415

    group = select.args.get("group")
    for one in [*select.expressions, *(group.expressions if group is not None else ())]:
        plain = one.this if isinstance(one, exp.Alias) else one
        if isinstance(plain, exp.Column) and not isinstance(plain.this, exp.Star):
            yield plain


def only_counted(tree: Any) -> Iterator[Any]:
    """The columns that a subquery lists of which `SELECT COUNT(*) FROM (…)` counts the rows."""
    from sqlglot import exp  # noqa: PLC0415

    source = predicates.source_of(tree) if isinstance(tree, exp.Select) else None
    if (
        isinstance(source, exp.Subquery)
        and isinstance(source.this, exp.Select)
        and not tree.args.get("joins")
        and not tree.args.get("where")
    ):
        counts = [one.this if isinstance(one, exp.Alias) else one for one in tree.expressions]
        if all(isinstance(one, exp.Count) and isinstance(one.this, exp.Star) for one in counts):
            yield from listing(source.this)


def sought(select: Any) -> dict[str, Sought]:
    from sqlglot import exp  # noqa: PLC0415

    sources = [predicates.source_of(select), *(join.this for join in select.args.get("joins") or ())]
    tables = {one.alias_or_name: one.name for one in sources if isinstance(one, exp.Table)}
    told: dict[str, set[str]] = {alias: set() for alias in tables}
    followed: dict[str, set[tuple[str, str]]] = {alias: set() for alias in tables}
    for one in conditions(select):
        pairs: list[tuple[Any, Any]] = [(one.left, one.right), (one.right, one.left)] if isinstance(one, exp.EQ) else []
        pairs += [(one.this, one.expressions[0])] if isinstance(one, exp.In) and len(one.expressions) == 1 else []
        for this, other in pairs:
            alias = (this.table or next(iter(tables), "")) if isinstance(this, exp.Column) else ""
            if alias in tables and isinstance(other, exp.Column):
                followed[alias].add((this.name, other.table))
            elif alias in tables and (this.table or len(tables) == 1):
                told[alias].add(this.name)
    return {alias: Sought(table, frozenset(told[alias]), frozenset(followed[alias])) for alias, table in tables.items()}


def conditions(select: Any) -> Iterable[Any]:
    """What all rows of a SELECT meet, and what those of its joins do."""
    trees = [one.args["on"] for one in select.args.get("joins") or () if one.args.get("on") is not None]
    where = select.args.get("where")
    return (part.unnest() for tree in [*trees, *([where.this] if where is not None else [])] for part in predicates.parts(tree))
