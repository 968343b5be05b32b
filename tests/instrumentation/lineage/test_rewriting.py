"""A database that holds only a statement's supporting rows answers the statement as the whole one did."""

import random
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from unspan_instrumentation.lineage.covering import Table
from unspan_instrumentation.lineage.rewriting import Plan, Remembered, planned

TABLES = {"a": Table(("id", "x", "p"), ("id",), (("id",),)), "b": Table(("id", "a_id", "y"), ("id",), (("id",), ("a_id", "y")))}
SCHEMA = Remembered(TABLES, 1_000)
SHAPES = {
    "filter": "SELECT a.id,a.x FROM a WHERE a.x=%s ORDER BY a.id",
    "limit, ordered whole": "SELECT a.id FROM a WHERE a.x>%s ORDER BY a.x DESC, a.id LIMIT 3",
    "limit and offset": "SELECT a.id FROM a ORDER BY a.x,a.id LIMIT 3 OFFSET 4",
    "count": "SELECT COUNT(*) FROM a WHERE a.x>%s",
    "count of a distinct subquery": "SELECT COUNT(*) FROM (SELECT DISTINCT a.x AS c FROM a LEFT JOIN b ON (a.id=b.a_id) WHERE b.y>%s) s",
    "exists": "SELECT 1 AS a FROM b WHERE b.y=%s LIMIT 1",
    "having, at least": "SELECT a.x,COUNT(b.id) FROM a LEFT JOIN b ON (a.id=b.a_id) GROUP BY a.x HAVING COUNT(b.id)>%s ORDER BY a.x",
    "having, at most": "SELECT a.x,COUNT(b.id) FROM a JOIN b ON (a.id=b.a_id) WHERE b.y>%s GROUP BY a.x HAVING COUNT(b.id)<3 ORDER BY a.x",
    "groups, limited": "SELECT a.x,COUNT(*) FROM a WHERE a.id>%s GROUP BY a.x ORDER BY 2 DESC, 1 LIMIT 2",
    "distinct, limited": "SELECT DISTINCT a.x FROM a WHERE a.id>%s ORDER BY 1 LIMIT 2",
    "not exists": "SELECT a.id FROM a WHERE NOT EXISTS(SELECT 1 FROM b U0 WHERE U0.a_id=a.id AND U0.y=%s) ORDER BY 1",
    "not in": "SELECT a.id FROM a WHERE NOT (a.id IN (SELECT U0.a_id FROM b U0 WHERE U0.y>%s)) ORDER BY 1",
    "or not exists": "SELECT a.id FROM a WHERE (a.x=%s OR NOT EXISTS(SELECT 1 FROM b U0 WHERE U0.a_id=a.id)) ORDER BY 1",
    "left join without a row": "SELECT a.id FROM a LEFT JOIN b ON (a.id=b.a_id AND b.y=%s) WHERE b.id IS NULL ORDER BY 1",
    "left join without a row, or": "SELECT a.id FROM a LEFT JOIN b ON (a.id=b.a_id) WHERE (b.id IS NULL OR b.y=%s) ORDER BY 1",
    "left join by way of another, without a row": (
        "SELECT a.id FROM a LEFT JOIN b ON (a.id=b.a_id) LEFT JOIN a T3 ON (b.y=T3.id) WHERE NOT (T3.x IS NOT NULL) AND a.id>%s ORDER BY 1"
    ),
    "subquery as a column": "SELECT a.id,(SELECT COUNT(*) FROM b U0 WHERE U0.a_id=a.id) AS n FROM a WHERE a.x=%s ORDER BY 1",
    "subquery as a column, both limited": (
        "SELECT a.id,(SELECT U0.y FROM b U0 WHERE U0.a_id=a.id ORDER BY U0.y DESC, U0.id LIMIT 1) AS n FROM a WHERE a.x>%s ORDER BY a.id LIMIT 3"
    ),
    "subquery compared": "SELECT a.id FROM a WHERE (SELECT COUNT(*) FROM b U0 WHERE U0.a_id=a.id)<%s ORDER BY 1",
    "exists as a column": "SELECT a.id, EXISTS(SELECT 1 FROM b U0 WHERE U0.a_id=a.id) FROM a WHERE a.x<%s ORDER BY 1",
    "union": "SELECT a.id FROM a WHERE a.x=%s UNION SELECT b.a_id FROM b ORDER BY 1",
    "except": "SELECT a.id FROM a WHERE a.x>%s EXCEPT SELECT b.a_id FROM b ORDER BY 1",
    "window": "SELECT a.id, ROW_NUMBER() OVER (PARTITION BY a.x ORDER BY a.id) FROM a WHERE a.x>%s ORDER BY 1",
    "window, limited": "SELECT a.id, SUM(a.p) OVER (ORDER BY a.id DESC) FROM a WHERE a.x>%s ORDER BY 1 LIMIT 3",
    "recursive": (
        "WITH RECURSIVE t(id) AS (SELECT a.id FROM a WHERE a.id=%s UNION SELECT c.id FROM a AS c INNER JOIN t ON c.p=t.id)"
        " SELECT a.id,a.x FROM a INNER JOIN t ON t.id=a.id ORDER BY 1"
    ),
    "extremes": "SELECT MAX(a.x),AVG(a.p) FROM a WHERE a.id>%s",
    "self-join": "SELECT a.id, T3.id FROM a INNER JOIN a T3 ON (a.p = T3.id) WHERE T3.x = %s ORDER BY 1, 2",
}


