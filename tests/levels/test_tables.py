"""Plans of one function become one with a table where they differ in values alone."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Do, Import, Item, Name, Plan, Subject, Table, pieces
from unspan_inverter.plan.tables import tabled

PRICE, RESULT = Import("shop.prices", "price"), Name("result")


def plan(*args: Any, expected: Any = 1, way: str = "", kind: str = "equal", trace: str = "a", **kwargs: Any) -> Plan:
    """A test of `shop.prices.price`."""
    check = Check(kind, (RESULT,) if kind in ("true", "false") else (RESULT, expected))
    return Plan(
        "PriceTests", "test_price", trace, (), (), (), (), (Assign(RESULT, Call(PRICE, args, tuple(kwargs.items()))),), (check,), needs_database=False,
        level="unit", subject=Subject("shop.prices.price", ("net", "rate"), frozenset({(way,)})),
    )  # fmt: skip


TABLES: dict[str, tuple[list[Plan], Table | None]] = {
    "arguments by position and by name": (
        [plan(1, rate=2, expected=3, trace="a"), plan(4, rate=5, expected=9, trace="b")],
        Table(("net", "rate", "expected"), ((1, 2, 3), (4, 5, 9)), ("a", "b")),
    ),
    "what is the same stays": (
        [plan(1, rate=2, expected=3), plan(4, rate=2, expected=6)],
        Table(("net", "expected"), ((1, 3), (4, 6)), ("a",)),
    ),
    "a row more for each way": (
        [plan(1, expected=1, way="up"), plan(2, expected=1, way="down"), plan(3, expected=1, way="up"), plan(4, expected=1, way="aside")],
        Table(("net",), ((1,), (2,), (4,)), ("a",)),
    ),
    "one way twice where the result differs": (
        [plan(1, expected=1), plan(2, expected=2), plan(3, expected=3)],
        Table(("net", "expected"), ((1, 1), (2, 2)), ("a",)),
    ),
    "true, false and none": (
        [plan(1, kind="true", way="up"), plan(2, kind="false"), plan(3, kind="is", expected=None, way="none")],
        Table(("net", "expected"), ((1, True), (2, False), (3, None)), ("a",)),
    ),
    "one that tells nothing new": ([plan(1, expected=1), plan(2, expected=1)], None),
}


@pytest.mark.parametrize(("plans", "table"), TABLES.values(), ids=list(TABLES))
def test_plans_that_differ_in_values_become_one(plans: list[Plan], table: Table | None) -> None:
    (one,) = tabled(plans)

    assert one.table == table
    spoken = {part.id for part in pieces((one.act, one.asserts)) if isinstance(part, Name)}
    assert spoken == {"result", *(table.names if table is not None else ())}


APART: dict[str, list[Plan]] = {
    "rows": [replace(plan(1, way="up"), needs_database=True), replace(plan(2, way="down"), needs_database=True)],
    "another function": [plan(1, way="up"), replace(plan(2, way="down"), subject=Subject("shop.prices.tax"))],
    "another level": [plan(1, way="up"), replace(plan(2, way="down"), subject=None)],
    "other settings": [plan(1, way="up"), replace(plan(2, way="down"), settings=(("DEBUG", True),))],
    "a variable": [plan(Name("one"), way="up"), plan(Name("two"), way="down")],
    "more assertions": [
        plan(1, way="up"),
        replace(plan(2, way="down"), asserts=(*plan(2, way="down").asserts, Check("true", (Item(RESULT, 0),)))),
    ],
    "another thing asserted": [plan(1, way="up"), replace(plan(2, way="down"), asserts=(Check("equal", (Item(RESULT, 0), 1)),))],
    "another step": [plan(1, way="up"), replace(plan(2, way="down"), act=(Do(Call(Attr(RESULT, "close"))),))],
}


@pytest.mark.parametrize("plans", APART.values(), ids=list(APART))
def test_others_stay_apart(plans: list[Plan]) -> None:
    assert tabled(plans) == plans


def test_of_those_that_stay_apart_one_that_shows_nothing_new_is_left_out() -> None:
    plans = [
        replace(plan(number, expected=expected, way="up"), needs_database=True) for number, expected in ((1, 1), (2, 1), (3, 2), (4, 3))
    ]

    assert tabled(plans) == [plans[0], plans[2]]
