"""Random rows for a schema: what the recorded database holds before a program runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from .kinds import AUTOMATIC, distinct
from .schemas import Column, Model, Relation, Schema


@dataclass(frozen=True, slots=True)
class Row:
    """A row by the variable that holds it; `given`: what it is made with; `after`: lines that follow when all rows are there."""

    name: str
    model: str
    given: Mapping[str, str]
    after: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        given = ", ".join(f"{name}={value}" for name, value in self.given.items())
        yield f"{self.name} = {self.model}({given})"
        yield f"{self.name}.save(force_insert=True)"


def drawn(rng: Random, schema: Schema) -> tuple[Row, ...]:
    """Some rows of each model, those that others need first."""
    found: dict[str, list[Row]] = {}
    for model in ordered(schema):
        for number in range(rng.choice((0, 2, 3, 4, 5))):
            row = one(rng, schema, model, number, found)
            if row is not None:
                found.setdefault(model.name, []).append(row)
    rows = [row for some in found.values() for row in some]
    return tuple(Row(row.name, row.model, row.given, tuple(after(rng, schema, row, found))) for row in rows)


def ordered(schema: Schema) -> list[Model]:
    """Models whose rows are made, those that others point to first."""
    done: dict[str, Model] = {}

    def place(model: Model) -> None:
        if model.name in done or model.proxy:
            return
        for name in [
            *([model.parent] if model.parent else []),
            *(one.to for one in model.relations if one.kind != "many" and not one.later),
        ]:
            if name != model.name:
                place(schema.byname[name] if not schema.byname[name].proxy else schema.byname[schema.byname[name].parent])
        done[model.name] = model

    for model in schema.models:
        place(model)
    return list(done.values())


def candidates(schema: Schema, name: str, found: Mapping[str, list[Row]]) -> list[Row]:
    """Rows that a relation to this model may point to: of children, too. A proxy's are those of the model behind it."""
    model = schema.byname[name]
    while model.proxy:
        model = schema.byname[model.parent]
    return [row for kind, rows in found.items() if model.name in schema.lineage(kind) for row in rows]


def one(rng: Random, schema: Schema, model: Model, number: int, found: Mapping[str, list[Row]]) -> Row | None:
    """The n-th row of a model; None where it must point to a row that there is not."""
    given: dict[str, str] = {}
    if model.key == "char":
        given["code"] = repr(f"{model.name[:3].lower()}-{number}")
    total = sum(len(rows) for rows in found.values())
    given |= {name: value for name, value in (("code", repr(f"p-{number % 2}")), ("number", str(number))) if name in model.pair}
    for column in schema.columns(model):
        if column.given and column.kind not in AUTOMATIC:
            value = source(rng, column, total)
            if value is not None:
                given[column.name] = value
    for relation in schema.relations(model):
        if relation.kind == "many" or relation.later:
            continue
        target = pointed(rng, schema, model, relation, found)
        if target is None and not relation.null:
            return None
        if target is not None:
            given[relation.name] = value_of(schema, relation, target)
    if schema.root(model.name).soft and rng.random() < 0.3:
        given["deleted"] = "True"
    if schema.is_generic(model):
        about = [row for name, rows in found.items() if schema.root(name).key == "auto" for row in rows]
        if not about:
            return None
        given["about"] = rng.choice(about).name
    if model.together:  # once each
        pair = tuple(given.get(name) for name in model.together)
        if any(tuple(row.given.get(name) for name in model.together) == pair for row in found.get(model.name, [])):
            return None
    return Row(f"{model.name.lower()}_{number}", model.name, given)


def source(rng: Random, column: Column, total: int) -> str | None:
    """The source of a column's value; None where it is left to its default."""
    if column.unique:
        return distinct(column.kind, total, rng)
    if column.null and rng.random() < 0.3:
        return "None"
    if column.declared.endswith("db_default=7)") or "default=" in column.of.declared:
        return column.of.value(rng) if rng.random() < 0.6 else None
    return column.of.value(rng)


def pointed(rng: Random, schema: Schema, model: Model, relation: Relation, found: Mapping[str, list[Row]]) -> Row | None:
    some = candidates(schema, relation.to, found)
    if relation.kind == "one":
        taken = {
            row.given.get(relation.name, "").split(".")[0]
            for name in found
            for row in found[name]
            if model.name in schema.lineage(name) or name in schema.lineage(model.name)
        }
        some = [row for row in some if row.name not in taken]
    return rng.choice(some) if some and not (relation.null and rng.random() < 0.3) else None


def value_of(schema: Schema, relation: Relation, target: Row) -> str:
    """The object itself, or of a child the parent that the relation is to."""
    names = schema.lineage(target.model)
    names = names[: names.index(relation.to) + 1] if relation.to in names else names
    wanted = schema.byname[relation.to]
    if wanted.proxy:
        return f"{relation.to}._base_manager.get(pk={target.name}.pk)" if relation.to not in names[:1] else target.name
    return target.name


def after(rng: Random, schema: Schema, row: Row, found: Mapping[str, list[Row]]) -> Iterator[str]:
    """Links and moments that are set when all rows are there."""
    model = schema.byname[row.model]
    for relation in schema.relations(model):
        some = candidates(schema, relation.to, found)
        if relation.kind == "many" and not relation.through and some and rng.random() < 0.7:
            chosen = rng.sample(some, rng.randint(1, min(3, len(some))))
            yield f"{row.name}.{relation.name}.set([{', '.join(f'{one.name}.pk' for one in chosen)}])"
        if relation.later and some and rng.random() < 0.6:
            yield f"{row.model}._base_manager.filter(pk={row.name}.pk).update({relation.name}_id={rng.choice(some).name}.pk)"
    moments = {column.name: column.of.value(rng) for column in schema.columns(model) if column.kind in AUTOMATIC}
    if moments:
        yield f"{row.model}._base_manager.filter(pk={row.name}.pk).update({', '.join(f'{name}={value}' for name, value in moments.items())})"
