"""Random statements of the ORM over a schema, as source. A statement stands by itself, so that programs shrink by leaving some out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from .kinds import AUTOMATIC, distinct
from .rows import Row
from .schemas import Column, Model, Relation, Schema


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines, and statements inside of them (an atomic block)."""

    lines: tuple[str, ...]
    inside: tuple["Statement", ...] = ()
    after: tuple[str, ...] = ()

    def source(self, depth: int) -> Iterator[str]:
        margin = "    " * depth
        yield from (margin + line for line in self.lines)
        for one in self.inside:
            yield from one.source(depth + 1)
        if self.lines and self.lines[-1].endswith(":") and not self.inside:
            yield margin + "    pass"
        yield from (margin + line for line in self.after)


@dataclass
class Scene:
    """What a statement is drawn from. `asked`: rows that the request names by their keys, as parameter → row."""

    rng: Random
    schema: Schema
    rows: tuple[Row, ...]
    asked: dict[str, Row]

    def model(self, *, concrete: bool = False) -> Model:
        some = [one for one in self.schema.models if not (concrete and one.proxy)]
        weights = [3 if any(row.model == one.name for row in self.rows) else 1 for one in some]
        return self.rng.choices(some, weights)[0]

    def rows_of(self, model: Model) -> list[Row]:
        base = model
        while base.proxy:
            base = self.schema.byname[base.parent]
        return [row for row in self.rows if base.name in self.schema.lineage(row.model)]

    def key(self, model: Model) -> str:
        """An expression for the key of some row, which the request names."""
        some = self.rows_of(model)
        if not some and model.pair:
            ends = {f"{relation.name}_id": self.schema.byname[relation.to] for relation in model.relations}
            return f"({', '.join(self.key(ends[name]) if name in ends else repr('9') for name in model.pair)})"
        if not some:
            return (
                repr("none")
                if self.schema.root(model.name).key == "char"
                else "uuid.UUID(int=5, version=4)"
                if self.schema.root(model.name).key == "uuid"
                else "987654"
            )
        row = self.rng.choice(some)
        name = next((name for name, other in self.asked.items() if other == row), None) or row.name
        self.asked[name] = row
        return f"(request.GET['{name}_0'], request.GET['{name}_1'])" if model.pair else f"request.GET[{name!r}]"

    def columns(self, model: Model, wanted: Callable[[Column], bool] = lambda one: True) -> list[Column]:
        return [one for one in self.schema.columns(model) if wanted(one)]

    def relations(self, model: Model, *kinds: str) -> list[Relation]:
        return [one for one in self.schema.relations(model) if not kinds or one.kind in kinds]

    def backwards(self, model: Model) -> list[tuple[Model, Relation]]:
        """Relations of other models that lead here."""
        names = self.schema.lineage(model.name)
        return [
            (one, relation)
            for one in self.schema.models
            if not one.proxy
            for relation in one.relations
            if relation.to in names and relation.back != "+"
        ]

    def value(self, model: Model, column: Column) -> str:
        """Mostly one that a row has."""
        met = [row.given[column.name] for row in self.rows_of(model) if column.name in row.given and row.given[column.name] != "None"]
        if met and self.rng.random() < 0.6:
            return self.rng.choice(met)
        return column.of.value(self.rng) if not column.unique else distinct(column.kind, self.rng.randint(0, 60), self.rng)

    def reached(self, model: Model) -> Iterator[tuple[str, Model]]:
        """Models one or two relations away, by lookup."""
        for relation in self.relations(model):
            yield relation.name, self.schema.byname[relation.to]
        for other, relation in self.backwards(model):
            yield relation.back, other

    def place(self, model: Model) -> tuple[str, Model]:
        """A lookup prefix and the model that it leads to: mostly the model itself."""
        prefix, at = "", model
        while self.rng.random() < 0.35:
            some = list(self.reached(at))
            if not some or prefix.count("__") >= 2:
                break
            name, at = self.rng.choice(some)
            prefix += f"{name}__"
        return prefix, at

    def condition(self, model: Model) -> str:
        """A keyword argument of `filter`, as `name=value`."""
        prefix, at = self.place(model)
        some = self.columns(at, lambda one: bool(one.of.lookups))
        documents = self.columns(at, lambda one: one.kind == "json")
        if documents and self.rng.random() < 0.5:
            return f"{prefix}{self.rng.choice(documents).name}{self.document()}"
        nullable = [one.name for one in self.columns(at) if one.null] + [
            one.name for one in self.relations(at) if one.null or one.kind == "many"
        ]
        if (nullable and self.rng.random() < 0.15) or not some:
            if nullable:
                return f"{prefix}{self.rng.choice(nullable)}__isnull={self.rng.random() < 0.5}"
            return f"{prefix}pk__isnull=False"
        if self.rng.random() < 0.12:
            return f"{prefix}pk={self.key(at)}"
        column = self.rng.choice(some)
        lookup, value = self.rng.choice(column.of.lookups), self.value(at, column)
        if column.unique and lookup in ("year", "date"):
            lookup = "exact"
        if lookup in ("in", "range"):
            value = f"[{value}, {self.value(at, column)}]"
        elif lookup == "year":
            value = str(self.rng.randint(1995, 2015))
        elif lookup == "date":
            value = COLUMN_DAY(self.rng)
        return f"{prefix}{column.name}{'' if lookup == 'exact' else '__' + lookup}={value}"

    def document(self) -> str:
        """A look-up in a JSON column, with its value."""
        within = () if self.schema.vendor == "sqlite" else ("__contains={'a': 1}", "__contained_by={'a': 1, 'b': 2}")
        return self.rng.choice((*DOCUMENTS, *within))

    def q(self, model: Model) -> str:
        """One or several conditions."""
        kind = self.rng.random()
        if kind < 0.6:
            return self.condition(model)
        first, second = self.condition(model), self.condition(model)
        if kind < 0.75:
            return f"Q({first}) | Q({second})"
        if kind < 0.88:
            return f"~Q({first}), Q({second})"
        numbers = [one.name for one in self.columns(model, lambda one: one.of.numeric and one.kind not in ("decimal", "float"))]
        if len(numbers) >= 2:
            one, two = self.rng.sample(numbers, 2)
            return f"{one}__{self.rng.choice(('gt', 'lte', 'exact'))}=F({two!r}) + {self.rng.randint(-3, 3)}"
        return f"Q({first}), Q({second})"

    def query(self, model: Model) -> str:
        """A queryset without an order."""
        found = f"{model.name}.objects"
        if self.schema.root(model.name).soft and model.name == self.schema.root(model.name).name and self.rng.random() < 0.4:
            found = f"{model.name}.everything"
        kind = self.rng.random()
        if kind < 0.15:
            return f"{found}.all()"
        if kind < 0.75:
            found += f".filter({self.q(model)})"
        else:
            found += f".exclude({self.condition(model)})"
        if self.rng.random() < 0.2:
            found += f".{self.rng.choice(('filter', 'exclude'))}({self.condition(model)})"
        return found

    def distinct_query(self, model: Model) -> str:
        """Joins to many rows repeat rows: as one would write it, each row once."""
        found = self.query(model)
        json = any(one.kind == "json" for one in self.columns(model))
        return found if json or self.rng.random() < 0.4 else f"{found}.distinct()"

    def order(self, model: Model) -> str:
        """A total order."""
        some = self.columns(model, lambda one: one.of.ordered and not one.null)
        if not some or self.rng.random() < 0.5:
            return self.rng.choice(("'pk'", "'pk'", "'-pk'"))
        return f"{self.rng.choice(('', '-')) + self.rng.choice(some).name!r}, 'pk'"

    def new(self, model: Model, taken: tuple[str, ...] = ()) -> str | None:
        """Keyword arguments of a row that can be made; None where it must point to something that there is not."""
        given: list[str] = []
        if model.key == "char" or "code" in model.pair:
            given.append(f"code={'new-' + str(self.rng.randint(0, 999))!r}")
        if "number" in model.pair:
            given.append(f"number={self.rng.randint(0, 20)}")
        for column in self.columns(model):
            if column.name in taken or not column.given or column.kind in AUTOMATIC:
                continue
            optional = column.null or "default=" in column.source()
            if column.unique or not optional or self.rng.random() < 0.4:
                value = (
                    distinct(column.kind, self.rng.choice((self.rng.randint(0, 20), self.rng.randint(30, 60))), self.rng)
                    if column.unique
                    else column.of.value(self.rng)
                )
                given.append(f"{column.name}={value}")
        for relation in self.relations(model, "foreign", "one"):
            if relation.name in taken:
                continue
            target = self.schema.byname[relation.to]
            if relation.null and self.rng.random() < 0.5:
                continue
            if not self.rows_of(target):
                if relation.null:
                    continue
                return None
            given.append(self.pointing(relation))
        if self.schema.is_generic(model):
            targets = [row for row in self.rows if self.schema.root(row.model).key == "auto"]
            if not targets:
                return None
            row = self.rng.choice(targets)
            given.append(f"about={row.model}._base_manager.get(pk={self.key(self.schema.byname[row.model])})")
        return ", ".join(given)

    def pointing(self, relation: Relation) -> str:
        """A foreign key to some row, as an argument."""
        key = self.key(self.schema.byname[relation.to])
        return f"{relation.name}={relation.to}._base_manager.get(pk={key})" if relation.field else f"{relation.name}_id={key}"


