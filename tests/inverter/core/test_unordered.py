"""Answers whose order the database chose: the test sorts both sides, and only where the query leaves it open."""

from typing import Any

import pytest
from unspan_inverter.events import events
from unspan_inverter.facts import Key, Loose
from unspan_inverter.facts.loose import results
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Do, Import, Item, Name, call, method
from unspan_inverter.plan.unordered import NOTE, compared, shows_several
from unspan_proto import vocabulary as v

from .making import PROJECT, read, trace

EMMA, ADA, ZOE = {"id": 1, "title": "Emma", "price": 5}, {"id": 2, "title": "Ada", "price": 5}, {"id": 3, "title": "Zoe", "price": 7}
PLACES = {Key("shop.Book", key): key for key in (1, 2, 3)}
RESULTS: dict[str, tuple[list[dict[str, Any]], str, str, list[tuple[int, ...]]]] = {
    "as-they-were-put-in": ([EMMA, ADA, ZOE], "", "postgresql", []),
    "otherwise": ([ADA, EMMA, ZOE], "", "postgresql", [(0, 0, 0)]),
    "by-a-column": ([ADA, EMMA, ZOE], ' ORDER BY "shop_book"."price" ASC', "postgresql", [(0, 0, 1)]),
    "by-two-columns": ([ADA, EMMA, ZOE], ' ORDER BY "shop_book"."price" ASC, "shop_book"."title" ASC', "postgresql", []),
    "by-the-place-of-a-column": ([ADA, EMMA, ZOE], " ORDER BY 3", "mariadb", [(0, 0, 1)]),
    "told-apart": ([ZOE, EMMA, ADA], ' ORDER BY "shop_book"."price" DESC', "postgresql", []),
    "by-what-is-not-shown": ([ADA, EMMA, ZOE], " ORDER BY LENGTH(title)", "postgresql", []),
    "not-to-be-read": ([ADA, EMMA, ZOE], " ORDER BY ((", "postgresql", []),
    "sqlite-goes-through-tables": ([ADA, EMMA, ZOE], "", "sqlite", []),
    "one-row-twice": ([ADA, EMMA, ADA], "", "postgresql", []),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_results_whose_order_the_database_chose(name: str) -> None:
    rows, order, system, groups = RESULTS[name]
    made = read("shop.Book", *rows)
    statement = f"{made.attributes[v.STATEMENT]}{order}"
    found = events(trace(read("shop.Book", *rows, **{v.STATEMENT: statement, v.SYSTEM: system})))
    assert [one.groups for one in results(found, PLACES, PROJECT)] == groups


DOCUMENT = Name("document")
LOOSE = (Loose(((2, "Ada", 5), (1, "Emma", 5), (3, "Zoe", 7)), (0, 0, 1)),)
ANSWER = method(Name("response"), "json")


def sorting(place: Any, key: Any = None, note: str = NOTE) -> Do:
    return Do(Call(Attr(place, "sort"), (), () if key is None else (("key", call(Import("operator", "itemgetter"), key)),)), note)


DOCUMENTS: dict[str, tuple[Any, list[Any], Any]] = {
    "objects": (
        {"books": [{"title": "Zed", "of": "Ada"}, {"title": "Also", "of": "Emma"}]}, [sorting(Item(DOCUMENT, "books"), "title")],
        {"books": [{"title": "Also", "of": "Emma"}, {"title": "Zed", "of": "Ada"}]},
    ),
    "lists": ([["Emma", None], ["Ada", 1]][::-1], [sorting(DOCUMENT, 0)], [["Ada", 1], ["Emma", None]]),
    "texts": (["Ada", "Emma"], [sorting(DOCUMENT)], ["Ada", "Emma"]),
    "sorted-by-the-application": (["Emma", "Ada"], [], ["Emma", "Ada"]),
    "told-apart": (["Emma", "Zoe"], [], ["Emma", "Zoe"]),
    "of-other-rows": (["Ada", "Bea"], [], ["Ada", "Bea"]),
    "nothing-to-sort-by": ([{"of": ["Ada"]}, {"of": ["Emma"]}], [], [{"of": ["Ada"]}, {"of": ["Emma"]}]),
    "one-in-another": (
        [{"title": "Zed", "of": "Ada", "same": ["Ada", "Emma"]}, {"title": "Also", "of": "Emma", "same": []}],
        [sorting(DOCUMENT, "title"), sorting(Item(Item(DOCUMENT, 1), "same"), note="")],
        [{"title": "Also", "of": "Emma", "same": []}, {"title": "Zed", "of": "Ada", "same": ["Ada", "Emma"]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lists_of_open_order_are_sorted(name: str) -> None:
    found, sorts, expected = DOCUMENTS[name]
    plain = [Check("equal", (ANSWER, found))]
    assert list(compared(found, found, LOOSE, ANSWER)) == (
        [Assign(DOCUMENT, ANSWER), *sorts, Check("equal", (DOCUMENT, expected))] if sorts else plain
    )


def test_keys_that_objects_stand_for_are_not_sorted_by() -> None:
    found, bound = (
        [{"id": 2, "title": "Ada"}, {"id": 1, "title": "Emma"}],
        [{"id": Name("ada"), "title": "Ada"}, {"id": Name("emma"), "title": "Emma"}],
    )
    assert list(compared(found, bound, LOOSE, ANSWER))[1] == sorting(DOCUMENT, "title")


@pytest.mark.parametrize(
    ("text", "open_order"),
    [("Ada, Emma", True), ("Emma, Zoe", False), ("Ada", False), ("nobody", False)],
    ids=["level", "told-apart", "one", "none"],
)
def test_a_text_of_several_rows(text: str, open_order: bool) -> None:
    assert shows_several(text, LOOSE[0]) is open_order
