"""Statements as scopes: for each SELECT, UPDATE and DELETE in a text, the tables it takes rows from and the conditions that those rows must meet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from unspan_inverter.facts import predicates


@dataclass(frozen=True, slots=True)
class Test:
    """One condition of a conjunction, as sqlglot's tree. `of`: the alias of the outer join whose ON it is; empty: it holds for each row of the result."""

    tree: Any
    aliases: frozenset[str]
    of: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One SELECT, UPDATE or DELETE: what it takes rows from, and what those must meet. `outer`: aliases of which no row need be there."""

    tables: Mapping[str, str]
    """Alias → table, the first one first; a subquery's or function's alias has an empty table."""
    outer: frozenset[str]
    tests: tuple[Test, ...]
    first: bool = False
    """Whether it is the SELECT that the statement is, and no part of another."""
    narrow: bool = False
    """Whether it asks for few rows, as `get()` and `first()` do."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement's scopes, and the tables that it names."""

    scopes: tuple[Scope, ...]
    named: frozenset[str]


@lru_cache(maxsize=4096)
def shape(statement: str, system: str) -> Shape | None:
    """None for a statement that cannot be read, or that takes rows from somewhere in a way that is not understood."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    tree = predicates.tree_of(statement, system)
    if tree is None or isinstance(tree, exp.Command):
        return None
    named = frozenset(table.name for table in tree.find_all(exp.Table) if table.name)
    scopes: list[Scope] = []
    for one in tree.find_all(exp.Select, exp.Update, exp.Delete):
        found = scope(one, one is tree)
        if found is None:
            return None
        scopes.append(found)
    target = tree.find(exp.Table) if isinstance(tree, exp.Insert) else None  # where an INSERT puts rows it takes none
    taken = {table for one in scopes for table in one.tables.values()} | ({target.name} if target is not None else set())
    return Shape(tuple(scopes), named) if named <= taken else None


def scope(tree: Any, first: bool) -> Scope | None:
    from sqlglot import exp  # noqa: PLC0415

    tables: dict[str, str] = {}
    outer: set[str] = set()
    tests: list[tuple[Any, str]] = []
    if tree.args.get("using") or (isinstance(tree, exp.Update) and tree.this.args.get("joins")):
        return None
    for source in sources(tree):
        tables[source.alias_or_name] = source.name if isinstance(source, exp.Table) else ""
    for join in tree.args.get("joins") or []:
        alias, side = join.this.alias_or_name, (join.side or "").upper()
        if side in ("RIGHT", "FULL") or (join.args.get("method") or "").upper() == "NATURAL":
            return None
        tables[alias] = join.this.name if isinstance(join.this, exp.Table) else ""
        if side == "LEFT":
            outer.add(alias)
        tests += [(part, alias if side == "LEFT" else "") for part in parts(join.args.get("on"))]
    where = tree.args.get("where")
    tests += [(part, "") for part in parts(where.this if where is not None else None)]
    limit = tree.args.get("limit")
    made = tuple(Test(part, aliases(part, tables), of) for part, of in tests)
    return Scope(tables, frozenset(outer), made, first and isinstance(tree, exp.Select), first and limit is not None)


def sources(tree: Any) -> Iterator[Any]:
    """What stands behind FROM, UPDATE or DELETE FROM."""
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, (exp.Update, exp.Delete)):
        yield tree.this
    if (source := predicates.source_of(tree)) is not None:
        yield source


def parts(tree: Any) -> list[Any]:
    """The conditions that a conjunction consists of."""
    return [] if tree is None else predicates.parts(tree)


def aliases(tree: Any, tables: Mapping[str, str]) -> frozenset[str]:
    """The scope's tables that a condition speaks of; all of them where a column does not say whose it is."""
    from sqlglot import exp  # noqa: PLC0415

    found: set[str] = set()
    for column in tree.find_all(exp.Column):
        found |= {column.table} & set(tables) if column.table else set(tables)
    return frozenset(found)


def compared(scope: Scope, parameters: tuple[Any, ...]) -> Iterator[tuple[str, str, Any]]:
    """Alias and name of each column that is compared with a value, and the value."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    for tree in (node for test in scope.tests for node in test.tree.find_all(exp.EQ, exp.In)):
        values = tree.expressions if isinstance(tree, exp.In) else [tree.expression]
        for known, value in (predicates.constant(one, parameters) for one in values):
            if known and isinstance(tree.this, exp.Column):
                yield tree.this.table or next(iter(scope.tables)), tree.this.name, value
