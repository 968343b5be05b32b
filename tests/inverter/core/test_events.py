"""Spans → events: each kind of record as what happened, whole values compared."""

import pytest
from unspan_inverter.events import (
    CacheUsed,
    Column,
    Event,
    Exchange,
    Executed,
    FileUsed,
    HttpAnswered,
    MailSent,
    OnCommit,
    RowsDeleted,
    RowsInserted,
    RowsRead,
    RowsUpdated,
    TapeRead,
    TransactionStep,
    WriteRefused,
    events,
    exchange,
)  # fmt: skip
from unspan_proto import vocabulary as v
from unspan_proto.values import Derived, ModelRef, Opaque, Truncated

from .making import START, Happening, cached, delete, http, insert, mail, nth, on_commit, read, sql, streamed, tape, trace, update

ONE = nth(2)
TIMES = {"began": START + 2_000, "ended": START + 2_001}
JSON = (("Content-Type", "application/json"),)
STEPS = [
    ("BEGIN", "BEGIN", ""), ("START TRANSACTION", "BEGIN", ""), ("COMMIT", "COMMIT", ""), ("ROLLBACK", "ROLLBACK", ""), ('SAVEPOINT "s1_x1"', "SAVEPOINT", "s1_x1"),
    ("SAVEPOINT `s1`", "SAVEPOINT", "s1"), ('RELEASE SAVEPOINT "s1"', "RELEASE", "s1"), ("RELEASE s1", "RELEASE", "s1"),
    ('ROLLBACK TO SAVEPOINT "s1"', "ROLLBACK TO", "s1"), ("rollback to s1;", "ROLLBACK TO", "s1"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "step", "savepoint"), STEPS, ids=[one[0] for one in STEPS])
def test_a_transaction_step_is_told_by_its_statement(statement: str, step: str, savepoint: str) -> None:
    assert events(trace(sql(statement))) == (TransactionStep(ONE, "default", step, savepoint),)


