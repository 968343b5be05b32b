"""One statement on its way: from the moment it goes to the driver until its rows are finished and it becomes a record.

Nothing here knows a cursor's class or a compiler's; the seams (`cursor`, `compiled`, `transactions`) call it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.freezing import Weight, freeze
from unspan_instrumentation.patching import not_recorded
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.sql import limits
from unspan_instrumentation.sql.limits import shapes

CLIENT = 3
"""OTLP's span kind of a request to another system."""
VALUES = frozenset({v.ROWS, v.PARAMETERS, v.WRITTEN, v.WRITTEN_KEYS, v.LAST_ROW_ID})
"""What is not recorded where values are not."""
PLAIN = frozenset({"SELECT ", "INSERT ", "UPDATE ", "DELETE "})
OPENING = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/|\()*(\w+)(\s+TO\b)?", re.DOTALL)


class Origin(Protocol):
    """What made a statement in Django, and knows more of it than the cursor."""

    table: str

    def attributes(self, statement: "Statement") -> dict[str, Any]:
        """MODEL, COLUMNS, DISTINCT_SHAPE, WRITTEN and WRITTEN_KEYS, as far as they are known, frozen."""
        ...


class Statement:
    """A statement, its rows so far, and whether it may become a record yet.

    `held`: somebody above the cursor (Django's compiler) still converts the rows, and calls `emit` when it is done. `until_closed`: the rows
    may still be converted when the driver has no more of them. What most statements leave as it is stands in the class.
    """

    origin: Origin | None = None
    after: Callable[[], None] | None = None
    """Called when the driver has executed the statement."""
    told: Callable[[dict[str, Any]], None] | None = None
    """Called with what the record says."""
    converted: list[list[Any]] | None = None
    description: Sequence[Sequence[Any]] | None = None
    """The driver's: the name of each column of the result first."""
    row_count: int | None = None
    last_row_id: Any = None
    error: BaseException | None = None
    middleware = ""
    """Of a statement before the view: the middleware that the request had come to."""
    apart, complete, more, held, until_closed, emitted = False, True, False, False, False, False

    def __init__(self, recording: Recording, connection: Any, text: str, parameters: Any = None, many: bool = False) -> None:
        self.recording, self.text, self.parameters, self.many = recording, text, parameters, many
        self.alias, self.vendor, self.in_atomic = connection.alias, system(connection), bool(connection.in_atomic_block)
        self.blocks = connection.__dict__.get("atomic_blocks")
        self.operation = operation(text)
        self.span_id, self.parent = recording.span_id(), recording.parent()
        self.budget, self.most, self.values = limits.budget(recording), recording.settings.max_rows, recording.settings.values
        self.rows: list[Any] = []
        if recording.exchange is not None and recording.exchange.layer and not recording.exchange.called:
            self.middleware = recording.exchange.layer
        recording.at_end(self.emit)
        self.start = self.end = now()

    def executed(self, cursor: Any) -> None:
        """The driver has taken the statement."""
        self.end = now()
        self.note(cursor)

    def failed(self, error: BaseException) -> None:
        self.end, self.error = now(), error
        self.apart = any(vars(block).get("savepoint") is True for block in self.blocks or ())
        self.emit()

    def note(self, cursor: Any) -> None:
        """Reads what the driver says about the statement. psycopg2's named cursors have no description before the first fetch."""
        if self.description is None:
            self.description = getattr(cursor, "description", None)
        count = getattr(cursor, "rowcount", None)
        self.row_count = count if type(count) is int and count >= 0 else self.row_count
        if self.operation in ("INSERT", "REPLACE"):
            self.last_row_id = getattr(cursor, "lastrowid", None)

    def fetched(self, rows: Iterable[Sequence[Any]]) -> None:
        """The driver has handed out rows. What the compiler will convert is only referred to; it is frozen as it comes out of there."""
        self.end = now()
        if not self.values:
            return
        if self.origin is not None and isinstance(rows, (list, tuple)) and not self.budget.exhausted:
            room = self.most - len(self.rows)
            self.rows += rows[:room]
            self.more |= len(rows) > room
            return
        for row in rows:
            if len(self.rows) >= self.most or self.budget.exhausted:
                self.more = True
                return
            self.rows.append(row if self.origin is not None else self.frozen(row))

    def convert(self, row: Sequence[Any]) -> None:
        """The application gets this row, converted."""
        if not self.values:
            return
        rows = self.converted = [] if self.converted is None else self.converted
        if len(rows) >= self.most or self.budget.exhausted:
            self.complete = False
        else:
            rows.append(self.carried(self.frozen(row), row, len(rows)))

    def passing(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The converted rows, each noted as it passes on to the application; what was held for them becomes a record when they end.

        Rows whose values need no copy, as most, are taken in line, in as few steps as can be: this runs for every row of every SELECT.
        """
        taken: list[Any] = self.converted or []
        self.converted = taken
        most, known, weighed, room = self.most if self.values else 0, shapes.get, 0, limits.TRACE_BYTES - self.budget.spent
        try:
            for row in rows:
                if len(taken) < most and weighed <= room:
                    try:
                        cells = list(row)
                        shape = known(tuple(map(id, map(type, cells))))
                        if shape is None:
                            cells, weight = limits.frozen_row(row)
                            cells = self.carried(cells, row, len(taken))
                        else:
                            weight, texts = shape
                            for place in texts:
                                weight += len(cells[place])
                        weighed += weight
                        taken.append(cells)
                    except Exception as error:
                        self.recording.lose(not_recorded("a row", error))
                elif self.values:
                    self.complete = False
                yield row
        finally:
            self.budget.spent += weighed
            Weight.bytes += weighed
            if self.held:
                self.emit()

    def carried(self, cells: list[Any], row: Sequence[Any], place: int) -> list[Any]:
        """The frozen cells of the converted row at this place; the driver's values where a field's objects cannot be carried."""
        return limits.of_driver(cells, row, self.rows[place]) if place < len(self.rows) else cells

    def frozen(self, row: Sequence[Any]) -> list[Any]:
        cells, weight = limits.frozen_row(row)
        self.budget.spent += weight
        Weight.bytes += weight
        return cells

    def exhausted(self) -> None:
        """The cursor has no more rows to give."""
        if not self.held and not self.until_closed:
            self.emit()

    def closed(self) -> None:
        """The cursor was closed, or executes another statement."""
        if not self.held:
            self.emit()

    def emit(self) -> None:
        """Becomes a record, once. Never raises."""
        if self.emitted:
            return
        self.emitted = True
        try:
            self.recording.finished(self.emit)
            attributes = self.attributes()
            Weight.bytes += len(self.text) + limits.weigh(self.parameters)
            if v.WRITTEN in attributes:
                Weight.bytes += limits.weigh(attributes[v.WRITTEN])
            name = f"{self.operation} {self.table()}".rstrip()
            self.recording.emit(
                v.SQL, name, self.start, self.end, attributes,
                span_id=self.span_id, parent=self.parent, failed=self.error is not None, span_kind=CLIENT,
            )  # fmt: skip
            if self.told is not None:
                self.told(attributes)
        except Exception as error:
            self.recording.lose(f"a statement was not recorded because of {type(error).__name__} inside unspan")
        self.origin = None  # it leads to the compiler, and that back here: the collector of garbage would have to find both
        if not self.complete:
            self.recording.lose(f"rows of a statement: {self.bound()}")

    def bound(self) -> str:
        """Over which bound its rows were."""
        return (
            f"over UNSPAN_MAX_ROW_BYTES={limits.TRACE_BYTES} in this trace"
            if self.budget.exhausted
            else f"over UNSPAN_MAX_ROWS={self.most}"
        )

    def table(self) -> str:
        return "" if self.origin is None else self.origin.table

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            v.SYSTEM: self.vendor,
            v.DATABASE: self.alias,
            v.STATEMENT: self.text,
            v.OPERATION: self.operation,
            v.IN_ATOMIC: self.in_atomic,
        }
        if self.middleware:
            found[v.SQL_MIDDLEWARE] = self.middleware
        if self.parameters is not None:
            found[v.PARAMETERS] = self.parameters
        if self.many:
            found[v.MANY] = True
        if self.row_count is not None:
            found[v.ROW_COUNT] = self.row_count
        if self.last_row_id is not None:
            found[v.LAST_ROW_ID] = freeze(self.last_row_id)
        if self.error is not None:
            found[v.EXCEPTION_TYPE] = type_name(type(self.error))
            found[v.EXCEPTION_MESSAGE] = message(self.error)
            found[v.UNDONE_APART] = self.apart
        elif self.description is not None:
            found[v.ROWS], found[v.ROWS_COMPLETE] = self.result(), self.complete
        if self.origin is not None:
            found |= self.origin.attributes(self)
        if v.ROWS in found and v.COLUMNS not in found:
            found[v.COLUMNS] = [[None, str(column[0]), None] for column in self.description or ()]
        return found if self.values else {key: value for key, value in found.items() if key not in VALUES}

    def result(self) -> list[Any]:
        """The rows that the application got; `complete` says whether they are all."""
        rows = self.converted
        if rows is None:
            rows = [self.frozen(row) for row in self.rows] if self.origin is not None else self.rows
            self.complete = not self.more
        return rows


def operation(text: str) -> str:
    """The first word of a statement in upper case; `ROLLBACK TO` is not a `ROLLBACK`."""
    if text[:7] in PLAIN:
        return text[:6]
    found = OPENING.match(text)
    if found is None:
        return ""
    return found[1].upper() + (" TO" if found[2] else "")


def system(connection: Any) -> str:
    """OpenTelemetry's name of the connection's database."""
    vendor = str(connection.vendor)
    if vendor == "sqlite" or vendor == "postgresql":
        return vendor
    if vendor == "mysql":
        return "mariadb" if connection.__dict__.get("mysql_is_mariadb") else "mysql"
    return "oracle.db" if vendor == "oracle" else vendor


def message(error: BaseException) -> str:
    """The text of an exception's arguments, without asking the exception."""
    return ", ".join(str(part) for part in error.args if type(part) in (str, int))[:2000]
