"""Assertions on the database: rows made, changed and deleted, links made and cut."""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from typing import Any, Final
from uuid import UUID

from unspan_proto.project import Field, Model
from unspan_proto.values import Derived, Opaque, bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts, Key, Linked, RowBorn, RowChanged
from unspan_inverter.plan import documents, files
from unspan_inverter.plan.bindings import TOKEN, Bindings, plain_key, string_of
from unspan_inverter.plan.clock import Clock, parsed
from unspan_inverter.plan.epochs import numbers_the_time
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Do, Import, Item, Name, Statement, call, method
from unspan_inverter.plan.fetching import in_order, spoken_of, when_fetched
from unspan_inverter.plan.relevance import EMPTY, plain
from unspan_inverter.plan.rows import rows_of

MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
MOST_FIELDS = 12
LONGEST = 400
NUMBERED = re.compile(r"(?<=[A-Za-z_])\d{1,18}(?!\d)|(?<!\d)0\d{1,17}(?!\d)")
"""A number behind a letter, or filled up with zeros."""
DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the database held at the end, and the means to say so."""

    facts: Facts
    bindings: Bindings
    clock: Clock
    exchange: Exchange
    held: frozenset[str] = frozenset()
    """Texts of the random values that the test hands out again."""
    drawn: frozenset[str] = frozenset()
    """Those of all random values that the request was given."""
    redacted: frozenset[str] = frozenset()
    """Texts that stand in the place of secrets."""
    asynchronous: bool = False
    """Whether the test is a coroutine function, in which no attribute may ask the database."""

    def model(self, label: str) -> Model:
        found = self.bindings.project.model(label)
        assert found is not None
        return found

    def left(self) -> Iterator[tuple[Key, Mapping[str, Any]]]:
        """The rows that were there before and still are, as they are at the end."""
        gone = {self.bindings.one(row.key) for row in self.facts.gone}
        changed = {row.key: row.after for row in self.facts.changed}
        beside = [row for decoy in self.facts.decoys for row in decoy.rows]
        return ((row.key, {**row.values, **changed.get(row.key, {})}) for row in (*self.facts.rows, *beside) if row.key not in gone)

    def known(self, row: Key, one: Field, value: Any) -> tuple[bool, Any]:
        """As `expected`, of a column of this row: it may hold the key of a generic foreign key."""
        if self.bindings.habits.ignores(row.label, one.name):
            return False, None
        key = self.facts.generic.get(row, {}).get(one.attname)
        if key is None or key not in self.bindings.names:
            return self.expected(one, value, row.database)
        pk = self.bindings.pk(key)
        return True, string_of(pk) if isinstance(plain(value), str) else pk

    def expected(self, one: Field, value: Any, database: str) -> tuple[bool, Any]:
        """Whether a column's value can be asserted, and the expression it must equal."""
        found = plain(value)
        found = files.as_saved(found, self.facts) if isinstance(found, str) else found
        if lossy(value) or one.kind != "column" or one.generated or "File" in one.type or "Image" in one.type or "password" in one.name:
            return False, None
        if one.converted and found is not None:
            return False, None
        if one.related:
            key = self.bindings.pointed(one, found, database)
            if key is None:
                return found is None, None
            return True, self.bindings.pk(key) if self.by_key(key) else self.bindings.row(key)
        if isinstance(found, datetime):
            told = self.clock.expression(found)
            if self.clock.reads(found):
                return told is not None and self.clock.holds(one), told
            return (True, told) if told is not None else (self.steady(one, found), found)
        if self.clock.guesses(found) and self.clock.moment is None:
            return False, None
        if isinstance(found, time) or (isinstance(found, (str, bytes, dict, list)) and len(str(found)) > LONGEST):
            return False, None
        return not (self.names_a_key(found) or self.made_anew(one, found) or self.tells_time(found)), found

    def steady(self, one: Field, value: datetime) -> bool:
        """Whether a moment was given by the request and not by a clock that the test does not hold."""
        return not (one.auto_now or one.auto_now_add or self.during(value))

    def names_a_key(self, value: Any) -> bool:
        """Whether a value holds the key of a row that gets another one in the test."""
        if not isinstance(value, (str, dict, list, UUID)):
            return False
        keys = {plain_key(row.key.pk) for row in self.facts.born} | {
            plain_key(key.pk) for key in self.bindings.names if key.label not in self.bindings.explicit
        }
        return any(plain_key(token) in keys for token in TOKEN.findall(str(value))) or self.counts(value)

    def hides(self, value: Any) -> bool:
        """Whether a secret stood here that the application computed: the test's is another."""
        texts = [one for one in self.redacted if one in value] if isinstance(value, str) else []
        return any(one not in self.held and one not in self.handed for one in texts)

    @property
    def handed(self) -> str:
        """Everything that the application had, or was given: what the request said, its session, and the rows."""
        rows = (value for row in self.facts.rows for value in row.values.values())
        return "\n".join([asked(self.exchange), str(self.exchange.session), *(str(bare(value)) for value in rows)])

    def counts(self, value: Any) -> bool:
        """Whether the number of a new row stands in a text that the request did not bring: a card `C00003`."""
        if not isinstance(value, str) or value in asked(self.exchange):
            return False
        numbers = {row.key.pk for row in self.facts.born if type(row.key.pk) is int}
        return any(int(digits) in numbers for digits in NUMBERED.findall(value))

    def made_anew(self, one: Field, value: Any) -> bool:
        """Whether a default gave the value, as one gives tokens and random keys, or chance did, or it is a digest, and not the request's."""
        if any(text in (str(value), getattr(value, "hex", "")) or (isinstance(value, str) and text in value) for text in self.held):
            return False
        if isinstance(value, str) and any(text in value for text in self.drawn) and value not in asked(self.exchange):
            return True
        callable_default = isinstance(one.default, Opaque) and one.default.type not in EMPTY
        if isinstance(value, UUID) and value not in self.known_keys() and str(value) not in asked(self.exchange):
            return True  # a random key that a library made
        digest = isinstance(value, str) and DIGEST.fullmatch(value) is not None  # made of who knows what, keys among it
        return (callable_default or digest) and isinstance(value, (str, bytes, UUID)) and str(value) not in asked(self.exchange)

    def known_keys(self) -> set[UUID]:
        """The random keys that stood in rows before."""
        return {found for row in self.facts.rows for value in (row.key.pk, *row.values.values()) if isinstance(found := bare(value), UUID)}

    def tells_time(self, value: Any) -> bool:
        """Whether a text or document holds a time of the request itself."""
        if not isinstance(value, (str, dict, list)):
            return False
        moments = any(self.during(found) for text in MOMENTS.findall(str(value)) if isinstance(found := parsed(text), datetime))
        return moments or numbers_the_time(str(value), self.exchange)

    def during(self, value: datetime) -> bool:
        at = (value if value.tzinfo else value.astimezone()).timestamp()
        return self.exchange.began / 1e9 - 1 <= at <= self.exchange.ended / 1e9 + 1

    def attribute(self, one: Field, value: Any, database: str) -> str:
        """The attribute to read: the related object for a relation, the column for null."""
        key = self.bindings.pointed(one, plain(value), database)
        return one.attname if one.related and (key is None or self.by_key(key)) else one.name

    def column(self, row: Name, one: Field, value: Any, key: Key) -> Any:
        """What a column of a row holds: of an object that the field makes of it, what the field would write."""
        found = Attr(row, self.attribute(one, value, key.database))
        if not (one.decoded and isinstance(value, Derived)):
            return found
        model = self.model(key.label)
        return method(method(Attr(Import(model.module, model.name), "_meta"), "get_field", one.name), "get_prep_value", found)

    def by_key(self, key: Key) -> bool:
        """Whether a relation to a row is told by its key."""
        return self.asynchronous or self.inherits(key)

    def inherits(self, key: Key) -> bool:
        """Whether a row is known as another that inherits from it, which Django does not take for the same."""
        return self.bindings.one(key) != key