def COLUMN_DAY(rng: Random) -> str:
    return f"datetime.date({rng.randint(2001, 2020)}, {rng.randint(1, 12)}, {rng.randint(1, 28)})"


DOCUMENTS: Final = (
    "__a=1", "__a__gt=0", "__a__b__0=1", "__a__b__1__lt=3.5", "__has_key='a'", "__has_any_keys=['z', 'c']", "__has_keys=['a', 'c']", "__c='d'",
    "__c__icontains='D'", "__a__isnull=True", "__a__isnull=False", "={'a': 1}", "__0__k__startswith='it'", "__a__in=[1, 2]", "__isnull=False", "='text'",
)  # fmt: skip
Draw = Callable[[Scene], Statement | None]


def noted(text: str) -> Statement:
    return Statement((f"note({text})",))


def tried(*lines: str) -> Statement:
    return Statement(("with note.attempt(), transaction.atomic():", *(f"    {line}" for line in lines)))


# Reading.


def listed(scene: Scene) -> Statement:
    model = scene.model()
    return noted(f"{scene.distinct_query(model)}.order_by({scene.order(model)})")


def sliced(scene: Scene) -> Statement:
    model = scene.model()
    start = scene.rng.randint(0, 2)
    return noted(f"{scene.distinct_query(model)}.order_by({scene.order(model)})[{start}:{start + scene.rng.randint(1, 3)}]")


