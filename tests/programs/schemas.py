"""Random models: drawn as data, then written as the `models.py` of an application."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from .kinds import COLUMNS, Kind

NAMES: Final = ("Author", "Book", "Tag", "Shelf", "Order", "Line", "Visit", "Badge")


@dataclass(frozen=True, slots=True)
class Column:
    """A plain field. `given`: whether rows set it (not one that the database computes)."""

    name: str
    kind: str
    null: bool = False
    unique: bool = False
    declared: str = ""
    given: bool = True

    @property
    def of(self) -> Kind:
        return COLUMNS[self.kind]

    def source(self) -> str:
        if self.declared:
            return self.declared
        more = ", ".join(
            word for word, on in (("null=True", self.null and "null=True" not in self.of.declared), ("unique=True", self.unique)) if on
        )
        return self.of.declared if not more else self.of.declared[:-1] + (", " if not self.of.declared.endswith("()") else "") + more + ")"


@dataclass(frozen=True, slots=True)
class Relation:
    """A foreign key, one-to-one or many-to-many field. `later`: its rows are linked after all are made; `field`: the column it holds, where not the key."""

    name: str
    kind: str
    to: str
    null: bool = False
    cascade: str = "CASCADE"
    through: str = ""
    later: bool = False
    back: str = ""
    field: str = ""

    def source(self) -> str:
        to = repr("self" if self.to == "" else self.to)
        if self.kind == "many":
            return f"models.ManyToManyField({to}, related_name={self.back!r}{f', through={self.through!r}' if self.through else ''})"
        how = {"one": "OneToOneField", "foreign": "ForeignKey"}[self.kind]
        more = (", null=True" if self.null else "") + (f", to_field={self.field!r}" if self.field else "")
        return f"models.{how}({to}, models.{self.cascade}, related_name={self.back!r}{more})"


@dataclass(frozen=True, slots=True)
class Model:
    """A model. `key`: `auto`, `uuid`, `char`, `pair`; `pair`: the columns that are its key together; `parent`: what it inherits from, as tables or
    (`proxy`) as a proxy."""

    name: str
    columns: tuple[Column, ...] = ()
    relations: tuple[Relation, ...] = ()
    key: str = "auto"
    parent: str = ""
    proxy: bool = False
    soft: bool = False
    generic: bool = False
    together: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    ordering: str = ""
    pair: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        yield f"class {self.name}({self.parent or 'models.Model'}):"
        if self.key == "uuid":
            yield "    id = models.UUIDField(primary_key=True, default=uuid.uuid4)"
        if self.key == "char":
            yield "    code = models.CharField(max_length=20, primary_key=True)"
        if self.pair:
            yield f"    pk = models.CompositePrimaryKey({', '.join(map(repr, self.pair))})"
        if "code" in self.pair:
            yield "    code = models.CharField(max_length=20)"
        if "number" in self.pair:
            yield "    number = models.IntegerField()"
        for one in (*self.columns, *self.relations) if not self.proxy else ():
            yield f"    {one.name} = {one.source()}"
        if self.generic:
            yield "    about_type = models.ForeignKey(ContentType, models.CASCADE, related_name='+')"
            yield "    about_id = models.PositiveBigIntegerField()"
            yield "    about = GenericForeignKey('about_type', 'about_id')"
        if self.soft:
            yield "    deleted = models.BooleanField(default=False)"
            yield "    objects = Kept()"
            yield "    everything = models.Manager()"
        yield from self.meta()

    def meta(self) -> Iterator[str]:
        said = [
            *(["proxy = True"] if self.proxy else []),
            *([f"unique_together = [{self.together!r}]"] if self.together else []),
            *([f"constraints = [{', '.join(self.constraints)}]"] if self.constraints else []),
            *([f"ordering = [{self.ordering!r}, 'pk']"] if self.ordering else []),
        ]
        if said:
            yield "    class Meta:"
            yield from (f"        {line}" for line in said)
        elif not (self.columns or self.relations or self.soft or self.generic or self.key != "auto"):
            yield "    pass"


@dataclass(frozen=True, slots=True)
class Schema:
    """The models of one application."""

    lab: str
    models: tuple[Model, ...]
    vendor: str = "sqlite"
    django: tuple[int, int] = (5, 2)
    byname: dict[str, Model] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.byname.update({one.name: one for one in self.models})

    def columns(self, model: Model) -> list[Column]:
        """Its own and those it inherits."""
        return [*(self.columns(self.byname[model.parent]) if model.parent else ()), *model.columns]

    def relations(self, model: Model) -> list[Relation]:
        return [*(self.relations(self.byname[model.parent]) if model.parent else ()), *model.relations]

    def lineage(self, name: str) -> list[str]:
        """A model's name and those it inherits from."""
        model = self.byname[name]
        return [name, *(self.lineage(model.parent) if model.parent else ())]

    def is_generic(self, model: Model) -> bool:
        """Whether its rows have a generic foreign key, of their own or by inheritance."""
        return any(self.byname[name].generic for name in self.lineage(model.name))

    def root(self, name: str) -> Model:
        return self.byname[self.lineage(name)[-1]]

    def source(self) -> str:
        lines = [
            "import datetime", "import uuid", "from decimal import Decimal", "", "from django.contrib.contenttypes.fields import GenericForeignKey",
            "from django.contrib.contenttypes.models import ContentType", "from django.db import models", "from django.db.models import F, Q",
            "from django.db.models.functions import Length, Now, Upper", "from django.utils import timezone", "", "",
            "class Kept(models.Manager):", "    def get_queryset(self):", "        return super().get_queryset().filter(deleted=False)",
        ]  # fmt: skip
        for one in self.models:
            lines += ["", "", *one.lines()]
        return "\n".join(lines) + "\n"


