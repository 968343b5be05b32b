"""A statement → queries for the rows that it depends on, one for each SELECT in it, and for an UPDATE, a DELETE or an upsert one for its target.

Of each scope FROM, JOIN, WHERE and WITH stay, the columns become all of those tables', and the rest goes. Conditions that hold because rows are
missing (`NOT EXISTS`, `LEFT JOIN … IS NULL`) are dropped, so that the rows that stand in their way come too. Pure: knows no database.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from sqlglot import errors, exp

from unspan_instrumentation.lineage import upserts
from unspan_instrumentation.lineage.covering import Schema, covers
from unspan_instrumentation.lineage.harmless import unharmed
from unspan_instrumentation.lineage.parsing import FROM, WITH, Node, NotUnderstood, Parsed, Position, parsed, part, written
from unspan_instrumentation.lineage.pieces import Item, add, bound_of, column, crossed, joins, leading, missing, resolved, together
from unspan_instrumentation.lineage.scopes import (
    Source,
    conjuncts,
    free,
    limited,
    negated,
    sources,
    stands_in,
    surrounding,
    upwards,
    withs,
)

REMEMBERED: Final = 500
LONGEST: Final = 20_000
"""Characters of a statement: reading takes a second for every 200,000 or so."""
WRITES: Final = (exp.Update, exp.Delete)


class Query(NamedTuple):
    """A query for supporting rows: each row holds all columns of each of `tables`, one after the other.

    `whole`: it has the scope's own LIMIT, and no bound of ours. `target`: its rows are those that the statement writes to.
    """

    text: str
    positions: tuple[Position, ...]
    tables: tuple[str, ...]
    whole: bool = False
    target: bool = False


class Plan(NamedTuple):
    """What to ask beside a statement. `refused` says why nothing can be asked; `covered`: the statement returns every column itself."""

    queries: tuple[Query, ...] = ()
    covered: bool = False
    refused: str = ""

    @property
    def target(self) -> str:
        """The table that the statement writes to, where its rows are asked for."""
        return next((one.tables[0] for one in self.queries if one.target), "")


class Remembered(NamedTuple):
    """A schema for `planned`, equal to itself only: what was planned for it is remembered by its id."""

    schema: Schema
    bound: int

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return type(other) is Remembered and other.schema is self.schema and other.bound == self.bound


@lru_cache(REMEMBERED)
def planned(text: str, vendor: str, has_parameters: bool, given: Remembered) -> Plan:
    """The plan for a statement. At most `given.bound` + 1 rows a query; never raises."""
    if len(text) > LONGEST:
        return Plan(refused=f"its text is longer than {LONGEST:,} characters")
    try:
        statement = parsed(text, vendor, has_parameters)
        unharmed(statement.tree, statement.dialect)
        return Rewriting(statement, given.schema, given.bound).plan()
    except NotUnderstood as error:
        return Plan(refused=str(error))
    except (errors.SqlglotError, ValueError, RecursionError):
        return Plan(refused="it could not be read")


class Rewriting:
    """One statement being rewritten."""

    def __init__(self, statement: Parsed, schema: Schema, bound: int) -> None:
        self.statement, self.schema, self.bound = statement, schema, bound
        self.named = {one.alias for one in statement.tree.find_all(exp.CTE)}
        self.queries: list[Query] = []

    def plan(self) -> Plan:
        tree = self.statement.tree
        if isinstance(tree, exp.Insert):
            self.upserted(tree)
        elif isinstance(tree, WRITES):
            self.targeted(tree)
        elif not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
            raise NotUnderstood("it is no statement that reads rows")
        if covers(tree, self.schema):
            return Plan(covered=True)
        for select in list(tree.find_all(exp.Select)):
            self.scope(select)
        return Plan(tuple(self.queries))

    def targeted(self, tree: Node) -> None:
        """The rows that an UPDATE or DELETE chooses, as they are before."""
        first = tree.this.copy()
        first.set("joins", None)
        using = [part(tree, FROM).this] if part(tree, FROM) is not None else list(part(tree, "using") or ())
        items = [Item("from", first), *(Item("cross", one.copy()) for one in using), *joins(tree.this)]
        self.ask(tree, items, conjuncts(part(tree, "where")), target=first.alias_or_name)

    def upserted(self, tree: exp.Insert) -> None:
        """The rows that an INSERT … ON CONFLICT runs into."""
        table = upserts.target(tree)
        if table is not None and table.name in self.schema:
            condition = upserts.condition(tree, self.schema[table.name].unique)
            if condition is not None:
                self.ask(tree, [Item("from", table.copy())], [condition], target=table.alias_or_name)

    def scope(self, select: Node) -> None:
        """The rows of one SELECT."""
        read = sources(select)
        if not read:
            return
        items, conditions = self.own(select), conjuncts(part(select, "where"))
        around, outside = surrounding(select), free(select)
        if outside and around is None:
            raise NotUnderstood("a subquery of its FROM clause hangs on another")
        wanted: set[str] | None = None
        limit = order = None
        if outside and around is not None:
            more, held = self.around(around, select)
            items, conditions, wanted = [*more, *crossed(items)], [*held, *conditions], {one.alias for one in read}
            if len({one.read.alias_or_name for one in items}) < len(items):
                raise NotUnderstood("two of its tables go by one name")
        elif limited(select):
            order, limit = resolved(select), bound_of(select)
        self.ask(select, items, conditions, order, limit, wanted)
        self.in_the_way(select, read, items, conditions)

    def own(self, select: Node) -> list[Item]:
        first = part(select, FROM)
        return [*([Item("from", first.this.copy())] if first is not None else []), *joins(select)]

    def in_the_way(self, select: Node, read: list[Source], items: list[Item], conditions: list[Node]) -> None:
        """The rows whose absence a `LEFT JOIN … IS NULL` found."""
        outer = {one.alias for one in read if one.side in ("LEFT", "FULL")}
        absent = {id(one): missing(one, outer) for one in conditions}
        others = [one for one in conditions if not absent[id(one)]]
        for alias in sorted(set().union(*absent.values())):
            table = next((one.node for one in read if one.alias == alias and isinstance(one.node, exp.Table)), None)
            known = self.schema.get(table.name) if table is not None else None
            if table is not None and known is not None and known.key:
                there = exp.Not(this=exp.Is(this=column(table, known.key[0]), expression=exp.Null()))
                self.ask(select, [one.copy() for one in items], [*others, there], wanted=leading(alias, select, outer))

    def around(self, outer: Node, inner: Node) -> tuple[list[Item], list[Node]]:
        """FROM and WHERE of the statement around a subquery that hangs on it."""
        if isinstance(outer, WRITES):
            used = part(outer, FROM)
            items = [Item("from", outer.this.copy()), *([Item("cross", used.this.copy())] if used is not None else [])]
        else:
            items = self.own(outer)
        where = part(outer, "where")
        conditions = [one for one in conjuncts(where) if not self.turned(one, inner, where)]
        if not isinstance(outer, exp.Select):
            return items, conditions
        if limited(outer) and not stands_in(inner, outer, "where"):
            conditions = self.among_first(outer) or conditions
        further = surrounding(outer)
        if further is not None and free(outer):
            more, held = self.around(further, outer)
            return [*more, *crossed(items)], [*held, *conditions]
        return items, conditions

    def turned(self, condition: Node, inner: Node, where: Node) -> bool:
        """Whether a condition has to go because the subquery inside of it says what must not be, or is compared, or is implied by the join."""
        above = list(upwards(inner, where))
        if not any(one is condition for one in above):
            return False
        return negated(inner, where) or isinstance(condition, exp.Exists) or not any(isinstance(one, (exp.In, exp.Exists)) for one in above)

    def among_first(self, outer: exp.Select) -> list[Node]:
        """The condition that the outer row is one of those that its LIMIT lets through."""
        first = sources(outer)[0]
        table = self.schema.get(first.node.name) if isinstance(first.node, exp.Table) else None
        if table is None or len(table.key) != 1 or free(outer):
            return []
        limit, order, inner = bound_of(outer), resolved(outer), outer.copy()
        for name in ("distinct", "offset", "locks"):
            inner.set(name, None)
        key = column(first.node, table.key[0])
        inner.set("expressions", [key.copy()])
        inner.set("order", order)
        inner.set("limit", limit)
        return [exp.In(this=key, query=exp.Subquery(this=inner))]

    def ask(
        self, scope: Node, items: list[Item], conditions: Iterable[Node], order: Node | None = None,
        limit: Node | None = None, wanted: set[str] | None = None, target: str = "",
    ) -> None:  # fmt: skip
        """Adds a query for all columns of the tables among `items`, of those only whose aliases are `wanted`."""
        read = [one.read for one in items] + [join.this for one in items if one.how == "join" for join in part(one.read, "joins") or ()]
        tables = [
            one for one in read if isinstance(one, exp.Table) and self.is_known(one) and (wanted is None or one.alias_or_name in wanted)
        ]
        if target:
            tables = [one for one in tables if one.alias_or_name == target]
        if not tables:
            return
        select = exp.Select()
        select.set("expressions", [column(one, name) for one in tables for name in self.schema[one.name].columns])
        for item in items:
            add(select, item)
        held = [exp.paren(one.copy()) for one in conditions]
        if held:
            select.set("where", exp.Where(this=exp.and_(*held, copy=False)))
        select.set("order", order)
        select.set("limit", limit or exp.Limit(expression=exp.Literal.number(self.bound + 1)))
        select.set(WITH, together(withs(scope)))
        for inner in select.find_all(exp.Select):
            inner.set("locks", None)
        text, positions = written(select, self.statement)
        self.queries.append(Query(text, positions, tuple(one.name for one in tables), limit is not None, bool(target)))

    def is_known(self, table: exp.Table) -> bool:
        return isinstance(table.this, exp.Identifier) and table.name in self.schema and table.name not in self.named and not table.db
