"""What a person sees of a trace, and that nothing of a trace does anything but be seen."""

import json
import sys
import unicodedata

import pytest
from edge_traces import MILLISECOND, TRACE, completing_a_todo, otlp, summary
from hypothesis import given, settings
from hypothesis import strategies as st
from unspan_inverter.recorded import Recorded
from unspan_inverter.showing import pages
from unspan_inverter.showing.gaps import advice
from unspan_inverter.showing.text import brief, cut, duration, inert, size
from unspan_inverter.showing.tree import tree
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

COMPLETING = """\
trace 4f1c0000000000000000000000000001
POST /complete/50/?from=list → 302  41 ms
  view todo.views.complete(pk=50)  route 'complete/<int:pk>/'
  user auth.User(pk=7)
  headers Content-Type: application/x-www-form-urlencoded
  request body application/x-www-form-urlencoded 12 B: 'note=done%21'
  response headers Location: /
  response to '/'
└─ call todo.views.complete(request=<django.core.handlers.wsgi.WSGIRequest>, pk=50) → <django.http.HttpResponseRedirect>  30 ms
      locals todo=todo.Todo(pk=50)
   ├─ sql SELECT "todo_todo"."id", "todo_todo"."title" FROM "todo_todo" WHERE "todo_todo"."id" = %s  [50]  1.0 ms
   │     1 row
   │       todo.Todo(id=50, title='Give a talk')
   ├─ http POST https://chat.example/post → 200  12 ms
   │     response body application/json 12 B: '{"ok": true}'
   ├─ tape uuid.uuid4 → 'c0ffee'
   ├─ sql UPDATE "todo_todo" SET "is_completed" = %s WHERE "todo_todo"."id" = %s  [True, 50] on audit  1.0 ms
   │     wrote todo.Todo(is_completed=True)
   ├─ mail 'Done' to ['ada@example.org']
   └─ cache get 'count' → miss
"""


def shown(capsys: pytest.CaptureFixture[str], trace: object) -> str:
    pages.printed(pages.call_tree(TRACE, Recorded(TRACE, trace).spans()))  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_a_request_reads_from_top_to_bottom(capsys):
    assert shown(capsys, completing_a_todo()) == COMPLETING


def test_losses_and_failures_are_seen(capsys):
    trace = otlp(TRACE, [
        {"kind": v.REQUEST, "attributes": {v.METHOD: "GET", v.PATH: "/", v.EXCEPTION: ["ValueError", "no\nway"]}},
        {"kind": v.CALL, "parent": 1, "attributes": {v.FUNCTION: "a.b", v.ARGUMENTS: {}, v.EXCEPTION_TYPE: "KeyError", v.EXCEPTION_MESSAGE: "'x'"}},
        {"kind": v.SQL, "parent": 2, "attributes": {v.STATEMENT: "SELECT 1", v.ROWS: [[n] for n in range(9)], v.ROWS_COMPLETE: False}},
        {"kind": "", "name": "GET other", "parent": 1},
        {"kind": v.END, "parent": 1, "attributes": {v.LOST: ["2 rows were too many"]}},
        {"kind": v.PART, "parent": 2, "attributes": {v.PART_OF: v.RETURN, v.PART_INDEX: 0, v.PART_COUNT: 2, v.PART_TEXT: "["}},
    ])  # fmt: skip

    assert (
        shown(capsys, trace)
        == """\
trace 4f1c0000000000000000000000000001
GET / → no response  1.0 ms
  raised ValueError: no\\nway
├─ call a.b()  1.0 ms
│     raised KeyError: 'x'
│  └─ sql SELECT 1  1.0 ms
│        9 rows
│          [0]
│          [1]
│          [2]
│          [3]
│          [4]
│          … 4 more
│        more rows were fetched than recorded
├─ span GET other  1.0 ms
└─ lost 2 rows were too many
      → `inverter generate --allow-gaps` makes a test all the same, which names what is missing
lost unspan.call.return of span 0000000000000002 has 1 of its 2 parts
→ see that the collector was reached until the request had ended, and record it again
"""
    )


