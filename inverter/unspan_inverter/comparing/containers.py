"""Values with parts, and where two of a kind part: one function a kind, and the table."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from unspan_proto.values import Derived, Instance, ModelRef, Opaque, Truncated

from unspan_inverter.comparing.correspondence import Correspondence
from unspan_inverter.comparing.elsewhere import REQUEST
from unspan_inverter.comparing.forms import CSRF_FIELD
from unspan_inverter.comparing.parts import ABSENT, Leaf, Rows, as_json, as_text

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


CONTAINERS: Final[Mapping[type, Any]] = {
    Rows: rows, ModelRef: references, Derived: derived, Opaque: opaque, Truncated: truncated, Instance: instances, dict: dicts, list: lists, tuple: lists, set: sets,
    frozenset: sets, bytes: octets,
}  # fmt: skip
"""Values with parts, and what compares them."""
