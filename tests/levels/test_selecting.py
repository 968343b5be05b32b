"""`get_queryset` of a request's view is tested for the rows that were read of what it selects."""

from dataclasses import replace
from typing import Any

import pytest
from inverter.core.making import Happening, counted, encoded, read, trace
from unspan_inverter.errors import NotAtLevel
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.values import Instance, Opaque

VIEW = "shop.views.TagList"
WSGI = Instance("django.core.handlers.wsgi.WSGIRequest", {"method": "GET", "path": "/tags/"})
TAGS = [{"id": 3, "slug": "open"}, {"id": 4, "slug": "shut"}]


def call(request: Any = WSGI, evaluated: bool = False, view: str = VIEW, name: str = "get_queryset") -> Happening:
    returned = Instance("django.db.models.query.QuerySet", {"model": "shop.Tag", "evaluated": evaluated})
    return Happening(
        v.CALL,
        {
            v.FUNCTION: f"{VIEW}.{name}",
            v.ARGUMENTS: {"self": Instance(view, {"request": request})},
            v.RETURN: returned,
            v.FILE: "/srv/shop/views.py",
        },
    )


def of_class(recorded: Trace, **actions: str) -> Trace:
    told = encoded({v.VIEW_OPTIONS: [{}, actions]})
    return replace(recorded, request=replace(recorded.request, attributes={**recorded.request.attributes, **told, v.VIEW_OWN: True}))


def unit(*happened: Happening, **actions: str) -> list[str]:
    text = generated([of_class(trace(*happened, view=VIEW, path="/tags/"), **actions)], level="unit", function="*.get_queryset").source
    return [line.strip() for line in text.partition("def test_")[2].splitlines() if line.strip()][4:]


IN_BOTH = ["self.assertIn(self.open_, result)", "self.assertIn(self.shut, result)"]
MADE = ['request = RequestFactory().get("/tags/")', "view = TagList()", "view.setup(request)"]
CASES: dict[str, tuple[list[Happening], list[str]]] = {
    "read next": ([call(), read("shop.Tag", *TAGS)], IN_BOTH),
    "counted first": ([call(), counted("shop.Tag", 2), read("shop.Tag", *TAGS)], IN_BOTH),
    "others read first": ([call(), read("shop.Author", {"id": 9, "name": "Jane"}), read("shop.Tag", *TAGS)], IN_BOTH),
}


@pytest.mark.parametrize(("happened", "expected"), CASES.values(), ids=list(CASES))
def test_the_rows_that_were_read_next_are_in_it(happened: list[Happening], expected: list[str]) -> None:
    assert unit(*happened) == [*MADE, "result = view.get_queryset()", *expected]


def test_a_view_of_rest_framework_gets_its_own_request() -> None:
    assert unit(call(Opaque("rest_framework.request.Request")), read("shop.Tag", *TAGS), get="list") == [
        *MADE,
        'view.action_map = {"get": "list"}',
        "view.request = view.initialize_request(request)",
        "view.format_kwarg = None",
        "result = view.get_queryset()",
        *IN_BOTH,
    ]


NOTHING: dict[str, tuple[list[Happening], str]] = {
    "nothing was read": ([call()], "nothing was read of what it selects"),
    "read before": ([read("shop.Tag", *TAGS), call()], "nothing was read of what it selects"),
    "read by another function": (
        [call(), call(name="told"), replace(read("shop.Tag", *TAGS), parent=3)], "nothing was read of what it selects",
    ),
    "of another view": ([call(view="shop.views.Other"), read("shop.Tag", *TAGS)], "its result was not recorded by value: QuerySet"),
}  # fmt: skip


@pytest.mark.parametrize(("happened", "why"), NOTHING.values(), ids=list(NOTHING))
def test_it_is_said_why_there_is_none(happened: list[Happening], why: str) -> None:
    with pytest.raises(NotAtLevel) as refused:
        unit(*happened)

    assert why in str(refused.value)
