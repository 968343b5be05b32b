"""What the results of queries tell of rows: the columns that were read, the rows behind joins, and those that were read beside a statement."""

import re
from collections.abc import Iterator

from unspan_proto.project import Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import RowsRead, RowsSupported
from unspan_inverter.facts import joins
from unspan_inverter.facts.joins import Joined
from unspan_inverter.facts.kinds import Key, Made
from unspan_inverter.facts.ledger import SESSIONS, Ledger


def read(ledger: Ledger, event: RowsRead) -> None:
    if event.model and event.model.lower() == SESSIONS:
        return
    parts = grouped(event)
    asked = set(by_key(event, ledger.project)) if ledger.keyless else set[Key]()
    for row in event.rows:
        for label, places in parts:
            ledger.seen(label, ledger.typed(label, {name: row[at] for at, name in places if at < len(row)}), event, asked)
    taken: set[Key] = set()
    for rows, equal in () if event.supported else joins.proved(event, ledger.project):
        prove(ledger, rows, equal, event, taken)
    ledger.counted.append(event)


def supported(ledger: Ledger, event: RowsSupported) -> None:
    """Whole rows, which were there before the statement beside which they were read."""
    for label, names, rows in event.rows:
        for row in rows if label.lower() != SESSIONS else ():
            ledger.seen(label, {name: value for name, value in zip(names, row, strict=False) if not lossy(value)}, event)


def prove(ledger: Ledger, rows: list[Joined], equal: tuple[tuple[joins.Place, joins.Place], ...], event: RowsRead, taken: set[Key]) -> None:
    """The rows behind one result row. One without a key is found among the known ones, or made; its key goes to those that point to it."""
    rows = [row for row in rows if row.values and row.model.label.lower() != SESSIONS]
    base = rows[0].alias if rows else ""
    for row in joins.pointed_first([row for row in rows if row.pk is None], equal):
        if row.pk is not None:  # that of the parent it inherits from, which was told first
            continue
        key = alike(ledger, row, taken if row.alias == base else set(), event.database)
        if key is None:
            key = Key(row.model.label, Made(ledger.another()), event.database)
            ledger.known(key, event.span).update(row.values)
            if row.alias == base:
                ledger.apart[key] = event.span
        if row.alias == base:
            taken.add(key)
        row.values[row.model.pk] = key.pk
        joins.carry(row, rows, equal)
    for row in rows:
        ledger.seen(row.model.label, dict(row.values), event)


def alike(ledger: Ledger, row: Joined, taken: set[Key], database: str) -> Key | None:
    """A known row that has all these values, or the same unique one."""
    unique = {one.attname for one in row.model.fields if one.unique and row.values.get(one.attname) is not None}
    for key, known in ledger.current(row.model.label, database).items():
        if key in taken:
            continue
        if any(name in known and known[name] == row.values[name] for name in unique):
            return key
        shared = [name for name in row.values if name in known]
        if (
            shared
            and all(known[name] == row.values[name] for name in shared)
            and (len(shared) == len(row.values) or isinstance(key.pk, Made))
        ):
            return key
    return None


def grouped(event: RowsRead) -> list[tuple[str, list[tuple[int, str]]]]:
    """For each model in each of its places in the statement, which column of the result is which of its fields."""
    found: dict[tuple[str | None, str], list[tuple[int, str]]] = {}
    for at, column in enumerate(event.columns):
        if column.model and column.attname:
            found.setdefault((column.alias, column.model), []).append((at, column.attname))
    return [(label, places) for (_, label), places in found.items()]


def by_key(event: RowsRead, project: Project) -> Iterator[Key]:
    """The rows that a query asks for by their primary key."""
    model = project.model(event.model or "")
    one = model.field("pk") if model else None
    if model is None or one is None or one.column is None:
        return
    quoted = '[`"]{}[`"]'
    named = re.compile(rf"{quoted.format(re.escape(model.table))}\.{quoted.format(re.escape(one.column))} = (?:%s|\?)")
    for found in named.finditer(event.statement):
        before = len(re.findall(r"%s|\?", event.statement[: found.start()]))
        if before < len(event.parameters):
            yield Key(model.owner, bare(event.parameters[before]), event.database)
