"""Near misses: rows that meet every condition of a scope but one, made like rows that met them all."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unspan_proto.project import Field, Model
from unspan_proto.values import lossy

from unspan_inverter.facts import ordering, parents
from unspan_inverter.facts.decoys import variants
from unspan_inverter.facts.decoys.known import TEXTS, Known, by_column, fits, whole
from unspan_inverter.facts.decoys.matching import Search
from unspan_inverter.facts.decoys.scopes import Test
from unspan_inverter.facts.decoys.truth import ABSENT, FRESH, TRUE, Row, answers, field_of
from unspan_inverter.facts.kinds import SECRETS, Key, Made, RowExists

MOST_ROWS: Final = 3
"""Rows of one near miss: itself, and those without which there is no such row."""
MOST_VALUES: Final = 9
"""Columns of all of them that are written out: a reader wants to see at once what it is."""
MOST_TRIED: Final = 20


@dataclass(frozen=True, slots=True)
class Miss:
    """Rows that miss one condition, in an order in which they can be made, and what they are in comparison with what was asked for."""

    rows: tuple[RowExists, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """How the row of one alias differs: other values by attname, or another row that is there. `needs`: a row that has to be made for it."""

    values: Mapping[str, Any]
    what: str
    instead: Key | None = None
    needs: tuple[RowExists, ...] = ()


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes near misses of one scope, like the rows of `pattern` that stood in it. `number`: that of the first free key."""

    search: Search
    known: Known
    pattern: Mapping[str, Row]
    span: str
    database: str
    number: int

    @property
    def base(self) -> str:
        return next(iter(self.search.scope.tables))

    def misses(self, test: Test) -> Iterator[Miss]:
        """Those of one condition, the plainest first."""
        (alias,) = test.aliases
        if alias not in self.search.models or self.pattern[alias] is ABSENT:
            return
        for change in itertools.islice(self.changes(test, alias), MOST_TRIED):
            made = self.cloned(alias, change)
            if made is None or not self.misses_only(test, alias, change, made):
                continue
            rows = (*change.needs, *(row for row, _ in made.values()))
            if len(rows) <= MOST_ROWS and sum(len(row.values) for row in rows) <= MOST_VALUES and self.possible(rows):
                yield Miss(tuple(ordering.in_order(rows, self.known.project)), change.what)

    def changes(self, test: Test, alias: str) -> Iterator[Change]:
        model, held = self.search.models[alias], self.pattern[alias]
        if alias == self.base:
            yield Change({}, f"another {noun(model)}")
        else:
            others = [key for key, row in self.known.standing(model.label) if key not in self.known.gone and row != held]
            yield from (Change({}, f"with another {noun(model)}", instead=key) for key in others)
        columns, of = self.columns(test, alias), "" if alias == self.base else f"{noun(model)} "
        for one in model.fields:
            if (
                one.kind != "column"
                or one.column not in columns
                or one.attname == model.pk
                or one.generated
                or one.auto_now
                or one.auto_now_add
            ):
                continue
            for value in self.others(one, model, held.get(one.column or "")):
                fresh = value == Made(self.number, FRESH)
                parent = self.parent(one, value) if fresh else None
                if not fresh or parent is not None:
                    yield Change({one.attname: value}, phrase(one, value, of), needs=(parent,) if parent else ())

    def others(self, one: Field, model: Model, held: Any) -> Iterator[Any]:
        """Other values of a column; of a foreign key those of rows that are there, none, and one of a row to be made."""
        if not one.related:
            yield from variants.variants(one, model, (held,), 1)
            return
        there = [(value, key) for value, key in self.there(one) if value != held]
        yield from (value for value, _ in sorted(there, key=lambda pair: bool(self.known.rows[pair[1]].why))[:2])
        if one.null and held is not None:
            yield None
        yield Made(self.number, FRESH)

    def there(self, one: Field) -> Iterator[tuple[Any, Key]]:
        """What a foreign key holds to point to each of the rows that it may, and that row."""
        label = self.target(one)
        model = self.known.project.model(label)
        aim = model.field(one.to_field or "pk") if model is not None else None
        for key, row in self.known.rows.items():
            if model is None or aim is None or key.label != label or key in self.known.gone:
                continue
            value = key.pk if aim is model.field("pk") else row.values.get(aim.attname)
            if value is not None and not lossy(value):
                yield value, key

    def target(self, one: Field) -> str:
        related = self.known.project.model(one.related or "")
        return related.owner if related is not None else ""

    def parent(self, one: Field, key: Made) -> RowExists | None:
        """A row for a foreign key to point to, which no other points to."""
        model = self.known.project.model(self.target(one))
        if model is None or (one.to_field and model.field(one.to_field) is not model.field("pk")):
            return None
        return self.row(model, key, {}, {}, set())

    def cloned(self, alias: str, change: Change) -> dict[str, tuple[RowExists, Row]] | None:
        """The new row of each alias that cannot stay as it was: the changed one, the first one, and those that point to such."""
        keys: dict[str, Any] = {alias: change.instead.pk} if change.instead else {}
        waiting = [alias, self.base]
        joins = list(self.joins())
        while waiting:
            one = waiting.pop(0)
            keys.setdefault(one, Made(self.number + 1 + len(keys), FRESH))
            waiting += [name for name, _, other in joins if other == one and name not in keys and self.pattern[name] is not ABSENT]
        found: dict[str, tuple[RowExists, Row]] = {}
        for one, pk in keys.items():
            if change.instead and one == alias:
                continue
            model = self.search.models.get(one)
            pointing = {attname: keys[other] for name, attname, other in joins if name == one and other in keys}
            given = {**pointing, **(change.values if one == alias else {})}
            asked = set[str]().union(*(self.columns(test, one) for test in self.binding() if one in test.aliases))
            made = self.row(model, pk, given, self.pattern[one], asked) if model is not None else None
            if made is None or model is None:
                return None
            found[one] = (made, whole(model, made.values, pk))
        return found

    def binding(self) -> list[Test]:
        """The conditions without those of outer joins of which nothing else is asked: there need not be such a row."""
        tests = self.search.scope.tests
        spoken = set[str]().union(*(test.aliases for test in tests if not test.of))
        return [test for test in tests if not test.of or test.of in spoken]

    def joins(self) -> Iterator[tuple[str, str, str]]:
        """Alias and attname of each foreign key that joins it to another alias, and that one."""
        from sqlglot import exp  # noqa: PLC0415 - see predicates

        models = self.search.models
        for tree in (test.tree.unnest() for test in self.search.scope.tests):
            if isinstance(tree, exp.EQ) and isinstance(tree.left, exp.Column) and isinstance(tree.right, exp.Column):
                for one, two in itertools.permutations((tree.left, tree.right)):
                    here, there = field_of(models.get(one.table), one.name), models.get(two.table)
                    if here is not None and here.related and there is not None and field_of(there, two.name) is there.field("pk"):
                        yield one.table, here.attname, two.table

    def row(self, model: Model, pk: Made, given: Mapping[str, Any], like: Row, asked: set[str]) -> RowExists | None:
        """A row with the values that conditions speak of and those that it must have; None where there is none of its kind."""
        if model.parents or model.inherits or not model.managed:
            return None
        if model.seeded and model is not self.search.models[self.base]:
            return None  # rows of migrations may stand in the way
        values = dict(given)
        for one in model.fields:
            if one.kind != "column" or one.attname in values or one.attname == model.pk or one.generated:
                continue
            held = like.get(one.column or "")
            if one.column in asked and one.column in like and not one.unique and not lossy(held):
                values[one.attname] = held
            elif parents.required(one) or one is title(model):
                made = next(self.needed(one, model, held), None)
                if made is None:
                    return None
                values[one.attname] = made
        key = model.field("pk")
        if key is not None and not key.auto and not key.has_default:
            return None  # a key that somebody has to think of
        return RowExists(Key(model.label, pk, self.database), values, self.span)

    def needed(self, one: Field, model: Model, held: Any) -> Iterator[Any]:
        """Values for a column that must have one: of a foreign key what it held, where that is not taken."""
        if one.related:
            there = [value for value, _ in self.there(one)]
            taken = [row.values.get(one.attname) for key, row in self.known.rows.items() if key.label == model.label] if one.unique else []
            yield from (value for value in sorted(there, key=lambda value: value != held) if value not in taken)
        elif one.type in TEXTS and one.type not in ("EmailField", "URLField") and not one.choices:
            for number in range(1, 9):
                like = held if isinstance(held, str) and held else noun(model).replace(" ", "-")
                found = variants.another(like, model, number) if one.unique else variants.text(model, number)
                if variants.accepted(found, one) and not self.has(model, one, found):
                    yield found
        else:
            made = (parents.stand_in(one, n) for n in range(1, 9))
            yield from (found for found in made if found is not None and not (one.unique and self.has(model, one, found)))

    def has(self, model: Model, one: Field, value: Any) -> bool:
        rows = [row.values for key, row in self.known.rows.items() if key.label == model.label]
        return any(row.get(one.attname) == value for row in [*rows, *self.known.written.get(model.label, ())])

    def columns(self, test: Test, alias: str) -> set[str]:
        from sqlglot import exp  # noqa: PLC0415

        return {column.name for column in test.tree.find_all(exp.Column) if column.table in ("", alias)}

    def misses_only(self, test: Test, alias: str, change: Change, made: Mapping[str, tuple[RowExists, Row]]) -> bool:
        """Whether the rows, beside those of the pattern that stay, surely miss this condition and meet all others."""
        rows = {**self.pattern, **{one: row for one, (_, row) in made.items()}}
        if change.instead is not None:
            rows[alias] = by_column(self.search.models[alias], self.known.rows[change.instead].values, change.instead.pk)
        standing = self.search.standing(rows)
        if True in answers(test.tree, standing):
            return False
        for other in self.binding():
            if other is test or (other.of and rows[other.of] is ABSENT):
                continue
            found = answers(other.tree, standing)
            if found != TRUE and (True not in found or not self.as_it_was(other, rows)):
                return False
        return True

    def as_it_was(self, test: Test, rows: Mapping[str, Row]) -> bool:
        """Whether a condition that is not understood speaks of nothing that has changed: then it is met as it was."""
        return all(
            column in self.pattern[alias] and rows[alias].get(column) == self.pattern[alias][column]
            for alias in test.aliases
            for column in self.columns(test, alias)
        )

    def possible(self, rows: Sequence[RowExists]) -> bool:
        models = [self.known.project.model(row.key.label) for row in rows]
        return all(model is not None and fits(row, model, self.known, rows) for row, model in zip(rows, models, strict=True))


def noun(model: Model) -> str:
    return " ".join(re.findall(r"\w+", variants.text(model, 1).removeprefix("Another ")))


def phrase(one: Field, value: Any, of: str) -> str:
    """How one speaks of a row that differs in a column. `of`: whose column it is, with a blank; empty for the row's own."""
    name = " ".join(re.findall(r"\w+", one.name))
    if isinstance(value, bool):
        return f"{of}{name} is {value}"
    return f"{'with ' if of else ''}{'no' if value is None else 'another'} {of}{name.replace('_', ' ')}"


def title(model: Model) -> Field | None:
    """The column by which a reader recognises a row."""
    plain = [one for one in model.fields if one.type == "CharField" and not (one.null or one.has_default or one.choices or one.blank)]
    plain = [one for one in plain if not any(word in one.name for word in SECRETS)]
    return next((one for one in plain if one.name == model.str_field), plain[0] if plain else None)
