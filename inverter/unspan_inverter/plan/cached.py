"""Assertions on what a view or a function left in the caches."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unspan_proto.values import bare, lossy

from unspan_inverter.events import CacheUsed
from unspan_inverter.plan import caching, tapes
from unspan_inverter.plan.answering import OBJECTS, Answer
from unspan_inverter.plan.bindings import TOKEN, plain_key
from unspan_inverter.plan.ending import DIGEST, MOMENTS, equal
from unspan_inverter.plan.epochs import numbers_the_time
from unspan_inverter.plan.expressions import Check, Statement, method
from unspan_inverter.plan.numbered import numbers, place

GONE: Final = object()
LONGEST: Final = 400
PLAIN: Final = (str, int, float, bool, list, dict, tuple)


def kept(answer: Answer) -> Iterator[Statement]:
    """What stands under each key that was written. Nothing where the clock is held: entries would have ended long before they are looked at."""
    if answer.clock.moment is not None:
        return
    before = caching.entries(answer.facts)
    for (alias, key), value in left(answer.facts.cache).items():
        if not steady(key, answer) or DIGEST.search(key):
            continue
        found = method(caching.cache(alias), "get", place(key, answer.bindings))
        if value is GONE:
            if (alias, key) in before:
                yield Check("is", (found, None))
            continue
        if isinstance(value, PLAIN) and not lossy(value) and steady(value, answer):
            yield equal(found, numbers(key, value, answer.bindings))
        elif value is not None:
            yield Check("is not", (found, None))


def left(used: Sequence[CacheUsed]) -> Mapping[tuple[str, str], Any]:
    """What stood under each key at the end: (alias, key) → value, GONE where it was taken away; nothing of what the framework keeps."""
    found: dict[tuple[str, str], Any] = {}
    for one in used:
        if one.operation == "clear":
            found = {place: value for place, value in found.items() if place[0] != one.alias}
            continue
        several = isinstance(one.key, (list, tuple))
        for key in one.key if several else [one.key]:
            place = (one.alias, str(bare(key)))
            if place[1].startswith(caching.FRAMEWORK) or not isinstance(bare(key), str) or not writes(one):
                continue
            found.pop(place, None)
            if one.taken:
                value = one.value.get(key) if several and isinstance(one.value, dict) else one.value
                found[place] = GONE if one.operation.startswith("delete") else bare(value)
    return found


def writes(one: CacheUsed) -> bool:
    """Whether an operation changes what stands under its key; one that was refused, or of another version, leaves it not known."""
    return one.operation.startswith(("set", "add", "delete", "incr", "decr")) or (one.operation == "get_or_set" and not one.hit)


def steady(value: Any, answer: Answer) -> bool:
    """Whether it is the same in the test: it tells no time, holds nothing random, no object's address and no key of a row that was made."""
    text = repr(value)
    made = {plain_key(row.key.pk) for row in answer.facts.born}
    return (
        len(text) <= LONGEST
        and not OBJECTS.search(text)
        and not re.search("datetime|date\\(", text)
        and not MOMENTS.search(text)
        and not numbers_the_time(text, answer.exchange)
        and not any(one in text for one in tapes.drawn(answer.facts))
        and made.isdisjoint(plain_key(token) for token in TOKEN.findall(text))
    )