def database(rows: Mapping[str, Iterable[tuple[Any, ...]]]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, x, p)")
    connection.execute("CREATE TABLE b (id INTEGER PRIMARY KEY, a_id, y)")
    for table, some in rows.items():
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", some)
    return connection


def asked(connection: sqlite3.Connection, text: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(text.replace("%s", "?"), parameters).fetchall()


def supporting(connection: sqlite3.Connection, plan: Plan, parameters: list[Any]) -> dict[str, set[tuple[Any, ...]]]:
    found: dict[str, set[tuple[Any, ...]]] = {"a": set(), "b": set()}
    for query in plan.queries:
        for row in asked(connection, query.text, [parameters[at] for at in query.positions if isinstance(at, int)]):
            for place, table in enumerate(query.tables):
                if row[3 * place] is not None:
                    found[table].add(row[3 * place : 3 * place + 3])
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_supporting_rows_are_enough(shape: str) -> None:
    """Alone, and among the supporting rows of three other statements."""
    dice = random.Random(shape)
    for turn in range(60):
        a = [(i, dice.randint(0, 4), dice.randint(0, 12)) for i in range(1, 13)]
        b = [(i, dice.randint(1, 12), dice.randint(0, 3)) for i in range(1, 13)]
        whole = database({"a": a, "b": b})
        some = [shape, *(dice.sample(sorted(SHAPES), 3) if turn % 2 else [])]
        rows: dict[str, set[tuple[Any, ...]]] = {"a": set(), "b": set()}
        answers: list[Any] = []
        for name in some:
            text, parameters = SHAPES[name], [dice.randint(0, 3)] * SHAPES[name].count("%s")
            plan = planned(text, "sqlite", True, SCHEMA)
            assert plan.refused == ""
            answers.append((text, parameters, asked(whole, text, parameters)))
            for table, found in supporting(whole, plan, parameters).items():
                rows[table] |= found
        small = database(rows)
        assert [asked(small, text, parameters) for text, parameters, _ in answers] == [answer for *_, answer in answers], (turn, some)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("SELECT nextval('s')", "it calls nextval, which may do more than return a value"),
        ("SELECT a.id FROM a WHERE pg_advisory_lock(a.id) IS NULL", "it calls pg_advisory_lock, which may do more than return a value"),
        ("WITH n AS (INSERT INTO a (x) VALUES (1) RETURNING id) SELECT id FROM n", "a part of it writes"),
        ("SELECT 1; SELECT 2", "it is 2 statements"),
        ("CREATE TABLE c (id integer)", "it is no statement that reads rows"),
        ("SELECT ((((", "it could not be read"),
        ("SELECT COUNT(*) FROM a WHERE app.json_object(a.id) > 1", "it calls json_object, which may do more than return a value"),
        ("SELECT COUNT(*) FROM a WHERE make_invoice(a.id) > 1", "it calls make_invoice, which may do more than return a value"),
        ("SELECT a.id FROM a ORDER BY random() LIMIT 3", "chance decides in it"),
        (
            "UPDATE a SET x = 1 WHERE id = (SELECT id FROM a ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)",
            "which rows others have locked decides in it",
        ),
        (f"SELECT a.id FROM a WHERE a.id IN ({'1, ' * 10_000}1)", "its text is longer than 20,000 characters"),
        ("VACUUM", "it is no statement that reads rows"),
    ],
)
def test_refused(text: str, refused: str) -> None:
    assert planned(text, "postgresql", False, SCHEMA) == Plan(refused=refused)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("SELECT a.id, a.x, a.p FROM a WHERE a.x = %s", True),
        (
            'SELECT "a"."id", "a"."x", "a"."p", "b"."id", "b"."a_id", "b"."y" FROM "a" INNER JOIN "b" ON ("a"."id" = "b"."a_id") LIMIT 21',
            True,
        ),
        ("SELECT a.id, a.x FROM a", False),
        ("SELECT DISTINCT a.id, a.x, a.p FROM a", False),
        ("SELECT a.id, a.x, a.p FROM a INNER JOIN b ON a.id = b.a_id", False),
        ("SELECT a.id, a.x, a.p FROM a LIMIT 3 OFFSET 2", False),
        ("SELECT a.id, a.x, a.p FROM a WHERE a.id IN (SELECT U0.a_id FROM b U0)", False),
    ],
)
def test_whether_a_statement_returns_every_column_itself(text: str, covered: bool) -> None:
    assert planned(text, "sqlite", True, SCHEMA).covered == covered


