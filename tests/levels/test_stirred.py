"""Whether the rows that a call found are those that the request found, judged by the tables of statements."""

import pytest
from unspan_inverter.events import Event, Executed, RowsInserted, RowsRead, TransactionStep
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.stirred import stirred
from unspan_proto.project import Model, Project
from unspan_proto.values import ModelRef

MODELS = (
    Model("shop.Item", "shop.models", "Item", "shop_item", "id", ()),
    Model("shop.Visit", "shop.models", "Visit", "shop_visit", "id", ()),
)
PROJECT = Project(1, "5.2", "3.12", "shop.settings", "/srv/shop", {}, {}, {}, MODELS, ())


def read(statement: str) -> RowsRead:
    return RowsRead("inside", "default", "shop.Item", (), (), statement, (), {})


def inserted(model: str, span: str = "before") -> RowsInserted:
    return RowsInserted(span, "default", model, ({"id": 1},))


ITEMS = read('SELECT "shop_item"."id" FROM "shop_item"')
JOINED = read('SELECT "shop_item"."id" FROM "shop_item" INNER JOIN "shop_visit" ON (1 = 1)')
CASES: dict[str, tuple[list[Event], Event, dict[str, object], bool]] = {
    "nothing written": ([ITEMS], ITEMS, {}, False),
    "another table": ([inserted("shop.Visit")], ITEMS, {}, False),
    "its table": ([inserted("shop.Item")], ITEMS, {}, True),
    "a table that it joins": ([inserted("shop.Visit")], JOINED, {}, True),
    "a row that it is given": ([inserted("shop.Visit")], ITEMS, {"seen": [ModelRef("shop.Visit", 1)]}, True),
    "a model that nobody knows": ([inserted("gone.Thing")], ITEMS, {}, True),
    "a bare write to another table": ([Executed("before", "default", "UPDATE shop_visit SET seen = 1", ())], ITEMS, {}, False),
    "a bare write to its table": ([Executed("before", "default", "delete from shop_item", ())], ITEMS, {}, True),
    "a bare statement that names no table": ([Executed("before", "default", "CALL tidy()", ())], ITEMS, {}, True),
    "a statement that writes nothing": ([Executed("before", "default", "BEGIN IMMEDIATE", ())], ITEMS, {}, False),
    "a transaction": ([TransactionStep("before", "default", "BEGIN")], ITEMS, {}, False),
    "a transaction that was rolled back": ([TransactionStep("before", "default", "ROLLBACK TO", "s1")], ITEMS, {}, True),
    "written after it": ([inserted("shop.Item", "after")], ITEMS, {}, False),
}


@pytest.mark.parametrize(("happened", "within", "arguments", "expected"), CASES.values(), ids=list(CASES))
def test_what_it_depends_on_was_changed_before(happened: list[Event], within: Event, arguments: dict[str, object], expected: bool) -> None:
    call = Called("inside", "shop.prices.total", arguments, returned=True)

    assert stirred(call, [within], [*happened, within], frozenset({"before"}), PROJECT) is expected
