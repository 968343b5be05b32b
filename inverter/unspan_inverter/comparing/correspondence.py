"""What in one trace stands for what in another: keys that a database gave, random tokens, times. Found, then held to: one for one.

What must differ between two runs is mapped here, never left out of the comparison.
"""

import json
import math
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from unspan_proto.project import Project
from unspan_proto.values import Derived, Instance, ModelRef, Opaque, Truncated

from unspan_inverter.comparing.forms import CSRF_FIELD
from unspan_inverter.comparing.moments import Moments

MOST: Final = 20
"""So many differences inside of one value are looked for."""
PIECE: Final = re.compile(r"\w+|[^\w\s]")
TOKEN: Final = re.compile(r"[0-9a-fA-F]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RUN: Final = re.compile(r"[A-Za-z0-9]{12,}")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
MICROSECONDS: Final = re.compile(r"\d{6}Z?")
SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
HASH: Final = re.compile(r"[\w-]+\$[^\s$]*\$\S+")
"""A password as Django keeps it."""
REQUEST: Final = frozenset({"method", "path"})
"""What a request shows; a test client has a class of its own for it."""
ANY: Final = ""
"""Stands for any model: what the number of a path or a parameter is the key of is not known."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one shape. `labels`: of each column the model whose key it holds, or None. `ordered`: whether their order counts."""

    rows: Sequence[Sequence[Any]]
    labels: tuple[str | None, ...] = ()
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where two values part: the way to it, and what stands there on either side."""

    way: tuple[str, ...]
    first: Any
    second: Any


@dataclass(slots=True)
class Correspondence:
    """The pairs found so far. `random`: texts that a source of randomness gave in either run."""

    project: Project
    moments: Moments
    random: frozenset[str] = frozenset()
    keys: dict[str, dict[Hashable, Hashable]] = field(default_factory=lambda: defaultdict(dict))
    tokens: dict[str, str] = field(default_factory=dict)
    counts: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    hosts: tuple[str, str] = ("", "")
    """By which names the server was called."""
    times: int = 0
    _taken: set[tuple[str, Hashable]] = field(default_factory=set)
    _labels: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def key_of(self, label: str, name: str) -> str | None:
        """The model whose key a field holds; None for a field that holds none."""
        place = label, name
        if place not in self._labels:
            model = self.project.model(label)
            one = model.field(name) if model else None
            own = (model.concrete or model.label) if model else label
            self._labels[place] = one.related or (own if one.primary_key else None) if one else (own if name == "pk" else None)
        return self._labels[place]

    def leaves(self, a: Any, b: Any, label: str | None = None, way: tuple[str, ...] = ()) -> Iterator[Leaf]:
        """Where `b` is not what stands for `a`. `label`: the model whose key the values are."""
        if label is not None and self.paired_key(label, a, b):
            return
        for kind, compare in CONTAINERS.items():
            if isinstance(a, kind) and type(a) is type(b):
                yield from compare(self, a, b, way)
                return
        if not self.same(a, b):
            yield Leaf(way, a, b)

    def same(self, a: Any, b: Any) -> bool:
        """Two values without parts."""
        if type(a) is type(b) and (a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))):
            return True
        if isinstance(a, bool) or isinstance(b, bool):
            return False
        if isinstance(a, (datetime, date, timedelta, float, int)) and self.moments.same(a, b):
            self.times += 1
            return True
        if isinstance(a, int) and isinstance(b, int):
            return self.known_key(a, b)
        if isinstance(a, UUID) and isinstance(b, UUID):
            return self.paired_token(str(a), str(b))
        return isinstance(a, str) and isinstance(b, str) and self.same_text(a, b)

    def paired_key(self, label: str, a: Any, b: Any) -> bool:
        """Whether two keys of a model stand for each other, from now on if nothing speaks against it."""
        if not isinstance(a, (int, UUID)) or type(a) is not type(b):
            return False
        pairs = self.keys[label]
        if a in pairs or (label, b) in self._taken:
            return pairs.get(a) == b
        pairs[a] = b
        self._taken.add((label, b))
        return True

    def paired_count(self, name: str, a: int, b: int) -> bool:
        """Whether two numbers of an object's own bookkeeping stand for each other: of what a process counts, other processes counted more before, in the same order."""
        pairs = self.counts[name]
        place = bisect(pairs, (a, b))
        beside = pairs[max(place - 1, 0) : place + 1]
        if any((one < a) != (other < b) or (one == a) != (other == b) for one, other in beside):
            return False
        if (a, b) not in beside:
            pairs.insert(place, (a, b))
        return True

    def known_key(self, a: Hashable, b: Hashable) -> bool:
        return any(pairs.get(a) == b for pairs in self.keys.values())

    def paired_token(self, a: str, b: str) -> bool:
        if a in self.tokens or ("token", b) in self._taken:
            return self.tokens.get(a) == b
        self.tokens[a] = b
        self._taken.add(("token", b))
        return True

    def same_text(self, a: str, b: str) -> bool:
        """Whether two texts are the same but for keys, tokens and times in them."""
        if self.hosts[0]:
            a = a.replace(*self.hosts)
        if a == b:
            return True
        if (arbitrary(a) and arbitrary(b)) or (a in self.random and b in self.random):
            return self.paired_token(a, b)
        if (one := moment(a)) and (other := moment(b)) and self.moments.same(one, other):
            self.times += 1
            return True
        if not b and HASH.fullmatch(a):  # a test arranges no password that nothing looks at
            return self.paired_token(a, f"no password for {a}")
        pieces = PIECE.findall(a), PIECE.findall(b)
        return len(pieces[0]) == len(pieces[1]) and all(map(self.same_word, *pieces))

    def same_word(self, a: str, b: str) -> bool:
        if a == b:
            return True
        if (arbitrary(a) and arbitrary(b)) or (a in self.random and b in self.random):
            return self.paired_token(a, b)
        if a.isdecimal() and b.isdecimal() and len(a) < 19 and len(b) < 19 and self.known_key(int(a), int(b)):
            return True
        if self.moments.same_words(a, b) or (MICROSECONDS.fullmatch(a) and MICROSECONDS.fullmatch(b)):
            self.times += 1
            return True
        return False


def moment(text: str) -> datetime | None:
    """The moment that a text is, as documents write it."""
    if not MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def arbitrary(text: str) -> bool:
    """Whether a text looks as if it had been drawn or computed: a hash, a UUID, a signed or random token; no word, no slug."""
    if TOKEN.fullmatch(text):
        return True
    if any(mark.isspace() for mark in text):
        return False
    if any(sum(map(str.isdigit, run)) > 1 and sum(map(str.isalpha, run)) > 1 for run in RUN.findall(text)):
        return True
    return any(mixed(run) for run in SIGNATURE.findall(text))


def mixed(text: str) -> bool:
    """Whether upper and lower case alternate as in no name: a token that happens to have few digits."""
    capitals, small = sum(map(str.isupper, text)), sum(map(str.islower, text))
    return min(capitals, small) > 3 and (len(text) >= 32 or any(map(str.isdigit, text)))


def lists(found: Correspondence, a: Sequence[Any], b: Sequence[Any], way: tuple[str, ...]) -> Iterator[Leaf]:
    if len(a) != len(b):
        yield Leaf(way, a, b)
        return
    for place, (one, other) in enumerate(zip(a, b, strict=True)):
        yield from found.leaves(one, other, None, (*way, str(place)))


def sets(found: Correspondence, a: frozenset[Any], b: frozenset[Any], way: tuple[str, ...]) -> Iterator[Leaf]:
    rest = Rows([[one] for one in a - b]), Rows([[one] for one in b - a])
    if any(rows(found, Rows(rest[0].rows, (None,), False), Rows(rest[1].rows, (None,), False), way)):
        yield Leaf(way, a, b)


def dicts(found: Correspondence, a: Mapping[Any, Any], b: Mapping[Any, Any], way: tuple[str, ...]) -> Iterator[Leaf]:
    for key in [*a, *(key for key in b if key not in a)]:
        if key in a and key in b:
            yield from found.leaves(a[key], b[key], None, (*way, str(key)))
        elif key != CSRF_FIELD:
            yield Leaf((*way, str(key)), a.get(key, ABSENT), b.get(key, ABSENT))


def references(found: Correspondence, a: ModelRef, b: ModelRef, way: tuple[str, ...]) -> Iterator[Leaf]:
    """Instances of models: those of one row, as far as both show its fields."""
    if a.label != b.label or (a.pk is None) != (b.pk is None):
        yield Leaf(way, a, b)
        return
    yield from found.leaves(a.pk, b.pk, found.key_of(a.label, "pk"), (*way, "pk"))
    for name in a.fields or {}:
        if a.fields and b.fields and name in b.fields:
            yield from found.leaves(a.fields[name], b.fields[name], found.key_of(a.label, name), (*way, name))


def derived(found: Correspondence, a: Derived, b: Derived, way: tuple[str, ...]) -> Iterator[Leaf]:
    if a.type != b.type:
        yield Leaf(way, a, b)
    else:
        yield from found.leaves(a.value, b.value, None, way)


def instances(found: Correspondence, a: Instance, b: Instance, way: tuple[str, ...]) -> Iterator[Leaf]:
    if a.type != b.type and not (a.fields.keys() & b.fields.keys() >= REQUEST):
        yield Leaf(way, a, b)
        return
    rest: tuple[dict[str, Any], dict[str, Any]] = dict(a.fields), dict(b.fields)
    for name in a.fields:
        one, other = rest[0].get(name), rest[1].get(name)
        if name.startswith("_") and type(one) is int and type(other) is int:
            del rest[0][name], rest[1][name]
            if not found.paired_count(f"{a.type}.{name}", one, other):
                yield Leaf((*way, name), one, other)
    yield from dicts(found, *rest, way)


def opaque(found: Correspondence, a: Opaque, b: Opaque, way: tuple[str, ...]) -> Iterator[Leaf]:
    if a.type != b.type:
        yield Leaf(way, a, b)


def truncated(found: Correspondence, a: Truncated, b: Truncated, way: tuple[str, ...]) -> Iterator[Leaf]:
    if a.type != b.type:
        yield Leaf(way, a, b)
    else:
        yield from found.leaves(a.start, b.start, None, way)


def rows(found: Correspondence, a: Rows, b: Rows, way: tuple[str, ...]) -> Iterator[Leaf]:
    if len(a.rows) != len(b.rows):
        yield Leaf(way, a, b)
        return
    pairs = list(zip(a.rows, b.rows, strict=True)) if a.ordered else matched(found, a, b)
    for place, (one, other) in enumerate(pairs):
        if len(one) != len(other):
            yield Leaf((*way, f"row {place + 1}"), one, other)
            continue
        labels = a.labels if len(a.labels) == len(one) else (None,) * len(one)
        for column, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from found.leaves(left, right, labels[column], (*way, f"row {place + 1}", str(column)))


def matched(found: Correspondence, a: Rows, b: Rows) -> list[tuple[Sequence[Any], Sequence[Any]]]:
    """Rows without an order, each with the one that is most like it: equal ones first, keys aside."""
    rest = list(b.rows)
    pairs: list[tuple[Sequence[Any], Sequence[Any]]] = []
    for row in a.rows:
        best = max(range(len(rest)), key=lambda place: alike(found, row, rest[place], a.labels))
        pairs.append((row, rest.pop(best)))
    return pairs


def alike(found: Correspondence, a: Sequence[Any], b: Sequence[Any], labels: tuple[str | None, ...]) -> int:
    """How many columns agree; those of keys only where the pair is known."""
    score = 0
    for column, (one, other) in enumerate(zip(a, b, strict=False)):
        keyed = column < len(labels) and labels[column]
        if type(one) is not type(other):
            continue
        score += found.known_key(one, other) if keyed and isinstance(one, Hashable) else one == other
    return score


def octets(found: Correspondence, a: bytes, b: bytes, way: tuple[str, ...]) -> Iterator[Leaf]:
    """Bodies: as JSON, else as text, else byte by byte."""
    if a == b:
        return
    texts = as_text(a), as_text(b)
    if texts[0] is None or texts[1] is None:
        yield Leaf(way, a, b)
        return
    documents = as_json(texts[0]), as_json(texts[1])
    if None not in documents:
        yield from found.leaves(*documents, None, way)
    elif not found.same_text(*texts):  # type: ignore[arg-type]
        yield Leaf(way, *texts)


def as_text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def as_json(text: str | None) -> Any:
    """The document, None where it is none with parts."""
    if not text or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class Absent:
    """Stands for what is not there."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()
CONTAINERS: Final[Mapping[type, Any]] = {
    Rows: rows, ModelRef: references, Derived: derived, Opaque: opaque, Truncated: truncated, Instance: instances, dict: dicts, list: lists, tuple: lists, set: sets,
    frozenset: sets, bytes: octets,
}  # fmt: skip
"""Values with parts, and what compares them."""
