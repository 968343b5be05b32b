"""Rows without what nothing asked for: values of columns that no statement named, or showed of other rows only, and rows that only such values pointed to.

What the request did can hang on nothing else: it knows of its rows what statements say. A value goes only where the model gives another by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import Opaque

from unspan_inverter.events import Event, Executed, RowsDeleted, RowsRead, RowsUpdated
from unspan_inverter.facts import naming, ordering, parents
from unspan_inverter.facts.decoys.known import standard, surprising
from unspan_inverter.facts.kinds import Key, RowExists

EMPTY_TEXTS: Final = frozenset(
    f"django.db.models.fields.{name}" for name in ("CharField", "TextField", "EmailField", "URLField", "SlugField")
)
"""Classes of fields whose columns hold an empty text where they are given nothing."""
STATEMENTS = (RowsRead, RowsUpdated, RowsDeleted, Executed)


EMPTY: Final[Mapping[str, Any]] = {"dict": {}, "list": [], "builtins.dict": {}, "builtins.list": []}
"""What a function of this name gives as a default."""


@dataclass(slots=True)
class Asked:
    """What the statements of a request asked for. `everything`: whether one of them cannot be understood."""

    everything: bool = False
    deciding: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Label → attnames on which it hung which rows a statement took, or what it made of them."""
    shown: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Label → attnames that a statement showed without saying of which row."""
    several: set[str] = field(default_factory=set[str])
    """Labels of the models of which a statement may have taken several rows, or one for its place among several."""


def asked(events: Iterable[Event], project: Project) -> Asked:
    found = Asked()
    for event in events:
        if isinstance(event, STATEMENTS) and event.statement:
            statement = naming.named(event.statement, event.system)
            models = {table: project.table(table) for table in statement.tables} if statement is not None else {}
            if statement is None or any(model is None or not model.managed for model in models.values()):
                return Asked(everything=True)  # a view, or a table of which nothing is known
            note(found, statement, event, {table: model for table, model in models.items() if model is not None})
    return found


def decided(found: Asked, project: Project) -> dict[str, frozenset[str]] | None:
    """Label → the attnames, inherited ones too, on which it hung what statements did; None where that is not known."""
    if found.everything:
        return None
    families = {model.label: (model, *project.ancestors(model)) for model in project.models}
    return {label: frozenset(name for one in some for name in found.deciding.get(one.label, ())) for label, some in families.items()}


def note(found: Asked, statement: naming.Named, event: Event, models: Mapping[str, Model]) -> None:
    """Adds what one statement asked for."""
    keys = {(table, key.column) for table, model in models.items() if (key := model.field("pk")) is not None}
    told = {table for table, name in statement.counted if (table, name) in keys}
    add(
        found.deciding,
        (one for one in (*statement.deciding, *statement.counted) if one in statement.deciding or one[0] not in told),
        models,
    )
    whole = isinstance(event, RowsUpdated) or (isinstance(event, RowsRead) and shown_whole(event, statement, models))
    add(found.deciding if statement.gathers else found.shown, () if whole else statement.listed, models)
    for sorts, sources in statement.selects:
        found.several |= several(sorts, sources, models)


def add(columns: dict[str, set[str]], named: Iterable[naming.Column], models: Mapping[str, Model]) -> None:
    for table, name in named:
        some = {one.attname for one in models[table].fields if name in (one.column, naming.EVERY)}
        columns.setdefault(models[table].label, set()).update(some)


def shown_whole(event: RowsRead, statement: naming.Named, models: Mapping[str, Model]) -> bool:
    """Whether it is known of which row each value is that a result shows: it holds the row's key too."""
    groups: dict[tuple[str, str | None], set[str]] = {}
    for column in event.columns:
        if column.model and column.attname:
            groups.setdefault((column.model, column.alias), set()).add(column.attname)
    told = {
        table: key for table, model in models.items() if (key := model.field("pk")) is not None and (table, key.column) in statement.listed
    }
    keys = {models[table].label: key.attname for table, key in told.items()}
    return bool(groups) and all(keys.get(label) in names for (label, _), names in groups.items())


