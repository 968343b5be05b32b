"""What in one trace stands for what in another: keys that a database gave, random tokens, times. Found, then held to: one for one.

What must differ between two runs is mapped here, never left out of the comparison.
"""

import json
import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from unspan_proto.project import Project
from unspan_proto.values import Derived, Instance, ModelRef, Opaque, Truncated

from unspan_inverter.comparing import logins
from unspan_inverter.comparing.clocks import Clocks
from unspan_inverter.comparing.elsewhere import REQUEST
from unspan_inverter.comparing.forms import CSRF_FIELD
from unspan_inverter.comparing.moments import Moments
from unspan_inverter.comparing.tokens import HASH, MICROSECONDS, NUMBER, PIECE, alternative, arbitrary, length, moment, pieces

MOST: Final = 20
"""So many differences inside of one value are looked for."""
UNLIKE_UNDER_DEBUG: Final = {"django.db.backends.utils.CursorDebugWrapper": "django.db.backends.utils.CursorWrapper"}
"""Classes that Django takes under DEBUG, and what it takes in their place in tests."""
CONNECTION: Final = frozenset({"settings_dict", "queries_log", "alias"})
"""What a connection to a database shows."""
ENVIRON: Final = frozenset({"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "wsgi.url_scheme"})
"""What of a WSGI server's dictionary is the request."""
TESTSERVER: Final = "testserver"
"""The host that Django's test runner allows beside those of the settings."""
PLACE: Final = ("BACKEND", "LOCATION")
LOCMEM: Final = "django.core.cache.backends.locmem.LocMemCache"
"""The backend of the caches that a test has for itself."""
ANY: Final = ""
"""Stands for any model: what the number of a path or a parameter is the key of is not known."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one shape. `labels`: of each column the model whose key it holds, or None; `names`: its own. `ordered`: whether their order counts."""

    rows: Sequence[Sequence[Any]]
    labels: tuple[str | None, ...] = ()
    ordered: bool = True
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where two values part: the way to it, and what stands there on either side. `at`: where two texts do."""

    way: tuple[str, ...]
    first: Any
    second: Any
    at: tuple[int, int] | None = None


@dataclass(slots=True)
class Correspondence:
    """The pairs found so far. `random`: texts that a source of randomness gave in either run."""

    project: Project
    moments: Moments
    clocks: Clocks
    random: frozenset[str] = frozenset()
    keys: dict[str, dict[Hashable, Hashable]] = field(default_factory=lambda: defaultdict(dict))
    tokens: dict[str, str] = field(default_factory=dict)
    counts: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    hosts: tuple[str, str] = ("", "")
    """By which names the server was called."""
    opening: int = 0
    """How many statements more the first run made to open connections."""
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
            yield Leaf(way, a, b, self.parting(a, b) if isinstance(a, str) and isinstance(b, str) else None)

    def same(self, a: Any, b: Any) -> bool:
        """Two values without parts."""
        if type(a) is type(b) and (a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))):
            if isinstance(a, datetime):
                self.clocks.note(a, b)
            return True
        if isinstance(a, bool) or isinstance(b, bool):
            return False
        if isinstance(a, (datetime, date, timedelta, float, int)) and self.same_time(a, b):
            self.times += 1
            return True
        if isinstance(a, int) and isinstance(b, int):
            return self.known_key(a, b)
        if isinstance(a, UUID) and isinstance(b, UUID):
            return self.paired_token(str(a), str(b))
        return isinstance(a, str) and isinstance(b, str) and self.same_text(a, b)

    def same_time(self, a: object, b: object) -> bool:
        """Whether two values are times, or lengths of time, that stand for each other."""
        if isinstance(a, timedelta) and isinstance(b, timedelta) and self.clocks.same_length(a, b):
            return True
        if not self.moments.same(a, b):
            return self.clocks.told(a, b)
        if isinstance(a, datetime) and isinstance(b, datetime):
            self.clocks.note(a, b)
        elif isinstance(a, int) and isinstance(b, int):
            self.tokens[str(a)] = str(b)  # texts are made of such numbers
        return True

    def left_to_the_test(self, name: str, a: object, b: object) -> bool:
        found = logins.left(name, a, b, self.moments)
        self.times += found
        return found

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

    def pair_files(self, asked: str, also: str, a: str, b: str) -> None:
        """A storage that has a file of the name puts some letters behind the name of the next."""
        if asked == also and (one := alternative(asked, a)) and (other := alternative(asked, b)):
            self.tokens[one] = other

    def learn_sizes(self, a: object, b: object) -> None:
        """The same document may be written with and without spaces."""
        if isinstance(a, bytes) and isinstance(b, bytes):
            self.keys["bytes of the body"][len(a)] = len(b)

    def known(self, a: Hashable, b: Hashable) -> bool:
        """Whether these were found to stand for each other already."""
        return self.known_key(a, b) or self.tokens.get(str(a)) == str(b)

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
        if a == b or self.tokens.get(a) == b:
            return True
        if (arbitrary(a) and arbitrary(b)) or (a in self.random and b in self.random):
            return self.paired_token(a, b)
        if not b and HASH.fullmatch(a):  # a test arranges no password that nothing looks at
            return self.paired_token(a, f"no password for {a}")
        documents = as_json(a), as_json(b)
        if None not in documents:
            return not any(True for _ in self.leaves(*documents))
        words = pieces(a), pieces(b)
        return len(words[0]) == len(words[1]) and all(map(self.same_word, *words))

    def parting(self, a: str, b: str) -> tuple[int, int] | None:
        """Where two texts are first not the same: not at a key, token or time that stands for another."""
        for one, other in zip(PIECE.finditer(a), PIECE.finditer(b), strict=False):
            if not self.same_word(one[0], other[0]):
                return one.start(), other.start()
        return None

    def same_numbers(self, a: str, b: str) -> bool:
        """Whether two words are the same but for keys in them: `row_50` and `row_1`."""
        numbers = NUMBER.findall(a), NUMBER.findall(b)
        if not numbers[0] or NUMBER.sub("#", a) != NUMBER.sub("#", b):
            return False
        return all(
            one == other or (len(one) < 19 and len(other) < 19 and self.known_key(int(one), int(other)))
            for one, other in zip(*numbers, strict=True)
        )

    def same_word(self, a: str, b: str) -> bool:
        if a == b or self.tokens.get(a) == b:
            return True
        if (arbitrary(a) and arbitrary(b)) or (a in self.random and b in self.random):
            return self.paired_token(a, b)
        if self.same_numbers(a, b):
            return True
        if (one := moment(a)) and (then := moment(b)) and self.moments.same(one, then):
            self.times += 1
            return True
        if (took := length(a)) and (other := length(b)) and self.moments.same_length(took, other):
            self.times += 1
            return True
        if self.moments.same_words(a, b) or (MICROSECONDS.fullmatch(a) and MICROSECONDS.fullmatch(b)):
            self.times += 1
            return True
        return False


def lists(found: Correspondence, a: Sequence[Any], b: Sequence[Any], way: tuple[str, ...]) -> Iterator[Leaf]:
    if b and b[-1] == TESTSERVER and a == b[:-1]:
        return
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
    if a.keys() & b.keys() >= ENVIRON:  # holds the server's variables, and the headers that each client sends
        a, b = ({name: one for name, one in values.items() if name in ENVIRON} for values in (a, b))
    if "BACKEND" in a and b.get("BACKEND") == LOCMEM and found.paired_token(place(a), place(b)):
        a, b = ({name: one for name, one in values.items() if name not in PLACE} for values in (a, b))
    for key in [*a, *(key for key in b if key not in a)]:
        if key in a and key in b:
            yield from found.leaves(a[key], b[key], None, (*way, str(key)))
        elif key != CSRF_FIELD:
            yield Leaf((*way, str(key)), a.get(key, ABSENT), b.get(key, ABSENT))


def place(cache: Mapping[Any, Any]) -> str:
    """Where a cache of the settings keeps what it is given."""
    return " ".join(str(cache.get(name, "")) for name in PLACE)


def references(found: Correspondence, a: ModelRef, b: ModelRef, way: tuple[str, ...]) -> Iterator[Leaf]:
    """Instances of models: those of one row, as far as both show its fields."""
    if a.label != b.label or (a.pk is None) != (b.pk is None):
        yield Leaf(way, a, b)
        return
    yield from found.leaves(a.pk, b.pk, found.key_of(a.label, "pk"), (*way, "pk"))
    for name in a.fields or {}:
        if a.fields and b.fields and name in b.fields and not found.left_to_the_test(name, a.fields[name], b.fields[name]):
            yield from found.leaves(a.fields[name], b.fields[name], found.key_of(a.label, name), (*way, name))


def derived(found: Correspondence, a: Derived, b: Derived, way: tuple[str, ...]) -> Iterator[Leaf]:
    if a.type != b.type:
        yield Leaf(way, a, b)
    elif a.type == "os.stat_result":  # of the rest the file system decides
        yield from found.leaves(mode_and_size(a), mode_and_size(b), None, way)
    else:
        yield from found.leaves(a.value, b.value, None, way)


def mode_and_size(one: Derived) -> object:
    return [one.value[place] for place in (0, 6)] if isinstance(one.value, tuple) and len(one.value) > 6 else one.value


def instances(found: Correspondence, a: Instance, b: Instance, way: tuple[str, ...]) -> Iterator[Leaf]:
    both = a.fields.keys() & b.fields.keys()
    if both >= CONNECTION:  # what it has been through, and where it leads, is the process's
        yield from found.leaves(a.fields["alias"], b.fields["alias"], None, (*way, "alias"))
        return
    if a.type != b.type and not both >= REQUEST:
        yield Leaf(way, a, b)
        return
    rest: tuple[dict[str, Any], dict[str, Any]] = dict(a.fields), dict(b.fields)
    for name in a.fields:
        one, other = rest[0].get(name), rest[1].get(name)
        if type(one) is int and type(other) is int and one - other == found.opening != 0:
            del rest[0][name], rest[1][name]  # it counts statements: some opened a connection in one run only
        elif name.startswith("_") and type(one) is int and type(other) is int:
            del rest[0][name], rest[1][name]
            if not found.paired_count(f"{a.type}.{name}", one, other):
                yield Leaf((*way, name), one, other)
    yield from dicts(found, *rest, way)


def opaque(found: Correspondence, a: Opaque, b: Opaque, way: tuple[str, ...]) -> Iterator[Leaf]:
    if UNLIKE_UNDER_DEBUG.get(a.type, a.type) != UNLIKE_UNDER_DEBUG.get(b.type, b.type):
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
        names = a.names if len(a.names) == len(one) else ("",) * len(one)
        for column, (left, right) in enumerate(zip(one, other, strict=True)):
            if found.left_to_the_test(names[column], left, right):
                continue
            yield from found.leaves(left, right, labels[column], (*way, f"row {place + 1}", str(column)))


def matched(found: Correspondence, a: Rows, b: Rows) -> list[tuple[Sequence[Any], Sequence[Any]]]:
    """Rows without an order, each with the one that is most like it: those that are equal but for keys first, then those that agree in all columns."""
    rest = dict(enumerate(b.rows))
    chosen: dict[int, Sequence[Any]] = {}
    equal: defaultdict[str, list[int]] = defaultdict(list)
    for at, row in rest.items():
        equal[without_keys(row, a.labels)].append(at)

    def choose(place: int, some: Collection[int], least: int) -> None:
        best = max(some, key=lambda at: alike(found, a.rows[place], rest[at], a.labels), default=None)
        if best is not None and (not least or alike(found, a.rows[place], rest[best], a.labels) >= least):
            equal[without_keys(rest[best], a.labels)].remove(best)
            chosen[place] = rest.pop(best)

    for place, row in enumerate(a.rows):
        choose(place, equal[without_keys(row, a.labels)], 0)
    for least in (len(a.rows[0]) if a.rows else 0, 0):
        for place in range(len(a.rows)):
            if place not in chosen:
                choose(place, rest, least)
    return [(row, chosen[place]) for place, row in enumerate(a.rows)]


def without_keys(row: Sequence[Any], labels: tuple[str | None, ...]) -> str:
    return repr([one for column, one in enumerate(row) if column >= len(labels) or not labels[column]])


def alike(found: Correspondence, a: Sequence[Any], b: Sequence[Any], labels: tuple[str | None, ...]) -> int:
    """How many columns agree; those of keys only where the pair is known."""
    score = 0
    for column, (one, other) in enumerate(zip(a, b, strict=False)):
        keyed = column < len(labels) and labels[column]
        if type(one) is not type(other):
            continue
        known = isinstance(one, (int, str, UUID)) and found.known(one, other)
        score += known if keyed else known or one == other
    return score


def octets(found: Correspondence, a: bytes, b: bytes, way: tuple[str, ...]) -> Iterator[Leaf]:
    """Bodies: as JSON, else as text, else byte by byte."""
    if a == b:
        return
    one, other = as_text(a), as_text(b)
    if one is None or other is None:
        yield Leaf(way, a, b)
        return
    documents = as_json(one), as_json(other)
    if None not in documents:
        yield from found.leaves(*documents, None, way)
    elif not found.same_text(one, other):
        yield Leaf(way, one, other, found.parting(one, other))


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
