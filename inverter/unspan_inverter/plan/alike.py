"""Rows that are much alike, made together: one `bulk_create`, over what differs between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from unspan_proto.project import Project

from unspan_inverter.plan import names
from unspan_inverter.plan.expressions import Assign, Attr, Call, Do, Import, Listed, Name, Statement

MANY = 5
"""So many rows in succession, none of which has to have a variable, are made together."""
COLUMNS = 3
"""In so many fields, at most, rows may differ to be written as a table of what differs."""
SHADOWS = frozenset({"date", "datetime", "io", "time", "timedelta", "timezone"})
"""What a fixed value beside a loop's variable may be written with."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a statement makes; `manager` makes it, of `model`, with these `values`."""

    statement: Assign | Do
    manager: Attr
    model: Import
    values: dict[str, Any]


def together(statements: Sequence[Statement], spoken: Iterable[str], project: Project) -> list[Statement]:
    """The statements, rows that are alike made by one. `spoken`: the variables that are used."""
    kept = frozenset(spoken)
    inherited = {Import(model.module, model.name) for model in project.models if model.inherits}
    found: list[Statement] = []
    pairs = [(statement, row(statement, kept, inherited)) for statement in statements]
    for like, some in groupby(pairs, lambda pair: kind(pair[1])):
        group = list(some)
        for run in runs([one for _, one in group if one]) if like else ():
            found += [made(run)] if len(run) >= MANY else [one.statement for one in run]
        found += [statement for statement, one in group if one is None]
    return found


def row(statement: Statement, spoken: frozenset[str], inherited: set[Import]) -> Row | None:
    """The row that this makes, if nobody speaks of it and it can be made in bulk: Django cannot where tables are inherited."""
    if not isinstance(statement, (Assign, Do)) or (isinstance(statement, Assign) and statement.target.id in spoken):
        return None
    call = statement.value
    if not isinstance(call, Call) or not isinstance(call.function, Attr) or not isinstance(call.function.of, Attr):
        return None
    manager, model = call.function.of, call.function.of.of
    if call.function.name == "bulk_create" and len(call.args) == 1 and isinstance(call.args[0], list) and len(call.args[0]) == 1:
        call = call.args[0][0]
    elif call.function.name != "create":
        return None
    if not isinstance(model, Import) or model in inherited or call.args:
        return None
    return Row(statement, manager, model, dict(call.kwargs))


def kind(one: Row | None) -> tuple[Any, ...]:
    return () if one is None else (one.manager, one.model)


def runs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows in succession under one note."""
    run: list[Row] = []
    for one in rows:
        if run and one.statement.note:
            yield run
            run = []
        run.append(one)
    yield run


def made(rows: Sequence[Row]) -> Do:
    first = rows[0]
    return Do(Call(Attr(first.manager, "bulk_create"), (listed(rows),)), first.statement.note)


def listed(rows: Sequence[Row]) -> Any:
    """The objects: a comprehension over what differs, or, where that is much, each for itself."""
    first = rows[0]
    if any(one.values.keys() != first.values.keys() for one in rows):
        return [Call(one.model, (), tuple(one.values.items())) for one in rows]
    differing = [name for name, value in first.values.items() if any(repr(one.values[name]) != repr(value) for one in rows)]
    variables = {name: variable(name) for name in differing}
    fixed = {value.id for name, value in first.values.items() if name not in differing and isinstance(value, Name)}
    if len(differing) > COLUMNS or fixed & set(variables.values()) or len(set(variables.values())) < len(differing):
        return [Call(one.model, (), tuple(one.values.items())) for one in rows]
    item = Call(
        first.model, (), tuple((name, Name(variables[name]) if name in variables else value) for name, value in first.values.items())
    )
    if not differing:
        return Listed(item, ("_",), Call(Name("range"), (len(rows),)))
    if len(differing) == 1:
        return Listed(item, tuple(variables.values()), [one.values[differing[0]] for one in rows])
    return Listed(item, tuple(variables.values()), [tuple(one.values[name] for name in differing) for one in rows])


def variable(field: str) -> str:
    made = names.identifier(field)
    return f"{made}_" if made in SHADOWS else made
