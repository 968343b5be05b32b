"""What the arrange part says of rows that cannot simply be made one after the other, and which kind of test case the request needs."""

import pytest
from unspan_inverter.events import StatementFailed, events
from unspan_inverter.generate import planned
from unspan_proto import vocabulary as v

from .making import Happening, insert, read, source, sql, trace

NOVEL = {"id": 5, "title": "Emma", "book_ptr_id": 5, "genre": "comedy"}
REFUSED = insert("shop.Tag", {"slug": "a"}, clash=True, **{v.UNDONE_APART: False})
CASES = {
    "a row that comes later is pointed to when it is there": (
        (read("shop.Book", {"id": 1, "title": "Emma", "sequel_id": 2}, {"id": 2, "title": "Emma II", "sequel_id": None}),),
        """
        cls.emma = Book.objects.create(title="Emma")
        cls.emma_ii = Book.objects.create(title="Emma II")
        Book.objects.filter(pk=cls.emma.pk).update(sequel=cls.emma_ii)
        """,
    ),
    "a row points to itself": (
        (read("shop.Book", {"id": 1, "title": "Emma", "sequel_id": 1}, {"id": 2, "title": "Persuasion", "sequel_id": None}),),
        """
        cls.emma = Book.objects.create(title="Emma")
        Book.objects.filter(pk=cls.emma.pk).update(sequel=cls.emma)
        Book.objects.create(title="Persuasion")
        """,
    ),
    "automatic keys grow as they did": (
        (read("shop.Book", {"id": 1, "title": "Emma", "author_id": 8}), read("shop.Author", {"id": 8, "name": "Jane"}, {"id": 7, "name": "Anne"})),
        """
        Author.objects.create(name="Anne")
        cls.jane = Author.objects.create(name="Jane")
        Book.objects.create(title="Emma", author=cls.jane)
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows_are_made_so_that_they_point_to_each_other(name: str) -> None:
    happened, expected = CASES[name]
    lines = [line.strip().replace("cls.", "") for line in source(trace(*happened)).splitlines()]
    wanted = [line.strip().replace("cls.", "") for line in expected.strip().splitlines()]
    made = [line for line in lines if ".objects." in line]
    assert [line.partition(" = ")[2] if " = Book" in line or " = Author" in line else line for line in made] == [
        line.partition(" = ")[2] if " = Book" in line or " = Author" in line else line for line in wanted
    ]


REAL = {
    "a refusal without a block around it": (REFUSED, True),
    "a refusal that a savepoint undoes": (insert("shop.Tag", {"slug": "a"}, clash=True, **{v.UNDONE_APART: True}), False),
    "a refusal of an older recorder": (insert("shop.Tag", {"slug": "a"}, clash=True), False),
    "a refused COMMIT": (sql("COMMIT", failed=True, **{v.UNDONE_APART: False}), True),
    "none": (insert("shop.Tag", {"slug": "a"}), False),
}


@pytest.mark.parametrize("name", REAL)
def test_what_the_database_refuses_outside_of_a_savepoint_needs_real_transactions(name: str) -> None:
    happened, real = REAL[name]
    assert planned(trace(happened)).transactions is real


def test_a_refused_statement_is_told() -> None:
    happened: Happening = REFUSED
    assert events(trace(happened))[0] == StatementFailed("0000000000000002", "default", "INSERT", False)
