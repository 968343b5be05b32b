"""Middleware that loads what the view finds in its process: which it is, and that the view's test goes through it."""

from typing import Any

import pytest
from inverter.core.making import PROJECT, read, sql, trace
from unspan_inverter.events import exchange
from unspan_inverter.events.asking import Asked, asked_before
from unspan_inverter.facts.loading import loading
from unspan_inverter.generate import generated
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef

CONFIG, LAST = "library.middleware.Config", "library.middleware.last_of_all"
CASES: dict[str, tuple[list[Asked], dict[str, object], tuple[str, ...]]] = {
    "it reads rows": ([Asked(CONFIG, frozenset({"shop.Tag"}), ("name",), False)], {}, (CONFIG,)),
    "it asks no model": ([Asked(CONFIG, frozenset({""}), (), False)], {}, (CONFIG,)),
    "two read": ([Asked(CONFIG, frozenset({"shop.Tag"}), (), False), Asked(LAST, frozenset({"shop.Book"}), (), False)], {}, (CONFIG, LAST)),
    "it writes": ([Asked(CONFIG, frozenset({"shop.Tag"}), (), True)], {}, ()),
    "it reads who asks": ([Asked(CONFIG, frozenset({"sessions.Session", "auth.User"}), (), False)], {}, ()),
    "it reads what is the user's": ([Asked(CONFIG, frozenset({"shop.Loan"}), (7,), False)], {}, ()),
    "it puts a row into the request": ([Asked(CONFIG, frozenset({"shop.Tag"}), (), False)], {"tag": ModelRef("shop.Tag", 1)}, ()),
    "it puts another row there": ([Asked(CONFIG, frozenset({"shop.Tag"}), (), False)], {"book": ModelRef("shop.Book", 1)}, (CONFIG,)),
    "no name leads to it": ([Asked("library.<locals>.middleware", frozenset({"shop.Tag"}), (), False)], {}, ()),
}


@pytest.mark.parametrize(("asked", "attributes", "expected"), CASES.values(), ids=list(CASES))
def test_what_is_not_the_request_s_is_the_process_s(asked: list[Asked], attributes: dict[str, object], expected: tuple[str, ...]) -> None:
    request = exchange(trace(user=ModelRef("auth.User", 7, {"id": 7, "username": "ada"})))

    assert loading(asked, request, attributes, PROJECT) == expected


IN: dict[str, Any] = {v.SQL_MIDDLEWARE: CONFIG}
ELSEWHERE: dict[str, Any] = {v.SQL_MIDDLEWARE: LAST}
TAG = {"id": 3, "slug": "open"}


def test_what_middleware_asked_is_told_by_its_statements() -> None:
    asked = trace(
        read("shop.Tag", TAG, where='"shop_tag"."slug" = %s', parameters=("open",), **IN),
        sql("SELECT 1", (2,), **IN),
        sql("UPDATE shop_tag SET slug = slug", **ELSEWHERE),
        read("shop.Book", {"id": 1}),
    )

    assert asked_before(asked) == (
        Asked(CONFIG, frozenset({"shop.Tag", ""}), ("open", 2), False),
        Asked(LAST, frozenset({""}), (), True),
    )


def test_the_view_is_called_when_middleware_has_loaded() -> None:
    text = generated([trace(read("shop.Tag", TAG, **IN), view="shop.views.BookList")], level="view").source

    assert text.partition("def test_")[2].splitlines()[6:] == [
        '        request = RequestFactory().get("/books/")',
        "        # it loads what the view finds in its process",
        "        Config(lambda request: HttpResponse())(request)",
        "",
        "        response = BookList.as_view()(request)",
        "",
        "        self.assertEqual(response.status_code, 200)",
        '        self.assertEqual(response.content, b"")',
    ]
    assert 'Tag.objects.create(slug="open")' in text
