"""Which items of two sequences belong together: the longest common subsequence, after Myers, "An O(ND) Difference Algorithm" (1986)."""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Final

MOST_EDITS: Final = 1_000
"""Above so many edits two traces are of different requests: a rougher comparison serves, and does not take quadratic time."""

Pairs = list[tuple[int | None, int | None]]


def aligned(first: Sequence[Hashable], second: Sequence[Hashable]) -> Pairs:
    """Places of both in one order: `(i, j)` for equal items, `(i, None)` and `(None, j)` for those of one side only."""
    head = 0
    while head < min(len(first), len(second)) and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < min(len(first), len(second)) - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    ends = len(first) - tail, len(second) - tail
    found: Pairs = [(place, place) for place in range(head)]
    found += between(first[head : ends[0]], second[head : ends[1]], head)
    return found + [(ends[0] + step, ends[1] + step) for step in range(tail)]


def between(first: Sequence[Hashable], second: Sequence[Hashable], shift: int) -> Pairs:
    same = common(first, second)
    found: Pairs = []
    i = j = 0
    for a, b in [*same, (len(first), len(second))]:
        found += [(place + shift, None) for place in range(i, a)] + [(None, place + shift) for place in range(j, b)]
        if a < len(first) and b < len(second):
            found.append((a + shift, b + shift))
        i, j = a + 1, b + 1
    return found


def common(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence."""
    reached = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(min(len(first) + len(second), MOST_EDITS) + 1):
        steps.append(dict(reached))
        for diagonal in range(-edits, edits + 1, 2):
            x = furthest(reached, diagonal, edits)
            while x < len(first) and x - diagonal < len(second) and first[x] == second[x - diagonal]:
                x += 1
            reached[diagonal] = x
            if x >= len(first) and x - diagonal >= len(second):
                return walked_back(steps, len(first), len(second))
    blocks = SequenceMatcher(None, first, second).get_matching_blocks()
    return [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]


def furthest(reached: dict[int, int], diagonal: int, edits: int) -> int:
    """Where one more edit leads on a diagonal: down from the one above, or right from the one below."""
    if diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1]):
        return reached[diagonal + 1]
    return reached[diagonal - 1] + 1


def walked_back(steps: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The places that were passed diagonally on the shortest way; `steps` holds what was reached before each edit."""
    found: list[tuple[int, int]] = []
    for edits in range(len(steps) - 1, -1, -1):
        reached, diagonal = steps[edits], x - y
        down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        while x > reached[before] and y > reached[before] - before:
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = reached[before], reached[before] - before
    return found[::-1]