def got(scene: Scene) -> Statement:
    model = scene.model()
    return Statement(("with note.attempt():", f"    note({model.name}._base_manager.get(pk={scene.key(model)}))"))


def first(scene: Scene) -> Statement:
    model = scene.model()
    return noted(f"{scene.query(model)}.order_by({scene.order(model)}).{scene.rng.choice(('first', 'last'))}()")


def counted(scene: Scene) -> Statement:
    model = scene.model()
    return noted(f"{scene.distinct_query(model)}.{scene.rng.choice(('count', 'exists', 'count'))}()")


def unordered(scene: Scene) -> Statement:
    return Statement((f"note.unordered({scene.query(scene.model())})",))


def iterated(scene: Scene) -> Statement:
    model = scene.model()
    return noted(f"list({scene.query(model)}.order_by({scene.order(model)}).iterator(chunk_size=2))")


def partly(scene: Scene) -> Statement | None:
    model = scene.model()
    some = [one.name for one in scene.columns(model)]
    if not some:
        return None
    names = ", ".join(map(repr, scene.rng.sample(some, scene.rng.randint(1, len(some)))))
    return noted(f"{scene.query(model)}.{scene.rng.choice(('only', 'defer'))}({names}).order_by({scene.order(model)})")


def valued(scene: Scene) -> Statement | None:
    model = scene.model()
    some = [one.name for one in scene.columns(model)]
    for _ in range(2):
        prefix, at = scene.place(model)
        some += [prefix + one.name for one in scene.columns(at, lambda one: one.kind != "json")] if prefix else []
    if not some:
        return None
    names = [*dict.fromkeys(scene.rng.sample(some, min(len(some), scene.rng.randint(1, 3))))]
    if scene.rng.random() < 0.5:
        names.append("pk")
    said = ", ".join(map(repr, names))
    json = any(name.rpartition("_")[2] in ("json", "binary") for name in names)
    distinct = ".distinct()" if not json and scene.rng.random() < 0.4 else ""
    return (
        Statement((f"note.unordered({scene.query(model)}.values_list({said}).order_by(){distinct})",))
        if scene.rng.random() < 0.7
        else Statement((f"note.unordered({scene.query(model)}.values({said}).order_by(){distinct})",))
    )


