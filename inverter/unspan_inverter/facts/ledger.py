"""The rows of a request: what each held before, what was born, changed and deleted, with rollbacks undone.

What queries and writes tell of them is in `reads` and `writes`; foreign keys' parents are in `parents`, the order of creation is in `ordering`.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from unspan_proto.project import Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import RowsRead, RowsSupported, TransactionStep, WriteRefused
from unspan_inverter.facts import joins
from unspan_inverter.facts.kinds import Key, Made

Row = TypeVar("Row")
SESSIONS = "sessions.session"
"""Rows of Django's session table are arranged by logging in, never as rows."""


@dataclass(slots=True)
class State:
    """What holds at a moment of the request, in so far as it differs from before."""

    born: dict[Key, dict[str, Any]] = field(default_factory=dict[Key, dict[str, Any]])
    changed: dict[Key, dict[str, Any]] = field(default_factory=dict[Key, dict[str, Any]])
    gone: dict[Key, str] = field(default_factory=dict[Key, str])
    overwritten: dict[tuple[str, str], set[str]] = field(default_factory=dict[tuple[str, str], set[str]])
    """Label and database → attnames that an UPDATE of unknown rows may have changed."""

    def back(self, before: "State", database: str) -> "State":
        """This state, with what holds in one database as it was."""
        return State(
            mixed(self.born, before.born, database),
            mixed(self.changed, before.changed, database),
            mixed(self.gone, before.gone, database),
            {key: names for key, names in self.overwritten.items() if key[1] != database}
            | {key: names for key, names in before.overwritten.items() if key[1] == database},
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused write, and the rows that the request had made until then."""

    event: WriteRefused
    born: Mapping[Key, Mapping[str, Any]]


def mixed(one: dict[Key, Row], other: dict[Key, Row], database: str) -> dict[Key, Row]:
    """The rows of a database from the other, those of all others from the one."""
    return {key: row for key, row in one.items() if key.database != database} | {
        key: row for key, row in other.items() if key.database == database
    }


class Ledger:
    """The rows of one request; `following` feeds it the events in order."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.before: dict[Key, dict[str, Any]] = {}
        self.spans: dict[Key, str] = {}
        self.now = State()
        self.notes: list[str] = []
        self.counted: list[RowsRead] = []
        self.clashes: list[Refused] = []
        self.hindrances: list[str] = []
        self.made_rows: set[Key] = set()
        """Every row that the request made, those too that it deleted or rolled back again."""
        self.undone: list[tuple[Key, Mapping[str, Any]]] = []
        """What was written and did not last: rolled back, or deleted by the request that had made it."""
        self.keyless: dict[Key, None] = {}
        """Rows that the request made, and of which the database told no key, in order."""
        self.made = 0
        self.reasons: dict[Key, str] = {}
        """Why a row is there that no query read."""
        self.others: dict[Key, frozenset[Key]] = {}
        """Rows that a write chose → the rows known by then, which they are not."""
        self.apart: dict[Key, str] = {}
        """Rows without a key that one result showed as different ones: key → the statement's span."""
        self.shown: dict[Key, set[str]] = {}
        """Rows of results → the attnames that results had of them."""
        self.only_pointed: set[Key] = set()
        """Rows that no statement met: foreign keys point to them."""
        self._saved: dict[str, list[tuple[str, State]]] = {}

    def concrete(self, label: str | None) -> Model | None:
        """The model that owns the rows of `label`, None for no label."""
        return self.project.owner(label or "")

    def settle(self) -> None:
        """Rows without a key that turned out to be known ones: another query read them later."""
        used: set[tuple[Key, str]] = set()
        for key in [key for key in self.before if isinstance(key.pk, Made)]:
            span = self.apart.get(key, "")
            same = next((other for other in self.before if self.is_same(key, other) and not (span and (other, span) in used)), None)
            if same is not None:
                used.add((same, span))
                self.replace(key, same)

    def is_same(self, made: Key, other: Key) -> bool:
        values, known = self.before[made], self.before[other]
        return (
            (other.label, other.database) == (made.label, made.database)
            and not isinstance(other.pk, Made)
            and other not in self.others.get(made, ())
            and all(name in known and known[name] == value for name, value in values.items())
        )

    def replace(self, made: Key, real: Key) -> None:
        """Gives every reference to a row without a key the key it has."""
        del self.before[made]
        self.shown.setdefault(real, set()).update(self.shown.pop(made, ()))
        if made in self.now.changed:
            self.now.changed[real] = {**self.now.changed.pop(made), **self.now.changed.get(real, {})}
        if made in self.now.gone:
            self.now.gone.setdefault(real, self.now.gone.pop(made))
        for key, row in [*self.before.items(), *self.now.born.items()]:
            model = self.project.model(key.label)
            for one in model.fields if model else ():
                if one.related and row.get(one.attname) == made.pk and key.database == real.database:
                    row[one.attname] = real.pk

    def refused(self, event: WriteRefused) -> None:
        """A write that ran into a row: maybe into one that the request itself had made by then."""
        self.clashes.append(Refused(event, {key: dict(row) for key, row in self.now.born.items() if key.database == event.database}))

    def step(self, event: TransactionStep) -> None:
        saved = self._saved.setdefault(event.database, [])
        if event.step in ("BEGIN", "SAVEPOINT"):
            saved.append((event.savepoint, copy.deepcopy(self.now)))
        elif event.step == "ROLLBACK":
            if saved:
                self.back(saved[0][1], event.database)
            saved.clear()
        elif event.step == "COMMIT":
            saved.clear()
        elif event.step in ("ROLLBACK TO", "RELEASE"):
            at = next((i for i in reversed(range(len(saved))) if saved[i][0] == event.savepoint), None)
            if at is not None:
                if event.step == "ROLLBACK TO":
                    self.back(copy.deepcopy(saved[at][1]), event.database)
                del saved[at + (event.step == "ROLLBACK TO") :]

    def back(self, before: State, database: str) -> None:
        """What was written to a database since then is undone."""
        then = {**before.changed, **before.born}
        for key, values in [*self.now.changed.items(), *self.now.born.items()]:
            if key.database == database and then.get(key) != values:
                self.undone.append((key, values))
        self.now = self.now.back(before, database)

    def typed(self, label: str, values: dict[str, Any]) -> dict[str, Any]:
        """A row's values in the types of its fields: what Django fetched beside the model is as the driver gave it."""
        model = self.concrete(label)
        fields = {one.attname: one for one in model.fields} if model else {}
        return {
            name: joins.as_python(fields[name], value, self.project) if isinstance(value, str) and name in fields else value
            for name, value in values.items()
        }

    def another(self) -> int:
        """A new number for a row whose key was not recorded."""
        self.made += 1
        return self.made

    def seen(self, label: str, values: dict[str, Any], event: RowsRead | RowsSupported, asked: Collection[Key] = ()) -> None:
        """A row of a result, or the part of it that belongs to one model. `asked`: rows whose keys the application knew; it has made none of those."""
        model = self.concrete(label)
        if model is None or values.get(model.pk) is None or lossy(values[model.pk]):
            return
        key = Key(model.label, bare(values[model.pk]), event.database)
        if key not in asked:
            self.identified(key, values)
        self.met(key, values, event)
        if key in self.now.born:
            self.now.born[key].update(values)
            return
        if isinstance(key.pk, Made):
            values = {name: value for name, value in values.items() if name != model.pk}
        known = self.known(key, event.span)
        written = self.now.changed.get(key, {})
        stale = self.now.overwritten.get((model.label, event.database), set())
        for name, value in values.items():
            if name in written or name in stale:
                self.now.changed.setdefault(key, {})[name] = value
            else:
                known.setdefault(name, value)

    def met(self, key: Key, values: Mapping[str, Any], event: RowsRead | RowsSupported) -> None:
        """Notes by what a row is known."""
        if isinstance(event, RowsRead):
            self.shown.setdefault(key, set()).update(values)
        if not (isinstance(event, RowsSupported) and event.pointed):
            self.only_pointed.discard(key)
        elif key not in self.before:
            self.only_pointed.add(key)

    def identified(self, key: Key, values: Mapping[str, Any]) -> None:
        """Gives a row that the request made, and of which the database told no key, the one that is now seen."""
        if key in self.now.born or key in self.before:
            return
        keyless = [one for one in self.keyless if one in self.now.born and (one.label, one.database) == (key.label, key.database)]
        for made in keyless:
            told = {name: value for name, value in self.now.born[made].items() if not lossy(value)}
            if told and all(name in values and bare(values[name]) == bare(told[name]) for name in told):
                self.now.born[key] = self.now.born.pop(made)
                self.spans.setdefault(key, self.spans.get(made, ""))
                return

    def known(self, key: Key, span: str) -> dict[str, Any]:
        self.spans.setdefault(key, span)
        return self.before.setdefault(key, {})

    def current(self, label: str, database: str) -> dict[Key, dict[str, Any]]:
        """The rows of a model in a database as they are now, in so far as they are known."""
        found = {
            key: {**row, **self.now.changed.get(key, {})}
            for key, row in self.before.items()
            if (key.label, key.database) == (label, database) and key not in self.now.gone
        }
        return found | {key: row for key, row in self.now.born.items() if (key.label, key.database) == (label, database)}