INSERT = 'INSERT INTO "shop_tag" ("slug") VALUES (…)'
TABLE: dict[str, tuple[Happening, tuple[Event, ...]]] = {
    "read": (
        read("shop.Tag", {"id": 1, "slug": "a"}, where='"shop_tag"."id" = %s', parameters=(1,), **{v.DISTINCT_SHAPE: {"sliced": True}}),
        (
            RowsRead(
                ONE, "default", "shop.Tag", (Column("shop.Tag", "id", "shop_tag"), Column("shop.Tag", "slug", "shop_tag")), ((1, "a"),),
                'SELECT "shop_tag"."id", "shop_tag"."slug" FROM "shop_tag" WHERE "shop_tag"."id" = %s', (1,), {"sliced": True}, "sqlite",
            ),
        ),
    ),
    "raw-read": (
        sql("SELECT 1", **{v.COLUMNS: [[None, "1", None]], v.ROWS: [[1]], v.DATABASE: "other"}),
        (RowsRead(ONE, "other", None, (Column(None, "1", None),), ((1,),), "SELECT 1", (), {}, "sqlite"),),
    ),
    "short-column": (
        sql("SELECT 1", **{v.COLUMNS: [[None]], v.ROWS: []}),
        (RowsRead(ONE, "default", None, (Column(None, None, None),), (), "SELECT 1", (), {}, "sqlite"),),
    ),
    "named-parameters": (
        sql("SELECT %(a)s", **{v.PARAMETERS: {"a": 1}}), (RowsRead(ONE, "default", None, (), (), "SELECT %(a)s", (), {}, "sqlite"),),
    ),
    "with": (sql("WITH a AS (SELECT 1) SELECT 2"), (RowsRead(ONE, "default", None, (), (), "WITH a AS (SELECT 1) SELECT 2", (), {}, "sqlite"),)),
    "insert": (insert("shop.Tag", {"slug": "a", "id": 1}), (RowsInserted(ONE, "default", "shop.Tag", ({"slug": "a", "id": 1},)),)),
    "insert-refused": (insert("shop.Tag", {"slug": "a"}, clash=True), (WriteRefused(ONE, "default", "shop.Tag", ({"slug": "a"},)),)),
    "update-refused": (
        sql("UPDATE x SET y = 1", failed=True, **{v.MODEL: "shop.Tag", v.WRITTEN: {"slug": "a"}, v.WRITTEN_KEYS: [4], v.EXCEPTION_TYPE: "django.db.utils.IntegrityError", v.EXCEPTION_MESSAGE: "m"}),
        (WriteRefused(ONE, "default", "shop.Tag", ({"slug": "a"},), "m", (4,)),),
    ),
    "insert-failed": (sql(INSERT, failed=True, **{v.MODEL: "shop.Tag", v.WRITTEN: [{}], v.EXCEPTION_TYPE: "django.db.utils.DataError"}), (Executed(ONE, "default", INSERT, (), "sqlite"),)),
    "insert-by-hand": (sql("INSERT INTO x VALUES (1)"), (Executed(ONE, "default", "INSERT INTO x VALUES (1)", (), "sqlite"),)),
    "update": (
        update("shop.Tag", {"slug": "b"}, [1, 2]),
        (RowsUpdated(ONE, "default", "shop.Tag", ((1, {"slug": "b"}), (2, {"slug": "b"})), 'UPDATE "shop_tag" SET "slug" = %s', (), 2, "sqlite"),),
    ),
    "update-by-condition": (
        update("shop.Tag", {"slug": "b"}, where='"slug" = %s', parameters=("b", "a"), **{v.ROW_COUNT: 3}),
        (RowsUpdated(ONE, "default", "shop.Tag", ((None, {"slug": "b"}),), 'UPDATE "shop_tag" SET "slug" = %s WHERE "slug" = %s', ("b", "a"), 3, "sqlite"),),
    ),
    "update-of-each": (
        update("shop.Tag", [{"id": 1, "slug": "a"}, {"id": 2, "slug": "b"}]),
        (RowsUpdated(ONE, "default", "shop.Tag", ((None, {"id": 1, "slug": "a"}), (None, {"id": 2, "slug": "b"})), 'UPDATE "shop_tag" SET …', (), 2, "sqlite"),),
    ),
    "update-failed": (sql("UPDATE x SET y", failed=True, **{v.MODEL: "shop.Tag", v.WRITTEN: {"slug": "b"}}), (Executed(ONE, "default", "UPDATE x SET y", (), "sqlite"),)),
    "delete": (delete("shop.Tag", [1]), (RowsDeleted(ONE, "default", "shop.Tag", (1,), 'DELETE FROM "shop_tag"', (), 1, "sqlite"),)),
    "delete-by-condition": (
        delete("shop.Tag", where='"slug" = %s', parameters=("a",), **{v.ROW_COUNT: 0}),
        (RowsDeleted(ONE, "default", "shop.Tag", None, 'DELETE FROM "shop_tag" WHERE "slug" = %s', ("a",), 0, "sqlite"),),
    ),
    "table-made": (sql("CREATE TABLE x (y)"), (Executed(ONE, "default", "CREATE TABLE x (y)", (), "sqlite"),)),
    "http": (
        http("POST", "https://x.example/a?b=1", 201, b"{}", **{v.HTTP_REQUEST_BODY: b"q", v.HTTP_REQUEST_HEADERS: [["A", "b"]]}),
        (HttpAnswered(ONE, "requests", "POST", "https://x.example/a?b=1", (("A", "b"),), b"q", 201, JSON, b"{}", **TIMES),),
    ),
    "http-failed": (
        http(status=0, **{v.HTTP_RESPONSE_BODY: None, v.EXCEPTION_TYPE: "requests.exceptions.ConnectTimeout", v.EXCEPTION_MESSAGE: "slow"}),
        (HttpAnswered(ONE, "requests", "GET", "https://api.example/v1", (), None, 0, JSON, None, "requests.exceptions.ConnectTimeout", "slow", **TIMES),),
    ),
    "http-cut": (
        http(**{v.HTTP_RESPONSE_BODY: Truncated("bytes", 99, b"begin")}),
        (HttpAnswered(ONE, "requests", "GET", "https://api.example/v1", (), None, 200, JSON, b"begin", **TIMES),),
    ),
    "tape": (tape("random.choice", Derived("shop.Colour", "red")), (TapeRead(ONE, "random.choice", Derived("shop.Colour", "red"), "shop.views.home", at=START + 2_000),)),
    "mail": (mail(subject=Derived("SafeString", "Hi"), to=["a@b.c"]), (MailSent(ONE, {"subject": "Hi", "body": "", "to": ["a@b.c"]}),)),
    "cache": (cached("get", "k", 5, hit=True, alias="fast"), (CacheUsed(ONE, "fast", "get", "k", 5, True),)),
    "cache-miss": (cached("get", "k"), (CacheUsed(ONE, "default", "get", "k", None, False),)),
    "file": (
        Happening(v.STORAGE, {v.STORAGE_OPERATION: "read", v.STORAGE_CLASS: "shop.Shelf", v.STORAGE_NAME: "a.txt", v.STORAGE_CONTENT: b"a"}),
        (FileUsed(ONE, "read", "shop.Shelf", "a.txt", b"a", None),),
    ),
    "on-commit": (on_commit("other"), (OnCommit(ONE, "other"),)),
    "call": (Happening(v.CALL, {v.FUNCTION: "shop.views.home"}), ()),
    "unknown-kind": (Happening("of the future", {}), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_record_becomes_what_happened(name: str) -> None:
    happened, expected = TABLE[name]
    assert events(trace(happened)) == expected


def test_events_come_in_the_order_of_their_spans() -> None:
    assert [one.span for one in events(trace(on_commit(), sql("SELECT 1"), cached("get", "a")))] == [nth(2), nth(3), nth(4)]


def test_the_request_is_read_whole() -> None:
    told = trace(
        method="POST", path="/books/5/", query="a=1", scheme="https", host="shop.example", headers=[["Accept", "text/html"], ["X-Key", Derived("Safe", "k")]],
        body=b"x=1", user=ModelRef("auth.User", 7, {"username": "ada"}), backend="a.Backend", session={"cart": [1]}, session_after={"cart": Derived("L", [1, 2])},
        csrf_refused=True, route="books/<int:pk>/", view="shop.views.book", arguments=[[1], {"pk": 5}], status=302, response_headers=[["Location", "/"]],
        cookies={"seen": {"value": "1"}}, answer=b"gone", charset="latin-1", exception=["shop.Wrong", "no"], templates=["a.html"],
    )  # fmt: skip
    assert exchange(told) == Exchange(
        span=nth(1), method="POST", path="/books/5/", query="a=1", scheme="https", host="shop.example", headers=(("Accept", "text/html"), ("X-Key", "k")),
        body=b"x=1", body_whole=True, user=ModelRef("auth.User", 7, {"username": "ada"}), backend="a.Backend", session={"cart": [1]},
        session_after={"cart": [1, 2]}, csrf_refused=True, route="books/<int:pk>/", view="shop.views.book", arguments=((1,), {"pk": 5}), status=302,
        response_headers=(("Location", "/"),), cookies={"seen": {"value": "1"}}, response_body=b"gone", response_whole=True, charset="latin-1", streaming=False,
        exception=("shop.Wrong", "no"), templates=("a.html",), began=told.request.start, ended=told.request.end,
    )  # fmt: skip
    assert told.request.start == START + 1_000


def test_a_request_that_says_little_is_read_with_what_is_usual() -> None:
    told = trace(headers=None, response_headers=None, arguments=None, answer=None, view=None, path=None)
    assert exchange(told) == Exchange(
        span=nth(1), method="GET", path="/", query="", scheme="http", host="", headers=(), body=b"", body_whole=True, user=None, backend=None, session=None,
        session_after=None, csrf_refused=False, route=None, view="", arguments=((), {}), status=200, response_headers=(), cookies={}, response_body=None,
        response_whole=True, charset="utf-8", streaming=False, exception=None, templates=(), began=told.request.start, ended=told.request.end,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "body", "whole"),
    [
        ({"body": b"all"}, b"all", True),
        ({"body": b"some", "body_read": False}, b"some", False),
        ({"body": Truncated("bytes", 99, b"begin")}, b"begin", False),
        ({"body": Opaque("bytes")}, b"", False),
    ],
    ids=["whole", "unread", "cut", "opaque"],
)
def test_a_body_is_whole_when_it_was_read_and_kept(said: dict[str, object], body: bytes, whole: bool) -> None:
    found = exchange(trace(**said))
    assert (found.body, found.body_whole) == (body, whole)


@pytest.mark.parametrize(
    ("happened", "said", "body", "whole"),
    [
        ((), {"answer": b"all"}, b"all", True),
        ((), {"answer": Truncated("bytes", 99, b"begin")}, b"begin", False),
        ((streamed(b"a", b"b"),), {"answer": None, "streaming": True}, b"ab", True),
        ((streamed(),), {"answer": None, "streaming": True}, b"", True),
        ((), {"answer": None, "streaming": True}, None, True),
    ],
    ids=["plain", "cut", "streamed", "streamed-nothing", "stream-not-recorded"],
)
def test_an_answer_is_put_together(happened: tuple[Happening, ...], said: dict[str, object], body: bytes | None, whole: bool) -> None:
    found = exchange(trace(*happened, **said))
    assert (found.response_body, found.response_whole) == (body, whole)


@pytest.mark.parametrize(
    ("charset", "body", "text", "is_text"),
    [
        ("utf-8", "é".encode(), "é", True),
        ("latin-1", b"\xe9", "é", True),
        ("utf-8", b"a\xff", "a\ufffd", False),
        ("no-such", b"a", "a", False),
        ("hex", b"61", "61", False),
        ("undefined", b"a", "a", False),
        ("idna", b"\xff", "\ufffd", False),
        ("a\x00b", b"a", "a", False),
        ("", b"a", "a", True),
    ],
)
def test_an_answer_s_text_is_that_of_its_charset(charset: str, body: bytes, text: str, is_text: bool) -> None:
    found = exchange(trace(charset=charset, answer=body))
    assert (found.text, found.is_text) == (text, is_text)


def test_headers_are_found_whatever_their_case() -> None:
    found = exchange(trace(headers=[["x-key", "a"]], response_headers=[["LOCATION", "/"]]))
    assert (found.header("X-Key"), found.header("Location", of_response=True), found.header("Other")) == ("a", "/", "")
