"""Cells of rows: how much they weigh, and what is kept of them."""

from collections.abc import Sequence
from typing import Any, Final

from unspan_proto.values import Truncated

from unspan_instrumentation.sql.limits import CELL, frozen_cell

LARGEST: Final = 64 << 10
SIZED: Final = (str, bytes, memoryview, bytearray)


def weight(row: Sequence[Any]) -> int:
    """Bytes, roughly, of a row as the driver gives it."""
    return sum(CELL + (len(cell) if type(cell) in SIZED else 0) for cell in row)


def kept(value: Any) -> Any:
    """A cell, safe from later changes and not too large."""
    kind = type(value)
    if kind in (str, bytes) and len(value) > LARGEST:
        return Truncated(kind.__name__, len(value), value[:CELL])
    if kind is memoryview and value.nbytes > LARGEST:
        return Truncated("bytes", value.nbytes, bytes(value[:CELL]))
    return frozen_cell(value)[0]
