"""The description of the user's project: what inversion needs to know of it, recorded once per process.

It travels as one encoded dict (`as_plain`) in a `project` span, in a trace of its own whose id is `fingerprint` of the text.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar

from unspan_proto import values
from unspan_proto.errors import NotEncoded, check_format

Part = TypeVar("Part", "Field", "Constraint", "Model", "Route", "Project")


@dataclass(frozen=True, slots=True)
class Field:
    """A concrete field of a model, or a many-to-many or generic relation.

    `kind`: `column`, `many_to_many`, `generic`. `type` is Django's internal type (`CharField`), `cls` the dotted path of its class.
    `default`: the value when it is a literal that the codec carries; Opaque with the dotted name of a callable.
    """

    name: str
    attname: str
    column: str | None
    type: str
    cls: str
    kind: str = "column"
    null: bool = False
    blank: bool = False
    primary_key: bool = False
    unique: bool = False
    has_default: bool = False
    default: Any = None
    db_default: bool = False
    generated: bool = False
    auto: bool = False
    auto_now: bool = False
    auto_now_add: bool = False
    max_length: int | None = None
    max_digits: int | None = None
    decimal_places: int | None = None
    choices: tuple[Any, ...] = ()
    related: str | None = None
    to_field: str | None = None
    through: str | None = None
    through_auto: bool = False
    accessor: str | None = None
    parent_link: bool = False
    converted: bool = False
    """Whether a descriptor that is not Django's gives another object than the column's value, as `MoneyField` does."""
    decoded: bool = False
    """Whether a `from_db_value` that is not Django's makes something of the column's value; an object is recorded as `Derived` with that value."""
    pointer: tuple[str, ...] = ()
    """Of a generic foreign key: the names of the fields that hold the content type and the key."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint that rows must keep: `kind` is `unique` or `check`; `fields` the field names of a unique one without expressions or condition."""

    kind: str
    name: str
    fields: tuple[str, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model as Django's registry knows it. `label` is `app_label.ClassName`; `module` is where the class can be imported from.

    `save_effects`: saving an instance does more than write its row (an overridden `save`, receivers of its save signals).
    `seeded`: migrations put rows of their own into the table.
    """

    label: str
    module: str
    name: str
    table: str
    pk: str
    fields: tuple[Field, ...]
    constraints: tuple[Constraint, ...] = ()
    ordering: tuple[str, ...] = ()
    managed: bool = True
    proxy: bool = False
    auto_created: bool = False
    swapped: bool = False
    concrete: str = ""
    parents: tuple[str, ...] = ()
    default_manager: str = "objects"
    plain_manager: bool = True
    save_effects: bool = False
    seeded: bool = False
    factory: str | None = None
    str_field: str | None = None

    def field(self, name: str) -> Field | None:
        """The field with this name, attname or (`pk`) role."""
        for one in self.fields:
            if name in (one.name, one.attname) or (name == "pk" and one.attname == self.pk):
                return one
        return None

    def by_column(self, column: str) -> Field | None:
        """The field that has this column of the table."""
        return next((one for one in self.fields if one.column == column), None)

    @property
    def owner(self) -> str:
        """The label of the model that owns the rows: of a proxy the one behind it."""
        return self.concrete or self.label

    @property
    def inherits(self) -> bool:
        """Whether a part of each row stands in the table of another model."""
        return any(one.parent_link for one in self.fields)


@dataclass(frozen=True, slots=True)
class Route:
    """A URL pattern: its full text as Django writes it, the name with its namespaces, the view's dotted name, the parameters' names."""

    pattern: str
    name: str | None
    view: str
    parameters: tuple[str, ...] = ()
    converters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """Everything about the user's project that a trace refers to."""

    format: int
    django: str
    python: str
    settings_module: str
    root: str
    settings: Mapping[str, Any]
    databases: Mapping[str, Mapping[str, Any]]
    packages: Mapping[str, str]
    models: tuple[Model, ...]
    routes: tuple[Route, ...]
    atomics: tuple[str, ...] = ()
    """Dotted names of the project's own kinds of `transaction.atomic`, which may ask to be the outermost one."""

    def model(self, label: str) -> Model | None:
        """The model with this label, case of the class name ignored."""
        return self._labels.get(label.lower())

    def owner(self, label: str) -> Model | None:
        """The model that owns the rows of the one with this label: of a proxy the one behind it."""
        model = self.model(label)
        return (self.model(model.owner) or model) if model is not None else None

    def ancestors(self, model: Model) -> Iterator[Model]:
        """The models in whose tables parts of its rows stand, under the same keys."""
        for one in model.fields:
            above = self.model(one.related or "") if one.parent_link else None
            if above is not None:
                yield above
                yield from self.ancestors(above)

    def table(self, name: str) -> Model | None:
        """The concrete model that owns this table; one that was swapped out owns none."""
        return self._tables.get(name)

    @cached_property
    def _labels(self) -> Mapping[str, Model]:
        return {model.label.lower(): model for model in reversed(self.models)}

    @cached_property
    def _tables(self) -> Mapping[str, Model]:
        return {model.table: model for model in reversed(self.models) if not model.proxy and not model.swapped}


def as_plain(project: Project) -> dict[str, Any]:
    """The project as dicts, tuples and values of the codec."""
    return {one.name: flat(getattr(project, one.name)) for one in fields(project)}


def flat(value: Any) -> Any:
    """Our dataclasses as dicts, at any depth of tuples; the codec's stand-ins, dataclasses too, stay what they are."""
    if isinstance(value, (Model, Field, Constraint, Route)):
        return {one.name: flat(getattr(value, one.name)) for one in fields(value)}
    return tuple(flat(item) for item in value) if type(value) is tuple else value


def as_text(project: Project) -> str:
    return values.encode(as_plain(project))


def fingerprint(text: str) -> str:
    """32 hex digits that name a description: the trace id it is kept under."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def from_plain(plain: Mapping[str, Any]) -> Project:
    """The project again. Keys that this version does not know are left out. Raises NewerFormat; NotEncoded for what is no description."""
    try:
        check_format(plain["format"])
        models = tuple(model_from(model) for model in plain["models"])
        routes = tuple(built(Route, route, parameters=tuple(route.get("parameters", ()))) for route in plain["routes"])
        return built(Project, plain, models=models, routes=routes)
    except (TypeError, LookupError, AttributeError) as error:
        raise NotEncoded(f"the description of the project is damaged: {type(error).__name__}: {error}"[:200]) from None


def model_from(plain: Mapping[str, Any]) -> Model:
    return built(
        Model,
        plain,
        fields=tuple(
            built(Field, one, choices=tuple(one.get("choices", ())), pointer=tuple(one.get("pointer", ()))) for one in plain["fields"]
        ),
        constraints=tuple(built(Constraint, one, fields=tuple(one.get("fields", ()))) for one in plain.get("constraints", ())),
        ordering=tuple(plain.get("ordering", ())),
        parents=tuple(plain.get("parents", ())),
    )


def built(cls: type[Part], plain: Mapping[str, Any], **converted: Any) -> Part:
    """A dataclass from those keys of `plain` that it has fields for, some of them converted."""
    names = {one.name for one in fields(cls)}
    return cls(**({key: item for key, item in plain.items() if key in names} | converted))
