"""What keeps one piece that cannot be described from spoiling the rest."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Piece = TypeVar("Piece")


def described(make: Callable[[Any], Piece], things: Iterable[Any]) -> tuple[Piece, ...]:
    """`make` of each thing, without those for which it raises."""
    return tuple(piece for thing in things if (piece := attempt(make, thing)) is not None)


def attempt(make: Callable[..., Piece], *things: Any) -> Piece | None:
    try:
        return make(*things)
    except Exception:
        return None
