"""What a decorator of the project's puts into the request is known by what it was given itself."""

from dataclasses import replace

import pytest
from unspan_inverter.events import exchange
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.viewing import put_around
from unspan_proto.values import Instance, Named

from .making import trace

ASKED = replace(exchange(trace("hello")), view="shop.views.buy", decorators=("shop.limits.limited", "shop.people.known"))
LIMIT = {"limited": Named("function", "shop.limits.limited.<locals>.inner")}


def called(function: str, began: int, ended: int, **fields: object) -> Called:
    request = Instance("django.core.handlers.wsgi.WSGIRequest", {"method": "GET", "path": "/", **fields})
    return Called(function, function, {"request": request}, began=began, ended=ended)


VIEW = called("shop.views.buy", 5, 6, **LIMIT, shop=1)
AROUND: dict[str, tuple[list[Called], set[str]]] = {
    "one that it was not given": ([called("shop.limits.limited.<locals>.wrapper", 3, 8, shop=1), VIEW], {"limited"}),
    "what the outermost was not given": (
        [called("shop.people.known.<locals>.inner", 2, 9), called("shop.limits.limited.<locals>.wrapper", 3, 8, shop=1), VIEW],
        {"limited", "shop"},
    ),
    "all that it was given": ([called("shop.limits.limited.<locals>.wrapper", 3, 8, **LIMIT, shop=1), VIEW], set()),
    "middleware, which is none": ([called("shop.middleware.shop.<locals>.call", 1, 9), VIEW], set()),
    "one that had ended": ([called("shop.limits.limited.<locals>.wrapper", 1, 2), VIEW], set()),
    "nothing around": ([VIEW], set()),
}


@pytest.mark.parametrize(("calls", "names"), AROUND.values(), ids=list(AROUND))
def test_a_decorator_has_put_there_what_it_was_not_given(calls: list[Called], names: set[str]) -> None:
    assert put_around(ASKED, calls, VIEW) == names
