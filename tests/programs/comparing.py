"""Whether a test's run read the same as the recording and left the same behind: keys mapped one for one, moments of the two runs taken for one another."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isclose
from typing import Any

WIDTH = 100_000
"""Automatic keys of the recording: the n-th table's are from n * WIDTH on, and no other number is as large."""
Tables = Mapping[str, Sequence[tuple[Any, Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Ran:
    """The rows before and after a request, and what it read."""

    before: Tables
    after: Tables
    read: Sequence[Any]


@dataclass(slots=True)
class Pairing:
    """Values of the recording → values of the test, one for one."""

    numbers: frozenset[int]
    window: tuple[float, float]
    old: frozenset[str]
    """UUIDs that were there before, and are no keys: those must stay."""
    incidental: frozenset[str] = frozenset()
    """Values that nobody was shown, of columns that fill themselves: a test may leave them to that."""
    there: dict[Any, Any] = field(default_factory=dict[Any, Any])
    back: dict[Any, Any] = field(default_factory=dict[Any, Any])

    def same(self, one: Any, other: Any) -> bool:
        if isinstance(one, list) and isinstance(other, list):
            return self.tagged(one, other) or (len(one) == len(other) and all(map(self.same, one, other)))
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(self.member(name, item, other[name]) for name, item in one.items())
        if type(one) is int and type(other) is int and one // WIDTH in self.numbers:
            return self.paired((one // WIDTH, one), (one // WIDTH, other))
        if isinstance(one, float) and isinstance(other, float):
            return isclose(one, other, rel_tol=1e-9)
        return type(one) is type(other) and one == other

    def member(self, name: str, one: Any, other: Any) -> bool:
        """A value by its name: content types have other numbers in another database, and what a generic key points to need not be there."""
        if name == "about_id" and one == other:
            return True
        return self.paired((name, one), (name, other)) if name == "about_type_id" else self.same(one, other)

    def tagged(self, one: list[Any], other: list[Any]) -> bool:
        """Values that need not be equal: a key that chance gave, a moment of the run."""
        if len(one) != 2 or len(other) != 2 or one[0] != other[0] or not isinstance(one[1], str):
            return False
        if one[0] == "uuid" and (one[1] not in self.old or one[1] in self.incidental):
            return self.paired(one[1], other[1])
        return one[0] in ("datetime", "date") and (one[1] == other[1] or one[1] in self.incidental or self.during(one[1]))

    def during(self, text: str) -> bool:
        moment = datetime.fromisoformat(text)
        if len(text) == 10:
            return moment.date() == datetime.fromtimestamp(self.window[0]).date()
        return self.window[0] - 1 <= moment.timestamp() <= self.window[1] + 1

    def paired(self, one: Any, other: Any) -> bool:
        if self.there.get(one, other) != other or self.back.get(other, one) != one:
            return False
        self.there[one], self.back[other] = other, one
        return True

    def trying(self, one: Any, other: Any) -> bool:
        """As `same`, and pairs nothing where it is not."""
        before = copy.copy(self.there), copy.copy(self.back)
        if self.same(one, other):
            return True
        self.there, self.back = before
        return False


def departs(
    recording: Ran, test: Ran, ranges: Mapping[str, int], window: tuple[float, float], automatic: frozenset[str] = frozenset()
) -> tuple[str, str]:
    """`same`, or `reads` or `rows` and where the two part. `automatic`: columns that fill themselves and that nobody was shown."""
    rows = [row for some in recording.before.values() for _, row in some]
    incidental = frozenset(value[1] for row in rows for name, value in row.items() if name in automatic and isinstance(value, list))
    keys = frozenset(uuids([pk for some in recording.before.values() for pk, _ in some]))
    pairing = Pairing(frozenset(ranges.values()), window, frozenset(uuids(rows)) - keys, incidental)
    if len(recording.read) != len(test.read):
        return "reads", f"{len(recording.read)} notes there, {len(test.read)} here"
    for number, (one, other) in enumerate(zip(recording.read, test.read, strict=True)):
        if one[:1] == ["unordered"] if isinstance(one, list) else False:
            if not matched(pairing, one[1], other[1]):
                return "reads", f"note {number}: {one} there, {other} here"
        elif not pairing.same(one, other):
            return "reads", f"note {number}: {one} there, {other} here"
    for table in recording.after:
        theirs, ours = difference(recording, table), difference(test, table)
        if why := unlike(pairing, theirs, ours):
            return "rows", f"{table}: {why}"
    return "same", ""


def uuids(value: Any) -> list[str]:
    if isinstance(value, list) and len(value) == 2 and value[0] == "uuid":
        return [value[1]]
    some = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for one in some for found in uuids(one)]


def matched(pairing: Pairing, some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether each is the same as one of the others, in any order."""
    left = list(others)
    for one in some:
        at = next((i for i, other in enumerate(left) if pairing.trying(one, other)), None)
        if at is None:
            return False
        del left[at]
    return not left


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a row: key, what kind of change, the values that were written, the whole row at the end."""

    pk: Any
    kind: str
    values: Mapping[str, Any]
    row: Mapping[str, Any]


def difference(ran: Ran, table: str) -> list[Change]:
    before = {repr(pk): row for pk, row in ran.before.get(table, [])}
    after = {repr(pk): row for pk, row in ran.after.get(table, [])}
    found: list[Change] = []
    for pk, row in ran.after.get(table, []):
        old = before.get(repr(pk))
        if old is None:
            found.append(Change(pk, "born", row, row))
        elif old != row:
            found.append(Change(pk, "changed", {name: value for name, value in row.items() if old[name] != value}, row))
    return [*found, *(Change(pk, "gone", {}, {}) for pk, _ in ran.before.get(table, []) if repr(pk) not in after)]


def unlike(pairing: Pairing, theirs: Sequence[Change], ours: Sequence[Change]) -> str:
    """Why two differences are not one: each change of the recording is a change of the test, and the other way round.

    Of a row that both changed, what the recording changed ends alike; what the test did not arrange cannot tell more.
    """
    left = list(ours)
    for one in sorted(theirs, key=lambda change: change.kind == "born"):
        at = next((i for i, other in enumerate(left) if one.kind == other.kind and pairing.trying(told(one, one), told(other, one))), None)
        if at is None:
            return f"{one.kind} {one.pk} {dict(one.values)} there; here {[(other.kind, other.pk, dict(other.values)) for other in left]}"
        del left[at]
    return f"only here: {[(other.kind, other.pk, dict(other.values)) for other in left]}" if left else ""


def told(change: Change, names: Change) -> list[Any]:
    return [change.pk, {name: change.row.get(name) for name in names.values}]