def followed(scene: Scene) -> Statement | None:
    """Through foreign keys, one query a row, or all at once."""
    model = scene.model()
    some = scene.relations(model, "foreign", "one")
    if not some:
        return None
    relation = scene.rng.choice(some)
    query = f"{scene.query(model)}.order_by({scene.order(model)})"
    if scene.rng.random() < 0.6:
        query = query.replace(".order_by(", f".select_related({relation.name!r}).order_by(", 1)
    return noted(f"[[one, one.{relation.name}] for one in {query}]")


def gathered(scene: Scene) -> Statement | None:
    """Through relations to many rows, one query a row, or prefetched."""
    model = scene.model()
    some = [(one.name, scene.schema.byname[one.to]) for one in scene.relations(model, "many")]
    some += [(relation.back, other) for other, relation in scene.backwards(model) if relation.kind != "one"]
    if not some:
        return None
    name, other = scene.rng.choice(some)
    query = f"{scene.query(model)}.order_by({scene.order(model)})"
    how = scene.rng.random()
    if how < 0.4:
        return noted(f"[[one, sorted(one.{name}.all(), key=lambda row: row.pk)] for one in {query}.prefetch_related({name!r})]")
    if how < 0.6:
        inner = f"Prefetch({name!r}, {other.name}.objects.filter({scene.condition(other)}).order_by('pk'), to_attr='some')"
        return noted(f"[[one, one.some] for one in {query}.prefetch_related({inner})]")
    return noted(f"[[one, one.{name}.order_by('pk'), one.{name}.count()] for one in {query}]")


def aggregated(scene: Scene) -> Statement:
    model = scene.model()
    made = ["total=Count('pk')"]
    numbers = [one.name for one in scene.columns(model, lambda one: one.of.numeric)]
    for number, name in enumerate(scene.rng.sample(numbers, min(2, len(numbers)))):
        made.append(f"n{number}={scene.rng.choice(('Sum', 'Avg', 'Min', 'Max'))}({name!r})")
    prefix, _at = scene.place(model)
    if prefix:
        made.append(f"deep=Count({prefix + 'pk'!r}, distinct=True)")
    return noted(f"{scene.query(model)}.aggregate({', '.join(made)})")


def annotated(scene: Scene) -> Statement | None:
    model = scene.model()
    some = list(scene.reached(model))
    if not some:
        return None
    name, other = scene.rng.choice(some)
    numbers = [one.name for one in scene.columns(other, lambda one: one.of.numeric)]
    made = [f"many=Count({name!r}, distinct=True)"]
    if scene.rng.random() < 0.4:
        made.append(f"some=Count({name!r}, filter=Q({name}__{scene.condition(other)}))")
    if numbers:
        made.append(f"most=Max({name + '__' + scene.rng.choice(numbers)!r})")
    query = f"{model.name}.objects.filter({scene.condition(model)}).annotate({', '.join(made)})"
    if scene.rng.random() < 0.4:
        query += f".filter(many__{scene.rng.choice(('gt', 'gte', 'lt'))}={scene.rng.randint(0, 2)})"
    shown = (
        "[[one, one.many] for one in {}.order_by({})]" if scene.rng.random() < 0.5 else "list({}.values_list('pk', 'many').order_by({}))"
    )
    return noted(shown.format(query, scene.order(model)))


def grouped(scene: Scene) -> Statement | None:
    model = scene.model()
    some = scene.columns(model, lambda one: one.of.ordered and not one.of.text and not one.null)
    numbers = [one.name for one in scene.columns(model, lambda one: one.of.numeric)]
    if not some:
        return None
    name = scene.rng.choice(some).name
    total = f", total=Sum({scene.rng.choice(numbers)!r})" if numbers and scene.rng.random() < 0.6 else ""
    having = f".filter(n__gt={scene.rng.randint(0, 2)})" if scene.rng.random() < 0.4 else ""
    return noted(f"list({scene.query(model)}.values({name!r}).annotate(n=Count('pk'){total}){having}.order_by({name!r}))")


