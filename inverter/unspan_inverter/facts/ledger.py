"""Follows the rows through a request: what each held before, what was born, changed and deleted, with rollbacks undone.

Knows nothing of foreign keys' parents or of the order of creation: see `parents`.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unspan_proto.project import Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import Event, RowsDeleted, RowsInserted, RowsRead, RowsUpdated, TransactionStep
from unspan_inverter.facts import predicates
from unspan_inverter.facts.kinds import Key

SESSIONS = "sessions.session"
"""Rows of Django's session table are arranged by logging in, never as rows."""


@dataclass(slots=True)
class State:
    """What holds at a moment of the request, in so far as it differs from before."""

    born: dict[Key, dict[str, Any]] = field(default_factory=dict[Key, dict[str, Any]])
    nameless: list[tuple[str, dict[str, Any], str]] = field(default_factory=list[tuple[str, dict[str, Any], str]])
    changed: dict[Key, dict[str, Any]] = field(default_factory=dict[Key, dict[str, Any]])
    gone: dict[Key, str] = field(default_factory=dict[Key, str])
    overwritten: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Label → attnames that an UPDATE of unknown rows may have changed."""


class Ledger:
    """The rows of one request. Feed it the events in order."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.before: dict[Key, dict[str, Any]] = {}
        self.spans: dict[Key, str] = {}
        self.database: dict[Key, str] = {}
        self.now = State()
        self.notes: list[str] = []
        self.counted: list[RowsRead] = []
        self.clashes: list[RowsInserted] = []
        self._saved: dict[str, list[tuple[str, State]]] = {}

    def follow(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, TransactionStep):
                self.step(event)
            elif isinstance(event, RowsRead):
                self.read(event)
            elif isinstance(event, (RowsInserted, RowsUpdated, RowsDeleted)) and event.model.lower() != SESSIONS:
                self.write(event)

    def concrete(self, label: str | None) -> Model | None:
        """The model that owns the rows of `label`: a proxy's rows are those of the model behind it."""
        model = self.project.model(label) if label else None
        return self.project.model(model.concrete) or model if model and model.proxy and model.concrete else model

    def step(self, event: TransactionStep) -> None:
        saved = self._saved.setdefault(event.database, [])
        if event.step in ("BEGIN", "SAVEPOINT"):
            saved.append((event.savepoint, copy.deepcopy(self.now)))
        elif event.step == "ROLLBACK":
            if saved:
                self.now = saved[0][1]
            saved.clear()
        elif event.step == "COMMIT":
            saved.clear()
        elif event.step in ("ROLLBACK TO", "RELEASE"):
            at = next((i for i in reversed(range(len(saved))) if saved[i][0] == event.savepoint), None)
            if at is not None:
                if event.step == "ROLLBACK TO":
                    self.now = copy.deepcopy(saved[at][1])
                del saved[at + (event.step == "ROLLBACK TO") :]

    def read(self, event: RowsRead) -> None:
        if event.model and event.model.lower() == SESSIONS:
            return
        for row in event.rows:
            for (alias, label), values in grouped(event, row).items():
                self.seen(label, values, event, alias)
        self.counted.append(event)

    def seen(self, label: str, values: dict[str, Any], event: RowsRead, alias: str | None) -> None:
        """A row of a result, or the part of it that belongs to one model."""
        model = self.concrete(label)
        if model is None or values.get(model.pk) is None or lossy(values[model.pk]):
            return
        key = Key(model.label, bare(values[model.pk]))
        if key in self.now.born:
            self.now.born[key].update(values)
            return
        known = self.known(key, event.span, event.database)
        written = self.now.changed.get(key, {})
        stale = self.now.overwritten.get(model.label, set())
        for name, value in values.items():
            if name in written or name in stale:
                self.now.changed.setdefault(key, {})[name] = value
            else:
                known.setdefault(name, value)

    def known(self, key: Key, span: str, database: str) -> dict[str, Any]:
        self.spans.setdefault(key, span)
        self.database.setdefault(key, database)
        return self.before.setdefault(key, {})

    def write(self, event: RowsInserted | RowsUpdated | RowsDeleted) -> None:
        model = self.concrete(event.model)
        if model is None:
            return
        if isinstance(event, RowsInserted):
            self.inserted(event, model)
        elif isinstance(event, RowsUpdated):
            self.updated(event, model)
        else:
            self.deleted(event, model)

    def inserted(self, event: RowsInserted, model: Model) -> None:
        if event.clash:
            self.clashes.append(event)
            return
        for row in event.rows:
            pk = bare(row.get("pk", row.get(model.pk)))
            values = {name: value for name, value in row.items() if name != "pk"}
            if pk is None or lossy(pk):
                self.now.nameless.append((model.label, values, event.span))
                continue
            key = Key(model.label, pk)
            self.spans.setdefault(key, event.span)
            self.now.gone.pop(key, None)
            self.now.born[key] = values

    def updated(self, event: RowsUpdated, model: Model) -> None:
        for pk, values in event.changes:
            if pk is not None:
                keys = [Key(model.label, bare(pk))] if event.row_count else []
            else:
                keys = self.matching(model, event)
                if len(keys) != event.row_count:
                    self.now.overwritten.setdefault(model.label, set()).update(values)
            for key in keys:
                self.change(key, values, event)

    def change(self, key: Key, values: Mapping[str, Any], event: RowsUpdated) -> None:
        if key in self.now.born:
            self.now.born[key].update(values)
        else:
            self.known(key, event.span, event.database)
            self.now.changed.setdefault(key, {}).update(values)

    def deleted(self, event: RowsDeleted, model: Model) -> None:
        keys = [Key(model.label, bare(pk)) for pk in event.keys] if event.keys is not None else self.matching(model, event)
        for key in keys if event.row_count else []:
            if key in self.now.born:
                del self.now.born[key]
            else:
                if event.keys is None or event.row_count == len(keys):
                    self.known(key, event.span, event.database)
                if key in self.before:
                    self.now.gone[key] = event.span

    def matching(self, model: Model, event: RowsUpdated | RowsDeleted) -> list[Key]:
        """The rows that a write's condition names, among those that are known."""
        where = predicates.where(event.statement, event.parameters, event.system)
        if where is None:
            return []
        return [key for key, row in self.current(model.label).items() if predicates.holds(where, by_column(model, row))]

    def current(self, label: str) -> dict[Key, dict[str, Any]]:
        """The rows of a model as they are now, in so far as they are known."""
        found = {
            key: {**row, **self.now.changed.get(key, {})}
            for key, row in self.before.items()
            if key.label == label and key not in self.now.gone
        }
        return found | {key: row for key, row in self.now.born.items() if key.label == label}


def grouped(event: RowsRead, row: tuple[Any, ...]) -> dict[tuple[str | None, str], dict[str, Any]]:
    """The values of one result row by table alias and model."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for column, value in zip(event.columns, row, strict=False):
        if column.model and column.attname:
            found.setdefault((column.alias, column.model), {})[column.attname] = value
    return found


def by_column(model: Model, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values under its column names, as SQL knows them."""
    return {one.column: row[one.attname] for one in model.fields if one.column and one.attname in row}
