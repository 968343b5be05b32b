"""Delta debugging: what is needed stays and everything else goes, whatever it is that is needed."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_inverter.proving.minimising import minimised
from unspan_inverter.proving.removable import places, without

ROWS = 12


def source(rows: int = ROWS) -> str:
    lines = [f"    Book.objects.create(title='t{n}', pages={n})\n" for n in range(rows)]
    return "def test_list(client):\n" + "".join(lines) + "    client.get('/')\n"


def needing(needed: frozenset[str]):
    """A test that fails without any of these texts, or where Python cannot read it."""

    def holds(text: str) -> bool:
        ast.parse(text)
        return all(one in text for one in needed)

    return holds


def always() -> bool:
    return True


NEEDED = {
    "nothing": (frozenset[str](), "def test_list(client):\n    client.get('/')\n"),
    "a row": (frozenset({"create(title='t5'"}), "def test_list(client):\n    Book.objects.create(title='t5', )\n    client.get('/')\n"),
    "a field of one and a field of another": (
        frozenset({"pages=0", "'t11'"}),
        "def test_list(client):\n    Book.objects.create(pages=0)\n    Book.objects.create(title='t11', )\n    client.get('/')\n",
    ),
    "everything": (frozenset(f"create(title='t{n}', pages={n})" for n in range(ROWS)), source()),
}


@pytest.mark.parametrize("name", NEEDED)
def test_the_smallest_is_what_is_needed(name: str) -> None:
    needed, expected = NEEDED[name]

    found = minimised(source(), needing(needed), always)

    assert (found.source, found.whole) == (expected, True)


@given(st.frozensets(st.one_of(st.integers(0, ROWS - 1).map("'t{}'".format), st.integers(0, ROWS - 1).map("pages={})".format))))
def test_nothing_can_be_left_out_of_what_is_found(needed: frozenset[str]) -> None:
    holds = needing(needed)

    found = minimised(source(), holds, always)

    assert holds(found.source)
    assert [found.source[one.start : one.end] for one in places(found.source) if holds(without(found.source, [one]))] == []


def test_many_rows_take_few_tries() -> None:
    """Halves first: one row of 64 is found in far fewer tries than there are lines."""
    found = minimised(source(64), needing(frozenset({"create(title='t40'", "pages=40"})), always)

    assert len(places(source(64))) == 192
    assert found.tried < 40


def test_without_time_it_is_as_small_as_it_got_and_says_so() -> None:
    tries = iter([True] * 3 + [False] * 100)

    found = minimised(source(), needing(frozenset({"'t0'"})), lambda: next(tries))

    assert (found.whole, found.tried, len(found.removed) > 0, "'t0'" in found.source) == (False, 3, True, True)


def test_how_far_it_is_is_told() -> None:
    told: list[tuple[int, int]] = []

    minimised(source(), needing(frozenset({"pages=3"})), always, lambda text, done, of: told.append((done, of)))

    assert told == sorted(told)
    assert {of for _, of in told} == {3 * ROWS}
    assert max(done for done, _ in told) <= 3 * ROWS
