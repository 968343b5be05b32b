"""Assertions on rows that a request made: each is fetched by what tells it apart, then its other fields are asserted."""

from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from functools import partial
from typing import Any, Final

from unspan_proto.project import Field, Model
from unspan_proto.values import Derived, Opaque, bare, lossy

from unspan_inverter.facts import Key, RowBorn
from unspan_inverter.plan.ending import Outcome, holds, listed
from unspan_inverter.plan.expressions import Assign, Check, Item, Name, Statement, method
from unspan_inverter.plan.fetching import in_order, spoken_of, when_fetched
from unspan_inverter.plan.relevance import EMPTY, plain
from unspan_inverter.plan.rows import rows_of

MOST_FIELDS = 12


def born(outcome: Outcome) -> Iterator[Statement]:
    """Each row that the request made is fetched by what tells it apart, then its other fields are asserted."""
    yield from when_fetched(list(each_born(outcome)))


def each_born(outcome: Outcome) -> Iterator[Statement]:
    groups: dict[str, tuple[Model, Mapping[str, Any], list[RowBorn]]] = {}
    for row, lookup in in_order(outcome.facts.born, partial(told_apart, outcome), outcome.bindings.names):
        model = outcome.model(row.label)
        groups.setdefault(f"{row.label} {row.key.database} {lookup!r}", (model, lookup, []))[2].append(row)
    for model, lookup, rows in groups.values():
        there = rows_of(model, rows[0].key.database)
        found = method(there, "filter", **lookup) if lookup else method(there, "all")
        places = [place(row, model, lookup, outcome) for row in rows]
        if len(rows) > 1 or places[0] is None:
            others = alike(rows[0], model, lookup, outcome)
            sure = all(not given_by_database(other, model.field(name)) for other in others for name in lookup)
            yield Check("equal", (method(found, "count"), len(others) + 1)) if sure else Check("true", (method(found, "exists"),))
        elif places[0] < 0:
            yield from one_born(rows[0], model, lookup, outcome, method(there, "get", **lookup))
        else:
            last = method(found, "latest", "pk") if not places[0] else Item(method(found, "order_by", "-pk"), places[0])
            yield from one_born(rows[0], model, lookup, outcome, last)


def place(row: RowBorn, model: Model, lookup: Mapping[str, Any], outcome: Outcome) -> int | None:
    """As which of those that answer the same lookup a row is found, the newest first; -1 where it is alone, None where its place is not known."""
    keys = [bare(other.get(model.pk)) for other in alike(row, model, lookup, outcome)]
    if not keys:
        return -1
    pk, own = model.field("pk"), row.key.pk
    numbers = [key for key in keys if isinstance(key, int)]
    if not (pk and pk.auto and isinstance(own, int) and len(numbers) == len(keys)):
        return None
    return sum(key > own for key in numbers)


def one_born(row: RowBorn, model: Model, lookup: Mapping[str, Any], outcome: Outcome, found: Any) -> Iterator[Statement]:
    name = Name(outcome.bindings.names[row.key])
    checks = list(fields_equal(name, row, model, outcome, skip=lookup))
    there = rows_of(model, row.key.database)
    if checks or (row.key in outcome.bindings.used):
        yield Assign(name, found)
        yield from checks
    else:
        yield Check("true", (method(method(there, "filter", **lookup), "exists"),))


def alike(row: RowBorn, model: Model, lookup: Mapping[str, Any], outcome: Outcome) -> list[Mapping[str, Any]]:
    """What the other rows hold that answer the same lookup at the end."""
    columns = [one for one in model.fields if one.name in lookup]
    return [
        other
        for other in others_of(row, model, outcome)
        if all(may_hold(other, one, plain(row.values.get(one.attname))) for one in columns)
    ]


def is_one(one: Key, other: Key, outcome: Outcome) -> bool:
    """Whether a row stands in the table of another too: it is of the same model, or of one that inherits from it."""
    if one.database != other.database:
        return False
    child = outcome.bindings.project.model(one.label)
    above = outcome.bindings.project.ancestors(child) if child is not None else ()
    return one.label == other.label or any(model.label == other.label for model in above)


def held(values: Mapping[str, Any], one: Field) -> Any:
    """What a row holds in a column: where nothing is known of it, what the model gives."""
    given = bare(one.default) if one.has_default else "" if one.type in ("CharField", "TextField", "SlugField") and not one.null else None
    return plain(values.get(one.attname, given))


