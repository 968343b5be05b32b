"""In which order new rows are fetched, so that nothing speaks of a row before the test has it. What tells each apart stands in `outcomes`."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from unspan_inverter.facts import Key, RowBorn
from unspan_inverter.plan.expressions import Assign, Name, Statement, pieces


def in_order(
    rows: Sequence[RowBorn], lookup: Callable[[RowBorn, Set[str]], Mapping[str, Any]], names: Mapping[Key, str]
) -> list[tuple[RowBorn, Mapping[str, Any]]]:
    """Each row with its lookup, after those rows that the lookup speaks of; where two speak of each other, one is looked up without the other."""
    new = {names[row.key]: row for row in rows}
    found: dict[Key, tuple[RowBorn, Mapping[str, Any]]] = {}

    def place(row: RowBorn, waiting: Set[str]) -> None:
        waiting = {*waiting, names[row.key]}
        told = lookup(row, waiting)
        for name in sorted(spoken_of(told) & new.keys()):
            if new[name].key not in found:
                place(new[name], waiting)
        found[row.key] = (row, told)

    for row in rows:
        if row.key not in found:
            place(row, frozenset())
    return list(found.values())


def when_fetched(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The same, but what speaks of a row that is fetched further on comes after it."""
    ahead = {one.target.id for one in statements if isinstance(one, Assign)}
    waiting: list[Statement] = []
    for one in statements:
        if isinstance(one, Assign):
            ready = [other for other in waiting if not spoken_of(other) & ahead]
            yield from ready
            waiting = [other for other in waiting if other not in ready]
            ahead.discard(one.target.id)
            yield one
        elif spoken_of(one) & ahead:
            waiting.append(one)
        else:
            yield one
    yield from waiting


def spoken_of(part: Any) -> set[str]:
    """The variables that occur in statements or expressions."""
    return {one.id for one in pieces(part) if isinstance(one, Name)}
