"""Traces made in memory, and the description of a small library project: what the tests of this folder begin with.

A trace is told as it happened, `trace(read("shop.Book", {"id": 1}), wrote(…), path="/books/")`; span ids count up from the request's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace, built
from unspan_proto import FORMAT, values
from unspan_proto import vocabulary as v
from unspan_proto.project import Constraint, Field, Model, Project, Route, as_plain
from unspan_proto.span import Span
from unspan_proto.values import Opaque

TRACE = "4f1c0000000000000000000000000001"
START = 1_700_000_000_000_000_000
MICROSECOND = 1_000
FAILED = 2
NOW = "django.utils.timezone.now"


def nth(number: int) -> str:
    """The id of the span with this number; the request's is 1."""
    return f"{number:016x}"


def encoded(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attributes as they travel: those that hold a value of the codec as its text. None leaves one out."""
    said = {name: value for name, value in attributes.items() if value is not None}
    return MappingProxyType({name: values.encode(value) if name in v.ENCODED else value for name, value in said.items()})


# The project.


def field(name: str, type: str, **more: Any) -> Field:
    """A column as Django's own field of this type makes it."""
    return Field(**{"name": name, "attname": name, "column": name, "type": type, "cls": f"django.db.models.{type}", **more})


def foreign_key(name: str, related: str, **more: Any) -> Field:
    """A relation to another model's key, in the column `NAME_id`."""
    return field(name, "ForeignKey", **{"attname": f"{name}_id", "column": f"{name}_id", "related": related, "to_field": "id", **more})


def many_to_many(name: str, related: str, through: str) -> Field:
    more: dict[str, Any] = {"column": None, "kind": "many_to_many", "related": related, "through": through, "through_auto": True}
    return field(name, "ManyToManyField", blank=True, **more)


def auto(name: str = "id") -> Field:
    return field(name, "BigAutoField", primary_key=True, unique=True, auto=True, blank=True)


def model(label: str, *fields: Field, **more: Any) -> Model:
    """A model with an automatic key unless its fields bring one."""
    app, name = label.split(".")
    if not any(one.primary_key for one in fields):
        fields = (auto(), *fields)
    pk = next(one.attname for one in fields if one.primary_key)
    module = f"django.contrib.{app}.models" if app in ("auth", "sessions", "sites", "contenttypes") else f"{app}.models"
    return Model(**{"label": label, "module": module, "name": name, "table": f"{app}_{name.lower()}", "pk": pk, "fields": fields, **more})


AUTHOR = model("shop.Author", field("name", "CharField", max_length=80), field("email", "EmailField", unique=True, null=True))
BOOK = model(
    "shop.Book",
    field("title", "CharField", max_length=200),
    foreign_key("author", "shop.Author", null=True, blank=True, accessor="book_set"),
    foreign_key("sequel", "shop.Book", null=True, blank=True),
    field("price", "DecimalField", has_default=True, default=0, max_digits=8, decimal_places=2),
    field("is_lent", "BooleanField", has_default=True, default=False),
    field("added", "DateTimeField", auto_now_add=True),
    field("changed", "DateTimeField", auto_now=True),
    field("due", "DateField", null=True, blank=True),
    many_to_many("tags", "shop.Tag", "shop.Book_tags"),
)
BOOK_TAGS = model(
    "shop.Book_tags",
    foreign_key("book", "shop.Book"),
    foreign_key("tag", "shop.Tag"),
    auto_created=True,
    table="shop_book_tags",
    constraints=(Constraint("unique", "", ("book", "tag")),),
)
TAG = model("shop.Tag", field("slug", "SlugField", unique=True))
NOVEL = model(
    "shop.Novel",
    field(
        "book_ptr", "OneToOneField", attname="book_ptr_id", column="book_ptr_id", primary_key=True, unique=True, related="shop.Book", to_field="id", parent_link=True
    ),
    *(one for one in BOOK.fields if one.name != "id"),
    field("genre", "CharField", max_length=40),
    parents=("shop.Book",),
)  # fmt: skip
LOAN = model(
    "shop.Loan",
    field("id", "UUIDField", primary_key=True, unique=True, has_default=True, default=Opaque("uuid.uuid4")),
    foreign_key("book", "shop.Book"),
    field("number", "PositiveIntegerField"),
    field("note", "TextField", blank=True),
    constraints=(Constraint("unique", "one_number", ("book", "number")),),
)
LENT_BOOK = replace(BOOK, label="shop.LentBook", name="LentBook", proxy=True, concrete="shop.Book")
USER = model(
    "auth.User",
    field("username", "CharField", unique=True, max_length=150),
    field("password", "CharField", max_length=128),
    field("email", "EmailField", blank=True),
    field("is_staff", "BooleanField", has_default=True, default=False),
    field("last_login", "DateTimeField", null=True, blank=True),
)
SESSION = model(
    "sessions.Session",
    field("session_key", "CharField", primary_key=True, unique=True, max_length=40),
    field("session_data", "TextField"),
    field("expire_date", "DateTimeField"),
    table="django_session",
)
ROUTES = (
    Route("", "home", "shop.views.home"),
    Route("books/", "shop:book-list", "shop.views.book_list"),
    Route("books/<int:pk>/", "shop:book-detail", "shop.views.book_detail", ("pk",), {"pk": "int"}),
    Route("books/<int:pk>/lend/", "shop:book-lend", "shop.views.lend", ("pk",), {"pk": "int"}),
    Route("books/new/<slug:tag>/", "shop:book-new", "shop.views.new", ("tag",), {"tag": "slug"}),
    Route("loans/<uuid:loan_id>/", "shop:loan-detail", "shop.views.loan_detail", ("loan_id",), {"loan_id": "uuid"}),
    Route("plain/<int:pk>/", None, "shop.views.plain", ("pk",), {"pk": "int"}),
    Route("^archive/(?P<year>[0-9]{4})/$", "archive", "shop.views.archive", ("year",)),
    Route("twice/a/", "twice", "shop.views.twice"),
    Route("twice/b/", "twice", "shop.views.twice"),
)
PROJECT = Project(
    format=FORMAT,
    django="5.2",
    python="3.12",
    settings_module="mysite.settings",
    root="/srv/mysite",
    settings={"AUTH_USER_MODEL": "auth.User", "TIME_ZONE": "UTC", "USE_TZ": True, "SESSION_COOKIE_NAME": "sessionid"},
    databases={"default": {"engine": "django.db.backends.sqlite3", "vendor": "sqlite", "atomic_requests": False}},
    packages={},
    models=(AUTHOR, BOOK, BOOK_TAGS, TAG, NOVEL, LOAN, LENT_BOOK, USER, SESSION),
    routes=ROUTES,
)


# What happens.


@dataclass(frozen=True, slots=True)
class Happening:
    """One record of a request before it has an id and a time."""

    kind: str
    attributes: Mapping[str, Any]
    failed: bool = False
    parent: int = 1
    took: int = 1
    """Nanoseconds; the next record begins 1,000 later."""


def columns_of(label: str, names: Sequence[str], project: Project = PROJECT) -> list[list[str | None]]:
    found = project.model(label)
    return [[label, name, found.table if found else None] for name in names]


def read(
    label: str, *rows: Mapping[str, Any], where: str = "", parameters: Sequence[Any] = (), project: Project = PROJECT, **more: Any
) -> Happening:  # fmt: skip
    """A SELECT as Django's compiler writes it; the rows by attname, the columns those of the first."""
    table = getattr(project.model(label), "table", label)
    names = list(rows[0]) if rows else [getattr(project.model(label), "pk", "id")]
    chosen = ", ".join(f'"{table}"."{name}"' for name in names)
    shape = {"distinct": False, "aggregate": False, "sliced": False, "ordered": False, "tables": [label]}
    statement = f'SELECT {chosen} FROM "{table}"' + (f" WHERE {where}" if where else "")
    return sql(statement, parameters, **{
        v.MODEL: label, v.COLUMNS: columns_of(label, names, project), v.ROWS: [list(row.values()) for row in rows], v.DISTINCT_SHAPE: shape, **more,
    })  # fmt: skip


def counted(label: str, number: int, where: str = "", parameters: Sequence[Any] = ()) -> Happening:
    """`SELECT COUNT(*)`."""
    table = getattr(PROJECT.model(label), "table", label)
    statement = f'SELECT COUNT(*) AS "__count" FROM "{table}"' + (f" WHERE {where}" if where else "")
    return sql(
        statement,
        parameters,
        **{v.MODEL: label, v.COLUMNS: [[None, None, None]], v.ROWS: [[number]], v.DISTINCT_SHAPE: {"aggregate": True}},
    )


def sql(statement: str, parameters: Sequence[Any] = (), failed: bool = False, **attributes: Any) -> Happening:
    """Any statement."""
    operation = statement.split(" ", 1)[0].upper() + (" TO" if statement.upper().startswith("ROLLBACK TO") else "")
    known = {v.SYSTEM: "sqlite", v.DATABASE: "default", v.STATEMENT: statement, v.OPERATION: operation, v.PARAMETERS: list(parameters)}
    return Happening(v.SQL, {**known, **attributes}, failed)


def insert(label: str, *rows: Mapping[str, Any], clash: bool = False, **more: Any) -> Happening:
    """An INSERT with the rows that it made; refused by a constraint when it clashes."""
    table = getattr(PROJECT.model(label), "table", label)
    names = ", ".join(f'"{name}"' for name in (rows[0] if rows else {}))
    error = {v.EXCEPTION_TYPE: "django.db.utils.IntegrityError"} if clash else {}
    return sql(
        f'INSERT INTO "{table}" ({names}) VALUES (…)',
        failed=clash,
        **{v.MODEL: label, v.WRITTEN: list(rows), v.ROW_COUNT: len(rows), **error, **more},
    )


def update(
    label: str, changes: Any, keys: Sequence[Any] | None = None, *, where: str = "", parameters: Sequence[Any] = (), **more: Any
) -> Happening:
    """An UPDATE by keys, or by another condition whose text is `where`."""
    table = getattr(PROJECT.model(label), "table", label)
    said = ", ".join(f'"{name}" = %s' for name in changes) if isinstance(changes, dict) else "…"
    count = len(keys) if keys is not None else len(changes) if isinstance(changes, list) else 0
    return sql(f'UPDATE "{table}" SET {said}' + (f" WHERE {where}" if where else ""), parameters, **{
        v.MODEL: label, v.WRITTEN: changes, v.WRITTEN_KEYS: None if keys is None else list(keys), v.ROW_COUNT: count, **more,
    })  # fmt: skip


def delete(label: str, keys: Sequence[Any] | None = None, *, where: str = "", parameters: Sequence[Any] = (), **more: Any) -> Happening:
    table = getattr(PROJECT.model(label), "table", label)
    return sql(f'DELETE FROM "{table}"' + (f" WHERE {where}" if where else ""), parameters, **{
        v.MODEL: label, v.WRITTEN_KEYS: None if keys is None else list(keys), v.ROW_COUNT: len(keys or ()), **more,
    })  # fmt: skip


def http(method: str = "GET", url: str = "https://api.example/v1", status: int = 200, answer: bytes = b"{}", **more: Any) -> Happening:
    """An outbound exchange, by `requests` unless another client is named."""
    return Happening(v.HTTP, {
        v.CLIENT: "requests", v.METHOD: method, v.URL: url, v.STATUS: status, v.HTTP_REQUEST_HEADERS: [], v.HTTP_RESPONSE_BODY: answer,
        v.HTTP_RESPONSE_HEADERS: [["Content-Type", "application/json"]], **more,
    })  # fmt: skip


def tape(source: str, value: Any, function: str = "shop.views.home") -> Happening:
    return Happening(v.TAPE, {v.SOURCE: source, v.VALUE: value, v.FUNCTION: function})


def mail(**message: Any) -> Happening:
    return Happening(v.MAIL, {v.MESSAGE: {"subject": "", "body": "", "to": [], **message}})


def cached(operation: str, key: Any, value: Any = None, hit: bool = False, alias: str = "default") -> Happening:
    return Happening(
        v.CACHE, {v.CACHE_OPERATION: operation, v.CACHE_KEY: key, v.CACHE_VALUE: value, v.CACHE_HIT: hit, v.CACHE_ALIAS: alias}
    )


def on_commit(database: str = "default") -> Happening:
    return Happening(v.ON_COMMIT, {v.DATABASE: database})


def streamed(*chunks: Any) -> Happening:
    return Happening(v.STREAM, {v.CHUNKS: list(chunks)})


def ended(recorded: int, *lost: str) -> Happening:
    return Happening(v.END, {v.FORMAT: FORMAT, v.RECORDED: recorded, v.LOST: list(lost)})


# The trace.

REQUEST: Mapping[str, Any] = {
    "method": v.METHOD, "path": v.PATH, "query": v.QUERY, "scheme": v.SCHEME, "host": v.HOST, "route": v.ROUTE, "status": v.STATUS, "view": v.VIEW,
    "arguments": v.VIEW_ARGUMENTS, "headers": v.REQUEST_HEADERS, "body": v.REQUEST_BODY, "body_read": v.REQUEST_BODY_READ, "user": v.USER,
    "backend": v.USER_BACKEND, "session": v.SESSION, "session_after": v.SESSION_AFTER, "csrf_refused": v.CSRF_ENFORCED,
    "response_headers": v.RESPONSE_HEADERS, "cookies": v.RESPONSE_COOKIES, "answer": v.RESPONSE_BODY, "charset": v.RESPONSE_CHARSET,
    "templates": v.RESPONSE_TEMPLATES, "streaming": v.STREAMING, "exception": v.EXCEPTION, "format": v.FORMAT, "cookies_sent": v.REQUEST_COOKIES,
    "script_name": v.SCRIPT_NAME, "client_address": v.CLIENT_ADDRESS, "reason": v.RESPONSE_REASON, "answered_by": v.ANSWERED_BY,
    "failures": v.EXCEPTIONS, "client_gone": v.CLIENT_GONE, "headers_asked": v.REQUEST_HEADERS_ASKED,
}  # fmt: skip
"""Short names of the request's attributes."""
DEFAULTS: Mapping[str, Any] = {
    "method": "GET", "path": "/books/", "status": 200, "view": "shop.views.book_list", "arguments": [[], {}], "headers": [["Host", "testserver"]],
    "response_headers": [["Content-Type", "text/html; charset=utf-8"]], "answer": b"", "format": FORMAT,
}  # fmt: skip


def request_span(**said: Any) -> Span:
    """The server span of a request; keywords as in REQUEST."""
    attributes = {REQUEST[name]: value for name, value in {**DEFAULTS, **said}.items()}
    return span(1, v.REQUEST, attributes, parent=0, took=1_000_000)


def span(number: int, kind: str, attributes: Mapping[str, Any], parent: int = 1, failed: bool = False, took: int = 1) -> Span:
    """One span; it begins as many microseconds after the start as its number says."""
    at = START + number * MICROSECOND
    return Span(
        trace_id=TRACE, span_id=nth(number), parent_id=nth(parent) if parent else "", name=kind, start=at, end=at + took,
        attributes=MappingProxyType({v.KIND: kind, **encoded(attributes)}), status=FAILED if failed else 0, scope=v.SCOPE,
    )  # fmt: skip


def spans(*happened: Happening, **said: Any) -> list[Span]:
    """The spans of one request, in order, the recorder's last word included unless the story has its own."""
    found = [request_span(**said)]
    found += [span(n, one.kind, one.attributes, one.parent, one.failed, one.took) for n, one in enumerate(happened, 2)]
    if not any(one.kind == v.END for one in happened):
        last = ended(len(found))
        found.append(span(len(found) + 1, last.kind, last.attributes))
    return found


def project_spans(project: Project = PROJECT) -> list[Span]:
    return [span(1, v.PROJECT, {v.FORMAT: project.format, v.DESCRIPTION: as_plain(project)}, parent=0)]


def trace(*happened: Happening, project: Project = PROJECT, **said: Any) -> Trace:
    """The trace of one request."""
    return built(spans(*happened, **said), project_spans(project))


# The test.


def source(*traces: Trace, style: str = "django", allow_gaps: bool = False) -> str:
    return generated(traces, style=style, allow_gaps=allow_gaps).source


def blocks(text: str) -> list[str]:
    """The blocks of the first test's body, which blank lines part: what is arranged (if anything), done, and asserted."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.lstrip().startswith("def test_"))
    depth = len(lines[start]) - len(lines[start].lstrip()) + 4
    start = next(n for n in range(start, len(lines)) if lines[n].endswith(":")) + 1
    start += 4 if lines[start].lstrip().startswith('"""') else 0  # the docstring, which has four lines
    body = "\n".join(line[depth:] for line in lines[start:]).rstrip()
    return body.split("\n\n\n")[0].split("\n\n")


def lines_of(text: str, number: int) -> list[str]:
    return blocks(text)[number].splitlines()
