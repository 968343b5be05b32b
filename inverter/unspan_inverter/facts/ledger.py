"""Follows the rows through a request: what each held before, what was born, changed and deleted, with rollbacks undone.

Knows nothing of foreign keys' parents or of the order of creation: see `parents`.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from unspan_proto.project import Model, Project
from unspan_proto.values import Opaque, bare, lossy

from unspan_inverter.events import Event, RowsDeleted, RowsInserted, RowsRead, RowsSupported, RowsUpdated, TransactionStep
from unspan_inverter.facts import joins, parents, predicates
from unspan_inverter.facts.joins import MISSING, Joined
from unspan_inverter.facts.kinds import Key, Made

MOST_STAND_INS = 200
"""Rows that nobody read are made up to this number for one statement."""
WRITTEN = "a write changed this row without reading it"
UNCHANGED: Any = object()
"""A column that an UPDATE set to itself."""
SESSIONS = "sessions.session"
"""Rows of Django's session table are arranged by logging in, never as rows."""


@dataclass(slots=True)
class State:
    """What holds at a moment of the request, in so far as it differs from before."""

    born: dict[Key, dict[str, Any]] = field(default_factory=dict[Key, dict[str, Any]])
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
        self.made = 0
        self.reasons: dict[Key, str] = {}
        """Why a row is there that no query read."""
        self.others: dict[Key, frozenset[Key]] = {}
        """Rows that a write chose → the rows known by then, which they are not."""
        self.apart: dict[Key, str] = {}
        """Rows without a key that one result showed as different ones: key → the statement's span."""
        self._saved: dict[str, list[tuple[str, State]]] = {}

    def follow(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, TransactionStep):
                self.step(event)
            elif isinstance(event, RowsRead):
                self.read(event)
            elif isinstance(event, RowsSupported):
                self.supported(event)
            elif isinstance(event, (RowsInserted, RowsUpdated, RowsDeleted)) and event.model.lower() != SESSIONS:
                self.write(event)

    def concrete(self, label: str | None) -> Model | None:
        """The model that owns the rows of `label`: a proxy's rows are those of the model behind it."""
        model = self.project.model(label) if label else None
        return self.project.model(model.concrete) or model if model and model.proxy and model.concrete else model

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
            other.label == made.label
            and not isinstance(other.pk, Made)
            and other not in self.others.get(made, ())
            and all(name in known and known[name] == value for name, value in values.items())
        )

    def replace(self, made: Key, real: Key) -> None:
        """Gives every reference to a row without a key the key it has."""
        del self.before[made]
        if made in self.now.changed:
            self.now.changed[real] = {**self.now.changed.pop(made), **self.now.changed.get(real, {})}
        if made in self.now.gone:
            self.now.gone.setdefault(real, self.now.gone.pop(made))
        for key, row in [*self.before.items(), *self.now.born.items()]:
            model = self.project.model(key.label)
            for one in model.fields if model else ():
                if one.related and row.get(one.attname) == made.pk:
                    row[one.attname] = real.pk

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
            for (_, label), values in grouped(event, row).items():
                self.seen(label, self.typed(label, values), event)
        taken: set[Key] = set()
        for rows, equal in () if event.supported else joins.proved(event, self.project):
            self.prove(rows, equal, event, taken)
        self.counted.append(event)

    def supported(self, event: RowsSupported) -> None:
        """Whole rows, which were there before the statement beside which they were read."""
        for label, names, rows in event.rows:
            for row in rows if label.lower() != SESSIONS else ():
                self.seen(label, {name: value for name, value in zip(names, row, strict=False) if not lossy(value)}, event)

    def typed(self, label: str, values: dict[str, Any]) -> dict[str, Any]:
        """A row's values in the types of its fields: what Django fetched beside the model is as the driver gave it."""
        model = self.concrete(label)
        fields = {one.attname: one for one in model.fields} if model else {}
        return {
            name: joins.as_python(fields[name], value, self.project) if isinstance(value, str) and name in fields else value
            for name, value in values.items()
        }

    def prove(self, rows: list[Joined], equal: tuple[tuple[joins.Place, joins.Place], ...], event: RowsRead, taken: set[Key]) -> None:
        """The rows behind one result row. One without a key is found among the known ones, or made; its key goes to those that point to it."""
        rows = [row for row in rows if row.values and row.model.label.lower() != SESSIONS]
        base = rows[0].alias if rows else ""
        for row in joins.pointed_first([row for row in rows if row.pk is None], equal):
            if row.pk is not None:  # that of the parent it inherits from, which was told first
                continue
            key = self.alike(row, taken if row.alias == base else set())
            if key is None:
                key = Key(row.model.label, Made(self.another()))
                self.known(key, event.span, event.database).update(row.values)
                if row.alias == base:
                    self.apart[key] = event.span
            if row.alias == base:
                taken.add(key)
            row.values[row.model.pk] = key.pk
            joins.carry(row, rows, equal)
        for row in rows:
            self.seen(row.model.label, dict(row.values), event)

    def another(self) -> int:
        """A new number for a row whose key was not recorded."""
        self.made += 1
        return self.made

    def alike(self, row: Joined, taken: set[Key]) -> Key | None:
        """A known row that has all these values, or the same unique one."""
        unique = {one.attname for one in row.model.fields if one.unique and row.values.get(one.attname) is not None}
        for key, known in self.current(row.model.label).items():
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

    def seen(self, label: str, values: dict[str, Any], event: RowsRead | RowsSupported) -> None:
        """A row of a result, or the part of it that belongs to one model."""
        model = self.concrete(label)
        if model is None or values.get(model.pk) is None or lossy(values[model.pk]):
            return
        key = Key(model.label, bare(values[model.pk]))
        self.identified(key, values)
        if key in self.now.born:
            self.now.born[key].update(values)
            return
        if isinstance(key.pk, Made):
            values = {name: value for name, value in values.items() if name != model.pk}
        known = self.known(key, event.span, event.database)
        written = self.now.changed.get(key, {})
        stale = self.now.overwritten.get(model.label, set())
        for name, value in values.items():
            if name in written or name in stale:
                self.now.changed.setdefault(key, {})[name] = value
            else:
                known.setdefault(name, value)

    def identified(self, key: Key, values: Mapping[str, Any]) -> None:
        """Gives a row that the request made, and of which the database told no key, the one that is now seen."""
        if key in self.now.born or key in self.before:
            return
        for made, row in self.now.born.items():
            shared = row.keys() & values.keys() if made.label == key.label and isinstance(made.pk, Made) else set[str]()
            if shared and all(lossy(row[name]) or bare(row[name]) == bare(values[name]) for name in shared):
                self.now.born[key] = self.now.born.pop(made)
                self.spans.setdefault(key, self.spans.get(made, ""))
                return

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
            met = self.met(values, event, model)
            if met is not None:
                self.change(
                    met,
                    {one.attname: values[one.attname] for one in model.fields if one.column in event.overwrites and one.attname in values},
                    event,
                )
                continue
            key = Key(model.label, Made(self.another()) if pk is None or lossy(pk) else pk)
            self.spans.setdefault(key, event.span)
            self.now.gone.pop(key, None)
            self.now.born[key] = values

    def met(self, values: Mapping[str, Any], event: RowsInserted, model: Model) -> Key | None:
        """The row that was there already, of those that an INSERT ran into: it has the same unique values."""
        together = [[one.attname] for one in model.fields if one.unique]
        together += [
            [one.attname for name in constraint.fields if (one := model.field(name)) is not None]
            for constraint in model.constraints
            if constraint.kind == "unique"
        ]
        for key, row in self.current(model.label).items() if event.existing else ():
            if key.pk in event.existing and any(
                names and all(values.get(name) is not None and row.get(name) == values[name] for name in names) for names in together
            ):
                return key
        return None

    def updated(self, event: RowsUpdated, model: Model) -> None:
        for pk, given in event.changes:
            values = dict(given)
            pk = values.pop(model.pk, None) if pk is None and len(event.changes) > 1 else pk
            if pk is not None:
                keys = [Key(model.label, bare(pk))] if event.row_count else []
            else:
                keys = self.matched(model, event)
                if len(keys) != event.row_count:
                    self.overwritten(model, values)
            for key in keys:
                self.change(key, values, event)

    def overwritten(self, model: Model, values: Mapping[str, Any]) -> None:
        """An UPDATE chose rows that cannot be told: what it wrote is no longer known of any row."""
        self.now.overwritten.setdefault(model.label, set()).update(values)
        for key, row in self.now.born.items():
            if key.label == model.label:
                row.update({name: Opaque("overwritten") for name in values})

    def change(self, key: Key, given: Mapping[str, Any], event: RowsUpdated | RowsInserted) -> None:
        held = self.current(key.label).get(key, {})
        model = self.project.model(key.label)
        made = given
        if model is not None and isinstance(event, RowsUpdated):
            made = {name: computed(value, held.get(name), model, name, event) for name, value in given.items()}
        values = {name: value for name, value in made.items() if value is not UNCHANGED}
        if key in self.now.born:
            self.now.born[key].update(values)
        else:
            self.known(key, event.span, event.database)
            self.now.changed.setdefault(key, {}).update(values)

    def deleted(self, event: RowsDeleted, model: Model) -> None:
        keys = [Key(model.label, bare(pk)) for pk in event.keys] if event.keys is not None else self.matched(model, event)
        for key in keys if event.row_count else []:
            if key in self.now.born:
                del self.now.born[key]
            else:
                if event.keys is None or event.row_count == len(keys):
                    self.known(key, event.span, event.database)
                if key in self.before:
                    self.now.gone[key] = event.span

    def matched(self, model: Model, event: RowsUpdated | RowsDeleted) -> list[Key]:
        """The rows that a write's condition chose: those known, and stand-ins for those that the database counted beyond them."""
        where = predicates.where(event.statement, event.parameters, event.system)
        if where is None:
            return []
        found = [key for key, row in self.current(model.label).items() if predicates.holds(where, by_column(model, row))]
        ways, missing = predicates.choices(where), event.row_count - len(found)
        if missing > MOST_STAND_INS:
            self.notes.append(f"{missing} rows that `{event.statement[:90]}` wrote were not recorded: too many to make up")
        for turn in range(0 if missing > MOST_STAND_INS else missing if ways == 1 else ways):
            values = predicates.satisfying(where, turn)
            if values is None or len(found) >= event.row_count:
                break
            key = self.witness(model, from_columns(model, values, self.project), where, found if ways > 1 else [])
            if key is not None:
                self.known(key, event.span, event.database)
                found.append(key)
        return found

    def witness(self, model: Model, values: dict[str, Any], where: tuple[predicates.Term, ...], found: list[Key]) -> Key | None:
        """A row with these values, which a write must have chosen; None where it is one of those found, or a known one that was not chosen."""
        rows = self.current(model.label)
        if any(all(rows[key].get(name) == value for name, value in values.items()) for key in found):
            return None
        pk = values.get(model.pk)
        key = Key(model.label, Made(self.another(), WRITTEN) if pk is None or lossy(pk) else bare(pk))
        if key in rows and (key in found or key in self.now.born or not predicates.holds(where, by_column(model, {**values, **rows[key]}))):
            return None
        if key not in rows:
            self.others[key] = frozenset(rows)
            self.reasons[key] = WRITTEN
        for name, value in values.items():
            self.before.setdefault(key, {}).setdefault(name, value)
        return key

    def current(self, label: str) -> dict[Key, dict[str, Any]]:
        """The rows of a model as they are now, in so far as they are known."""
        found = {
            key: {**row, **self.now.changed.get(key, {})}
            for key, row in self.before.items()
            if key.label == label and key not in self.now.gone
        }
        return found | {key: row for key, row in self.now.born.items() if key.label == label}