def correlated(scene: Scene) -> Statement | None:
    """Exists, Subquery and OuterRef over a relation that leads here."""
    model = scene.model()
    some = [(other, relation) for other, relation in scene.backwards(model) if relation.kind == "foreign"]
    if not some:
        return None
    other, relation = scene.rng.choice(some)
    inner = f"{other.name}.objects.filter({relation.name}=OuterRef({relation.field or 'pk'!r}), {scene.condition(other)})"
    shown = [one.name for one in scene.columns(other, lambda one: one.kind != "json")]
    how = scene.rng.random()
    query = f"{model.name}.objects.filter({scene.condition(model)})"
    if how < 0.35:
        return noted(f"{query}.filter({scene.rng.choice(('', '~'))}Exists({inner})).order_by({scene.order(model)})")
    if how < 0.6:
        return noted(f"[[one, one.there] for one in {query}.annotate(there=Exists({inner})).order_by({scene.order(model)})]")
    if not shown:
        return None
    name = scene.rng.choice(shown)
    return noted(
        f"list({query}.annotate(found=Subquery({inner}.order_by('-pk').values({name!r})[:1])).values_list('pk', 'found').order_by('pk'))"
    )


def among(scene: Scene) -> Statement | None:
    """IN of a subquery."""
    model = scene.model()
    some = scene.relations(model, "foreign", "one")
    if not some:
        return None
    relation = scene.rng.choice(some)
    other = scene.schema.byname[relation.to]
    if scene.rng.random() < 0.5:
        return noted(f"{model.name}.objects.filter({relation.name}__in={scene.query(other)}).order_by({scene.order(model)})")
    null = f".exclude({relation.name}=None)" if relation.null and scene.rng.random() < 0.6 else ""
    return noted(
        f"{other.name}.objects.{scene.rng.choice(('filter', 'exclude'))}({relation.field or 'pk'}__in={scene.query(model)}{null}.values({relation.name!r})).order_by({scene.order(other)})"
    )


def combined(scene: Scene) -> Statement | None:
    model = scene.model()
    some = scene.columns(model, lambda one: one.of.ordered)
    if not some:
        return None
    names = ", ".join(map(repr, ["pk", *(one.name for one in scene.rng.sample(some, min(2, len(some))))]))
    how = scene.rng.choice(("union", "union", "intersection", "difference"))
    first, second = (f"{model.name}.objects.filter({scene.condition(model)}).order_by().values_list({names})" for _ in range(2))
    return Statement((f"note.unordered({first}.{how}({second}))",))


def windowed(scene: Scene) -> Statement | None:
    model = scene.model()
    some = scene.columns(model, lambda one: one.of.ordered and not one.of.text and not one.null)
    if not some:
        return None
    part = f"partition_by=[F({scene.rng.choice(some).name!r})], " if scene.rng.random() < 0.6 else ""
    made = scene.rng.choice(("RowNumber()", "Lag('pk')", "Count('pk')"))
    order = "order_by=[F('pk').asc()]"
    return noted(f"list({scene.query(model)}.annotate(w=Window({made}, {part}{order})).values_list('pk', 'w').order_by('pk'))")


def raw(scene: Scene) -> Statement | None:
    model = scene.model(concrete=True)
    numbers = [one for one in model.columns if one.of.numeric and one.kind != "decimal"]
    if not numbers or model.parent or model.pair:
        return None
    one = scene.rng.choice(numbers)
    table = f"{scene.schema.lab}_{model.name.lower()}"
    key = "code" if model.key == "char" else "id"
    how = scene.rng.random()
    value = scene.value(model, one)
    if how < 0.4:
        return noted(f"list({model.name}.objects.raw('SELECT * FROM {table} WHERE {one.name} >= %s ORDER BY {key}', [{value}]))")
    select = (
        f"SELECT {key}, {one.name} FROM {table} WHERE {one.name} >= %s ORDER BY {key}"
        if how < 0.7
        else f"SELECT COUNT(*), MAX({one.name}) FROM {table} WHERE {one.name} >= %s"
    )
    return Statement(("with connection.cursor() as cursor:", f"    cursor.execute('{select}', [{value}])", "    note(cursor.fetchall())"))


