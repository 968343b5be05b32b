"""Which calls can be made by themselves: what their tests inherit from, and why others have none."""

from typing import Any

import pytest
from unspan_inverter.events import Event, RowsRead, RowsUpdated
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.units import FREE, PURE, STORED, Unit, by_value, unit
from unspan_proto.values import Derived, Instance, ModelRef, Opaque

REQUEST = Instance("django.core.handlers.wsgi.WSGIRequest", {"method": "GET", "path": "/"})
GATE = Instance("shop.middleware.Gate", {})
RESPONSE = Instance("django.http.response.HttpResponse", {"status_code": 200})
ITEM = ModelRef("shop.Item", 1)
PRICE = Instance("shop.prices.Price", {"net": 1}, remakes=True)
READ = RowsRead("inside", "default", "shop.Item", (), (), 'SELECT 1 FROM "shop_item"', (), {})
WRITTEN = RowsUpdated("inside", "default", "shop.Item", ((1, {"sold": True}),), "UPDATE", (), 1)


def called(name: str, role: str = "function", result: Any = 1, **arguments: Any) -> Called:
    return Called("call", f"shop.{name}", arguments, returned=True, result=result, role=role)


UNITS: dict[str, tuple[Called, list[Event], str | tuple[str, str, str]]] = {
    "its arguments alone": (called("total", net=1), [], (PURE, "", "")),
    "a dataclass": (called("total", price=PRICE), [], (PURE, "", "")),
    "rows that it reads": (called("total", net=1), [READ], (STORED, "", "")),
    "rows that it is given": (called("total", items=[ITEM]), [], (STORED, "", "")),
    "a request": (called("prices.currency", request=REQUEST), [], (FREE, "request", "")),
    "a context processor that reads": (called("prices.shown", result={"items": 3}, request=REQUEST), [READ], (STORED, "request", "")),
    "middleware that wrote": (
        called("middleware.Gate.process_request", "method", None, self=GATE, request=REQUEST), [WRITTEN], (STORED, "request", "shop.middleware.Gate"),
    ),
    "middleware that did nothing": (called("middleware.Gate.process_request", "method", None, self=GATE, request=REQUEST), [READ], "it let the request pass"),
    "what a row is told by": (called("models.Item.__str__", "method", "one", self=ITEM), [], (STORED, "", "")),
    "what makes an object": (called("models.Item.__init__", "method", None, self=ITEM), [], "it is called by Python itself"),
    "an answer": (called("views.buy", result=RESPONSE, request=REQUEST), [], "it takes a request and answers it: a test of level view makes that"),
    "a changed object that is saved": (
        called("models.Item.save", "method", None, self=ITEM), [WRITTEN], "it saves an object on which something was set before, which was not recorded",
    ),
    "an object for a result": (called("total", result=Opaque("shop.Total")), [], "its result was not recorded by value: Total"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "within", "expected"), UNITS.values(), ids=list(UNITS))
def test_what_a_call_needs_is_said(call: Called, within: list[Event], expected: str | tuple[str, str, str]) -> None:
    found = unit(call, within, "", ["shop.middleware.Gate"])

    assert ((found.base, found.request, found.middleware) if isinstance(found, Unit) else found) == expected


BY_VALUE = {
    "numbers": (called("total", net=1), True),
    "a named tuple of rows": (called("total", items=Derived("shop.Items", (ITEM,))), True),
    "a dataclass": (called("total", price=PRICE), True),
    "the request": (called("prices.currency", request=REQUEST), True),
    "an object": (called("total", cart=Instance("shop.carts.Cart", {"items": 1})), False),
    "an object as a result": (called("total", result=Opaque("shop.Total"), net=1), False),
}


@pytest.mark.parametrize(("call", "expected"), BY_VALUE.values(), ids=list(BY_VALUE))
def test_what_was_recorded_by_value_is_known(call: Called, expected: bool) -> None:
    assert by_value(call) is expected
