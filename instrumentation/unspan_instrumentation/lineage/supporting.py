"""When rows beside a statement are asked for, and the records of them."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

from unspan_instrumentation.lineage import charsets, parents
from unspan_instrumentation.lineage.cells import kept
from unspan_instrumentation.lineage.fetching import Question, fetched, hindrance, refusal
from unspan_instrumentation.lineage.images import BOUND, Images, Taken
from unspan_instrumentation.lineage.rewriting import Plan, planned
from unspan_instrumentation.lineage.schema import tables
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.sql.limits import ATOMS, weigh
from unspan_instrumentation.sql.statement import CLIENT, Statement

READING: Final = frozenset({"SELECT", "WITH", "("})
WRITING: Final = frozenset({"UPDATE", "DELETE", "INSERT", "REPLACE"})
MOST_STATEMENTS: Final = 2_000
"""Whose rows are looked through for foreign keys, and that are known again."""
HELD: Final = "_lineage"
"""Name of the attribute of a recording that holds its supporting rows."""
PLAIN: Final = frozenset({tuple, list, dict, type(None)})
"""Parameters of other types may be consumed by looking at them."""
COMPARED: Final = ATOMS | {str, bytes}
DEFERRED: Final = re.compile(r"\s*BEGIN(?:\s+DEFERRED)?(?:\s+TRANSACTION)?\s*;?\s*", re.IGNORECASE)
"""A beginning that takes no lock on SQLite."""
LEVEL: Final = re.compile(r"isolation", re.IGNORECASE)
UPSERT: Final = re.compile(r"\b(?:CONFLICT|IGNORE|DUPLICATE|REPLACE|SELECT)\b", re.IGNORECASE)
Given = Sequence[Any] | Mapping[str, Any] | None


class Support:
    """The supporting rows of one recording."""

    def __init__(self, recording: Recording) -> None:
        self.images = Images()
        self.asked: set[Any] = set()
        """What was asked since the last write."""
        self.levels: dict[str, str] = {}
        """Alias → how transactions read."""
        self.keeping: set[str] = set()
        """Aliases where a statement has set how they read."""
        self.begun: set[str] = set()
        """Aliases whose transaction has begun and executed nothing yet."""
        self.statements: list[tuple[Any, dict[str, Any]]] = []
        """What the records of statements say, with the connection of each."""
        self.recording = recording
        recording.at_end(self.parents)

    def beside(self, statement: Statement, connection: Any, text: str, given: Given) -> None:
        """Reads and records what the statement, which is about to be executed, depends on."""
        if LEVEL.search(text):
            self.keeping.add(connection.alias)
        if statement.operation not in READING or statement.many:
            self.asked.clear()
        if statement.operation == "BEGIN" and DEFERRED.fullmatch(text):
            self.begun.add(connection.alias)
        if statement.operation not in READING | WRITING:
            return
        begun = connection.alias in self.begun
        self.begun.discard(connection.alias)
        statement.told = partial(self.done, connection)
        if statement.many or type(given) not in PLAIN or (statement.operation == "INSERT" and not UPSERT.search(text)):
            return
        plan = planned(text, connection.vendor, given is not None, tables(connection, BOUND).remembered)
        if plan.covered or not (plan.queries or plan.refused):
            return
        start, taken = now(), Taken(self.images, connection, begun and (statement.operation in WRITING or bool(plan.target)))
        if plan.target:
            self.asked.clear()
        again = not plan.refused and self.again(connection.alias, text, given)
        with self.images.watch:
            gap = "" if again else plan.refused or self.hindrance(connection) or self.images.exhausted or self.all(plan, given, taken)
        if gap or taken.cut:
            self.asked.clear()
        found = taken.attributes(gap)
        if plan.target and not gap and not taken.cut:
            found |= {v.SUPPORT_TARGET: taken.tables.models[plan.target].label, v.SUPPORT_KEYS: taken.keys}
            # On MySQL a further statement would replace ROW_COUNT() and the warnings, which only raw SQL asks for.
            lasting = connection.vendor != "mysql" or statement.origin is not None
            if statement.operation == "UPDATE" and taken.keys and lasting and computes(statement):
                statement.after = partial(self.after, statement.span_id, taken, plan.target)
        self.emit(start, found, statement.span_id)

    def hindrance(self, connection: Any) -> str:
        """Why a connection cannot be asked now. PostgreSQL is asked once how its transactions read: Django knows only what it has set itself."""
        found = hindrance(connection)
        if found or connection.vendor != "postgresql":
            return found
        if connection.alias not in self.levels:
            self.levels[connection.alias] = str(fetched(connection, Question("SHOW transaction_isolation")).rows[0][0])
        kept = connection.alias in self.keeping or self.levels[connection.alias] != "read committed"
        return "its transactions keep to what they read first" if kept else ""

    def done(self, connection: Any, attributes: dict[str, Any]) -> None:
        """A statement has become a record."""
        if len(self.statements) < MOST_STATEMENTS:
            self.statements.append((connection, attributes))

    def all(self, plan: Plan, given: Any, taken: Taken) -> str:
        """Asks all queries of a plan; returns why not, if so."""
        for query in plan.queries:
            try:
                taken.ask(query, None if given is None else [given[at] for at in query.positions])
            except Exception as error:
                return refusal(error)
            if self.images.exhausted:
                taken.cut = True
                return self.images.exhausted
        return ""

    def after(self, span: int, before: Taken, table: str) -> None:
        """Reads and records what an UPDATE made of its rows."""
        start, taken = now(), Taken(self.images, before.connection)
        model = taken.tables.models[table]
        if len(model.keys) > 1 or hindrance(before.connection):
            return
        with self.images.watch:
            rows = [[kept(value) for value in row] for row in taken.by_key(model, model.key_column, before.keys)]
        self.images.bytes += sum(map(weigh, rows))
        image = [model.label, model.key_attname, list(model.attnames), rows]
        self.emit(start, {v.DATABASE: before.connection.alias, v.SUPPORT_AFTER: image}, span)

    def again(self, alias: str, text: str, given: Given) -> bool:
        """Whether the same was asked before, and nothing was written in between."""
        values = [] if given is None else list(given.items() if isinstance(given, Mapping) else given)
        if not all(type(one) in COMPARED for one in values):
            return False
        key = (alias, text, tuple(values))
        if key in self.asked:
            return True
        if len(self.asked) >= MOST_STATEMENTS:
            self.asked.clear()
        self.asked.add(key)
        return False

    def parents(self) -> None:
        """At the end: the rows that foreign keys point to, of all rows that were read or written."""
        self.recording.settle()  # statements that nobody finished
        statements, self.statements = self.statements, []
        start = now()
        for connection, wanted in parents.pointing(statements, self.images).items():
            with self.images.watch:
                found = parents.followed(connection, wanted, self.images) or {}
                found |= charsets.said(connection, parents.reason(connection))
            if found:
                self.emit(start, found, self.recording.root)
        self.images, self.asked = Images(), set()

    def emit(self, start: int, attributes: dict[str, Any], parent: int) -> None:
        self.recording.emit(v.SUPPORT, "supporting rows", start, now(), attributes, parent=parent, span_kind=CLIENT)


def computes(statement: Statement) -> bool:
    """Whether an UPDATE sets values that only the database knows."""
    written = statement.attributes().get(v.WRITTEN)
    rows = written if isinstance(written, list) else [written]
    return any(type(row) is not dict or any(type(value) is Opaque for value in row.values()) for row in rows)


def support(recording: Recording) -> Support:
    """A recording's. It lives in the recording, which it leads back to."""
    found = recording.__dict__.get(HELD)
    return found if found is not None else recording.__dict__.setdefault(HELD, Support(recording))