TASK_TRACE = "7a5c0000000000000000000000000007"
SENDING = {v.TASK_NAME: "shop.tasks.send", v.TASK_ID: "e1", v.TASK_BACKEND: "celery", v.TASK_ARGUMENTS: [[5], {"to": "ada"}]}


def test_a_task_and_who_handed_it_over_name_each_other(capsys):
    request = otlp(TRACE, [
        {"kind": v.REQUEST, "attributes": {v.METHOD: "POST", v.PATH: "/buy/", v.STATUS: 200}},
        {"kind": v.TASK, "parent": 1, "attributes": {**SENDING, v.TASK_OPTIONS: {"countdown": 5}, v.TASK_EAGER: False, v.TASK_TRACE: TASK_TRACE}},
        {"kind": v.TASK, "parent": 1, "attributes": {**SENDING, v.TASK_OPTIONS: {}, v.TASK_EAGER: True, v.EXCEPTION_TYPE: "ValueError"}},
        {"kind": v.END, "parent": 1, "attributes": {v.LOST: []}},
    ])  # fmt: skip
    begun = {v.WORK_KIND: "task", v.WORK_NAME: "shop.tasks.send", v.TASK_ID: "e1", v.TASK_BACKEND: "celery"}
    ended = {**begun, v.WORK_ARGUMENTS: [[5], {"to": "ada"}], v.WORK_OUTCOME: "done", v.WORK_RESULT: 202}
    task = [
        {"kind": v.BEGUN, "parent": 2, "attributes": begun, "links": [(TRACE, 2)]},
        {"kind": v.WORK, "took": 7, "attributes": ended, "links": [(TRACE, 2)]},
        {"kind": v.CALL, "parent": 2, "attributes": {v.FUNCTION: "shop.tasks.send", v.ARGUMENTS: {}}},
    ]
    assert (
        shown(capsys, request)
        == """\
trace 4f1c0000000000000000000000000001
POST /buy/ → 200  1.0 ms
├─ task shop.tasks.send(5, to='ada') handed to celery  1.0 ms
│     id e1
│     options countdown=5
│     runs in trace 7a5c0000000000000000000000000007
└─ task shop.tasks.send(5, to='ada') run at once  1.0 ms
      id e1
      raised ValueError
"""
    )
    assert (
        shown(capsys, otlp(TRACE, task))
        == """\
trace 4f1c0000000000000000000000000001
task shop.tasks.send(5, to='ada') → done  7.0 ms
  id e1 of celery
  handed over by span 0000000000000002 of trace 4f1c0000000000000000000000000001
  result 202
└─ call shop.tasks.send()  1.0 ms
"""
    )
    assert (
        shown(capsys, otlp(TRACE, task[:1]))
        == """\
trace 4f1c0000000000000000000000000001
task shop.tasks.send → not ended
  id e1 of celery
  handed over by span 0000000000000002 of trace 4f1c0000000000000000000000000001
"""
    )


FAILING = """\
trace 4f1c0000000000000000000000000001
POST /shop/buy/ → 409  1.0 ms
  view shop.views.buy()  route 'buy/'
  decorated by shop.views.logged
  answered by shop.middleware.Excuses
  user auth.User(pk=7) by shop.auth.Backend
  session basket=[5]
  below /shop, scheme https, host shop.example, language de, time zone Asia/Tokyo, from 10.0.0.9
  headers Content-Type: multipart/form-data
  cookies taste='sweet'
  request body <bytes of size 900, cut, begins b'--b'>
  form a='1', a='2'
  file 'photo' 'p.png' 800 B sha256 'abc'
  refused by the CSRF check
  response headers X-Stock: 0, Vary: Cookie, Vary: Accept,
                   Link: <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>
  sets cookie taste: value='sour', path='/'
  session afterwards empty
  template 'shop/buy.html' with book, user
  raised ValueError: sold out → 409
    at shop.views.buy (/srv/shop/views.py:12)
  the client went away
└─ lost the request's body was not recorded whole: it is over UNSPAN_MAX_BODY
      → set UNSPAN_MAX_BODY higher where the application runs, and record the request again
lost 3 of 4 spans did not arrive
→ see that the collector was reached until the request had ended, and record it again
"""