def may_hold(values: Mapping[str, Any], one: Field, value: Any) -> bool:
    """Whether a row may have this value in a column."""
    return given_by_database(values, one) or held(values, one) == value


def given_by_database(values: Mapping[str, Any], one: Field | None) -> bool:
    """Whether the database gives a row's column by itself, and nobody knows what."""
    return one is not None and one.attname not in values and (one.db_default or one.generated)


LAST: Final = frozenset({"BooleanField", "DateField", "DateTimeField"})


def preference(one: Field) -> tuple[bool, bool, bool, bool, bool]:
    """Which columns tell rows apart best to a reader: unique ones, then texts, then relations; numbers and choices, then days and keys, last."""
    return (
        one.type in LAST or one.primary_key,
        not one.unique,
        one.type not in ("CharField", "SlugField", "EmailField", "TextField") or bool(one.choices),
        not one.related,
        one.has_default,
    )


def told_apart(outcome: Outcome, row: RowBorn, unfetched: Set[str] = frozenset()) -> dict[str, Any]:
    """The fewest fields that no other row of the model shares; or, where there are none, as few others as can be. Of rows not fetched yet none speaks."""
    model = outcome.model(row.label)
    others = others_of(row, model, outcome)
    lookup: dict[str, Any] = {}
    for one in sorted(model.fields, key=preference):
        value = plain(row.values.get(one.attname))
        sure, expected = speaks(one, row, model, outcome)
        if not sure or spoken_of(expected) & unfetched:
            continue
        left = [other for other in others if may_hold(other, one, value)]
        if len(left) < len(others) or (not lookup and not preference(one)[0]):
            lookup[one.name], others = expected, left
        if not others:
            break
    return lookup


def others_of(row: RowBorn, model: Model, outcome: Outcome) -> list[Mapping[str, Any]]:
    """What the other rows of the model hold at the end."""
    found = [values for key, values in outcome.left() if is_one(key, row.key, outcome)]
    return found + [other.values for other in outcome.facts.born if is_one(other.key, row.key, outcome) and other is not row]


def speaks(one: Field, row: RowBorn, model: Model, outcome: Outcome) -> tuple[bool, Any]:
    """Whether a new row can be looked up by this column, and the value to look for."""
    value = plain(row.values.get(one.attname))
    if value in (None, "") or one.type in ("JSONField", "BinaryField", "FloatField") or (one.auto and one.primary_key):
        return False, None
    if isinstance(value, str) and (len(value) > 80 or not value.isprintable() or outcome.hides(value) or listed(value, outcome)):
        return False, None
    if one.parent_link or points_to_itself(one, row, outcome) or (one.decoded and isinstance(row.values.get(one.attname), Derived)):
        return False, None
    if isinstance(value, datetime) and (outcome.clock.reads(value) or outcome.during(value)):
        return False, None  # a clock that moves gives another row this moment
    if one.attname == model.pk and not one.related:
        return not one.has_default and not lossy(row.values[one.attname]), value
    return outcome.known(row.key, one, row.values[one.attname])


def points_to_itself(one: Field, row: RowBorn, outcome: Outcome) -> bool:
    key = outcome.bindings.pointed(one, plain(row.values.get(one.attname)), row.key.database) if one.related else None
    return key is not None and outcome.bindings.one(key) == outcome.bindings.one(row.key)


def fields_equal(name: Name, row: RowBorn, model: Model, outcome: Outcome, skip: Mapping[str, Any]) -> Iterator[Statement]:
    n = 0
    for one in model.fields:
        if (
            one.attname not in row.values
            or one.name in skip
            or one.attname == model.pk
            or (one.auto and one.primary_key)
            or not telling(one, row.values[one.attname])
            or n >= MOST_FIELDS
        ):
            continue
        sure, expected = outcome.known(row.key, one, row.values[one.attname])
        if sure:
            n += 1
            yield holds(outcome.column(name, one, row.values[one.attname], row.key), expected, outcome)


def telling(one: Field, value: Any) -> bool:
    """Whether a new row's value says anything: it is not what the model gives anyway."""
    found = plain(value)
    if one.has_default and isinstance(one.default, Opaque):
        return found != EMPTY.get(one.default.type)
    if one.has_default:
        return bare(one.default) != found
    return found not in (None, "") and not one.auto_now and not one.auto_now_add
