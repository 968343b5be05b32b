"""New rows are fetched in an order in which nothing speaks of a row that the test has not got."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.generate import generated
from unspan_proto import vocabulary as v

from .making import BOOK, LOAN, PROJECT, TAG, Happening, blocks, field, foreign_key, insert, model, read, trace, update

SHELF = model("shop.Shelf", foreign_key("best", "shop.Label", unique=True, null=True))
LABEL = model("shop.Label", field("text", "CharField", max_length=40, blank=True), foreign_key("shelf", "shop.Shelf", null=True))
COPY = model("shop.Copy", field("shelfmark", "IntegerField", db_default=True), field("weight", "FloatField"))
MODELS = replace(PROJECT, models=(BOOK, TAG, LOAN, SHELF, LABEL, COPY))
SHELVED = (insert("shop.Shelf", {"id": 1, "best_id": None}), update("shop.Shelf", {"best_id": 1}, [1]))
LIBRARY = "lib/site-packages/slugs.py"
LOANED = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        pytest.param(
            (SHELVED[0], insert("shop.Label", {"id": 1, "text": "Crime", "shelf_id": 1}), SHELVED[1]),
            (
                'label = Label.objects.get(text="Crime")',
                "shelf = Shelf.objects.get(best=label)",
                "self.assertEqual(label.shelf, shelf)",
            ),
            id="the one that is told apart by itself comes first",
        ),
        pytest.param(
            (SHELVED[0], insert("shop.Label", {"id": 1, "text": "", "shelf_id": 1}), SHELVED[1]),
            ("label = Label.objects.get()", "shelf = Shelf.objects.get(best=label)", "self.assertEqual(label.shelf, shelf)"),
            id="two that are told apart by each other",
        ),
        pytest.param(
            (
                insert("shop.Book", {"id": 1, "title": "Emma"}, {"id": 2, "title": "Emma"}),
                insert("shop.Loan", {"id": LOANED, "book_id": 1, "number": 4, "note": "soon"}),
            ),
            (
                'self.assertEqual(Book.objects.filter(title="Emma").count(), 2)',
                'loan = Loan.objects.get(note="soon")',
                "self.assertEqual(loan.number, 4)",
            ),
            id="of rows that are only counted nothing speaks",
        ),
        pytest.param(
            (read("shop.Copy", {"id": 9, "shelfmark": 24, "weight": 1.5}), insert("shop.Copy", {"shelfmark": 24, "weight": 2.5})),
            ("self.assertEqual(Copy.objects.filter(shelfmark=24).count(), 2)",),
            id="one beside another that is alike is counted",
        ),
        pytest.param(
            (read("shop.Copy", {"id": 9, "weight": 1.5}), insert("shop.Copy", {"shelfmark": 24, "weight": 2.5})),
            ("self.assertTrue(Copy.objects.filter(shelfmark=24).exists())",),
            id="one beside another of which the database may have made the like is not counted",
        ),
    ],
)
def test_new_rows_are_fetched_before_they_are_spoken_of(happened: tuple[Happening, ...], expected: tuple[str, ...]) -> None:
    done: Any = generated([trace(*happened, project=MODELS, method="POST", status=204)], style="django", allow_gaps=False)
    asserted = [line.strip() for line in blocks(done.source)[-1].splitlines()]
    assert asserted == ["self.assertEqual(response.status_code, 204)", *expected]


@pytest.mark.parametrize(
    ("file", "title", "expected"),
    [
        pytest.param(LIBRARY, "emma-izwaueux", "Book.objects.filter(price=4).exists()", id="a library, into the text"),
        pytest.param(LIBRARY, "emma-revisited", 'Book.objects.get(title="emma-revisited")', id="a library, not into the text"),
        pytest.param(
            "/srv/mysite/slugs.py", "emma-izwaueux", 'Book.objects.get(title="emma-izwaueux")', id="the project, which gets it again"
        ),
    ],
)
def test_a_new_row_is_not_looked_up_by_what_chance_gave(file: str, title: str, expected: str) -> None:
    asked = {v.FUNCTION: "slugs.suffix", v.LOOKED_UP: "slugs.choices", v.FILE: file}
    letters = Happening(v.TAPE, {v.SOURCE: "random.choices", v.VALUE: list("izwaueux"), **asked})
    done: Any = generated([trace(letters, insert("shop.Book", {"id": 1, "title": title, "price": 4}))], style="django", allow_gaps=False)
    assert expected in done.source
