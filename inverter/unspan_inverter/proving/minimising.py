"""Delta debugging of a test: what can be left out while it passes and does the same as the recording.

After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unspan_inverter.proving.removable import Place, places, without
from unspan_inverter.proving.telling import Told, untold


@dataclass(frozen=True, slots=True)
class Smaller:
    """A test that lost what it did not need; `whole`: nothing was left untried for want of time."""

    source: str
    removed: tuple[Place, ...]
    tried: int
    whole: bool = True


def minimised(source: str, holds: Callable[[str], bool], more_time: Callable[[], bool], told: Told = untold) -> Smaller:
    """A version of which nothing can be left out any more while it `holds`, found by leaving out ever smaller pieces."""
    rest, removed, tried = places(source), list[Place](), 0
    every = rest
    size = max(len(rest) // 2, 1)
    while rest:
        before = len(removed)
        for chunk in chunks(rest, size):
            if not more_time():
                return Smaller(without(source, removed), tuple(outermost(removed)), tried, whole=False)
            inside = [one for one in chunk if not covered(one, removed)]
            if not inside:
                continue
            tried += 1
            told("leaving out what it does not need", sum(covered(one, removed) for one in every), len(every))
            if holds(without(source, [*removed, *inside])):
                removed += inside
        rest = [one for one in rest if not covered(one, removed)]
        if size == 1 and len(removed) == before:
            break
        size = max(size // 2, 1)
    return Smaller(without(source, removed), tuple(outermost(removed)), tried)


def chunks(some: Sequence[Place], size: int) -> list[Sequence[Place]]:
    """Later places first: what is made last is needed by least."""
    return [some[start : start + size] for start in range(0, len(some), size)][::-1]


def outermost(removed: Sequence[Place]) -> list[Place]:
    """Without those that lie in another: a field went with its row."""
    return [one for one in removed if not covered(one, [other for other in removed if other != one])]


def covered(one: Place, removed: Sequence[Place]) -> bool:
    return any(other.start <= one.start and one.end <= other.end for other in removed)
