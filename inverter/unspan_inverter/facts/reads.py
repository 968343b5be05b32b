"""What the results of queries tell of rows: the columns that were read, the rows behind joins, and those that were read beside a statement."""

from typing import Any

from unspan_proto.values import lossy

from unspan_inverter.events import RowsRead, RowsSupported
from unspan_inverter.facts import joins
from unspan_inverter.facts.joins import Joined
from unspan_inverter.facts.kinds import Key, Made
from unspan_inverter.facts.ledger import SESSIONS, Ledger


def read(ledger: Ledger, event: RowsRead) -> None:
    if event.model and event.model.lower() == SESSIONS:
        return
    for row in event.rows:
        for (_, label), values in grouped(event, row).items():
            ledger.seen(label, ledger.typed(label, values), event)
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


def grouped(event: RowsRead, row: tuple[Any, ...]) -> dict[tuple[str | None, str], dict[str, Any]]:
    """The values of one result row by table alias and model."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for column, value in zip(event.columns, row, strict=False):
        if column.model and column.attname:
            found.setdefault((column.alias, column.model), {})[column.attname] = value
    return found