def drawn(rng: Random, lab: str, vendor: str, django: tuple[int, int]) -> Schema:
    """A random schema."""
    names = rng.sample(NAMES, rng.randint(4, 6))
    models: list[Model] = []
    for name in names:
        models.append(model(rng, name, models, names))
    plain = [one for one in models if not one.proxy]
    if rng.random() < 0.5:
        one, two = rng.choice(plain), rng.choice(plain)
        models += [through(rng, "Membership", one, two)]
        at = models.index(one)
        models[at] = replace(
            one, relations=(*one.relations, Relation("members", "many", two.name, through="Membership", back=f"{one.name.lower()}_members"))
        )
    models = [extended(rng, one, models, vendor, django) for one in models]
    if django >= (5, 2):
        circular = any(relation.name.endswith("_favourite") for one in models for relation in one.relations)
        models = [paired(rng, one, circular) if may_pair(one, models) and rng.random() < 0.4 else one for one in models]
    return Schema(lab, tuple(models), vendor, django)


def model(rng: Random, name: str, before: list[Model], names: list[str]) -> Model:
    plain = [one for one in before if not one.proxy and one.key == "auto"]
    if plain and rng.random() < 0.12:
        return Model(name, parent=rng.choice(plain).name, proxy=True)
    parent = rng.choice(plain).name if plain and rng.random() < 0.18 else ""
    kinds = rng.sample(list(COLUMNS), rng.randint(2, 5))
    columns = tuple(
        Column(
            f"{name[:2].lower()}_{kind}", kind, (COLUMNS[kind].unique and not kind.startswith("blank") and rng.random() < 0.2) or kind == "address",
            COLUMNS[kind].unique and rng.random() < 0.2,
        )
        for kind in kinds
    )  # fmt: skip
    columns = tuple(replace(one, null=one.null and not one.unique) for one in columns)
    return Model(
        name, columns, tuple(relations(rng, name, before, names)), "auto" if parent else rng.choices(("auto", "uuid", "char"), (80, 10, 10))[0],
        parent, soft=not parent and rng.random() < 0.12, generic=bool(plain) and not parent and rng.random() < 0.2,
    )  # fmt: skip


