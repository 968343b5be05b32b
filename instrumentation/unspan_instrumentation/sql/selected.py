"""What Django's compiler knows about the columns of a SELECT: model, field and table alias of each, and the statement's shape."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db.models.expressions import Col, RawSQL, Subquery
from django.db.models.sql.query import Query
from django.db.models.sql.where import WhereNode

Column = list[str | None]
PLAIN = re.compile(r"""\(?["`]?(\w+)["`]?\.["`]?(\w+)["`]?\)?""")
"""`("table"."column")`."""


Description = tuple[list[Column], dict[str, Any]]
KEPT, LONGEST = 2_000, 4_000
"""How many statements are kept described, and up to how many characters of text."""
_described: dict[tuple[Any, str, str], Description] = {}


def described(compiler: Any, text: str) -> Description:
    """The columns and the shape of a SELECT. The same text of the same model has the same: each is made once."""
    key = (compiler.query.model, compiler.using, text)
    found = _described.get(key)
    if found is None:
        found = columns(compiler), shape(compiler, text)
        if len(text) <= LONGEST:
            if len(_described) >= KEPT:
                _described.clear()
            _described[key] = found
    return found


def columns(compiler: Any) -> list[Column]:
    """One `[model label, field attname, table alias]` a selected column, or `[None, name, None]` for what is no column."""
    select = compiler.select
    if select is None:
        return [[None, name, None] for name in compiler.query.annotation_select]
    shown = select if compiler.col_count is None else select[: compiler.col_count]
    named = [column(expression, alias) for expression, _, alias in shown]
    if one_source(compiler.query):
        return named
    return [[None, shown[position][2] or attname, None] for position, (_, attname, _) in enumerate(named)]


def column(expression: Any, alias: str | None) -> Column:
    if isinstance(expression, Col):
        field = expression.target
        return [field.model._meta.label, field.attname, expression.alias]
    plain = PLAIN.fullmatch(expression.sql) if isinstance(expression, RawSQL) else None
    if plain is not None:  # prefetch_related names a column of the join table in this way
        field = fields(len(apps.all_models)).get((plain[1], plain[2]))
        return [None, alias, None] if field is None else [field.model._meta.label, field.attname, plain[1]]
    other: Any = expression
    targets = getattr(other, "targets", None)
    if targets:  # a composite primary key: the row holds the tuple of its values
        return [targets[0].model._meta.label, "pk", other.alias]
    return [None, alias, None]


def one_source(query: Any) -> bool:
    """Whether every row of the result comes from the columns that the compiler selected: not so for the union of different queries."""
    if query.combinator != "union":
        return True
    sources = [source(one) for one in query.combined_queries]
    return all(one == sources[0] for one in sources)


def source(query: Any) -> object:
    selected = tuple((one.target if isinstance(one, Col) else one) for one in query.select)
    return query.model._meta.concrete_model, query.default_cols, selected, tuple(query.annotation_select), query.combinator


def shape(compiler: Any, text: str) -> dict[str, Any]:
    """`distinct`, `aggregate`, `sliced`, `ordered`, and the labels of the models whose tables the statement `text` reads."""
    query = compiler.query
    inner = getattr(query, "inner_query", None) or query
    aggregates = query is not inner or query.group_by is not None
    return {
        "distinct": bool(inner.distinct),
        "aggregate": aggregates or any(getattr(one, "contains_aggregate", False) for one in query.annotation_select.values()),
        "sliced": bool(inner.is_sliced),
        "ordered": ordered(query),
        "tables": tables(inner, text, compiler.connection.ops.quote_name),
    }


def ordered(query: Any) -> bool:
    if query.extra_order_by or query.order_by:
        return True
    return bool(query.default_ordering and query.get_meta().ordering and query.group_by is None)


def tables(query: Any, text: str, quoted: Callable[[str], str]) -> list[str]:
    """Labels of the models whose tables a query reads, its subqueries' included, in the order of their first mention.

    The compiler has put the aliases' counts back when the statement is made, so whether a join was trimmed is seen in the text.
    """
    found: dict[str, None] = {}
    for one in queries(query, 0):
        for alias, joined in one.alias_map.items():
            if quoted(alias) in text or f" {alias} " in text or f"{alias}." in text:
                found[label(joined.table_name)] = None
    return list(found)


def queries(query: Any, depth: int) -> Iterator[Any]:
    """The query and the queries inside of it."""
    if depth > 20:
        return
    yield query
    for combined in query.combined_queries:
        yield from queries(combined, depth + 1)
    for inner in nested([query.where, *query.annotation_select.values(), *query.select], depth):
        yield from queries(inner, depth + 1)


def nested(expressions: Iterable[Any], depth: int) -> Iterator[Any]:
    """The queries that expressions hold."""
    if depth > 20:
        return
    for one in expressions:
        if isinstance(one, Query):
            yield one
        elif isinstance(one, Subquery):
            yield one.query
        elif isinstance(one, WhereNode):
            yield from nested(one.children, depth + 1)
        elif not isinstance(one, Col) and hasattr(one, "get_source_expressions"):
            yield from nested((inner for inner in one.get_source_expressions() if inner is not None), depth + 1)


def label(table: str) -> str:
    """The label of the model that owns a table, else the table's name."""
    return labels(len(apps.all_models)).get(table, table)


@lru_cache(maxsize=2)
def labels(version: int) -> dict[str, str]:
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: model._meta.label for model in models if not model._meta.proxy}


@lru_cache(maxsize=2)
def fields(version: int) -> dict[tuple[str, str], Any]:
    """(table, column) → field."""
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    return {(model._meta.db_table, field.column): field for model in models for field in model._meta.local_concrete_fields}
