"""Events, in order, into the ledger: one function for each kind of event that rows hang on."""

from collections.abc import Iterable

from unspan_inverter.events import Event, RowsDeleted, RowsInserted, RowsRead, RowsSupported, RowsUpdated, TransactionStep, WriteRefused
from unspan_inverter.facts import reads, writes
from unspan_inverter.facts.ledger import SESSIONS, Ledger


def follow(ledger: Ledger, events: Iterable[Event]) -> None:
    for event in events:
        if isinstance(event, TransactionStep):
            ledger.step(event)
        elif isinstance(event, RowsRead):
            reads.read(ledger, event)
        elif isinstance(event, RowsSupported):
            reads.supported(ledger, event)
        elif isinstance(event, WriteRefused):
            ledger.refused(event)
        elif isinstance(event, (RowsInserted, RowsUpdated, RowsDeleted)) and event.model.lower() != SESSIONS:
            writes.write(ledger, event)
