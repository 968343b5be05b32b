"""What two traces do differently: hand-made pairs, of which the first departure is known."""

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from unspan_inverter.comparing.differences import compared
from unspan_inverter.comparing.sentences import lines
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.values import Instance, ModelRef, Opaque

from .making import START, Happening, cached, delete, http, insert, mail, on_commit, read, sql, tape, trace, update

NOW = datetime.fromtimestamp(START / 1e9, timezone.utc)
LONG_AGO = NOW - timedelta(days=400)
LATER = NOW + timedelta(days=2, microseconds=7)
MOMENT = timedelta(microseconds=3)
MINUTE = START // 60_000_000_000 * 60
"""Seconds since 1970 at which the minute of the runs began."""
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
BOOK = {"id": 50, "title": "Emma", "author_id": 7}
OTHER = {"id": 51, "title": "Persuasion", "author_id": 7}
AUTHORS = read("shop.Author", {"id": 7, "name": "Austen"})
BOOKS = read("shop.Book", BOOK, OTHER)


def call(
    name: str, arguments: dict[str, Any] | None = None, result: Any = None, raised: str | None = None, became: dict[str, Any] | None = None
) -> Happening:
    said = {
        v.FUNCTION: f"shop.views.{name}",
        v.ARGUMENTS: arguments or {},
        v.RETURN: result,
        v.EXCEPTION_TYPE: raised,
        v.LOCALS: became or {},
    }
    return Happening(v.CALL, said, failed=raised is not None)


def inside(parent: int, one: Happening) -> Happening:
    """A step below the call that is the `parent`-th span."""
    return Happening(one.kind, one.attributes, one.failed, parent)


def first(one: Trace, other: Trace) -> str:
    """The first departure in words, or that there is none."""
    said = list(lines(compared(one, other)))
    return said[1].removeprefix("first, ") if len(said) > 1 else said[0]


def counter(number: int) -> Instance:
    """An object with a number of its own, and one that it was given."""
    return Instance("shop.Field", {"_creation_counter": number, "max_length": 10})


def connection(**more: Any) -> Instance:
    return Instance("django.db.backends.sqlite3.base.DatabaseWrapper", {"alias": "default", "settings_dict": {}, **more})


def saved(asked: str, given: str) -> Happening:
    return Happening(v.STORAGE, {v.STORAGE_OPERATION: "save", v.STORAGE_NAME: asked, v.STORAGE_RESULT: given})


