"""What databases say when they refuse a row: the columns that ran into another, as SQLite, PostgreSQL, MySQL and MariaDB name them."""

from dataclasses import replace

import pytest
from unspan_inverter.facts.refusals import shared
from unspan_proto.project import Constraint

from .making import LOAN, TAG

NAMED = replace(LOAN, constraints=(*LOAN.constraints, Constraint("unique", "", ("number", "note"))))
ROW = {"book_id": 5, "number": 1, "note": "x-y"}
SAID: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "sqlite": ("UNIQUE constraint failed: shop_loan.book_id, shop_loan.number", ("book_id", "number")),
    "sqlite-key": ("UNIQUE constraint failed: shop_loan.id", ("id",)),
    "sqlite-expression": ("UNIQUE constraint failed: index 'lowered'", None),
    "sqlite-parent": ("FOREIGN KEY constraint failed", ()),
    "sqlite-null": ("NOT NULL constraint failed: shop_loan.number", ()),
    "postgresql": ('duplicate key value violates unique constraint "one_number"\nDETAIL:  Key (book_id, number)=(5, 1) already exists.', ("book_id", "number")),
    "postgresql-in-german": ('DETAIL:  Schlüssel »(book_id, number)=(5, 1)« existiert bereits.', ("book_id", "number")),
    "postgresql-expression": ("DETAIL:  Key (lower(note::text))=(x) already exists.", None),
    "postgresql-parent": ('violates foreign key constraint "x"\nDETAIL:  Key (book_id)=(5) is not present in table "shop_book".', ()),
    "postgresql-null": ('null value in column "number" of relation "shop_loan" violates not-null constraint\nDETAIL:  Failing row contains (1, null).', ()),
    "mysql-key": ("1062, Duplicate entry '9' for key 'shop_loan.PRIMARY'", ("id",)),
    "mariadb-constraint": ("1062, Duplicate entry '5-1' for key 'one_number'", ("book_id", "number")),
    "mysql-column": ("1062, Duplicate entry '1' for key 'shop_loan.number'", ("number",)),
    "mysql-digest": ("1062, Duplicate entry '1-x-y' for key 'shop_loan_number_note_2f0a_uniq'", ("number", "note")),
    "mysql-unknown": ("1062, Duplicate entry 'z' for key 'lowered'", None),
    "mysql-parent": ("1452, Cannot add or update a child row: a foreign key constraint fails (`shop`.`shop_loan`, CONSTRAINT `x`)", ()),
    "nothing": ("", None),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_the_columns_that_ran_into_another_row(name: str) -> None:
    message, columns = SAID[name]
    assert shared(message, NAMED, [ROW]) == columns


def test_a_column_that_is_unique_by_itself() -> None:
    assert shared("1062, Duplicate entry 'a' for key 'shop_tag_slug_7a31_uniq'", TAG, [{"slug": "a"}]) == ("slug",)
