"""Whether a request had changed, before a call, what the call found in the database: then its rows are not those that the request began with."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from unspan_proto.project import Project

from unspan_inverter.events import Event, Executed, RowsDeleted, RowsInserted, RowsRead, RowsSupported, RowsUpdated, TransactionStep
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.units import rows

WRITES: Final = (RowsInserted, RowsUpdated, RowsDeleted)
HARMLESS: Final = (
    "SELECT",
    "BEGIN",
    "SAVEPOINT",
    "RELEASE",
    "COMMIT",
    "SET",
    "PRAGMA",
    "SHOW",
    "EXPLAIN",
    "LOCK",
    "DECLARE",
    "FETCH",
    "CLOSE",
)
"""First words of statements that change no rows."""
TABLES: Final = re.compile(r"""\b(?:FROM|JOIN|INTO|UPDATE)\s+((?:["`]?\w+["`]?\.)?["`]?\w+["`]?)""", re.IGNORECASE)
ANY: Final = "*"
"""A table that is not known."""


def stirred(call: Called, within: Sequence[Event], happened: Sequence[Event], before: frozenset[str], project: Project) -> bool:
    """`within`: what happened inside of the call; `before`: the spans of what had happened when it began."""
    written = {table for event in happened if event.span in before for table in changed(event, project)}
    if not written:
        return False
    used = {table for event in within for table in touched(event, project)}
    used |= {table_of(row.label, project) for row in rows((call.arguments, call.result))}
    return ANY in written or ANY in used or not written.isdisjoint(used)


def changed(event: Event, project: Project) -> Iterator[str]:
    """The tables that a statement writes."""
    if isinstance(event, WRITES):
        yield table_of(event.model, project)
    elif isinstance(event, Executed) and not event.statement.lstrip(" (").upper().startswith(HARMLESS):
        yield from tables(event.statement)
    elif isinstance(event, TransactionStep) and event.step.startswith("ROLLBACK"):
        yield ANY


def touched(event: Event, project: Project) -> Iterator[str]:
    """The tables that a statement speaks of."""
    if isinstance(event, WRITES):
        yield table_of(event.model, project)
    elif isinstance(event, RowsSupported):
        yield from (table_of(label, project) for label, _, _ in event.rows)
    elif isinstance(event, (RowsRead, Executed)):
        yield from tables(event.statement)


def tables(statement: str) -> set[str]:
    """Those that a statement names."""
    found = {one.rpartition(".")[2].strip('"`').lower() for one in TABLES.findall(statement)}
    return found or {ANY}


def table_of(label: str, project: Project) -> str:
    model = project.model(label)
    return model.table.rpartition(".")[2].strip('"`').lower() if model is not None else ANY