def computed(value: Any, before: Any, model: Model, name: str, event: RowsUpdated) -> Any:
    """What `SET n = n + 1` made of a known number, and `SET n = n` of anything; any other expression stays what it is."""
    one = model.field(name)
    if isinstance(value, Opaque) and one is not None and itself(one.column or "", event.statement):
        return UNCHANGED
    if not isinstance(value, Opaque) or one is None or not isinstance(before, (int, float, Decimal)) or isinstance(before, bool):
        return value
    found = re.search(
        rf"[`\"]{re.escape(str(one.column))}[`\"] = \([^()]*[`\"]{re.escape(str(one.column))}[`\"] ([+-]) (%s|\d+)\)", event.statement
    )
    if found is None:
        return value
    at = predicates.placeholders(event.statement[: found.start(2)])
    held: Any = before
    try:
        step: Any = event.parameters[at] if found[2] == "%s" else int(found[2])
        exact = type(held)(step)
        return value if exact != step else held + exact if found[1] == "+" else held - exact
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return value


def itself(column: str, statement: str) -> bool:
    """Whether an UPDATE sets a column to itself."""
    name = rf"[`\"]{re.escape(column)}[`\"]"
    return re.search(rf"(?:SET|,) {name} = (?:[`\"]\w+[`\"]\.)?{name}(?=,| WHERE |$)", statement) is not None


def grouped(event: RowsRead, row: tuple[Any, ...]) -> dict[tuple[str | None, str], dict[str, Any]]:
    """The values of one result row by table alias and model."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for column, value in zip(event.columns, row, strict=False):
        if column.model and column.attname:
            found.setdefault((column.alias, column.model), {})[column.attname] = value
    return found


def from_columns(model: Model, values: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """Values by column name as a row's, in the types of its fields."""
    found: dict[str, Any] = {}
    for one in model.fields:
        value = values.get(one.column or "", MISSING)
        if value is predicates.PRESENT:
            value = parents.stand_in(one, 1) if not one.related else MISSING
        if value is not MISSING:
            found[one.attname] = joins.as_python(one, value, project)
    return found


def by_column(model: Model, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values under its column names, as SQL knows them."""
    return {one.column: row[one.attname] for one in model.fields if one.column and one.attname in row}
