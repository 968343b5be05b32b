"""What a call was given as rows becomes objects that nobody saves, where it asks no database: which objects, with which fields, and when not."""

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import pytest
from inverter.core.making import PROJECT
from unspan_inverter.code.expressions import Scope
from unspan_inverter.events import Column, RowsRead
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.givens import given
from unspan_inverter.plan.expressions import Assign, Statement
from unspan_inverter.plan.instances import in_memory
from unspan_proto.values import ModelRef, Opaque

ADDED = datetime(2024, 3, 1, 12, 30, tzinfo=timezone.utc)


def tag(pk: Any = 3, slug: str = "open") -> ModelRef:
    return ModelRef("shop.Tag", pk, {"id": pk, "slug": slug})


def book(pk: int = 7, **fields: Any) -> ModelRef:
    return ModelRef("shop.Book", pk, {"id": pk, "title": "Emma", "author_id": 1, "is_lent": False, "added": ADDED, **fields})


def read(label: str, *rows: dict[str, Any], statement: str = "", parameters: tuple[Any, ...] = ()) -> RowsRead:
    names = list(rows[0]) if rows else ["id"]
    columns = tuple(Column(label, name, None) for name in names)
    return RowsRead("before", "default", label, columns, tuple(tuple(row.values()) for row in rows), statement, parameters, {})


JANE = read("shop.Author", {"id": 1, "name": "Jane"})
LOAN = ModelRef("shop.Loan", UUID(int=5), {"id": UUID(int=5), "book_id": 7, "number": 2, "note": ""})
MADE: dict[str, tuple[dict[str, Any], Any, list[RowsRead], list[str], list[str]]] = {
    "short, where it is given": ({"self": tag()}, "open", [], [], ['Tag(slug="open")', '"open"']),
    "with its key, which shows": ({"self": tag()}, "/tags/3/", [], [], ['Tag(id=3, slug="open")', '"/tags/3/"']),
    "with its key, which may have told": ({"self": tag()}, True, [], [], ['Tag(id=3, slug="open")', "True"]),
    "one that was never saved": ({"self": tag(None)}, True, [], [], ['Tag(slug="open")', "True"]),
    "what its model gives is left out": ({"self": book(is_lent=True)}, "Emma", [], ['book = Book(title="Emma", author_id=1, is_lent=True)'], ["book", '"Emma"']),
    "a time that is automatic, and shows": (
        {"self": book(author_id=None)}, "since 2024-03-01", [],
        ['book = Book(title="Emma", added=datetime(2024, 3, 1, 12, 30, tzinfo=timezone.utc))'], ["book", '"since 2024-03-01"'],
    ),
    "with what it points to, which had been read": (
        {"self": book()}, "Emma", [JANE], ['book = Book(title="Emma", author=Author(id=1, name="Jane"))'], ["book", '"Emma"'],
    ),
    "with a key of its own": ({"self": LOAN}, str(UUID(int=5)), [], [f'loan = Loan(id=UUID("{UUID(int=5)}"), book_id=7, number=2)'], ["loan", f'"{UUID(int=5)}"']),
    "a value that was not carried is left out": ({"self": book(title=Opaque("shop.Title"), author_id=None)}, "x", [], [], ["Book()", '"x"']),
    "one that comes out again": ({"one": tag()}, [tag()], [], ['tag = Tag(id=3, slug="open")'], ["tag", "[tag]"]),
    "two": (
        {"one": book(1, author_id=None), "two": [book(2, author_id=None)]}, 5, [], [], ['Book(id=1, title="Emma")', '[Book(id=2, title="Emma")]', "5"],
    ),
    "two that are long": (
        {"one": book(1), "two": book(2)}, 5, [],
        ['book = Book(id=1, title="Emma", author_id=1)', 'book_2 = Book(id=2, title="Emma", author_id=1)'], ["book", "book_2", "5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "result", "before", "statements", "values"), MADE.values(), ids=list(MADE))
def test_objects(arguments: dict[str, Any], result: Any, before: list[RowsRead], statements: list[str], values: list[str]) -> None:
    found = made_of(Called("c", "shop.models.told", arguments, True, result), before)
    assert found is not None
    call, made = found

    assert [f"{one.target.id} = {text(one.value)}" for one in made if isinstance(one, Assign)] == statements
    assert [text(one) for one in (*call.arguments.values(), call.result)] == values


def made_of(call: Called, before: list[RowsRead]) -> tuple[Called, tuple[Statement, ...]] | None:
    found = given(call, before, PROJECT)
    return in_memory(call, found, PROJECT, False) if found is not None else None


def text(value: Any) -> str:
    return Scope("", "").write(value).text.replace("'", '"')


IN = 'SELECT … FROM "shop_loan" WHERE "shop_loan"."book_id" IN (%s, %s)'
NOT_MADE: dict[str, tuple[dict[str, Any], Any, list[RowsRead]]] = {
    "no rows": ({"name": "open"}, "open", []),
    "a row of which the key alone is known": ({"self": ModelRef("shop.Tag", 3)}, "open", []),
    "a row whose table is one of two": ({"self": ModelRef("shop.Novel", 1, {"book_ptr_id": 1, "title": "Emma"})}, "Emma", []),
    "a model that nobody knows": ({"self": ModelRef("gone.Thing", 1, {"id": 1})}, "x", []),
    "another row comes out": ({"self": tag()}, tag(4), []),
    "one row in two states": ({"one": tag(), "two": tag(3, "shut")}, True, []),
    "rows that point to it were read for several": ({"self": book()}, 2, [read("shop.Loan", statement=IN, parameters=(7, 8))]),
    "linked rows were read for several": (
        {"self": book()}, 2, [read("shop.Tag", statement='SELECT ("t"."book_id") AS "_prefetch_related_val_book_id"', parameters=(7,))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "result", "before"), NOT_MADE.values(), ids=list(NOT_MADE))
def test_what_must_be_rows(arguments: dict[str, Any], result: Any, before: list[RowsRead]) -> None:
    assert made_of(Called("c", "shop.models.told", arguments, True, result), before) is None


def test_rows_read_for_several_others_are_no_reason() -> None:
    before = [read("shop.Loan", statement=IN, parameters=(8, 9))]

    assert made_of(Called("c", "shop.models.told", {"self": book()}, True, 2), before) is not None
