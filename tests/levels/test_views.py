"""What stands around the call of a view where a server, middleware or the test client would have seen to it."""

from dataclasses import replace
from typing import Any

import pytest
from inverter.core.making import PROJECT, Happening, read, trace
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.project import Project

ATOMIC = replace(PROJECT, databases={"default": {**PROJECT.databases["default"], "atomic_requests": True}})
TWO = replace(ATOMIC, databases={"default": PROJECT.databases["default"], "books": ATOMIC.databases["default"]})
TAG = read("shop.Tag", {"id": 3, "slug": "open"})
AROUND: dict[str, tuple[Project, list[Happening], int, bool]] = {
    "it failed": (ATOMIC, [TAG], 404, True),
    "it succeeded": (ATOMIC, [TAG], 200, False),
    "no transactions around requests": (PROJECT, [TAG], 404, False),
    "it asked no database": (ATOMIC, [], 404, False),
}


def of_view(recorded: Trace, **attributes: Any) -> str:
    request = replace(recorded.request, attributes={**recorded.request.attributes, **attributes})
    return generated([replace(recorded, request=request)], level="view").source


@pytest.mark.parametrize(("project", "happened", "status", "expected"), AROUND.values(), ids=list(AROUND))
def test_a_transaction_that_a_failed_view_may_roll_back_is_its_own(
    project: Project, happened: list[Happening], status: int, expected: bool
) -> None:
    text = of_view(trace(*happened, project=project, view="shop.views.BookList", status=status))

    assert ("        with transaction.atomic():\n            response = BookList.as_view()(request)\n" in text) is expected
    assert ("atomic" in text) is expected


def test_it_is_one_of_the_database_that_has_them() -> None:
    assert 'with transaction.atomic(using="books"):' in of_view(trace(TAG, project=TWO, view="shop.views.BookList", status=404))


@pytest.mark.parametrize(("said", "expected"), [({v.CSRF_WITHIN: True}, True), ({}, False)], ids=["asked", "not asked"])
def test_the_check_of_forms_that_a_view_asks_for_itself_is_passed(said: dict[str, Any], expected: bool) -> None:
    text = of_view(trace(view="shop.views.BookList", method="POST"), **said)

    assert ("        request._dont_enforce_csrf_checks = True\n" in text) is expected