def several(sorts: bool, sources: Mapping[str, naming.Sought], models: Mapping[str, Model]) -> set[str]:
    """Labels of the models of which a SELECT may take more rows than one, or one for its place. What it looks up by a unique value is one row; and so is what
    another row leads to, but for the order in which a database may come by such rows where nothing sorts them."""
    single = set[str]()
    for _ in sources:
        for alias, one in sources.items():
            led = {name for name, other in one.followed if other in single or sorts}
            if any(column.column in one.told | led and (column.primary_key or column.unique) for column in models[one.table].fields):
                single.add(alias)
    return {models[one.table].label for alias, one in sources.items() if alias not in single}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What rows are left with. `known`: row → attnames that the request read or wrote of it."""

    asked: Asked
    known: Mapping[Key, Sequence[str] | set[str]]
    project: Project

    def rows(self, rows: Mapping[Key, RowExists], inherited: Mapping[Key, Key]) -> dict[Key, RowExists]:
        if self.asked.everything:
            return dict(rows)
        known: dict[Key, set[str]] = {}
        for key, names in self.known.items():
            known.setdefault(inherited.get(key, key), set()).update(names)
        needed = {label: set(self.needed(model)) for label in {key.label for key in rows} if (model := self.project.model(label))}
        none = set[str]()
        return {key: replace(row, values=self.values(row, known.get(key, none) | needed.get(key.label, none))) for key, row in rows.items()}

    def values(self, row: RowExists, kept: set[str]) -> Mapping[str, Any]:
        model = self.project.model(row.key.label)
        if (
            model is None
            or model.auto_created
            or (model.inherits and model.save_effects)
            or any(not told(one) for one in model.constraints)
        ):
            return row.values
        found = dict(row.values)
        for one in model.fields:
            if one.attname in found and one.attname not in kept and droppable(one):
                if isinstance(one.default, Opaque) and one.default.type in EMPTY:
                    found[one.attname] = EMPTY[one.default.type]
                elif surprising(one):
                    del found[one.attname]
                else:
                    found[one.attname] = standard(one)
        return found

    def needed(self, model: Model) -> Iterator[str]:
        """The columns that rows of a model need, whatever was read of them."""
        for above in (model, *self.project.ancestors(model)):
            yield from self.asked.deciding.get(above.label, ())
            yield from self.asked.shown.get(above.label, ())
            for constraint in above.constraints:
                yield from (one.attname for name in constraint.fields if (one := above.field(name)) is not None)
            for one in above.fields:
                yield from (pointer.attname for name in one.pointer if (pointer := above.field(name)) is not None)


def told(constraint: Any) -> bool:
    """Whether it is known which columns a constraint is about."""
    return constraint.kind == "unique" and bool(constraint.fields) and not constraint.conditional


def droppable(one: Field) -> bool:
    """Whether a row can be made without being given this column."""
    if one.kind != "column" or one.primary_key or one.unique or one.generated or one.parent_link or one.db_default:
        return False
    if isinstance(one.default, Opaque):  # a function's value: of one that gives moments and random keys no two rows share it
        return one.default.type in EMPTY or one.type in ("DateTimeField", "DateField", "UUIDField")
    return one.null or one.has_default or one.auto_now or one.auto_now_add or one.cls in EMPTY_TEXTS


@dataclass(frozen=True, slots=True)
class Pointing:
    """What points to what among rows: foreign keys, and generic ones."""

    rows: Mapping[Key, RowExists]
    project: Project
    inherited: Mapping[Key, Key]
    generic: Mapping[Key, Mapping[str, Key]]

    def without(self, only_pointed: frozenset[Key], written: Iterable[RowExists]) -> dict[Key, RowExists]:
        """The rows without those that were only there to be pointed to, and that nothing points to any more. `written`: rows as the request left them."""
        kept = {key for key, row in self.rows.items() if key not in only_pointed and row.why != parents.NOT_READ}
        waiting = [*(self.rows[key] for key in kept), *written]
        columns: dict[tuple[str, str], dict[object, Key]] = {}
        while waiting:
            row = waiting.pop()
            reached = {key for key, _ in ordering.pointing(row, self.rows, columns, self.project, self.inherited)}
            reached |= set(self.generic.get(row.key, {}).values()) & self.rows.keys()
            waiting += [self.rows[key] for key in reached - kept]
            kept |= reached
        return {key: row for key, row in self.rows.items() if key in kept}