def test_everything_that_a_request_depends_on_is_seen(capsys):
    trace = otlp(TRACE, [
        {"kind": v.REQUEST, "attributes": {
            v.METHOD: "POST", v.PATH: "/shop/buy/", v.STATUS: 409, v.VIEW: "shop.views.buy", v.VIEW_ARGUMENTS: [[], {}], v.ROUTE: "buy/",
            v.VIEW_DECORATORS: ["shop.views.logged"], v.ANSWERED_BY: "shop.middleware.Excuses", v.SCRIPT_NAME: "/shop", v.LANGUAGE: "de",
            v.TIMEZONE: "Asia/Tokyo", v.CLIENT_ADDRESS: "10.0.0.9", v.REQUEST_COOKIES: {"taste": "sweet"}, v.REQUEST_FORM: [["a", "1"], ["a", "2"]],
            v.REQUEST_HEADERS: [["Content-Type", "multipart/form-data"]], v.REQUEST_BODY: values.Truncated("bytes", 900, b"--b"),
            v.REQUEST_FILES: [{"field": "photo", "name": "p.png", "content_type": "image/png", "size": 800, "sha256": "abc"}],
            v.RESPONSE_CONTEXT: [["shop/buy.html", {"book": "shop.models.Book", "user": "str"}]], v.EXCEPTION: ["ValueError", "sold out"],
            v.EXCEPTIONS: [{"type": "ValueError", "message": "sold out", "status": 409, "frames": [["shop.views.buy", "/srv/shop/views.py", 12]]}],
            v.CLIENT_GONE: True, v.SCHEME: "https", v.HOST: "shop.example", v.SESSION: {"basket": [5]}, v.SESSION_AFTER: {}, v.CSRF_ENFORCED: True,
            v.USER: values.ModelRef("auth.User", 7, {"username": "ada"}), v.USER_BACKEND: "shop.auth.Backend",
            v.RESPONSE_HEADERS: [["X-Stock", "0"], ["Vary", "Cookie"], ["Vary", "Accept"], ["Link", "<" + "a" * 80 + ">"]],
            v.RESPONSE_COOKIES: {"taste": {"value": "sour", "path": "/"}}}},
        {"kind": v.END, "parent": 1, "attributes": {v.LOST: ["the request's body was not recorded whole: it is over UNSPAN_MAX_BODY"], v.RECORDED: 4}},
    ])  # fmt: skip

    assert shown(capsys, trace) == FAILING


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("rows of a statement: over UNSPAN_MAX_ROWS=1000", "set UNSPAN_MAX_ROWS higher"),
        ("rows of a statement: over UNSPAN_MAX_ROW_BYTES=4194304 in this trace", "set UNSPAN_MAX_ROW_BYTES higher"),
        ("a record was dropped because the trace was over UNSPAN_MAX_TRACE=65536 (3 times)", "set UNSPAN_MAX_TRACE higher"),
        ("a record was dropped because the exporter's queue was full (3 times)", "set UNSPAN_QUEUE_BYTES higher"),
        (
            "its end did not arrive: the request was still running, or the process stopped before it was sent",
            "wait until the request has ended",
        ),
        ("a header was not recorded because of KeyError inside unspan", "this is a fault of unspan's"),
        ("data went over a socket to redis:6379, and no recorded client tells of it", "the test cannot stand in for it"),
        ("the process made a copy of itself (os.fork), and what that did was not recorded", "the test cannot stand in for it"),
        ("mail that was handed over as shop.Queue, and not as a list, was not recorded", "the recorder looks at plain types only"),
        ("the rows of a COPY were not recorded", "read it in another way"),
        ("a part of the request's body that the application passed over was not recorded", "read it in another way"),
        ("from here on it serves requests: that is recorded one by one, and the command no further", "look for the traces that it began"),
        ("an uploaded file was not described: there were more than 100", "record a smaller piece of work"),
        ("something that nobody thought of", "`inverter generate --allow-gaps` makes a test all the same"),
    ],
)
def test_a_gap_comes_with_what_to_do(sentence, words):
    assert advice(sentence).startswith(words)


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "[bold]x[/bold]",
        "[/]",
        "\r\nspan",
        "\u202eevil",
        "\x9b2J",
        "\ud800",
        "\0",
        "a\u0301\u200b",
        ":smile:",
        "漢字" * 30,
        "\n" * 50,
    ]
)
HOSTILE_VALUE = st.recursive(
    HOSTILE
    | st.integers()
    | st.binary(max_size=20)
    | st.floats()
    | st.builds(values.Opaque, HOSTILE)
    | st.builds(values.ModelRef, HOSTILE, HOSTILE),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(HOSTILE, inner, max_size=4) | st.tuples(inner),
    max_leaves=10,
)
NAMES = sorted(value for name, value in vars(v).items() if name.isupper() and isinstance(value, str) and "." in value)
HOSTILE_SPAN = st.builds(
    Span,
    trace_id=st.just(TRACE), span_id=st.sampled_from("abcd"), parent_id=st.sampled_from(["", "a", "b", "c", "d", "e"]), name=HOSTILE,
    start=st.integers(0, 5 * MILLISECOND), end=st.integers(0, 2**64 - 1),
    attributes=st.builds(
        lambda kind, found: {v.KIND: kind, **{name: values.encode(one) if name in v.ENCODED else brief(one) for name, one in found.items()}},
        st.sampled_from([*pages.STYLES, v.REQUEST, v.CALL, v.SQL, v.END, v.PROJECT, "?"]),
        st.dictionaries(st.sampled_from(NAMES), HOSTILE_VALUE, max_size=8),
    ),
)  # fmt: skip


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 0 if unicodedata.combining(mark) else 1 for mark in line)


