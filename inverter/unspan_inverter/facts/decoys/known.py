"""The rows that statements may meet in the test, by column, and the keys and values that no decoy may take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import Opaque, bare, lossy

from unspan_inverter.events import Event, Executed, RowsDeleted, RowsInserted, RowsRead, RowsUpdated, WriteRefused
from unspan_inverter.facts import parents
from unspan_inverter.facts.decoys.matching import ANYTHING
from unspan_inverter.facts.decoys.truth import Row
from unspan_inverter.facts.kinds import Key, RowExists

Asked = RowsRead | RowsUpdated | RowsDeleted | Executed
"""Events that tell a statement's text."""
TEXTS = ("CharField", "TextField", "SlugField", "EmailField", "URLField", "FileField", "ImageField", "FilePathField")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the database of a request. `rows`: those before it; `gone`: those of them that it deletes."""

    project: Project
    rows: Mapping[Key, RowExists]
    gone: frozenset[Key]
    written: Mapping[str, Sequence[Mapping[str, Any]]]
    """Label → what the request put into rows of that model, by attname."""
    unknown: frozenset[str]
    """Tables that hold rows of which nothing is known."""

    def standing(self, label: str) -> list[tuple[Key, Row]]:
        """The rows of a model as they were before."""
        model = self.project.model(label)
        return [(key, by_column(model, row.values, key.pk)) for key, row in self.rows.items() if model and key.label == label]

    def tables(self) -> dict[str, list[Row]]:
        """What may stand in each table at any moment: a column that the request writes holds who knows what."""
        found: dict[str, list[Row]] = {model.table: [] for model in self.project.models if not model.proxy}
        for key, row in self.rows.items():
            if (model := self.project.model(key.label)) is not None:
                touched = {name for values in self.written.get(key.label, ()) for name in values}
                kept = {name: value for name, value in row.values.items() if name not in touched}
                for one in (model, *self.project.ancestors(model)):
                    found[one.table].append(by_column(one, kept, key.pk))
        for label, some in self.written.items():
            if (model := self.project.model(label)) is not None:
                found[model.table] += [by_column(model, {}, None)] if some else []
        return {table: [ANYTHING] if table in self.unknown else rows for table, rows in found.items()}


def by_column(model: Model, values: Mapping[str, Any], pk: Any) -> Row:
    found = {one.column: bare(values[one.attname]) for one in model.fields if one.column and one.attname in values}
    key = model.field("pk")
    return {**found, **({key.column: pk} if key is not None and key.column and pk is not None else {})}


def whole(model: Model, values: Mapping[str, Any], pk: Any) -> Row:
    """A row as the test makes it: columns that it is not given hold what the model gives."""
    given = {one.attname: standard(one) for one in model.fields if one.kind == "column" and not surprising(one)}
    return by_column(model, {**given, **values}, pk)


def standard(one: Field) -> Any:
    return bare(one.default) if one.has_default else "" if one.type in TEXTS and not one.null else None


def surprising(one: Field) -> bool:
    """Whether the value that a column gets by itself cannot be told."""
    return (
        one.auto or one.auto_now or one.auto_now_add or one.generated or one.db_default or (one.has_default and lossy(one.default))
    ) or isinstance(one.default, Opaque)


def written(events: Iterable[Event], project: Project) -> dict[str, list[Mapping[str, Any]]]:
    """Label → what the request put into rows of that model, or tried to."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        if isinstance(event, (RowsInserted, RowsUpdated, WriteRefused)):
            values = [given for _, given in event.changes] if isinstance(event, RowsUpdated) else event.rows
            found.setdefault(owner(event.model, project), []).extend(values)
    return found


def inserted(events: Iterable[Event], project: Project) -> dict[str, frozenset[str]]:
    """Label → the keys, as text, of the rows that the request made or tried to make, also of those that it took away again."""
    found: dict[str, frozenset[str]] = {}
    for event in events:
        if isinstance(event, (RowsInserted, WriteRefused)):
            label = owner(event.model, project)
            model = project.model(label)
            keys = {str(bare(row.get("pk", row.get(model.pk if model else "pk")))) for row in event.rows}
            found[label] = found.get(label, frozenset()) | keys
    return found


def owner(label: str, project: Project) -> str:
    """The label of the model that owns the rows: of a proxy the one behind it."""
    model = project.model(label)
    return model.owner if model is not None else label


def fits(row: RowExists, model: Model, known: Known, others: Sequence[RowExists]) -> bool:
    """Whether a new row breaks no constraint that is known, and points to rows that are there and stay. `others`: made beside it."""
    values = row.values
    if any(one.kind == "check" or one.conditional or not one.fields for one in model.constraints):
        return False
    if any(one.kind == "column" and not one.null and values[one.attname] is None for one in model.fields if one.attname in values):
        return False
    beside = {other.key for other in others}
    for key in parents.pointed(row, model, known.project):
        if key not in beside and (key not in known.rows or key in known.gone):
            return False
    together = [(one.attname,) for one in model.fields if one.unique and not one.primary_key]
    together += [
        tuple(one.attname for name in constraint.fields if (one := model.field(name)) is not None) for constraint in model.constraints
    ]
    family = related(model, known.project)
    existing = [filled(other.values, model) for other in (*known.rows.values(), *others) if other.key.label in family and other is not row]
    mine, new = filled(values, model), [given for label in family for given in known.written.get(label, ())]
    return not any(clash(mine, other, names) for names in together for other in [*existing, *new])


def related(model: Model, project: Project) -> frozenset[str]:
    """Labels of the models with rows in the same tables: it, those that it inherits from, and those that inherit from it."""
    return parents.kin(model.label, project) | {one.label for one in project.ancestors(model)}


def filled(values: Mapping[str, Any], model: Model) -> Mapping[str, Any]:
    """A row with what the model gives; without what it gives that cannot be told, as a moment or a random key, which no two rows share."""
    return {**{one.attname: standard(one) for one in model.fields if one.kind == "column" and not surprising(one)}, **values}


def clash(values: Mapping[str, Any], other: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Whether two rows may agree in all of these columns; of one that is written over, only the columns that are written count."""
    told = [name for name in names if name in other]
    return bool(told) and all(
        name in values and values[name] is not None and (lossy(other[name]) or alike(values[name], bare(other[name]))) for name in told
    )


def alike(one: Any, two: Any) -> bool:
    return one == two or (isinstance(one, str) and isinstance(two, str) and one.casefold() == two.casefold())
