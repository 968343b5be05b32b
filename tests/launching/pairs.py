"""Rows that together hold every pair of values of any two factors: the greedy way, the same rows every time."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

Pair = tuple[tuple[str, Any], tuple[str, Any]]
"""Two factors, in the order of the table, each with a value."""


def pairs_of(row: Mapping[str, Any], order: Sequence[str]) -> set[Pair]:
    given = [(name, row[name]) for name in order if name in row]
    return set(combinations(given, 2))


def pairwise(factors: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Each row begins with the first pair that no row has yet; every other factor takes the value that adds most new pairs."""
    order = list(factors)
    left = {pair: None for a, b in combinations(order, 2) for pair in product([(a, x) for x in factors[a]], [(b, y) for y in factors[b]])}
    rows: list[dict[str, Any]] = []
    while left:
        row = dict(next(iter(left)))
        for name in order:
            if name not in row:
                row[name] = max(factors[name], key=lambda value: len(pairs_of({**row, name: value}, order) & left.keys()))  # noqa: B023
        for pair in pairs_of(row, order):
            left.pop(pair, None)
        rows.append({name: row[name] for name in order})
    return rows


def every(factors: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations."""
    return [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]
