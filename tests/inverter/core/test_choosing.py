"""The fewest traces that take every recorded branch: whole choices compared."""

from dataclasses import replace

import pytest
from unspan_inverter.choosing import Choice
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v

from .making import Happening, counted, mail, read, trace

HOME, LIST, EDIT = (Happening(v.CALL, {v.FUNCTION: name}) for name in ("shop.views.home", "shop.views.list", "shop.views.edit"))
EMMA, BELOVED = read("shop.Book", {"id": 1, "title": "Emma"}), read("shop.Book", {"id": 2, "title": "Beloved"}, {"id": 3, "title": "Jazz"})

CHOICES = {
    "none": ([], []),
    "one": ([trace(HOME)], [0]),
    "the same twice": ([trace(HOME), trace(HOME)], [0]),
    "other rows": ([trace(EMMA), trace(BELOVED)], [0]),
    "another statement": ([trace(EMMA), trace(counted("shop.Book", 2))], [0, 1]),
    "another status": ([trace(HOME), trace(HOME, status=404)], [0, 1]),
    "another view": ([trace(HOME), trace(HOME, view="shop.views.home")], [0, 1]),
    "one that does all": ([trace(HOME), trace(LIST), trace(HOME, LIST, EDIT)], [2]),
    "two that do all": ([trace(HOME), trace(HOME, LIST), trace(EDIT)], [1, 2]),
    "mail": ([trace(HOME, LIST), trace(HOME, mail(subject="A"))], [0, 1]),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_chosen(name: str) -> None:
    given, expected = CHOICES[name]

    assert sorted(taken(given)) == expected


def taken(given: list[Trace]) -> list[int]:
    choice = Choice()
    for number, one in enumerate(given):
        choice.add(replace(one, id=str(number)))
    found = list[int]()
    while (best := choice.take()) is not None:
        choice.cover(best[0])
        found.append(int(best[1]))
    return found
