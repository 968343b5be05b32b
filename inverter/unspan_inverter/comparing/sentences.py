"""What a comparison says in words: where and why the second departs first, and what followed."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from unspan_inverter.comparing.differences import Comparison, Difference
from unspan_inverter.comparing.parts import Absent, Leaf, Rows
from unspan_inverter.showing.text import brief, inert

FOLLOWED: Final = 8
"""So many of the later differences are told one by one."""
BESIDE: Final = 40
"""Characters of text that are shown before and after the place where two texts part."""


class Names(NamedTuple):
    """What the two traces are called."""

    first: str = "the first"
    second: str = "the second"


TWO_TRACES: Final = Names()


def lines(found: Comparison, names: Names = TWO_TRACES) -> Iterator[str]:
    """The comparison for a person."""
    for trace, name in ((found.first, names.first), (found.second, names.second)):
        if trace.gaps:
            yield f"{name} is not complete: {inert('; '.join(trace.gaps)[:300])}"
    yield from elsewhere(found, names)
    if found.same:
        yield f"same: {found.steps[0]} steps, the response, and all that was read and written{mapped(found)}"
        return
    yield f"different: {names.second} departs from {names.first} in {counted(len(found.differences), 'place')}{mapped(found)}"
    first, *rest = found.differences
    yield f"first, {sentence(first, names)}"
    for one in rest[:FOLLOWED]:
        yield f"then {sentence(one, names)}"
    if len(rest) > FOLLOWED:
        yield f"and {counted(len(rest) - FOLLOWED, 'more difference')}"


def elsewhere(found: Comparison, names: Names) -> Iterator[str]:
    """What was not compared, with how much there was of it."""
    for what, (one, other) in found.left.items():
        yield f"not compared: {what} ({counted(one, 'step')} in {names.first}, {other} in {names.second})"


def mapped(found: Comparison) -> str:
    keys = sum(a != b for pairs in found.mapped.keys.values() for a, b in pairs.items())
    parts = [counted(number, what) for number, what in ((keys, "key"), (len(found.mapped.tokens), "token")) if number]
    parts += ["times"] if found.mapped.times else []
    one = len(parts) == 1 and parts[0].startswith("1 ")
    return f" ({' and '.join(parts)} {'stands for another' if one else 'stand for others'})" if parts else ""


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def sentence(one: Difference, names: Names) -> str:
    place = f", in {inert(one.step.where)}" if one.step.where else ""
    said = inert(one.step.said)
    if one.kind == "moved":
        return f"{said} came at another place than in {names.first}{place}"
    if one.kind in ("missing", "added"):
        return f"{said} {one_sided(one, names)}{place}"
    return f"{said}: {'; '.join(changed(one, leaf, names) for leaf in one.leaves[:3])}{more(one)}{place}"


def one_sided(one: Difference, names: Names) -> str:
    here, there = (names.first, names.second) if one.kind == "missing" else (names.second, names.first)
    if min(one.made):
        return f"came {counted(one.made[0], 'time')} in {names.first}, {counted(one.made[1], 'time')} in {names.second}"
    return f"came in {here}{f' ({one.times} times)' if one.times > 1 else ''} and not in {there}"


def more(one: Difference) -> str:
    return f"; and {len(one.leaves) - 3} more" if len(one.leaves) > 3 else ""


def changed(one: Difference, leaf: Leaf, names: Names) -> str:
    what = " ".join([inert(one.aspect), *(inert(step) for step in leaf.way)])
    if isinstance(leaf.first, Rows) and isinstance(leaf.second, Rows):
        return f"{names.first} had {counted(len(leaf.first.rows), 'row')} here, {names.second} {len(leaf.second.rows)}"
    if isinstance(leaf.first, str) and isinstance(leaf.second, str):
        before, after = parting(leaf.first, leaf.second, leaf.at)
    else:
        before, after = shown(leaf.first), shown(leaf.second)
    return f"{what} was {before} in {names.first} and is {after} in {names.second}"


def shown(value: Any) -> str:
    return "not there" if isinstance(value, Absent) else brief(value, 80)


def parting(first: str, second: str, at: tuple[int, int] | None) -> tuple[str, str]:
    """Two texts around the place where they part; one may end there."""
    if max(len(first), len(second)) <= 80:
        return brief(first, 80), brief(second, 80)
    places = at or (min(len(first), len(second)),) * 2
    return around(first, places[0]), around(second, places[1])


def around(text: str, at: int) -> str:
    start = max(at - BESIDE, 0)
    return ("…" if start else "") + brief(text[start : at + BESIDE], 2 * BESIDE + 10)


def as_document(found: Comparison) -> dict[str, Any]:
    """The comparison as one JSON document."""
    return {
        "first": found.first.id, "second": found.second.id, "same": found.same, "steps": list(found.steps),
        "not_compared": {what: list(counts) for what, counts in found.left.items()},
        "gaps": {"first": list(found.first.gaps), "second": list(found.second.gaps)},
        "mapped": {
            "keys": {label: [[str(a), str(b)] for a, b in pairs.items() if a != b] for label, pairs in found.mapped.keys.items()},
            "tokens": len(found.mapped.tokens), "times": found.mapped.times,
        },
        "differences": [document(one) for one in found.differences],
    }  # fmt: skip


def document(one: Difference) -> dict[str, Any]:
    return {
        "kind": one.kind, "what": one.step.name[0], "name": one.step.name[1], "step": one.step.said, "where": one.step.where, "aspect": one.aspect,
        "times": one.times, "span": one.step.span.span_id, "other_span": one.other.span.span_id if one.other else None,
        "values": [{"at": list(leaf.way), "first": plain(leaf.first), "second": plain(leaf.second)} for leaf in one.leaves],
        "sentence": sentence(one, TWO_TRACES),
    }  # fmt: skip


def plain(value: Any) -> Any:
    if isinstance(value, Rows):
        return {"rows": len(value.rows)}
    if isinstance(value, Absent):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else shown(value)