def asked(exchange: Exchange) -> str:
    """Everything that the request said."""
    return "\n".join([exchange.path, exchange.query, exchange.body.decode("utf-8", "replace"), *(value for _, value in exchange.headers)])


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


def equal(left: Any, right: Any) -> Check:
    return Check("is", (left, right)) if right is None or isinstance(right, bool) else Check("equal", (left, right))


def holds(column: Any, value: Any, outcome: Outcome) -> Check:
    """That a column holds a value."""
    if isinstance(value, str) and (items := listed(value, outcome)):
        return Check("equal", (call(Name("sorted"), call(Attr(Import("json"), "loads"), column)), sorted(items)))
    return equal(column, value)


def listed(text: str, outcome: Outcome) -> list[str]:
    """The texts in a list that a column holds as text, and that the request did not bring: it may come of a set, which has another order in each process."""
    if not text.startswith('["') or text in asked(outcome.exchange):
        return []
    try:
        found = documents.document(text)
    except ValueError:
        return []
    several = isinstance(found, list) and len(found) > 1 and all(isinstance(item, str) for item in found)
    return found if several and len(set(found)) == len(found) else []


def changed(outcome: Outcome) -> Iterator[Statement]:
    for row in outcome.facts.changed:
        model = outcome.model(row.key.label)
        checks = list(changes(row, model, outcome))
        if checks and row.key in outcome.bindings.names:
            yield Do(method(outcome.bindings.row(row.key), "refresh_from_db"))
            yield from checks


