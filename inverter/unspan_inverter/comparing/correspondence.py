"""What in one trace stands for what in another: keys that a database gave, random tokens, times. Found, then held to: one for one.

What must differ between two runs is mapped here, never left out of the comparison.
"""

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from unspan_proto.project import Project

from unspan_inverter.comparing import logins
from unspan_inverter.comparing.clocks import Clocks
from unspan_inverter.comparing.moments import Moments
from unspan_inverter.comparing.parts import Leaf, as_json
from unspan_inverter.comparing.tokens import HASH, MICROSECONDS, NUMBER, PIECE, alternative, arbitrary, length, moment, pieces, unquoted


@dataclass(slots=True)
class Correspondence:
    """The pairs found so far. `random`: texts that a source of randomness gave in either run."""

    project: Project
    moments: Moments
    clocks: Clocks
    containers: Mapping[type, Any]
    """Kinds of values with parts, and what finds where two of a kind part."""
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

    def remember(self, earlier: "Correspondence") -> None:
        """Takes over the keys and tokens that an earlier request of the same two runs paired."""
        for label, pairs in earlier.keys.items():
            self.keys[label].update(pairs)
        self.tokens.update(earlier.tokens)
        self._taken |= earlier._taken

    def key_of(self, label: str, name: str) -> str | None:
        """The model whose key a field holds; None for a field that holds none."""
        place = label, name
        if place not in self._labels:
            model = self.project.model(label)
            one = model.field(name) if model else None
            own = model.owner if model else label
            self._labels[place] = one.related or (own if one.primary_key else None) if one else (own if name == "pk" else None)
        return self._labels[place]

    def leaves(self, a: Any, b: Any, label: str | None = None, way: tuple[str, ...] = ()) -> Iterator[Leaf]:
        """Where `b` is not what stands for `a`. `label`: the model whose key the values are."""
        if label is not None and self.paired_key(label, a, b):
            return
        for kind, compare in self.containers.items():
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
        words = pieces(unquoted(a)), pieces(unquoted(b))
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
