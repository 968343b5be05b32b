"""Recorded objects as the expressions that make them again."""

import ast
from typing import Any

import pytest
from unspan_inverter.code.expressions import Scope
from unspan_inverter.facts import Facts
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.makings import Unmakable, made
from unspan_proto.project import Project
from unspan_proto.values import Derived, Instance, Named

PROJECT = Project(1, "5.2", "3.12", "shop.settings", "/srv/shop", {}, {}, {}, (), ())
PRICE = Instance("shop.prices.Price", {"net": 3, "of": Derived("shop.prices.Kind", "book")}, remakes=True)
MADE: dict[str, tuple[Any, str]] = {
    "a dataclass": (PRICE, "Price(net=3, of=Kind('book'))"),
    "in a list": ([PRICE], "[Price(net=3, of=Kind('book'))]"),
    "a dataclass of dataclasses": (
        Instance("shop.carts.Cart", {"prices": (PRICE,)}, remakes=True),
        "Cart(prices=(Price(net=3, of=Kind('book')),))",
    ),
    "a function": (Named("function", "shop.prices.total"), "total"),
}


def bindings() -> Bindings:
    return Bindings(PROJECT, Facts(rows=(), services=()), {})


@pytest.mark.parametrize(("value", "text"), MADE.values(), ids=list(MADE))
def test_it_is_made_again(value: Any, text: str) -> None:
    assert ast.dump(ast.parse(Scope("client", "capture").write(made(value, bindings())).text)) == ast.dump(ast.parse(text))


HIDDEN = {
    "another object": (Instance("shop.prices.Price", {"net": 3}), "Price"),
    "a dataclass with another object": (Instance("shop.carts.Cart", {"owner": Instance("shop.people.Person", {})}, remakes=True), "Person"),
    "a dataclass inside of a function": (Instance("shop.carts.<locals>.Cart", {}, remakes=True), "Cart"),
}


@pytest.mark.parametrize(("value", "what"), HIDDEN.values(), ids=list(HIDDEN))
def test_what_cannot_be_made_is_named(value: Any, what: str) -> None:
    with pytest.raises(Unmakable) as refused:
        made(value, bindings())

    assert refused.value.what == what
