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
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """What each act gave with a driver, plain and recorded."""
    wanted = database(request.param, tmp_path_factory.mktemp(request.param), request)
    absent = ["psycopg"] if request.param == "psycopg2" else []
    done = subprocess.run([sys.executable, SCRIPT, json.dumps(wanted), *absent], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_application_sees_the_same(given: Given) -> None:
    assert {name: act["recorded"] for name, act in given.items()} == {name: act["plain"] for name, act in given.items()}


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


def test_nothing_is_lost_but_further_result_sets(given: Given) -> None:
    lost = {name: act["lost"] for name, act in given.items() if act["lost"]}
    assert lost in ({}, {"a_procedure": ["rows of a statement's further result sets were not recorded"]})
    assert (lost == {}) == (given["a_procedure"]["recorded"] != [[[8]], True, [[12]]])
