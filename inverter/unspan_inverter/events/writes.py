"""Statements that write, and transaction steps, as events."""

import re
from collections.abc import Iterator
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from unspan_inverter.events.kinds import Event, Executed, RowsDeleted, RowsInserted, RowsUpdated, TransactionStep, WriteRefused

STEP = re.compile(
    r"\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK TO(?: SAVEPOINT)?|ROLLBACK|RELEASE(?: SAVEPOINT)?|SAVEPOINT)\b\s*(\S*)", re.I
)
LENIENT = re.compile(r"\bON CONFLICT\b|\bON DUPLICATE KEY UPDATE\b|\A\s*INSERT (?:OR )?(?:IGNORE|REPLACE)\b", re.I)
UPSERT = re.compile(r"\bDO UPDATE SET\b|\bON DUPLICATE KEY UPDATE\b", re.I)
STEPS = {"START TRANSACTION": "BEGIN", "ROLLBACK TO SAVEPOINT": "ROLLBACK TO", "RELEASE SAVEPOINT": "RELEASE"}


def statement_event(span: Span) -> Iterator[Event]:
    """The events of a statement that is no SELECT."""
    operation, statement = str(span.attributes.get(v.OPERATION, "")), str(span.attributes.get(v.STATEMENT, ""))
    step = STEP.match(statement or operation)
    if step and span.status == 2:
        return
    if step:
        word = step[1].upper()
        yield TransactionStep(span.span_id, database(span), STEPS.get(word, word), step[2].strip('"`;'))
        return
    model = span.attributes.get(v.MODEL)
    if not isinstance(model, str):
        yield Executed(span.span_id, database(span), statement, parameters(span), system(span))
        return
    if span.status == 2:
        yield refused(span, model, operation)
    elif operation == "INSERT":
        rows = tuple(dict(row) for row in span.value(v.WRITTEN, []))
        lenient = LENIENT.search(statement) is not None
        yield RowsInserted(span.span_id, database(span), model, rows, overwrites=overwrites(statement), lenient=lenient)
    elif operation == "UPDATE":
        yield updated(span, model, statement)
    elif operation == "DELETE":
        keys = span.value(v.WRITTEN_KEYS)
        yield RowsDeleted(
            span.span_id,
            database(span),
            model,
            None if keys is None else tuple(keys),
            statement,
            parameters(span),
            row_count(span),
            system(span),
        )


def refused(span: Span, model: str, operation: str) -> Event:
    """What a constraint refused; other failures tell nothing of rows."""
    if operation in ("INSERT", "UPDATE") and str(span.attributes.get(v.EXCEPTION_TYPE, "")).endswith(("IntegrityError", "UniqueViolation")):
        written, keys = span.value(v.WRITTEN, []), span.value(v.WRITTEN_KEYS)
        rows = tuple(dict(row) for row in (written if isinstance(written, list) else [written]))
        said = str(span.attributes.get(v.EXCEPTION_MESSAGE, ""))
        return WriteRefused(span.span_id, database(span), model, rows, said, None if keys is None else tuple(keys))
    return Executed(span.span_id, database(span), str(span.attributes.get(v.STATEMENT, "")), parameters(span), system(span))


def overwrites(statement: str) -> tuple[str, ...]:
    """The columns that an upsert updates."""
    clause = UPSERT.search(statement)
    return tuple(re.findall(r"[`\"](\w+)[`\"] = ", statement[clause.end() :])) if clause else ()


def updated(span: Span, model: str, statement: str) -> RowsUpdated:
    written, keys = span.value(v.WRITTEN, {}), span.value(v.WRITTEN_KEYS)
    changes: list[tuple[Any, dict[str, Any]]] = []
    if isinstance(written, list):
        changes = [(row.get("pk"), {name: value for name, value in row.items() if name != "pk"}) for row in written]
    elif keys is not None:
        changes = [(key, dict(written)) for key in keys]
    else:
        changes = [(None, dict(written))]
    return RowsUpdated(span.span_id, database(span), model, tuple(changes), statement, parameters(span), row_count(span), system(span))


def database(span: Span) -> str:
    return str(span.attributes.get(v.DATABASE, "default"))


def system(span: Span) -> str:
    return str(span.attributes.get(v.SYSTEM, ""))


def row_count(span: Span) -> int:
    found = span.attributes.get(v.ROW_COUNT, -1)
    return found if isinstance(found, int) else -1


def parameters(span: Span) -> tuple[Any, ...]:
    found = span.value(v.PARAMETERS)
    return tuple(found) if isinstance(found, (list, tuple)) else ()