DEPARTURES = {
    "a length of time that no clock tells": (
        [read("shop.Book", {"id": 1, "added": LONG_AGO}), tape("datetime.datetime.now", NOW), call("age", result=NOW - LONG_AGO)],
        [read("shop.Book", {"id": 1, "added": LONG_AGO}), tape("datetime.datetime.now", LATER), call("age", result=timedelta(days=3))],
        "shop.views.age(): result was 400 days, 0:00:00 in the first and is 3 days, 0:00:00 in the second",
    ),
    "another number in a word": (
        [read("shop.Book", BOOK), call("a", result="row_50")], [read("shop.Book", {**BOOK, "id": 1, "author_id": 2}), call("a", result="row_2")],
        "shop.views.a(): result was 'row_50' in the first and is 'row_2' in the second",
    ),
    "another connection": (
        [call("a", result=connection(queries_log=[]))],
        [call("a", result=Instance("django.db.backends.sqlite3.base.DatabaseWrapper", {"alias": "old", "settings_dict": {}, "queries_log": []}))],
        "shop.views.a(): result alias was 'default' in the first and is 'old' in the second",
    ),
    "another file": (
        [saved("a/notes.txt", "a/notes.txt")], [saved("a/notes.txt", "b/notes.txt")],
        "storage storage: result was 'a/notes.txt' in the first and is 'b/notes.txt' in the second",
    ),
    "another answer of a function that does something": (
        [call("n", result=1), inside(2, BOOKS), call("n", result=1), inside(4, BOOKS)],
        [call("n", result=2), inside(2, BOOKS), call("n", result=2), inside(4, BOOKS)],
        "shop.views.n(): result was 1 in the first and is 2 in the second",
    ),
    "an object that was made earlier than another": (
        [call("a", {"x": counter(398)}), call("b", {"x": counter(401)})],
        [call("a", {"x": counter(62)}), call("b", {"x": counter(61)})],
        "shop.views.b(): arguments x _creation_counter was 401 in the first and is 61 in the second",
    ),
    "one object in the place of two": (
        [call("a", {"x": counter(398)}), call("b", {"x": counter(401)})],
        [call("a", {"x": counter(62)}), call("b", {"x": counter(62)})],
        "shop.views.b(): arguments x _creation_counter was 401 in the first and is 62 in the second",
    ),
    "one query more": (
        [call("page"), inside(2, BOOKS)],
        [call("page"), inside(2, BOOKS), inside(2, AUTHORS)],
        "SELECT … FROM shop_author came in the second and not in the first, in shop.views.page",
    ),
    "a query for every row": (
        [call("page"), inside(2, AUTHORS)],
        [call("page"), *[inside(2, AUTHORS)] * 11],
        "SELECT … FROM shop_author came 1 time in the first, 11 times in the second, in shop.views.page",
    ),
    "one query fewer": ([BOOKS, AUTHORS], [BOOKS], "SELECT … FROM shop_author came in the first and not in the second"),
    "another order": ([BOOKS, AUTHORS], [AUTHORS, BOOKS], "SELECT … FROM shop_book came at another place than in the first"),
    "another row": (
        [BOOKS],
        [read("shop.Book", BOOK, {**OTHER, "title": "Sanditon"})],
        "SELECT … FROM shop_book: rows row 2 1 was 'Persuasion' in the first and is 'Sanditon' in the second",
    ),
    "no rows": ([BOOKS], [sql(BOOKS.attributes[v.STATEMENT], **{v.ROWS: [], v.COLUMNS: [], v.MODEL: "shop.Book"})],
        "SELECT … FROM shop_book: the first had 2 rows here, the second 0"),
    "another branch": (
        [call("page"), inside(2, call("shown")), inside(3, BOOKS)],
        [call("page"), inside(2, call("hidden"))],
        "shop.views.shown() came in the first and not in the second, in shop.views.page",
    ),
    "another argument": (
        [call("price", {"amount": 3})], [call("price", {"amount": 4})],
        "shop.views.price(): arguments amount was 3 in the first and is 4 in the second",
    ),
    "another result": (
        [call("price", result="high")], [call("price", result="low")], "shop.views.price(): result was 'high' in the first and is 'low' in the second"
    ),
    "another outbound call": (
        [http("GET", "https://api.example/v1/rates")], [http("GET", "https://api.example/v2/rates")],
        "GET https://api.example/v1/rates: url was 'https://api.example/v1/rates' in the first and is 'https://api.example/v2/rates' in the second",
    ),
    "another service": (
        [http("GET", "https://api.example/rates")], [http("GET", "https://other.example/rates")],
        "GET https://api.example/rates came in the first and not in the second",
    ),
    "another payload": (
        [http("POST", **{v.HTTP_REQUEST_BODY: b'{"to": "a"}'})], [http("POST", **{v.HTTP_REQUEST_BODY: b'{"to": "b"}'})],
        "POST https://api.example/v1: request body to was 'a' in the first and is 'b' in the second",
    ),
    "another exception": (
        [call("pay", raised="ValueError")], [call("pay", raised="KeyError")],
        "shop.views.pay(): exception was 'ValueError' in the first and is 'KeyError' in the second",
    ),
    "no exception": (
        [call("pay", raised="ValueError")], [call("pay", result=1)],
        "shop.views.pay(): exception was 'ValueError' in the first and is not there in the second",
    ),
    "another value written": (
        [insert("shop.Book", BOOK)], [insert("shop.Book", {**BOOK, "title": "Emma!"})],
        "INSERT INTO shop_book (id, title, author_id) VALUES (…): written values row 1 1 was 'Emma' in the first and is 'Emma!' in the second",
    ),
    "another row changed": (
        [BOOKS, update("shop.Book", {"title": "E"}, [50])], [BOOKS, update("shop.Book", {"title": "E"}, [51])],
        "UPDATE shop_book SET title = %s: chosen rows row 1 0 was 50 in the first and is 51 in the second",
    ),
    "fewer rows deleted": (
        [delete("shop.Book", [50, 51])], [delete("shop.Book", [50])],
        "DELETE FROM shop_book: rows changed was 2 in the first and is 1 in the second",
    ),
    "another mail": ([mail(to=["a@x"])], [mail(to=["b@x"])], "the mail: message to 0 was 'a@x' in the first and is 'b@x' in the second"),
    "a miss for a hit": (
        [cached("get", "k", 1, hit=True)], [cached("get", "k")],
        "get of the cache 'default': hit was True in the first and is False in the second",
    ),
    "no callback": ([on_commit()], [], "a callback for after the commit came in the first and not in the second"),
    "a rollback": ([BOOKS], [BOOKS, sql("ROLLBACK")], "the rollback came in the second and not in the first"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEPARTURES)
def test_the_first_departure_is_named(name: str) -> None:
    one, other, sentence = DEPARTURES[name]
    assert first(trace(*one), trace(*other)) == sentence


def shifted(**said: Any) -> dict[str, Any]:
    return {"id": said.pop("id", 1), "title": "Emma", "author_id": 2, **said}


SAME = {
    "nothing happened": ([], []),
    "keys that the database gave": ([read("shop.Book", BOOK)], [read("shop.Book", shifted())]),
    "a key in a parameter before its row": (
        [sql("SELECT * FROM shop_book WHERE id = %s", [50]), read("shop.Book", BOOK)],
        [sql("SELECT * FROM shop_book WHERE id = %s", [1]), read("shop.Book", shifted())],
    ),
    "a key in a word": (
        [read("shop.Book", BOOK), call("a", result="<a href='#row_50'>")], [read("shop.Book", shifted()), call("a", result="<a href='#row_1'>")],
    ),
    "instances": (
        [call("show", {"book": ModelRef("shop.Book", 50, {"id": 50, "author_id": 7})})],
        [call("show", {"book": ModelRef("shop.Book", 1, {"id": 1, "author_id": 2})})],
    ),
    "times of each run": ([insert("shop.Book", {"id": 1, "added": NOW})], [insert("shop.Book", {"id": 1, "added": NOW + timedelta(milliseconds=3)})]),
    "tokens, one for one": (
        [call("sign", {"key": "9f86d081884c7d659a2feaa0c55ad015"}, result="9f86d081884c7d659a2feaa0c55ad015")],
        [call("sign", {"key": "60303ae22b998861bce3b28f33eec1be"}, result="60303ae22b998861bce3b28f33eec1be")],
    ),
    "a drawn code": (
        [tape("random.choice", "Xk-7"), call("send", {"code": "Xk-7"})], [tape("random.choice", "b-91"), call("send", {"code": "b-91"})],
    ),
    "uuids": (
        [insert("shop.Loan", {"id": UUID(int=5), "number": 1})], [insert("shop.Loan", {"id": UUID(int=9), "number": 1})],
    ),
    "a block of its own in a transaction of the test": (
        [sql("BEGIN"), BOOKS, sql("COMMIT")], [sql('SAVEPOINT "s1"'), BOOKS, sql('RELEASE SAVEPOINT "s1"')],
    ),
    "rows without an order": ([BOOKS], [read("shop.Book", OTHER, BOOK)]),
    "what the process had counted before": (
        [call("a", {"x": counter(398)}), call("b", {"x": counter(401)}), call("a", {"x": counter(398)})],
        [call("a", {"x": counter(61)}), call("b", {"x": counter(62)}), call("a", {"x": counter(61)})],
    ),
    "a time that a row of the test has by default": (
        [read("shop.Book", {"id": 1, "added": LONG_AGO})],
        [read("shop.Book", {"id": 1, "added": NOW - timedelta(seconds=3, microseconds=5)})],
    ),
    "what an object carries from earlier requests": (
        [call("a", {"self": Instance("shop.Seen", {"view": "home"})})], [call("a", {"self": Instance("shop.Seen", {"view": "none"})})],
    ),
    "requests of other classes": (
        [call("a", {"request": Instance("shop.Request", {"method": "GET", "path": "/"})})],
        [call("a", {"request": Instance("django.Request", {"method": "GET", "path": "/"})})],
    ),
    "a moment in a document that a row of the test has by default": (
        [call("a", result=LONG_AGO.isoformat())], [call("a", result=(NOW - timedelta(seconds=3, microseconds=5)).isoformat())],
    ),
    "microseconds of a text": ([call("a", result="12:00:20.330163Z")], [call("a", result="12:00:20.330087Z")]),
    "how long ago a row was made, by the clock of each run": (
        [read("shop.Book", {"id": 1, "added": LONG_AGO}), tape("datetime.datetime.now", NOW), call("age", result=NOW - LONG_AGO)],
        [read("shop.Book", {"id": 1, "added": LONG_AGO}), tape("datetime.datetime.now", LATER), call("age", result=LATER - LONG_AGO)],
    ),
    "what a clock tells that counts from anywhere": (
        [tape("time.perf_counter", 34_567.25), call("a", result=34_567.25)], [tape("time.perf_counter", 12.5), call("a", result=12.5)],
    ),
    "windows of one length that both runs fell into": (
        [call("a", result=MINUTE), call("key", result=f"limit:{MINUTE}")], [call("a", result=MINUTE + 0), call("key", result=f"limit:{MINUTE}")],
    ),
    "when a user had logged in before, where nobody logs in": (
        [read("auth.User", {"id": 1, "last_login": LONG_AGO})], [read("auth.User", {"id": 1, "last_login": None})],
    ),
    "until when the session of another login holds": (
        [read("sessions.Session", {"session_key": "k", "expire_date": NOW + timedelta(days=13)})],
        [read("sessions.Session", {"session_key": "k", "expire_date": NOW + timedelta(days=14)})],
    ),
    "a cursor that logs under DEBUG": (
        [call("a", result=Opaque("django.db.backends.utils.CursorDebugWrapper"))], [call("a", result=Opaque("django.db.backends.utils.CursorWrapper"))],
    ),
    "a cache of the test's own": (
        [call("a", result={"BACKEND": "redis", "LOCATION": "redis://cache", "TIMEOUT": 9})],
        [call("a", result={"BACKEND": LOCMEM, "LOCATION": "BookTests.test_list", "TIMEOUT": 9})],
    ),
    "a text that Django signed": (
        [call("a", result="see /go/eyJ1aWQiOiIzIn0:1xUqgw:lSZ3-W4ifetgS9OMPoS4eBRYyUpEIe6cZhq_2Zyabcd/")],
        [call("a", result="see /go/eyJ1aWQiOiIxIn0:1xUqpI:S5Iw1gF7W3_QFPfHK5Ajgec4EjS4PqhDOl_1Zyabcd/")],
    ),
    "a savepoint's name": ([call("a", result='SAVEPOINT "s139_x1"')], [call("a", result='SAVEPOINT "s140_x2"')]),
    "the name of a file that a storage had already": (
        [saved("a/notes.txt", "a/notes_z7YUJZi.txt"), call("a", result="/media/a/notes_z7YUJZi.txt")],
        [saved("a/notes.txt", "a/notes.txt"), call("a", result="/media/a/notes.txt")],
    ),
    "how long a text says that it took": ([call("a", result="0.31ms for all")], [call("a", result="0.27ms for all")]),
    "a document in a text": ([call("a", result='{"took": 0.0003, "n": 1}')], [call("a", result='{"took": 0.0004, "n": 1}')]),
    "what was put into one statement in another order": (
        [sql("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", [1, "x", 2, "y"])], [sql("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", [2, "y", 1, "x"])],
    ),
    "the host that tests are allowed": ([call("a", result=["shop.example"])], [call("a", result=["shop.example", "testserver"])]),
    "a connection's history": (
        [call("a", result=connection(queries_log=["PRAGMA"]))], [call("a", result=connection(queries_log=[]))],
    ),
    "an argument that a call changed in one run": (
        [call("a", {"row": ModelRef("shop.Book", 1, {"id": 1, "added": NOW})}, became={"row": ModelRef("shop.Book", 1, {"id": 1, "added": NOW + MOMENT})})],
        [call("a", {"row": ModelRef("shop.Book", 1, {"id": 1, "added": NOW})})],
    ),
    "an IN of other length": (
        [sql("SELECT 1 FROM t WHERE id IN (%s, %s)", [1, 2], **{v.ROWS: [[1], [1]]})],
        [sql("SELECT 1 FROM t WHERE id IN (%s, %s)", [2, 1], **{v.ROWS: [[1], [1]]})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_must_differ_is_mapped(name: str) -> None:
    one, other = SAME[name]
    assert [(d.kind, d.step.said, d.aspect, d.leaves) for d in compared(trace(*one), trace(*other)).differences] == []


RESPONSES = {
    "another status": ({"status": 200}, {"status": 404}, "the response: status was 200 in the first and is 404 in the second"),
    "another text": (
        {"answer": b"<p>Emma</p>"}, {"answer": b"<p>Persuasion</p>"},
        "the response: body was '<p>Emma</p>' in the first and is '<p>Persuasion</p>' in the second",
    ),
    "another document": (
        {"answer": b'{"n": 3, "m": [1]}'}, {"answer": b'{"n": 4, "m": [1]}'},
        "the response: body n was 3 in the first and is 4 in the second",
    ),
    "another redirect": (
        {"response_headers": [["Location", "/a/"]]}, {"response_headers": [["Location", "/b/"]]},
        "the response: headers Location was '/a/' in the first and is '/b/' in the second",
    ),
    "another request": ({"path": "/books/"}, {"path": "/authors/"}, "the request: path was '/books/' in the first and is '/authors/' in the second"),
}  # fmt: skip


@pytest.mark.parametrize("name", RESPONSES)
def test_another_answer_is_named(name: str) -> None:
    one, other, sentence = RESPONSES[name]
    assert first(trace(**one), trace(**other)) == sentence


def test_a_key_stands_for_one_other_only() -> None:
    """50 is 1; another row with 1 would be a mix-up."""
    one = trace(read("shop.Book", BOOK), call("show", {"a": ModelRef("shop.Book", 50), "b": ModelRef("shop.Book", 51)}))
    other = trace(read("shop.Book", shifted()), call("show", {"a": ModelRef("shop.Book", 1), "b": ModelRef("shop.Book", 1)}))
    assert first(one, other) == "shop.views.show(): arguments b pk was 51 in the first and is 1 in the second"


def test_an_old_time_is_no_time_of_the_run() -> None:
    one, other = (trace(read("shop.Book", {"id": 1, "added": at})) for at in (LONG_AGO, LONG_AGO - timedelta(days=9)))
    assert first(one, other).startswith("SELECT … FROM shop_book: rows row 1 1 was")


def test_what_followed_is_told_after_the_cause() -> None:
    one = trace(BOOKS, call("count", result=2), answer=b"<p>2 books</p>")
    other = trace(read("shop.Book", BOOK), call("count", result=1), answer=b"<p>1 books</p>")
    assert list(lines(compared(one, other))) == [
        "different: the second departs from the first in 3 places",
        "first, SELECT … FROM shop_book: the first had 2 rows here, the second 1",
        "then shop.views.count(): result was 2 in the first and is 1 in the second",
        "then the response: body was '<p>2 books</p>' in the first and is '<p>1 books</p>' in the second",
    ]


def test_the_server_goes_by_the_name_that_it_was_called() -> None:
    def answered(host: str) -> Trace:
        return trace(headers=[["Host", host]], answer=f'{{"next": "http://{host}/books/?page=2"}}'.encode())

    assert first(answered("127.0.0.1:8000"), answered("testserver")).startswith("same")
    assert not first(
        answered("127.0.0.1:8000"), trace(headers=[["Host", "testserver"]], answer=b'{"next": "http://other/books/?page=2"}')
    ).startswith("same")
