"""What the database held after a request: the means to say of a value what it is in the test, or that nothing can be said of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from unspan_proto.project import Field, Model
from unspan_proto.values import Derived, Opaque, bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts, Key
from unspan_inverter.plan import documents, files
from unspan_inverter.plan.bindings import TOKEN, Bindings, plain_key, string_of
from unspan_inverter.plan.clock import Clock, parsed
from unspan_inverter.plan.epochs import numbers_the_time
from unspan_inverter.plan.expressions import Attr, Check, Import, Name, call, method
from unspan_inverter.plan.relevance import EMPTY, plain

MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
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
