"""Which rows that had been read before a call are arranged for it."""

from typing import Any

import pytest
from inverter.core.making import PROJECT
from unspan_inverter.events import Column, Event, RowsRead, RowsSupported
from unspan_inverter.facts.nearby import nearby
from unspan_proto.values import ModelRef

BOOK = ModelRef("shop.Book", 7, {"id": 7})


def read(label: str, *rows: dict[str, Any], statement: str = "SELECT 1 WHERE x", span: str = "before") -> RowsRead:
    columns = tuple(Column(label, name, None) for name in (rows[0] if rows else ("id",)))
    return RowsRead(span, "default", label, columns, tuple(tuple(row.values()) for row in rows), statement, ("x",), {"sliced": True})


def there(label: str, *rows: dict[str, Any]) -> RowsSupported:
    return RowsSupported("beside", "default", ((label, tuple(rows[0]), tuple(tuple(row.values()) for row in rows)),))


def told(events: list[Event]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """What is left, by the label."""
    found: list[tuple[str, list[tuple[Any, ...]]]] = []
    for one in events:
        if isinstance(one, RowsRead):
            assert (one.statement, one.parameters, one.shape, one.supported) == ("", (), {}, True)
            found.append((str(one.model), list(one.rows)))
        if isinstance(one, RowsSupported):
            found += [(label, list(rows)) for label, _, rows in one.rows]
    return found


BOOKS = read("shop.Book", {"id": 7, "author_id": 1}, {"id": 8, "author_id": 2})
AUTHORS = there("shop.Author", {"id": 1, "name": "Jane"}, {"id": 2, "name": "Emily"})
TAGS = read("shop.Tag", {"id": 3, "slug": "open"})
ASKS_TAGS = read("shop.Tag", statement='SELECT "shop_tag"."id" FROM "shop_tag"', span="within")
CASES: dict[str, tuple[list[Event], list[Event], list[ModelRef], list[tuple[str, list[tuple[Any, ...]]]]]] = {
    "the row that it was given, and what that points to": (
        [BOOKS, AUTHORS, TAGS], [], [BOOK], [("shop.Book", [(7, 1)]), ("shop.Author", [(1, "Jane")])],
    ),
    "the rows of a table that it asks": ([BOOKS, TAGS], [ASKS_TAGS], [], [("shop.Tag", [(3, "open")])]),
    "both": ([BOOKS, TAGS], [ASKS_TAGS], [BOOK], [("shop.Book", [(7, 1)]), ("shop.Tag", [(3, "open")])]),
    "all where nobody knows what it asks": (
        [BOOKS, TAGS], [read("shop.Tag", statement="CALL tidy()")], [], [("shop.Book", [(7, 1), (8, 2)]), ("shop.Tag", [(3, "open")])],
    ),
    "nothing": ([BOOKS, AUTHORS], [ASKS_TAGS], [], []),
    "a row without a key": ([read("shop.Tag", {"slug": "open"})], [ASKS_TAGS], [], []),
}  # fmt: skip


@pytest.mark.parametrize(("before", "within", "given", "expected"), CASES.values(), ids=list(CASES))
def test_rows_near_a_call(
    before: list[Event], within: list[Event], given: list[ModelRef], expected: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    assert told(nearby(before, within, given, PROJECT)) == expected
