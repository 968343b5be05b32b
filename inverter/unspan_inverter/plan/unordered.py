"""Lists of a JSON answer whose order the database chose: both sides are sorted before they are compared."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from unspan_proto.values import bare

from unspan_inverter.facts import Loose
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Do, Import, Item, Name, Statement, call

DOCUMENT: Final = Name("document")
NOTE: Final = "the query leaves open in which order these come"
MEMBER: Final = object()
"""Stands for the items themselves, as what they are sorted by."""


def compared(found: Any, bound: Any, loose: Sequence[Loose], answered: Any) -> Iterator[Statement]:
    """The comparison of an answer with a document, of which `bound` is the form with objects in the place of keys."""
    sorts: list[Statement] = []
    expected = in_order(found, bound, DOCUMENT, loose, sorts) if loose else bound
    if not sorts:
        yield Check("equal", (answered, bound))
        return
    yield from (Assign(DOCUMENT, answered), *sorts, Check("equal", (DOCUMENT, expected)))


def in_order(found: Any, bound: Any, place: Any, loose: Sequence[Loose], sorts: list[Statement]) -> Any:
    """`bound` with its open lists sorted; adds to `sorts` what sorts those of the answer, outer ones first: inner ones are found by their places."""
    if isinstance(found, dict):
        return {name: in_order(item, bound[name], Item(place, name), loose, sorts) for name, item in found.items()}
    if not isinstance(found, list):
        return bound
    pairs = list(zip(found, bound, strict=True))
    if any(is_open(found, one) for one in loose) and (by := telling(found, bound)) is not None:
        pairs.sort(key=lambda pair: pair[0] if by is MEMBER else pair[0][by])
        key = () if by is MEMBER else (("key", call(Import("operator", "itemgetter"), by)),)
        sorts.append(Do(Call(Attr(place, "sort"), (), key), "" if sorts else NOTE))
    return [in_order(item, same, Item(place, at), loose, sorts) for at, (item, same) in enumerate(pairs)]


def is_open(items: list[Any], one: Loose) -> bool:
    """Whether the items are of rows of a result, in its order, of which some might have come otherwise."""
    if len(items) < 2 or len(items) > len(one.rows):
        return False
    rows = [row_of(item, one) for item in items]
    told = [at for at in rows if at is not None]
    if len(told) < len(rows) or told != sorted(set(told)):
        return False
    return any(one.groups[here] == one.groups[there] for here, there in pairwise(told))


def row_of(item: Any, one: Loose) -> int | None:
    """The one row whose values an item shows."""
    shown = {str(part) for part in members(item) if isinstance(part, (str, int)) and not isinstance(part, bool) and part != ""}
    scores = [sum(str(bare(cell)) in shown for cell in row if bare(cell) not in (None, "", 0, 1)) for row in one.rows]
    best = max(scores)
    return scores.index(best) if best and scores.count(best) == 1 else None


def members(item: Any) -> list[Any]:
    return list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else [item]


def telling(found: list[Any], bound: list[Any]) -> Any:
    """What tells all items apart and can be sorted: the items themselves, or a member that each has; None where there is nothing."""
    if sortable(found, bound):
        return MEMBER
    first = found[0]
    steps = list(first) if isinstance(first, dict) else list(range(len(first))) if isinstance(first, list) else []
    for step in steps:
        try:
            some, same = [item[step] for item in found], [item[step] for item in bound]
        except (TypeError, LookupError):
            continue
        if sortable(some, same):
            return step
    return None


def sortable(some: list[Any], bound: list[Any]) -> bool:
    """Whether these are different texts, or different numbers, that the test compares as they are."""
    kinds = {type(one) for one in some}
    return kinds in ({str}, {int}) and len(set(some)) == len(some) and some == bound


def shows_several(text: str, one: Loose) -> bool:
    """Whether a text shows rows of a result, one after the other, that might have come in another order."""
    shown = [
        group
        for row, group in zip(one.rows, one.groups, strict=True)
        if any(isinstance(value := bare(cell), str) and len(value) > 1 and value in text for cell in row)
    ]
    return any(here == there for here, there in pairwise(shown))
