"""Everything that Django does with a database, on each driver: what the application sees is the same recorded, and each statement is recorded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mariadb import mariadb  # noqa: F401 - a fixture

SCRIPT = Path(__file__).with_name("sql_run.py")
STEPS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ROLLBACK TO", "SET ", "SELECT VERSION", "SELECT @@", "CALL")
"""Statements that Django's wrappers do not see: transaction steps, and what a backend asks of a new connection."""
REFUSED = ("a_wrapper_that_refuses", "a_query_in_a_broken_atomic")
"""Acts with a statement that passes wrappers and never reaches the driver."""
PAST_WRAPPERS = ("the_driver_s_own_cursor", "a_procedure", "a_wrapper_that_rewrites", "the_async_orm")
"""Acts with statements that the test's own wrapper sees otherwise, or not at all."""
Given = dict[str, dict[str, Any]]


def database(driver: str, folder: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Django's settings of a database for a driver."""
    if driver == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
    if driver == "pymysql":
        port = request.getfixturevalue("mariadb")
        return {"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": "shop", "PASSWORD": "shop", "HOST": "127.0.0.1", "PORT": port,
                "OPTIONS": {"client_flag": 0}, "pymysql": True}  # fmt: skip
    port = request.getfixturevalue("postgres")
    subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-qc", f"CREATE DATABASE {driver}"], check=True)
    return {"ENGINE": "django.db.backends.postgresql", "NAME": driver, "USER": "postgres", "HOST": "127.0.0.1", "PORT": port}


@pytest.fixture(scope="module", params=["sqlite", "psycopg", "psycopg2", "pymysql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A database and the driver's circumstances, as the script wants them."""
    wanted = database(request.param, tmp_path_factory.mktemp(request.param), request)
    return [json.dumps(wanted), *(["psycopg"] if request.param == "psycopg2" else [])]


def ran(server: list[str], module: str) -> Given:
    done = subprocess.run([sys.executable, SCRIPT, server[0], module, *server[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def given(server: list[str]) -> Given:
    """What each act gave with a driver, plain and recorded."""
    return ran(server, "sql_acts")


@pytest.fixture(scope="module")
def beside(server: list[str]) -> Given:
    """The same of acts that depend on rows which they do not fetch."""
    return ran(server, "lineage_acts")


def test_the_application_sees_the_same(given: Given) -> None:
    assert {name: act["recorded"] for name, act in given.items()} == {name: act["plain"] for name, act in given.items()}


def test_lineage_changes_nothing_either(given: Given) -> None:
    assert {name: act["beside"] for name, act in given.items()} == {name: act["plain"] for name, act in given.items()}
    assert {name: act["beside_again"] for name, act in given.items()} == {name: act["statements"] for name, act in given.items()}
    assert {name: act["beside_seen"] for name, act in given.items()} == {name: act["seen"] for name, act in given.items()}
    assert {name: act["beside_lost"] for name, act in given.items()} == {name: act["lost"] for name, act in given.items()}


def test_the_same_statements_pass_django_s_wrappers(given: Given) -> None:
    assert {name: act["again"] for name, act in given.items()} == {name: act["statements"] for name, act in given.items()}


def test_every_statement_is_recorded_once(given: Given) -> None:
    def apart(statements: list[str]) -> list[str]:
        return [one for one in statements if not one.startswith(STEPS)]

    plain = {name: act for name, act in given.items() if name not in REFUSED + PAST_WRAPPERS}
    assert {name: apart(act["seen"]) for name, act in plain.items()} == {name: apart(act["statements"]) for name, act in plain.items()}
    assert [len(apart(given[name]["statements"])) - len(apart(given[name]["seen"])) for name in REFUSED] == [1, 1]
    assert [one.split()[0] for one in given["the_driver_s_own_cursor"]["seen"]][-1] == "SELECT"
    assert given["a_wrapper_that_rewrites"]["seen"][-1].endswith(" /* rewritten */")
    assert [one.split()[0] for one in apart(given["the_async_orm"]["seen"])] == [
        "INSERT",
        "INSERT",
        *["SELECT"] * 3,
        *["DELETE"] * 2,
        *["SELECT"] * 3,
    ]


def test_a_statement_that_fails_when_its_rows_are_asked_for_has_failed(given: Given) -> None:
    """SQLite looks at foreign keys of an INSERT … RETURNING no sooner."""
    assert {name: given[name]["failed"] for name in ("a_foreign_key_to_nothing", "a_clash_inside_an_atomic")} == {
        "a_foreign_key_to_nothing": ["INSERT"],
        "a_clash_inside_an_atomic": ["INSERT"],
    }


def test_nothing_is_lost_but_further_result_sets(given: Given) -> None:
    lost = {name: act["lost"] for name, act in given.items() if act["lost"]}
    assert lost in ({}, {"a_procedure": ["rows of a statement's further result sets were not recorded"]})
    assert (lost == {}) == (given["a_procedure"]["recorded"] != [[[8]], True, [[12]]])


BOOK = ["id", "title", "author_id", "sequel_of_id", "price", "pages"]
ONE, TWO, THREE = [1, "One", 1, None, "3.50", 10], [2, "Two", 1, 1, "4.00", 20], [3, "Three", 2, None, "5.00", 30]
ANN, BOB, CY = [1, "Ann"], [2, "Bob"], [3, "Cy"]


def rows(**given: list[list[Any]]) -> dict[str, Any]:
    names = {"Book": BOOK, "Author": ["id", "name"], "Tag": ["id", "name"], "Book_tags": ["id", "book_id", "tag_id"]}
    return {"rows": sorted([f"library.{label}", names[label], some] for label, some in given.items())}


def chosen(label: str, *keys: int) -> dict[str, Any]:
    return {"target": f"library.{label}", "keys": list(keys)}


def after(*some: list[Any]) -> dict[str, Any]:
    return {"after": ["library.Book", "id", BOOK, list(some)]}


SUPPORT: dict[str, list[dict[str, Any]]] = {
    "a_count": [rows(Book=[ONE, TWO]), rows(Author=[ANN])],
    "a_count_again": [rows(Book=[TWO, THREE]), {}, rows(Book=[ONE], Author=[ANN, BOB])],
    "an_average_over_a_join": [rows(Author=[ANN, BOB, CY], Book=[ONE, TWO, THREE])],
    "an_exists": [rows(Book=[TWO], Author=[ANN]), rows(Book=[ONE])],
    "whole_rows": [rows(Author=[ANN], Book=[ONE])],
    "some_columns": [rows(Book=[ONE]), rows(Author=[ANN])],
    "what_is_not_there": [rows(Author=[CY], Book=[ONE, TWO, THREE]), rows(Author=[ANN, BOB])],
    "an_update_of_the_database_s_own": [
        rows(Author=[ANN], Book=[ONE, TWO]) | chosen("Book", 1, 2), after([1, "One", 1, None, "3.50", 11], [2, "Two", 1, 1, "4.00", 21]),
    ],
    "a_plain_update": [rows(Book=[THREE]) | chosen("Book", 3), rows(Author=[BOB])],
    "an_upsert": [rows(Tag=[[1, "new"]]) | chosen("Tag", 1)],
    "raw_reading": [rows(Book=[TWO, THREE]), rows(Book=[ONE], Author=[ANN, BOB])],
    "raw_writing": [
        rows(Book=[THREE]) | chosen("Book", 3), after([3, "THREE", 2, None, "5.00", 30]), rows(Book=[TWO]) | chosen("Book", 2),
        rows(Book=[ONE], Author=[ANN, BOB]),
    ],
    "after_what_was_born": [rows(Book=[TWO, THREE, [4, "Four", 3, 3, "1.00", 40]]), rows(Book=[ONE], Author=[ANN, BOB, CY])],
    "a_function_that_may_write": [{"gap": "it calls sleep_or_worse, which may do more than return a value"}],
}  # fmt: skip
CASCADED = [["library.Author", [ANN]], ["library.Book", [ONE, TWO]], ["library.Book_tags", [[1, 1, 1]]], ["library.Tag", [[1, "new"]]]]
"""Each database cascades in its own order."""


@pytest.fixture(scope="module")
def support(beside: Given, server: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What is read beside the statements of each act; on MySQL each ends with the character set of tests."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, act in beside.items():
        if "mysql" in server[0]:
            assert act["support"][-1].pop("charset") == "latin1"
        found[name] = act["support"][:-1] if "mysql" in server[0] and not act["support"][-1] else act["support"]
    return found


def test_what_is_read_beside_statements(support: dict[str, list[dict[str, Any]]], server: list[str]) -> None:
    found = {name: one for name, one in support.items() if name in SUPPORT}
    if "mysql" in server[0]:  # what a bare cursor wrote is not looked at: ROW_COUNT() and warnings are of the last statement there
        found["raw_writing"].insert(1, after([3, "THREE", 2, None, "5.00", 30]))
    assert found == SUPPORT
    cascade = support["a_delete_with_cascades"]
    images = sorted([label, row] for one in cascade for label, _, some in one.get("rows", []) for row in some)
    assert images == [[label, row] for label, some in CASCADED for row in some]
    targets = {(one["target"], key) for one in cascade for key in one.get("keys", [])}
    assert targets == {("library.Author", 1), ("library.Book", 1), ("library.Book", 2), ("library.Book_tags", 1)}


def test_what_is_read_beside_statements_changes_nothing(beside: Given) -> None:
    assert {name: act["beside"] for name, act in beside.items()} == {name: act["plain"] for name, act in beside.items()}
    assert {name: act["beside_again"] for name, act in beside.items()} == {name: act["statements"] for name, act in beside.items()}
    assert [name for name, act in beside.items() if act["beside_lost"]] == []
