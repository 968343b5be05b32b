"""What makes a statement, and what it knows of it: a compiler, an aggregation, a raw query. It stands on a stack of its thread while it works.

The cursor's seam asks here (`claim`) when a statement arrives; who puts what on the stack is in `compiled`.
"""

import threading
from functools import cache
from types import ModuleType
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.sql.limits import frozen_cell
from unspan_instrumentation.sql.statement import Statement

LINK: Final = "_unspan_statement"
"""Name of the attribute of a compiler, or of a RawQuery, that holds the statement whose rows it will convert."""
FIRST_WORDS: Final = {
    "SQLInsertCompiler": frozenset({"INSERT", "REPLACE", "WITH"}),
    "SQLUpdateCompiler": frozenset({"UPDATE", "WITH"}),
    "SQLDeleteCompiler": frozenset({"DELETE", "WITH"}),
}
"""How a statement of each kind of compiler can begin; all others select. What begins otherwise was slipped in by somebody else."""
SELECTS: Final = frozenset({"SELECT", "WITH"})


class Making(threading.local):
    """What is at work on this thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Any] = []


making = Making()


def claim() -> Any:
    """What is at work on this thread: a compiler that made the statement that now reaches the cursor, or None, Aggregating, Connecting."""
    return making.stack[-1] if making.stack else None


@cache
def readers() -> tuple[ModuleType, ModuleType]:
    """What reads compilers: imports Django's models, which are whole when the first statement is made."""
    from unspan_instrumentation.sql import selected, written

    return selected, written


class Compiled:
    """A compiler that selects, updates or deletes. One statement; whatever it is, it is known once the SQL is made."""

    def __init__(self, compiler: Any, holds: bool) -> None:
        self.compiler, self.holds = compiler, holds
        options = compiler.query.get_meta()
        self.table = options.db_table
        self.statement: Statement | None = None
        self.known: dict[str, Any] = {v.MODEL: options.label}

    def made(self, statement: Statement) -> None:
        kind = self.compiler.query.compiler
        if self.statement is not None or statement.operation not in self.first_words(kind):
            return
        self.statement, statement.origin, statement.held = statement, self, self.holds
        selected, written = readers()
        query = self.compiler.query
        if kind == "SQLUpdateCompiler":
            self.known[v.WRITTEN] = written.updated(self.compiler, statement.parameters)
        if kind in FIRST_WORDS:
            keys = written.named_keys(query)
            if keys is not None:
                self.known[v.WRITTEN_KEYS] = keys
        else:
            self.known[v.COLUMNS], self.known[v.DISTINCT_SHAPE] = selected.described(self.compiler, statement.text)
        if self.holds:
            self.compiler.__dict__[LINK] = statement

    def first_words(self, kind: str) -> frozenset[str]:
        if getattr(self.compiler.query, "explain_info", None):
            return frozenset({"EXPLAIN", *SELECTS})
        return FIRST_WORDS.get(kind, SELECTS)

    def returned(self, fields: Any, rows: Any) -> None:
        """An UPDATE … RETURNING has given rows of these fields."""
        if self.statement is not None and self.statement.description is not None:
            self.known[v.COLUMNS] = [[field.model._meta.label, field.attname, self.table] for field in fields]
            self.statement.converted = []
            for row in rows or ():
                self.statement.convert(row)

    def attributes(self, statement: Statement) -> dict[str, Any]:
        return self.known


class Inserting:
    """A compiler that inserts: one statement for all objects, or one each where the database cannot."""

    def __init__(self, compiler: Any, returning: Any) -> None:
        self.compiler, self.returning = compiler, list(returning or ())
        self.table, self.label = compiler.query.get_meta().db_table, compiler.query.get_meta().label
        self.values: dict[tuple[int, str], Any] = {}
        self.statements: list[tuple[Statement, list[dict[str, Any]]]] = []

    def value(self, field: Any, one: Any) -> Any:
        return self.values.get((id(one), field.attname), one.__dict__.get(field.attname))

    def made(self, statement: Statement) -> None:
        if statement.operation not in FIRST_WORDS["SQLInsertCompiler"]:
            return
        written = readers()[1]
        objects = list(self.compiler.query.objs)
        if not self.returning and not self.compiler.connection.features.has_bulk_insert:
            objects = objects[len(self.statements) : len(self.statements) + 1]
        statement.origin, statement.held = self, True
        self.statements.append((statement, []))
        kept = objects[: statement.recording.settings.max_rows]
        self.statements[-1][1].extend(written.inserted(self.compiler, kept, self.value, statement.parameters))
        if len(kept) < len(objects):
            statement.recording.lose(f"rows that a statement wrote: over UNSPAN_MAX_ROWS={len(kept)}")

    def returned(self, rows: Any) -> None:
        """The database has given keys and other values; they belong to the objects in their order."""
        written_rows = [row for _, some in self.statements for row in some]
        for row, values in zip(written_rows, rows or (), strict=False):
            row.update({field.attname: frozen_cell(value)[0] for field, value in zip(self.returning, values, strict=False)})
        for statement, _ in self.statements:
            if statement.description is not None and rows:
                statement.converted = []
                for values in rows:
                    statement.convert(values)

    def release(self) -> None:
        for statement, _ in self.statements:
            statement.emit()

    def attributes(self, statement: Statement) -> dict[str, Any]:
        found: dict[str, Any] = {v.MODEL: self.label, v.WRITTEN: next(rows for one, rows in self.statements if one is statement)}
        if statement.description is not None:
            found[v.COLUMNS] = [[field.model._meta.label, field.attname, self.table] for field in self.returning]
        return found


class Aggregating:
    """`Query.get_aggregation` at work: it converts the one row of the compiler that it runs."""

    def __init__(self) -> None:
        self.statement: Statement | None = None


class Connecting:
    """A connection being opened: its statements are not those of the compiler that needed it."""


class Tableless:
    """A query of no model, by which Django asks the database whether values keep a constraint: `Q.check`."""


class Raw:
    """A `RawQuery`; its RawQuerySet finds a field for each column once the statement is executed."""

    def __init__(self, query: Any) -> None:
        self.query, self.table, self.known = query, "", dict[str, Any]()

    def made(self, statement: Statement) -> None:
        statement.origin, statement.until_closed = self, True
        self.query.__dict__[LINK] = statement

    def attributes(self, statement: Statement) -> dict[str, Any]:
        return self.known
