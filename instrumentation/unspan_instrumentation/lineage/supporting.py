"""When rows beside a statement are asked for, and the records of them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

from unspan_instrumentation.lineage import parents
from unspan_instrumentation.lineage.fetching import hindrance
from unspan_instrumentation.lineage.images import BOUND, Images, Taken
from unspan_instrumentation.lineage.rewriting import Plan, planned
from unspan_instrumentation.lineage.schema import tables
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.sql.statement import CLIENT, Statement

READING: Final = frozenset({"SELECT", "WITH", "("})
WRITING: Final = frozenset({"UPDATE", "DELETE", "INSERT", "REPLACE"})
MOST_STATEMENTS: Final = 2_000
"""Whose rows are looked through for foreign keys, and that are known again."""
Given = Sequence[Any] | Mapping[str, Any] | None


class Support:
    """The supporting rows of one recording."""

    def __init__(self, recording: Recording) -> None:
        self.images = Images()
        self.asked: set[Any] = set()
        """What was asked since the last write."""
        self.begun: set[str] = set()
        """Aliases whose transaction has begun and executed nothing yet."""
        self.statements: list[tuple[Any, dict[str, Any]]] = []
        """What the records of statements say, with the connection of each."""
        self.recording = recording
        recording.at_end(self.parents)

    def beside(self, statement: Statement, connection: Any, text: str, given: Given) -> None:
        """Reads and records what the statement, which is about to be executed, depends on."""
        if statement.operation not in READING:
            self.asked.clear()
        if statement.operation == "BEGIN":
            self.begun.add(connection.alias)
        if statement.operation not in READING | WRITING:
            return
        begun = connection.alias in self.begun
        self.begun.discard(connection.alias)
        statement.told = partial(self.done, connection)
        plan = planned(text, connection.vendor, given is not None, tables(connection, BOUND).remembered)
        if plan.covered or not (plan.queries or plan.refused):
            return
        start, taken = now(), Taken(self.images, connection, begun and statement.operation in WRITING)
        again = not plan.refused and self.again(connection.alias, text, given)
        with self.images.watch:
            gap = "" if again else plan.refused or hindrance(connection) or self.images.exhausted or self.all(plan, given, taken)
        if gap:
            self.asked.clear()
        found = taken.attributes(gap)
        if plan.target and not gap and not taken.cut:
            found |= {v.SUPPORT_TARGET: taken.tables.models[plan.target].label, v.SUPPORT_KEYS: taken.keys}
            if statement.operation == "UPDATE" and taken.keys and computes(statement):
                statement.after = partial(self.after, statement.span_id, taken, plan.target)
        self.emit(start, found, statement.span_id)

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
                return f"the database refused the question ({type(error).__name__})"
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
            rows = taken.by_key(model, model.key_column, before.keys)
        image = [model.label, model.key_attname, list(model.attnames), [list(row) for row in rows]]
        self.emit(start, {v.DATABASE: before.connection.alias, v.SUPPORT_AFTER: image}, span)

    def again(self, alias: str, text: str, given: Given) -> bool:
        """Whether the same was asked before, and nothing was written in between."""
        try:
            key = (alias, text, None if given is None else tuple(given.items() if isinstance(given, Mapping) else given))
            if key in self.asked:
                return True
            if len(self.asked) >= MOST_STATEMENTS:
                self.asked.clear()
            self.asked.add(key)
        except TypeError:  # a parameter that cannot be compared
            pass
        return False

    def parents(self) -> None:
        """At the end: the rows that foreign keys point to, of all rows that were read or written."""
        self.recording.settle()  # statements that nobody finished
        statements, self.statements = self.statements, []
        start = now()
        for connection, rows in parents.pointing(statements, self.images).items():
            with self.images.watch:
                found = parents.followed(connection, rows, self.images)
            if found is not None:
                self.emit(start, found, self.recording.root)

    def emit(self, start: int, attributes: dict[str, Any], parent: int) -> None:
        self.recording.emit(v.SUPPORT, "supporting rows", start, now(), attributes, parent=parent, span_kind=CLIENT)


def computes(statement: Statement) -> bool:
    """Whether an UPDATE sets values that only the database knows."""
    written = statement.attributes().get(v.WRITTEN)
    rows = written if isinstance(written, list) else [written]
    return any(type(row) is not dict or any(type(value) is Opaque for value in row.values()) for row in rows)


_supports: WeakKeyDictionary[Recording, Support] = WeakKeyDictionary()


def support(recording: Recording) -> Support:
    found = _supports.get(recording)
    return found if found is not None else _supports.setdefault(recording, Support(recording))
