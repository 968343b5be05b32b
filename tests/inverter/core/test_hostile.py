"""Whatever a trace holds is data: a test in which it is inert, or a refusal in a sentence. Never code, never a traceback."""

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.project import Project
from unspan_proto.values import ModelRef

from .inert import faults
from .making import (
    NOW,
    PROJECT,
    Happening,
    cached,
    counted,
    delete,
    http,
    insert,
    mail,
    on_commit,
    read,
    sql,
    streamed,
    tape,
    trace,
    update,
)  # fmt: skip

CANARY = "zqx"
WEAPONS = (
    "'", '"', '"""', "'''", "\\", "\\'", '\\"', "\n", "\r\n", "\t", "\x00", "\x1b[2J", "\x1b]0;zqx\x07", "\u202e", "\u2066", "\u2028", "\x85", "\x0c", "\ud800",
    "\udc80", "{", "}", "{{ zqx }}", "{% raw %}", "{% endfor %}", "{# zqx #}", "{zqx}", "%s", "%(zqx)s", "%%", "#", "# zqx", "# -*- coding: utf-7 -*-", "coding=utf-7 zqx",
    "; import os", "\nimport zqx\n", "__import__('os').system('zqx')", "zqx()", "{zqx()}", "\\N{DASH}", "$(zqx)", "`zqx`", "é", "日本", "ＺＱＸ", " ", "=", "&", ";", ",",
    ")", "(", "[", "]", ":", "/", "//", "..", "?", "zqx", "1", "50", "id", "id=50", "<b>", "</td>", "<script>zqx</script>", "<!--", "-->", "&lt;", "a" * 90, "+AGk-", "None", "True",
    "def zqx", "lambda: zqx", "f'{zqx}'", "self", "response", "client", "class", "run", "\\x41", "\\u0041", "' + zqx + '", '" + zqx + "', "//[", "http://[", "http://[::1",
)  # fmt: skip
anything = st.text(max_size=6) | st.text(st.characters(), max_size=6)
hostile = st.lists(st.sampled_from(WEAPONS) | anything, max_size=5).map("".join)
octets = hostile.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=12)
moments = st.sampled_from([
    datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc), datetime(1, 1, 1), datetime.max, datetime.max.replace(tzinfo=timezone.utc),
    datetime.min.replace(tzinfo=timezone.utc),
])  # fmt: skip
scalars = st.one_of(
    hostile, octets, st.integers(), st.sampled_from([-(2**64), True, None, 0]), st.just(5000).map(lambda n: 7**n), st.floats(), st.sampled_from([Decimal("NaN"), Decimal("sNaN"), Decimal(2)]),
    moments, st.just(date(9999, 12, 31)), st.just(UUID(int=50)), st.just(values.Opaque("zqx'\n")), st.just(values.Truncated("str", 9, "zqx")),
    st.builds(lambda text: ModelRef("shop.Book", text, {"title": text}), hostile), st.builds(lambda text: values.Derived("zqx'", text), hostile),
)  # fmt: skip
anyhow = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3), max_leaves=6)
documents = st.recursive(
    hostile | st.integers() | st.booleans() | st.none() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def as_json(document: Any) -> bytes:
    import json

    return json.dumps(document).encode()


pairs = st.lists(st.tuples(hostile, hostile), max_size=3)
forms = pairs.map(lambda some: urlencode(some, errors="surrogatepass").encode())
files = st.builds(
    lambda name, filename, content: (
        b'--zqx\r\nContent-Disposition: form-data; name="' + name + b'"; filename="' + filename + b'"\r\n\r\n' + content + b"\r\n--zqx--\r\n"
    ),
    octets, octets, octets,
)  # fmt: skip
bodies = st.one_of(
    st.tuples(st.just("application/x-www-form-urlencoded"), forms | octets), st.tuples(st.just("application/json"), documents.map(as_json) | octets),
    st.tuples(st.just("application/json"), st.sampled_from([150, 400, 100_000]).map(deep)), st.tuples(st.just("multipart/form-data; boundary=zqx"), files | octets),
    st.tuples(hostile, octets), st.just(("", b"")),
)  # fmt: skip
answers = st.one_of(
    st.tuples(st.just("application/json"), documents.map(as_json) | octets | st.sampled_from([150, 400, 100_000]).map(deep)),
    st.tuples(st.just("text/html"), octets), st.tuples(st.just("text/plain"), octets), st.tuples(hostile, octets),
)  # fmt: skip
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]) | hostile
paths = st.one_of(
    hostile.map(lambda text: "/" + quote(text, errors="surrogatepass")), hostile.map(lambda text: "/" + text),
    st.sampled_from(["/books/50/", "/books/", "/archive/2020/", "/loans/00000000-0000-0000-0000-000000000032/"]),
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    kind, body = draw(bodies)
    answered, answer = draw(answers)
    headers = [*draw(pairs), ("Content-Type", kind), ("Host", draw(hostile | st.just("testserver"))), ("Cookie", draw(hostile))]
    status = draw(st.sampled_from([200, 201, 302, 404, 500]) | st.integers(1, 999))
    return {
        "method": draw(methods), "path": draw(paths), "query": draw(hostile), "headers": [list(one) for one in headers], "body": body,
        "body_read": draw(st.booleans()), "scheme": draw(st.sampled_from(["http", "https"]) | hostile), "host": draw(hostile), "status": status,
        "view": draw(hostile | st.just("shop.views.book_list")), "arguments": [draw(st.lists(scalars, max_size=2)), {"pk": 50, **draw(st.dictionaries(hostile, scalars, max_size=2))}],
        "response_headers": [["Content-Type", answered], ["Location", draw(hostile | paths)], *map(list, draw(pairs))], "answer": answer,
        "charset": draw(st.sampled_from(["utf-8", "latin-1", "utf-16", "idna", "hex", "undefined"]) | hostile), "csrf_refused": draw(st.booleans()),
        "exception": draw(st.none() | st.tuples(hostile, hostile).map(list)), "session": draw(st.none() | st.dictionaries(hostile, anyhow, max_size=3)),
        "session_after": draw(st.none() | st.dictionaries(hostile, anyhow, max_size=3)), "user": draw(st.none() | st.just(ModelRef("auth.User", 1, {"username": "zqx'"}))),
        "backend": draw(st.none() | hostile), "streaming": draw(st.booleans()), "route": draw(st.none() | hostile),
        "cookies": draw(st.dictionaries(hostile, st.dictionaries(hostile, hostile, max_size=2), max_size=2)),
    }  # fmt: skip


books = st.builds(
    lambda pk, title, author, price, lent, added, due: {
        "id": pk, "title": title, "author_id": author, "price": price, "is_lent": lent, "added": added, "changed": added, "due": due,
    },
    st.integers(1, 60), hostile | anyhow, st.none() | st.integers(1, 3), scalars, st.booleans(), moments, st.none() | st.just(date(9999, 12, 31)) | anyhow,
)  # fmt: skip
loans = st.builds(
    lambda pk, number, note: {"id": UUID(int=pk), "book_id": 50, "number": number, "note": note},
    st.integers(1, 3),
    st.integers(0, 9),
    hostile,
)
wheres = (
    st.sampled_from(['"shop_book"."title" = %s', '"shop_book"."title" LIKE %s ESCAPE \'\\\'', '"shop_book"."price" > %s', "%s"]) | hostile
)
statements = (
    hostile
    | hostile.map(lambda text: f'SELECT COUNT(*) FROM "shop_book" WHERE {text}')
    | hostile.map(lambda text: f'SELECT "{text}" FROM "shop_book"')
)
things: st.SearchStrategy[Happening] = st.one_of(
    st.lists(books, min_size=1, max_size=3).map(lambda rows: read("shop.Book", *rows)),
    st.builds(lambda row, where, value: read("shop.Book", row, where=where, parameters=(value, value)), books, wheres, anyhow),
    st.builds(lambda number, where, value: counted("shop.Book", number, where, (value, value)), st.sampled_from([0, 1, 3, 40, 10**9, 10**30]), wheres, anyhow),
    st.builds(lambda text, rows: sql(text, rows, **{v.ROWS: [[1]], v.MODEL: "shop.Book"}), statements, st.lists(scalars, max_size=3)),
    st.lists(loans, min_size=1, max_size=2).map(lambda rows: insert("shop.Loan", *rows)), books.map(lambda row: insert("shop.Book", row)),
    books.map(lambda row: insert("shop.Book", row, clash=True)), books.map(lambda row: insert("auth.User", {"username": row["title"]}, clash=True)),
    st.builds(lambda value: update("shop.Book", {"title": value, "price": value}, [50]), anyhow),
    st.builds(lambda value, where: update("shop.Book", {"title": value}, where=where, parameters=(value,), **{v.ROW_COUNT: 2}), anyhow, wheres),
    st.builds(lambda where: update("shop.Book", {"title": "x"}, where=where, **{v.ROW_COUNT: 10**9}), st.just('"is_lent"')),
    st.just(delete("shop.Book", [50])), st.builds(lambda text: delete("shop.Book", where=text, parameters=(text,), **{v.ROW_COUNT: 1}), wheres),
    st.builds(lambda one, other: sql(f'{one} "{other}"'), st.sampled_from(["SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT", "ROLLBACK"]), hostile),
    st.builds(
        lambda client, method, url, header, body, error: http(
            method, url, 200, body, **{v.CLIENT: client, v.HTTP_RESPONSE_HEADERS: [["X", header], [header, "x"]], v.EXCEPTION_TYPE: error, v.EXCEPTION_MESSAGE: error}
        ),
        st.sampled_from(["requests", "httpx", "httpx.async", "urllib", "http.client", "urllib3", "aiohttp", "botocore"]) | hostile, hostile, hostile, hostile, octets, st.just("") | hostile,
    ),
    st.builds(tape, st.sampled_from(["random.choice", "uuid.uuid4", NOW]) | hostile.map(lambda text: f"random.{text}"), anyhow, hostile | st.just("shop.views.x")),
    st.builds(lambda subject, to: mail(subject=subject, to=[to]), anyhow, anyhow), st.builds(cached, st.sampled_from(["get", "set", "get_many", "delete"]) | hostile, anyhow, anyhow, st.booleans(), hostile),
    st.builds(on_commit, st.just("default") | hostile), st.builds(streamed, anyhow, octets),
)  # fmt: skip


def inverted(story: list[Happening], request: dict[str, Any], style: str, project: Project = PROJECT) -> str:
    """What the inverter says, the same twice: the source, checked; or the refusal, checked."""
    told = trace(*story, project=project, **request)
    first, second = once(told, style), once(told, style)
    assert first == second
    kind, text = first
    event(text.splitlines()[0][:130] if kind == "refused" else "made")
    if kind == "refused":
        assert 1 <= len(text.splitlines()) <= 2
        assert [line for line in text.splitlines() if not line.isprintable()] == []
    else:
        assert faults(text, project, CANARY) == []
    return text


def once(told: Any, style: str) -> tuple[str, str]:
    try:
        made = generated([told], style=style, allow_gaps=True)
    except InverterError as error:
        return "refused", str(error)
    assert all(note.isprintable() for note in made.notes)
    assert made.name.isidentifier()
    return "made", made.source


styles = st.sampled_from(["django", "pytest"])
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(st.lists(things, max_size=4), requests(), styles)
def test_a_hostile_trace_is_data(story: list[Happening], request: dict[str, Any], style: str) -> None:
    inverted(story, request, style)


@pytest.mark.deep
@LONG
@given(st.lists(things, max_size=4), requests(), styles)
def test_many_hostile_traces_are_data(story: list[Happening], request: dict[str, Any], style: str) -> None:
    inverted(story, request, style)