def parents(scene: Scene) -> Statement | None:
    """The object that a generic foreign key points to."""
    some = [one for one in scene.schema.models if one.generic]
    if not some:
        return None
    model = scene.rng.choice(some)
    prefetch = ".prefetch_related('about')" if scene.rng.random() < 0.4 else ""
    return noted(f"[[one, one.about] for one in {scene.query(model)}{prefetch}.order_by('pk')]")


def told(scene: Scene) -> Statement | None:
    """A transformed value."""
    model = scene.model()
    texts = [one.name for one in scene.columns(model, lambda one: one.of.text)]
    numbers = [one.name for one in scene.columns(model, lambda one: one.of.numeric)]
    if texts and scene.rng.random() < 0.6:
        name = scene.rng.choice(texts)
        made = scene.rng.choice((f"Upper({name!r})", f"Length({name!r})", f"Coalesce({name!r}, Value('-'), output_field=TextField())"))
    elif numbers:
        name = scene.rng.choice(numbers)
        made = scene.rng.choice((f"F({name!r}) + 1", f"Case(When({name}__gt=3, then=Value('many')), default=Value('few'))"))
    else:
        return None
    return noted(f"list({scene.query(model)}.annotate(made={made}).values_list('pk', 'made').order_by('pk'))")


def locked(scene: Scene) -> Statement:
    model = scene.model(concrete=True)
    query = f"{model.name}._base_manager.select_for_update({'of=(' + repr('self') + ',)' if scene.schema.vendor == 'postgresql' else ''}).filter(pk={scene.key(model)})"
    return Statement(("with transaction.atomic():", f"    note({query}.first())"))


# Writing.


def created(scene: Scene) -> Statement | None:
    model = scene.model()
    given = scene.new(model)
    if given is None:
        return None
    how = scene.rng.random()
    if how < 0.5:
        return tried(f"note({model.name}._base_manager.create({given}))")
    if how < 0.8:
        return tried(f"row = {model.name}({given})", "row.save()", "note(row)")
    return Statement(("with note.attempt():", f"    {model.name}._base_manager.create({given})"))


def created_many(scene: Scene) -> Statement | None:
    model = scene.model(concrete=True)
    some = [given for _ in range(scene.rng.randint(1, 3)) if (given := scene.new(model)) is not None]
    if not some or model.parent or model.soft:
        return None
    rows = ", ".join(f"{model.name}({given})" for given in some)
    return tried(f"{model.name}.objects.bulk_create([{rows}]{scene.rng.choice(('', '', ', ignore_conflicts=True'))})")


def fetched_or_created(scene: Scene) -> Statement | None:
    model = scene.model(concrete=True)
    some = scene.columns(model, lambda one: "exact" in one.of.lookups and not one.null and one.kind not in AUTOMATIC and one.given)
    if not some or model.soft:
        return None
    column = scene.rng.choice(some)
    given = scene.new(model, (column.name,))
    if given is None:
        return None
    how = scene.rng.choice(("get_or_create", "update_or_create"))
    defaults = "{" + ", ".join(f"{part.partition('=')[0]!r}: {part.partition('=')[2]}" for part in parts(given)) + "}"
    return tried(f"note({model.name}.objects.{how}({column.name}={scene.value(model, column)}, defaults={defaults}))")


def parts(given: str) -> list[str]:
    """Keyword arguments one by one: commas inside of brackets and texts do not part them."""
    import ast

    call = ast.parse(f"f({given})", mode="eval").body
    assert isinstance(call, ast.Call)
    return [f"{one.arg}={ast.unparse(one.value)}" for one in call.keywords]


def changed_columns(scene: Scene, model: Model) -> list[str]:
    some = scene.columns(model, lambda one: one.given and not one.unique and one.kind not in AUTOMATIC)
    return [f"{one.name}={one.of.value(scene.rng)}" for one in scene.rng.sample(some, min(len(some), scene.rng.randint(1, 2)))]


def updated(scene: Scene) -> Statement | None:
    model = scene.model()
    made = changed_columns(scene, model)
    numbers = [one.name for one in scene.columns(model, lambda one: one.of.numeric and one.given and not one.unique)]
    if numbers and scene.rng.random() < 0.5:
        name = scene.rng.choice(numbers)
        made = [one for one in made if not one.startswith(f"{name}=")] + [f"{name}=F({name!r}) + {scene.rng.randint(1, 3)}"]
    return tried(f"note({scene.query(model)}.update({', '.join(made)}))") if made else None