@settings(max_examples=200, deadline=None)
@given(st.lists(HOSTILE_SPAN, max_size=8))
def test_nothing_hostile_reaches_the_terminal(spans):
    spans = [span for span in spans if span.what != v.PART]
    for guide, line in pages.call_tree(TRACE, spans):
        text = guide + line.text
        assert text.isprintable()
        assert columns(cut(text, 60)) <= 60


@settings(max_examples=100, deadline=None)
@given(st.lists(HOSTILE_SPAN, max_size=8))
def test_json_is_json(spans):
    spans = [span for span in spans if span.what != v.PART]
    text = json.dumps(pages.as_document(TRACE, spans))

    assert len(json.loads(text)["spans"]) == len(tree(spans))


@settings(max_examples=200, deadline=None)
@given(st.lists(HOSTILE_SPAN, max_size=12))
def test_every_span_is_in_the_tree_once(spans):
    unique = []
    for span in spans:
        if span not in unique:
            unique.append(span)

    found = [node.span for node in tree(spans)]

    assert sorted(map(repr, found)) == sorted(map(repr, unique))


def test_markup_and_escapes_are_printed_as_they_are(capsys):
    trace = otlp(
        TRACE,
        [
            {"kind": v.REQUEST, "attributes": {v.METHOD: "GET", v.PATH: "/[bold red]x[/]\x1b]0;owned\x07:smile:", v.STATUS: 200}},
            {"kind": v.END, "parent": 1, "attributes": {v.LOST: []}},
        ],
    )

    assert shown(capsys, trace) == f"trace {TRACE}\nGET /[bold red]x[/]\\x1b]0;owned\\x07:smile: → 200  1.0 ms\n"


def test_a_line_is_as_wide_as_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")

    lines = shown(capsys, completing_a_todo()).splitlines()

    assert max(map(len, lines)) == 40
    assert lines[1] == "POST /complete/50/?from=list → 302  41 …"


def span(span_id: str, parent: str = "", start: int = 0, end: int = 1, kind: str = v.CALL) -> Span:
    return Span(TRACE, span_id, parent, span_id, start, end, {v.KIND: kind})


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([span("b", "a", 2, 3), span("a", kind=v.REQUEST), span("c", "a", 1)], [("a", 0, ""), ("c", 1, ""), ("b", 1, "")]),
        ([span("a", kind=v.REQUEST), span("x", "gone")], [("a", 0, ""), ("x", 0, "its parent is missing")]),
        ([span("x", "gone"), span("a", "proxy", 9, 10, v.REQUEST)], [("a", 0, ""), ("x", 0, "its parent is missing")]),
        ([span("a", "b"), span("b", "a")], [("a", 0, "its parents go round in a circle"), ("b", 1, "")]),
        ([span("a", "a")], [("a", 0, "its parent is missing")]),
        ([span("a", end=-1)], [("a", 0, "it ends before it begins")]),
        ([span("a"), span("a")], [("a", 0, "")]),
        ([span("a"), span("a", start=5, end=6), span("b", "a")], [("a", 0, "another span has the same id"), ("b", 1, ""), ("a", 0, "another span has the same id")]),
    ],
    ids=["empty", "by start", "orphan", "request first", "circle", "own parent", "backwards", "twice", "two of one id"],
)  # fmt: skip
def test_a_broken_trace_is_still_a_tree(spans, expected):
    assert [(node.span.span_id, node.depth, node.odd) for node in tree(spans)] == expected


