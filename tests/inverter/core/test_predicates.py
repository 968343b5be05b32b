"""Conditions of a statement: read from SQL, held against rows, satisfied and broken."""

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_inverter.facts.predicates import Condition, Either, breaking, holds, liked, named, placeholders, satisfying, where

C = Condition
TABLE: dict[str, tuple[str, tuple[Any, ...], Any]] = {
    "none": ("SELECT * FROM t", (), ()),
    "equal": ('SELECT * FROM "t" WHERE "t"."a" = %s', (5,), (C("a", "=", 5),)),
    "several": ('SELECT * FROM "t" WHERE ("t"."a" = %s AND "t"."b" >= %s)', (5, "x"), (C("a", "=", 5), C("b", ">=", "x"))),
    "bare-boolean": ('SELECT * FROM "t" WHERE "t"."a"', (), (C("a", "=", True),)),
    "not-boolean": ('SELECT * FROM "t" WHERE NOT "t"."a"', (), (C("a", "=", True, no=True),)),
    "not-and": ('SELECT * FROM "t" WHERE NOT ("a" = 1 AND "b" = 2)', (), (Either(((C("a", "=", 1, no=True),), (C("b", "=", 2, no=True),))),)),
    "or": ('SELECT * FROM "t" WHERE ("a" = %s OR "b" IS NULL)', (1,), (Either(((C("a", "=", 1),), (C("b", "null", None),))),)),
    "not-null": ('SELECT * FROM "t" WHERE "a" IS NOT NULL', (), (C("a", "null", None, no=True),)),
    "in": ('SELECT * FROM "t" WHERE "a" IN (%s, %s)', (1, 2), (C("a", "in", [1, 2]),)),
    "not-in": ('SELECT * FROM "t" WHERE NOT ("a" IN (%s))', (1,), (C("a", "in", [1], no=True),)),
    "like": ("SELECT * FROM \"t\" WHERE \"a\" LIKE %s ESCAPE '\\'", ("%x%",), (C("a", "like", "%x%"),)),
    "literals": ("SELECT * FROM t WHERE a = 'x' AND b = 1.5 AND c = 1e3 AND d = TRUE", (), (C("a", "=", "x"), C("b", "=", 1.5), C("c", "=", 1000.0), C("d", "=", True))),
    "update": ('UPDATE "t" SET "b" = %s WHERE "t"."a" = %s', ("new", 5), (C("a", "=", 5),)),
    "delete": ('DELETE FROM "t" WHERE "a" < %s', (5,), (C("a", "<", 5),)),
    "percent-in-a-format": ("SELECT DATE_FORMAT(a, '%%H:%%i:%%s') FROM t WHERE b = %s", (5,), (C("b", "=", 5),)),
    "join": ('SELECT * FROM "t" INNER JOIN "u" ON ("t"."a" = "u"."b") WHERE "t"."a" = %s', (5,), None),
    "subquery": ('SELECT * FROM "t" WHERE "a" IN (SELECT "b" FROM "u")', (), None),
    "distinct": ('SELECT DISTINCT "a" FROM "t" WHERE "a" = %s', (5,), None),
    "group": ('SELECT "a" FROM "t" WHERE "a" = %s GROUP BY "a"', (5,), None),
    "function": ('SELECT * FROM "t" WHERE LOWER("a") = %s', ("x",), None),
    "two-columns": ('SELECT * FROM "t" WHERE "a" = "b"', (), None),
    "too-few-parameters": ('SELECT * FROM "t" WHERE "a" = %s', (), None),
    "no-sql": ("; import os", (), None),
    "empty": ("", (), None),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_conditions_are_read(name: str) -> None:
    statement, parameters, expected = TABLE[name]
    assert where(statement, parameters) == expected


def test_backticks_are_mysql_s_quotes() -> None:
    assert where("SELECT * FROM `t` WHERE `t`.`a` = %s", (5,), "mysql") == (C("a", "=", 5),)


@pytest.mark.parametrize("system", ["sqlite", "postgresql", "mariadb"])
def test_not_null_is_the_negation_of_null(system: str) -> None:
    quote = "`" if system == "mariadb" else '"'
    text = f"SELECT * FROM t WHERE {quote}a{quote} IS NOT NULL AND NOT ({quote}b{quote} IS NOT NULL)"
    assert where(text, (), system) == (C("a", "null", None, True), C("b", "null", None))


def test_mysql_s_word_for_bytes_goes_with_them() -> None:
    assert where("UPDATE `t` SET `b` = _binary %s WHERE `t`.`a` = _binary %s", (b"1", b"2"), "mysql") == (C("a", "=", b"2"),)


def test_a_question_mark_is_postgresql_s_operator() -> None:
    assert where('SELECT * FROM "t" WHERE "a" ? %s', ("k",), "postgresql") is None


@given(st.text(max_size=30), st.lists(st.integers() | st.text(max_size=5), max_size=3))
def test_any_text_is_conditions_or_none(text: str, parameters: list[Any]) -> None:
    for statement in (text, f"SELECT * FROM t WHERE {text}"):
        found = where(statement, tuple(parameters))
        assert found is None or all(isinstance(one, (Condition, Either)) for one in found)


def test_placeholders_are_counted_past_percent_signs() -> None:
    text = "a = %s AND b = '%%s' AND c LIKE '%%' AND d = %s"
    assert named(text) == "a = :p0 AND b = '%s' AND c LIKE '%' AND d = :p1"
    assert placeholders(text) == 2


AT = datetime(2020, 1, 2, 3, tzinfo=timezone.utc)
HELD: dict[str, tuple[Condition, Any, bool]] = {
    "equal": (C("a", "=", 5), 5, True),
    "other": (C("a", "=", 5), 6, False),
    "null-is-never-equal": (C("a", "=", None), None, False),
    "null-is-never-unequal": (C("a", "=", 5, no=True), None, False),
    "unequal": (C("a", "!=", 5), 6, True),
    "true-as-one": (C("a", "=", 1), True, True),
    "uuid-as-text": (C("a", "=", UUID(int=5).hex), UUID(int=5), True),
    "decimal-as-text": (C("a", "=", "1.50"), Decimal("1.50"), True),
    "moment-as-text": (C("a", "<=", "2020-01-02 03:00:00"), AT, True),
    "moment-after-text": (C("a", "<", "2020-01-02 03:00:00"), AT, False),
    "day": (C("a", ">", date(2020, 1, 1)), date(2020, 1, 2), True),
    "in": (C("a", "in", [1, 2]), 2, True),
    "not-in": (C("a", "in", [1, 2], no=True), 3, True),
    "null": (C("a", "null", None), None, True),
    "not-null": (C("a", "null", None, no=True), None, False),
    "greater": (C("a", ">", 5), 6, True),
    "other-kinds": (C("a", ">", 5), "x", False),
    "like": (C("a", "like", "%mm%"), "Emma", True),
    "like-start": (C("a", "like", "em%"), "Emma", True),
    "like-escaped": (C("a", "like", "5\\%"), "5%", True),
    "like-escaped-other": (C("a", "like", "5\\%"), "50", False),
    "like-one": (C("a", "like", "Em_a"), "Emma", True),
    "like-newline": (C("a", "like", "a%b"), "a\nb", True),
}


@pytest.mark.parametrize("name", HELD)
def test_a_row_satisfies_a_condition_or_not(name: str) -> None:
    condition, value, expected = HELD[name]
    assert holds((condition,), {"a": value}) is expected


def test_a_column_that_is_not_known_satisfies_nothing() -> None:
    assert not holds((C("a", "=", 5, no=True),), {})
    assert holds((), {})


def test_one_of_several_is_enough() -> None:
    either = (Either(((C("a", "=", 1),), (C("b", "=", 2),))),)
    assert holds(either, {"a": 1})
    assert holds(either, {"b": 2})
    assert not holds(either, {"a": 2, "b": 1})


@given(st.text("ab%_\\", max_size=6), st.text("ab%_", max_size=6))
def test_like_is_what_a_pattern_says(pattern: str, text: str) -> None:
    def matches(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "%":
            return any(matches(p[1:], t[n:]) for n in range(len(t) + 1))
        if p[0] == "\\" and len(p) > 1:
            return bool(t) and t[0] == p[1] and matches(p[2:], t[1:])
        return bool(t) and p[0] in ("_", t[0]) and matches(p[1:], t[1:])

    assert (liked(pattern).fullmatch(text) is not None) is matches(pattern, text)


SATISFIED: dict[str, tuple[tuple[Any, ...], Any]] = {
    "nothing": ((), {}),
    "equal": ((C("a", "=", 5), C("b", "null", None)), {"a": 5, "b": None}),
    "in": ((C("a", "in", [7, 8]),), {"a": 7}),
    "in-nothing": ((C("a", "in", []),), None),
    "like": ((C("a", "like", "%50%"),), {"a": "50"}),
    "not-boolean": ((C("a", "=", True, no=True),), {"a": False}),
    "less": ((C("a", "<", 5),), {"a": 4}),
    "from": ((C("a", ">=", 5),), {"a": 5}),
    "contradiction": ((C("a", "=", 5), C("a", "=", 6)), None),
    "excluded": ((C("a", "=", 5), C("a", "in", [5], no=True)), None),
}


@pytest.mark.parametrize("name", SATISFIED)
def test_values_that_satisfy_are_found(name: str) -> None:
    conditions, expected = SATISFIED[name]
    assert satisfying(conditions) == expected


simple = st.builds(C, st.sampled_from("ab"), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(-3, 3), st.booleans())


@given(st.lists(simple | st.builds(C, st.sampled_from("ab"), st.just("in"), st.lists(st.integers(-3, 3)), st.booleans()), max_size=3))
def test_what_satisfies_holds(conditions: list[Condition]) -> None:
    """Of the columns that are given a value; for a condition that any other value keeps, none is made up."""
    values = satisfying(tuple(conditions))
    if values is not None:
        row = {name: value for name, value in values.items() if isinstance(value, int)}
        assert all(holds((one,), row) for one in conditions if one.column in row)


@pytest.mark.parametrize(
    ("conditions", "keep", "expected"),
    [
        ((C("a", "=", True),), {}, {"a": False}),
        ((C("a", "=", True, no=True),), {}, {"a": True}),
        ((C("a", "=", 5),), {}, {"a": 6}),
        ((C("a", "=", "x"),), {}, {"a": "not x"}),
        ((C("a", "=", 5), C("b", "=", 6)), {"a": 5}, {"b": 7}),
        ((C("a", "=", 5),), {"a": 5}, None),
        ((C("a", "<", 5),), {}, {"a": 5}),
        ((C("a", "<=", 5),), {}, {"a": 6}),
        ((C("a", ">", "2014-06-07"),), {}, {"a": "2014-06-07"}),
        ((C("a", "in", (1, 2)),), {}, None),
    ],
)
def test_a_value_that_breaks_one_condition_is_found(conditions: tuple[Condition, ...], keep: dict[str, Any], expected: Any) -> None:
    found = breaking(conditions, keep)
    assert found == expected
    assert found is None or not holds(conditions, {**keep, **found})
