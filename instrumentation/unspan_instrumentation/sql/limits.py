"""How much of the rows is kept: a number of rows a statement, a number of bytes a trace."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from unspan_proto.values import Derived, Instance, Named, Opaque, type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.settings import active

TRACE_BYTES: Final = active().max_row_bytes
"""Bytes of row values kept in one trace, roughly counted: text and bytes by length, all else as 16."""
CELL: Final = 16
CELL_ITEMS: Final = 10_000
"""Values inside of one cell (a JSON document, an array); a larger one is cut as any other value is."""
ATOMS: Final = frozenset(map(id, (int, bool, type(None), float, Decimal, datetime, date, time, timedelta, UUID)))
"""Ids of the types of most cells."""
TEXTS: Final = (id(str), id(bytes))
LOST: Final = frozenset({Opaque, Instance, Named})
"""What stands where an object of a class that nobody knows was."""
BUDGET: Final = "_row_budget"
SHAPES, WIDEST = 1_000, 200
"""How many shapes of rows are remembered, and up to how many values wide."""
Shape = tuple[int, tuple[int, ...]]
"""What values weigh that need no copy, without their texts, and the places of these."""
shapes: dict[tuple[int, ...], Shape | None] = {}
"""By the ids of the values' types: rows of one shape come by the dozen. None: some have to be copied."""


class Budget:
    """The bytes that one recording's rows have taken."""

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0

    @property
    def exhausted(self) -> bool:
        return self.spent > TRACE_BYTES


def budget(recording: Recording) -> Budget:
    found: Budget | None = recording.__dict__.get(BUDGET)
    return found if found is not None else recording.__dict__.setdefault(BUDGET, Budget())  # type: ignore[no-any-return]


def frozen_row(row: Sequence[Any]) -> tuple[list[Any], int]:
    """The row's values, safe from later changes, and their weight in bytes."""
    cells = list(row.values()) if isinstance(row, dict) else list(row)
    weight = plain(cells)
    if weight is None:
        weight = CELL * len(cells) + frozen_cells(cells)
    return cells, weight


def of_driver(cells: list[Any], row: Sequence[Any], raw: Sequence[Any]) -> list[Any]:
    """The frozen cells of a converted row; where a field made an object of a value that cannot be carried, the driver's value under the object's type."""
    if len(row) != len(raw):
        return cells
    return [of_column(cell, value, sent) for cell, value, sent in zip(cells, row, raw, strict=True)]


def of_column(cell: Any, value: Any, sent: Any) -> Any:
    """A frozen cell; of an object that cannot be carried, the value that stands for it in its column."""
    kind = type(sent)
    return (
        Derived(type_name(type(value)), sent)
        if type(cell) in LOST and (id(kind) in ATOMS or id(kind) in TEXTS) and sent is not None
        else cell
    )


def plain(values: Sequence[Any]) -> int | None:
    """What values weigh of which none needs a copy; None where one does."""
    kinds = tuple(map(id, map(type, values)))
    shape = shapes[kinds] if kinds in shapes else learned(kinds)
    if shape is None:
        return None
    weight, texts = shape
    for position in texts:
        weight += len(values[position])
    return weight


def learned(kinds: tuple[int, ...]) -> Shape | None:
    copies = any(kind not in ATOMS and kind not in TEXTS for kind in kinds)
    shape = None if copies else (CELL * len(kinds), tuple(position for position, kind in enumerate(kinds) if kind in TEXTS))
    if len(shapes) < SHAPES and len(kinds) <= WIDEST:
        shapes[kinds] = shape
    return shape


def frozen_cells(cells: list[Any]) -> int:
    """Freezes each in its place; returns what they weigh beyond CELL."""
    weight = 0
    for position, cell in enumerate(cells):
        kind = type(cell)
        if kind is str or kind is bytes:
            weight += len(cell)
        elif id(kind) not in ATOMS:
            cells[position], more = frozen_cell(cell)
            weight += more
    return weight


def frozen_cell(value: Any) -> tuple[Any, int]:
    """A document, an array or another value of a cell, and its weight. Documents are wider and deeper than what `freeze` keeps of locals."""
    if type(value) is memoryview:
        return memoryview(value.tobytes()), value.nbytes
    size = [0, 0]
    try:
        return copied(value, size, 0), size[1]
    except OverflowError:
        return freeze(value), size[1]


def copied(value: Any, size: list[int], depth: int) -> Any:
    """A copy of containers of built-in types; `size` counts values and bytes. Raises OverflowError for what is too large or deep."""
    kind = type(value)
    size[0] += 1
    if kind is str or kind is bytes:
        size[1] += len(value)
        return value
    size[1] += CELL
    if kind not in (list, dict, tuple):
        return value if id(kind) in ATOMS else freeze(value)
    if size[0] + len(value) > CELL_ITEMS or depth > 40:
        raise OverflowError
    if kind is dict:
        return {copied(key, size, depth + 1): copied(item, size, depth + 1) for key, item in value.items()}
    return kind([copied(item, size, depth + 1) for item in value])


def weigh(value: Any) -> int:
    """The rough size of a frozen value in bytes."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value)
    if kind is list or kind is tuple:
        known = plain(value)
        return CELL + (sum(map(weigh, value)) if known is None else known)
    if kind is dict:
        return CELL + sum(map(weigh, value.values()))
    return CELL