def test_a_trace_may_be_deeper_than_pythons_stack(capsys):
    deep = sys.getrecursionlimit() * 3
    spans = [span(str(place), str(place - 1) if place else "", place, place + 1) for place in range(deep)]

    pages.printed(pages.call_tree(TRACE, spans))

    assert len(capsys.readouterr().out.splitlines()) == deep + 1
    assert len(pages.as_document(TRACE, spans)["spans"]) == deep


def test_the_document_keeps_values_whole():
    document = pages.as_document(TRACE, Recorded(TRACE, completing_a_todo()).spans())

    assert {key: document[key] for key in ("trace_id", "lost")} == {"trace_id": TRACE, "lost": []}
    assert document["spans"][2] == {
        "span_id": "0000000000000003", "parent_id": "0000000000000002", "depth": 2, "kind": "sql", "name": "",
        "started_at": "2023-11-14T22:13:20.003000+00:00", "duration_ms": 1.0, "odd": "",
        "attributes": {
            "unspan.kind": "sql", "db.query.text": 'SELECT "todo_todo"."id",\n "todo_todo"."title" FROM "todo_todo" WHERE "todo_todo"."id" = %s',
            "unspan.sql.parameters": {"$": "tuple", "v": [50]}, "unspan.sql.columns": [["todo.Todo", "id", None], ["todo.Todo", "title", None]],
            "unspan.sql.rows": [[50, "Give a talk"]], "unspan.sql.database": "default",
        },
    }  # fmt: skip


def test_a_summary_says_what_the_contract_lists():
    assert pages.summary_document(summary()) == {
        "trace_id": TRACE, "started_at": "2023-11-14T22:13:20.000000+00:00", "duration_ms": 41.2, "method": "POST", "path": "/complete/50/?from=list",
        "status": 302, "spans": 9, "sql": 2, "bytes": 4321, "complete": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a'b", '"a\'b"'),
        ("x" * 300, "'" + "x" * 58 + "…"),
        ([10**5000], "[<int of 16610 bits>]"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, … 12 more]"),
        ([[[[["deep"]]]]], "[[[[[…]]]]]"),
        ({"a": {1, 2}}, "{'a': {1, 2}}"),
        ((1,), "(1,)"),
        (b"\x00\xff", "b'\\x00\\xff'"),
        (values.Truncated("str", 9000, "abc"), "<str of size 9000, cut, begins 'abc'>"),
        (values.Derived("SafeString", "hi"), "'hi'"),
        (float("nan"), "nan"),
        (object(), "<object>"),
    ],
)
def test_values_are_brief(value, text):
    assert brief(value) == text


@pytest.mark.parametrize(
    ("text", "expected"), [("a\x1b[0m", "a\\x1b[0m"), ("\u202e", "\\u202e"), ("\ud800", "\\ud800"), ("漢 é", "漢 é"), ("\n", "\\n")]
)
def test_text_is_inert(text, expected):
    assert inert(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("漢字", 4, "漢字"), ("漢字", 3, "漢…"), ("漢字", 2, "…")]
)
def test_text_is_cut_at_a_column(text, width, expected):
    assert cut(text, width) == expected


def test_sizes_and_durations():
    assert [size(n) for n in (0, 999, 4321, 2_500_000)] == ["0 B", "999 B", "4.3 kB", "2.5 MB"]
    assert [duration(n) for n in (300_000, 41_000_000, 2_100_000_000)] == ["0.3 ms", "41 ms", "2.1 s"]