def changes(row: RowChanged, model: Model, outcome: Outcome) -> Iterator[Statement]:
    name = Name(outcome.bindings.names[row.key], row=True)
    for one in model.fields:
        if one.attname not in row.after or outcome.bindings.habits.ignores(row.key.label, one.name):
            continue
        sure, expected = outcome.known(row.key, one, row.after[one.attname])
        if sure and not one.auto_now:
            yield holds(outcome.column(name, one, row.after[one.attname], row.key), expected, outcome)
        elif sure:
            yield holds(Attr(name, one.name), expected, outcome)
        elif (
            one.attname in row.before
            and not lossy(row.before[one.attname])
            and not isinstance(row.after[one.attname], Opaque)
            and not one.auto_now
            and not one.converted
            and one.kind == "column"
            and not one.related
        ):
            before = plain(row.before[one.attname])
            if before is None:
                yield Check("is not", (Attr(name, one.name), None))
            elif not isinstance(before, datetime):
                yield Check("not equal", (Attr(name, one.name), before))


def gone(outcome: Outcome) -> Iterator[Statement]:
    """Rows that the request deleted, one assertion per model."""
    groups: dict[tuple[str, str], list[Key]] = {}
    for row in outcome.facts.gone:
        if row.key in outcome.bindings.names:
            groups.setdefault((row.key.label, row.key.database), []).append(row.key)
    for (label, database), keys in groups.items():
        pks = [outcome.bindings.pk(key) for key in keys]
        chosen = {"pk": pks[0]} if len(pks) == 1 else {"pk__in": pks}
        yield Check("false", (method(method(rows_of(outcome.model(label), database), "filter", **chosen), "exists"),))


def links(outcome: Outcome) -> Iterator[Statement]:
    """Links made and cut; of a row that the request made, all that it has."""
    whole = of_born(outcome)
    for (owner, name), targets in whole.items():
        related = method(Attr(outcome.bindings.row(owner), name), "all")
        yield Check("all of", (related, [outcome.bindings.row(target) for target in targets]))
    for made, some in ((True, outcome.facts.links_made), (False, outcome.facts.links_cut)):
        for link in some:
            if made and (link.owner, link.field) in whole:
                continue
            if {link.owner, link.target} <= outcome.bindings.names.keys() - outcome.bindings.unfetched and (
                made or not is_gone(link, outcome.facts)
            ):
                field, target = Attr(outcome.bindings.row(link.owner), link.field), outcome.bindings.row(link.target)
                plain_manager = outcome.model(link.target.label).plain_manager  # another may hide the row
                related = method(field if plain_manager else Call(field, (), (("manager", "_base_manager"),)), "all")
                if outcome.inherits(link.target):
                    related, target = Call(Attr(related, "values_list"), ("pk",), (("flat", True),)), Attr(target, "pk")
                yield Check("in" if made else "not in", (target, related))


def of_born(outcome: Outcome) -> dict[tuple[Key, str], list[Key]]:
    """New rows and their relations → all that they are linked with, where each of these has a variable."""
    born = {row.key for row in outcome.facts.born}
    found: dict[tuple[Key, str], list[Key]] = {}
    for link in outcome.facts.links_made:
        if link.owner in born and link not in outcome.facts.links_cut:
            found.setdefault((link.owner, link.field), []).append(link.target)
    spoken = outcome.bindings.names.keys() - outcome.bindings.unfetched
    return {
        place: targets
        for place, targets in found.items()
        if {place[0], *targets} <= spoken
        and not outcome.asynchronous
        and all(outcome.model(target.label).plain_manager and not outcome.inherits(target) for target in targets)
    }


def is_gone(link: Linked, facts: Facts) -> bool:
    return any(row.key in (link.owner, link.target) for row in facts.gone)


OUTCOMES: Mapping[str, Callable[[Outcome], Iterator[Statement]]] = {"created": born, "changed": changed, "deleted": gone, "links": links}
"""Every assertion on the database by its kind, in the order in which they are written."""