@pytest.mark.parametrize(
    ("text", "vendor", "queries"),
    [
        (
            "SELECT COUNT(*) AS `__count` FROM `a` WHERE (`a`.`x` = %s AND `a`.`p` LIKE '5%%')", "mysql",
            [("SELECT `a`.`id`, `a`.`x`, `a`.`p` FROM `a` WHERE (`a`.`x` = %s) AND (`a`.`p` LIKE '5%%') LIMIT 1001", (0,))],
        ),
        (
            "UPDATE `a` SET `p` = _binary %s WHERE (`a`.`x` = %s OR `a`.`p` = _binary %s)", "mysql",
            [("SELECT `a`.`id`, `a`.`x`, `a`.`p` FROM `a` WHERE (`a`.`x` = %s OR `a`.`p` = %s) LIMIT 1001", (1, 2))],
        ),
        (
            'UPDATE "a" SET "x" = %s WHERE "a"."id" IN (SELECT U0."a_id" FROM "b" U0 WHERE U0."y" = %s)', "postgresql",
            [
                ('SELECT "a"."id", "a"."x", "a"."p" FROM "a" WHERE ("a"."id" IN (SELECT U0."a_id" FROM "b" AS U0 WHERE U0."y" = %s)) LIMIT 1001', (1,)),
                ('SELECT U0."id", U0."a_id", U0."y" FROM "b" AS U0 WHERE (U0."y" = %s) LIMIT 1001', (1,)),
            ],
        ),
        ("DELETE FROM a WHERE a.x = %(x)s", "postgresql", [('SELECT a."id", a."x", a."p" FROM a WHERE (a.x = %s) LIMIT 1001', ("x",))]),
        ('SELECT "a"."id" FROM "a" WHERE "a"."id" = %s FOR UPDATE', "postgresql", [('SELECT "a"."id", "a"."x", "a"."p" FROM "a" WHERE ("a"."id" = %s) LIMIT 1001', (0,))]),
        (
            'INSERT INTO "b" ("a_id", "y") VALUES (%s, %s), (%s, %s) ON CONFLICT("a_id", "y") DO UPDATE SET "y" = EXCLUDED."y"', "sqlite",
            [
                (
                    'SELECT "b"."id", "b"."a_id", "b"."y" FROM "b" WHERE (("a_id" = %s AND "y" = %s) OR ("a_id" = %s AND "y" = %s)) LIMIT 1001',
                    (0, 1, 2, 3),
                )
            ],
        ),
        (
            'INSERT INTO "a" ("id", "x") SELECT * FROM UNNEST((%s)::bigint[], (%s)::int[]) ON CONFLICT DO NOTHING RETURNING "a"."id"', "postgresql",
            [('SELECT "a"."id", "a"."x", "a"."p" FROM "a" WHERE ("id" = ANY(CAST((%s) AS BIGINT[]))) LIMIT 1001', (0,))],
        ),
        ('INSERT INTO "b" ("a_id", "y") VALUES (%s, %s)', "sqlite", []),
        ("INSERT IGNORE INTO `b` (`a_id`, `y`) VALUES (%s, %s)", "mysql", [("SELECT `b`.`id`, `b`.`a_id`, `b`.`y` FROM `b` WHERE (`a_id` = %s AND `y` = %s) LIMIT 1001", (0, 1))]),
    ],
)  # fmt: skip
def test_queries(text: str, vendor: str, queries: list[Any]) -> None:
    assert [(one.text, one.positions) for one in planned(text, vendor, True, SCHEMA).queries] == queries