def relations(rng: Random, name: str, before: list[Model], names: list[str]) -> Iterator[Relation]:
    short = name[:2].lower()
    for number in range(rng.choice((0, 1, 1, 2)) if before else 0):
        to, null = rng.choice(before).name, rng.random() < 0.4
        kind = "one" if rng.random() < 0.15 else "foreign"
        cascade = rng.choice(("CASCADE", "CASCADE", "PROTECT", "RESTRICT")) if not null else rng.choice(("SET_NULL", "SET_NULL", "CASCADE"))
        target = next(one for one in before if one.name == to)
        unique = [one.name for one in target.columns if one.unique] if not target.parent else []
        field = "" if name == to else rng.choice(unique) if unique and rng.random() < 0.5 else ""
        yield Relation(f"{short}_{to.lower()}_{number}", kind, to, null, cascade, back=f"{name.lower()}_{kind}_{number}", field=field)
    if rng.random() < 0.2:
        yield Relation(
            f"{short}_above", "foreign", name, True, rng.choice(("CASCADE", "SET_NULL")), back=f"{name.lower()}_below", later=True
        )
    if rng.random() < 0.15:
        later = rng.choice([*names[names.index(name) :]])
        yield Relation(f"{short}_favourite", "foreign", later, True, "SET_NULL", back=f"{name.lower()}_favoured", later=True)
    if before and rng.random() < 0.4:
        yield Relation(f"{short}_links", "many", rng.choice(before).name, back=f"{name.lower()}_links")


def may_pair(one: Model, models: list[Model]) -> bool:
    """Whether several columns may be a model's key: nothing inherits from it or points to it."""
    others = {relation.to for other in models for relation in other.relations} | {other.parent for other in models}
    plain = not one.parent and one.name != "Membership" and not any(relation.kind == "many" for relation in one.relations)
    return plain and one.key == "auto" and one.name not in others


def paired(rng: Random, one: Model, circular: bool) -> Model:
    """With a key of two columns: two of its own, or a foreign key and a number. Where models point to each other
    in a circle, `makemigrations` adds foreign keys later than the key that names them."""
    some = [] if circular else [relation.name for relation in one.relations if relation.kind == "foreign" and not relation.null]
    return replace(one, key="pair", pair=(f"{some[0]}_id" if some and rng.random() < 0.6 else "code", "number"))


def through(rng: Random, name: str, one: Model, two: Model) -> Model:
    ends = (
        Relation("left", "foreign", one.name, back="+"),
        Relation("right", "foreign", two.name, back="+"),
    )
    return Model(name, (Column("me_count", "count"),), ends, together=("left", "right") if rng.random() < 0.5 else ())


def extended(rng: Random, one: Model, models: list[Model], vendor: str, django: tuple[int, int]) -> Model:
    """With constraints and columns that the database computes."""
    if one.proxy:
        return one
    columns, constraints, own = list(one.columns), list[str](), {column.kind: column for column in one.columns}
    if "count" in own and rng.random() < 0.5:
        condition = "condition" if django >= (5, 1) else "check"
        constraints.append(f"models.CheckConstraint({condition}=Q({own['count'].name}__gte=0), name='%(app_label)s_%(class)s_count')")
    if "int" in own and "bool" in own and vendor != "mysql" and rng.random() < 0.5:
        constraints.append(
            f"models.UniqueConstraint(fields=[{own['int'].name!r}], condition=Q({own['bool'].name}=True), name='%(app_label)s_%(class)s_one')"
        )
    if django >= (5, 0) and rng.random() < 0.25:
        columns.append(Column(f"{one.name[:2].lower()}_given", "count", declared="models.IntegerField(db_default=7)"))
    if django >= (5, 0) and "int" in own and rng.random() < 0.4 and not one.parent:
        declared = f"models.GeneratedField(expression=F({own['int'].name!r}) * 2, output_field=models.IntegerField({'null=True' if own['int'].null else ''}), db_persist=True)"
        columns.append(Column(f"{one.name[:2].lower()}_doubled", "int", declared=declared, given=False))
    ordering = rng.choice([column.name for column in one.columns if column.of.ordered] or [""]) if rng.random() < 0.25 else ""
    return replace(one, columns=tuple(columns), constraints=tuple(constraints), ordering=ordering)
