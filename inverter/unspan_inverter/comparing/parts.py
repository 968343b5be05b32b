"""The values that a comparison takes apart: rows, where two values part, what is not there, documents in texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 20
"""So many differences inside of one value are looked for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one shape. `labels`: of each column the model whose key it holds, or None; `names`: its own. `ordered`: whether their order counts."""

    rows: Sequence[Sequence[Any]]
    labels: tuple[str | None, ...] = ()
    ordered: bool = True
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where two values part: the way to it, and what stands there on either side. `at`: where two texts do."""

    way: tuple[str, ...]
    first: Any
    second: Any
    at: tuple[int, int] | None = None


class Absent:
    """Stands for what is not there."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()


def as_text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def as_json(text: str | None) -> Any:
    """The document, None where it is none with parts."""
    if not text or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
