"""The rows that foreign keys point to: of the rows that the application read and wrote, and of those that were read beside its statements."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import lossy

from unspan_instrumentation.lineage.fetching import hindrance, refusal
from unspan_instrumentation.lineage.images import BOUND, Images, Taken
from unspan_instrumentation.lineage.schema import Model, tables

DEPTH: Final = 20
"""How far foreign keys are followed: a tree's parents, and theirs."""

Wanted = dict[tuple[str, str], dict[Any, None]]
"""(table, column) → the values that point there, each once."""


def pointing(statements: Iterable[tuple[Any, Mapping[str, Any]]], images: Images) -> dict[Any, Wanted]:
    """By connection, what the rows that statements read and wrote point to."""
    found: dict[Any, Wanted] = {}
    for connection, attributes in statements:
        known, wanted = tables(connection, BOUND), found.setdefault(connection, {})
        for label, row in (*read(attributes), *written(attributes)):
            model = known.labels.get(label)
            if model is not None:
                point(model, row, wanted)
                if model.names <= row.keys():
                    images.is_new(connection.alias, model.table, row[model.key_attname])
    return found


def read(attributes: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a result, taken apart by model and alias."""
    columns = attributes.get(v.COLUMNS, ())
    places: dict[tuple[str, Any], list[tuple[int, str]]] = {}
    for at, (label, attname, alias) in enumerate(columns):
        if label is not None and attname is not None:
            places.setdefault((label, alias), []).append((at, attname))
    for cells in attributes.get(v.ROWS, ()):
        for (label, _), some in places.items():
            yield label, {attname: cells[at] for at, attname in some if at < len(cells)}


def written(attributes: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    given, label = attributes.get(v.WRITTEN), attributes.get(v.MODEL)
    if label is not None:
        yield from ((label, row) for row in (given if type(given) is list else [given]) if type(row) is dict)


def followed(connection: Any, wanted: Wanted, images: Images) -> dict[str, Any] | None:
    """The attributes of the record of what is pointed to, by images too; None where there is nothing to record."""
    taken = Taken(images, connection)
    for model, values in images.pointing.pop(connection.alias, ()):
        point(model, dict(zip(model.attnames, values, strict=True)), wanted)
    missing(wanted, taken)
    return taken.attributes(reason(connection) or images.exhausted or all_of(wanted, taken)) if wanted else None


def reason(connection: Any) -> str:
    """Why this connection cannot be asked for parents now; empty when it can."""
    if connection.connection is None:
        return "the connection was closed before the request's end"
    if connection._thread_ident != threading.get_ident():
        return "the request ended on another thread than the connection's"
    if connection.vendor == "mysql" and not connection.autocommit and not connection.in_atomic_block:
        return "it would begin a transaction"
    return hindrance(connection)


def point(model: Model, row: Mapping[str, Any], wanted: Wanted) -> None:
    """Notes what a row's foreign keys point to."""
    for one in model.pointers:
        value = row.get(one.attname)
        if value is not None and not lossy(value):
            wanted.setdefault((one.table, one.column), {})[value] = None


def missing(wanted: Wanted, taken: Taken) -> None:
    """Leaves only what the trace does not hold."""
    alias = taken.connection.alias
    for (table, column), values in list(wanted.items()):
        model = taken.tables.models.get(table)
        if model is None:
            del wanted[table, column]
            continue
        if len(model.keys) == 1 and column == model.key_column:
            for value in [one for one in values if (alias, table, str(one)) in taken.images.known]:
                del values[value]
        if not values:
            del wanted[table, column]


def all_of(wanted: Wanted, taken: Taken) -> str:
    """Reads what is pointed to, and what that points to; returns why not all of it, if so."""
    for _ in range(DEPTH):
        further: Wanted = {}
        for (table, column), values in wanted.items():
            model = taken.tables.models[table]
            try:
                for row in taken.by_key(model, column, values):
                    taken.keep(model, row)
                    point(model, dict(zip(model.attnames, row, strict=True)), further)
            except Exception as error:
                return refusal(error)
        missing(further, taken)
        if not further or taken.images.exhausted:
            return taken.images.exhausted
        wanted = further
    return f"foreign keys lead further than {DEPTH} rows"