def saved(scene: Scene) -> Statement | None:
    model = scene.model()
    made = changed_columns(scene, model)
    some = [one for one in scene.relations(model, "foreign") if f"{one.name}_id" not in model.pair]
    if some and scene.rng.random() < 0.4:
        relation = scene.rng.choice(some)
        made.append(scene.pointing(relation) if scene.rows_of(scene.schema.byname[relation.to]) else "")
    made = [one for one in made if one]
    if not made:
        return None
    only = f"update_fields=[{made[0].partition('=')[0]!r}]" if scene.rng.random() < 0.3 else ""
    row = (
        f"row = {model.name}._base_manager.get(pk={scene.key(model)})"
        if scene.rng.random() < 0.7
        else f"row = {scene.query(model)}.order_by('pk').first() or {model.name}._base_manager.get(pk={scene.key(model)})"
    )
    return tried(row, *(f"row.{one.replace('=', ' = ', 1)}" for one in made), f"row.save({only})")


def saved_many(scene: Scene) -> Statement | None:
    model = scene.model(concrete=True)
    made = changed_columns(scene, model)
    if not made:
        return None
    names = [one.partition("=")[0] for one in made]
    return tried(
        f"rows = list({scene.query(model)}.order_by('pk'))", "for row in rows:", *(f"    row.{one.replace('=', ' = ', 1)}" for one in made),
        f"note({model.name}._base_manager.bulk_update(rows, {names!r}))",
    )  # fmt: skip


def deleted(scene: Scene) -> Statement:
    model = scene.model()
    if scene.rng.random() < 0.5:
        return tried(f"note({model.name}._base_manager.get(pk={scene.key(model)}).delete()[0])")
    return tried(f"note({scene.query(model)}.delete()[0])")


def linked(scene: Scene) -> Statement | None:
    model = scene.model(concrete=True)
    some = [one for one in scene.relations(model, "many") if not one.through]
    some += [replace(one, name=one.back, to=other.name) for other, one in scene.backwards(model) if one.kind == "many" and not one.through]
    if not some:
        return None
    relation = scene.rng.choice(some)
    other = scene.schema.byname[relation.to]
    if not scene.rows_of(other) or not scene.rows_of(model):
        return None
    keys = f"{scene.key(other)}, {scene.key(other)}"
    how = scene.rng.choice((f"add({keys})", f"remove({keys})", f"set([{keys}])", "clear()"))
    return tried(
        f"row = {model.name}._base_manager.get(pk={scene.key(model)})",
        f"row.{relation.name}.{how}",
        f"note(row.{relation.name}.order_by('pk'))",
    )


def rolled_back(scene: Scene) -> Statement | None:
    inside = [one for _ in range(scene.rng.randint(1, 2)) if (one := scene.rng.choice(WRITING + READING)(scene)) is not None]
    return Statement(("with contextlib.suppress(RuntimeError), transaction.atomic():",), tuple(inside), ("    raise RuntimeError",))


def together(scene: Scene) -> Statement | None:
    inside = [
        one for _ in range(scene.rng.randint(1, 3)) if (one := scene.rng.choice((*WRITING, *READING, rolled_back))(scene)) is not None
    ]
    return Statement(("with transaction.atomic():",), tuple(inside))


READING: Final[tuple[Draw, ...]] = (
    listed, sliced, got, first, counted, unordered, iterated, partly, valued, followed, gathered, aggregated, annotated, grouped, correlated, among,
    combined, windowed, raw, parents, told, locked,
)  # fmt: skip
WRITING: Final[tuple[Draw, ...]] = (created, created, created_many, fetched_or_created, updated, saved, saved, saved_many, deleted, linked)
BLOCKS: Final[tuple[Draw, ...]] = (rolled_back, together)


def drawn(scene: Scene) -> tuple[Statement, ...]:
    """The statements of a program."""
    found: list[Statement] = []
    for _ in range(scene.rng.randint(2, 7)):
        some = scene.rng.choices((READING, WRITING, BLOCKS), (50, 38, 12))[0]
        one = scene.rng.choice(some)(scene)
        if one is not None:
            found.append(one)
    return tuple(found)
