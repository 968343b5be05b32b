"""The kinds of things that happen in a request. Each keeps the id of the span it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unspan_proto.values import ModelRef


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that Django turned into a response of this status."""

    type: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """The HTTP exchange itself: what was asked and what was answered. Headers are `(name, value)` as recorded."""

    span: str
    method: str
    path: str
    query: str
    scheme: str
    host: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_whole: bool
    user: ModelRef | None
    backend: str | None
    session: Mapping[str, Any] | None
    session_after: Mapping[str, Any] | None
    csrf_refused: bool
    route: str | None
    view: str
    arguments: tuple[tuple[Any, ...], Mapping[str, Any]]
    status: int
    response_headers: tuple[tuple[str, str], ...]
    cookies: Mapping[str, Mapping[str, Any]]
    response_body: bytes | None
    response_whole: bool
    charset: str
    streaming: bool
    exception: tuple[str, str] | None
    templates: tuple[str, ...]
    began: int
    ended: int
    """Nanoseconds since 1970."""
    headers_asked: frozenset[str] = frozenset()
    """Names, in lower case, of the headers that the application is known to have looked up."""
    cookies_sent: Mapping[str, str] | None = None
    """As Django parsed them; None in traces that do not say."""
    form: tuple[tuple[str, str], ...] | None = None
    """The fields of `request.POST`, where the application had it parsed."""
    script_name: str = ""
    client_address: str = ""
    reason: str = ""
    csrf_within: bool = False
    """Whether the view, a decorator or a library below it asked for the CSRF check."""
    answered_by: str = ""
    """The middleware that answered in the view's place."""
    failures: tuple[Failure, ...] | None = None
    """The exceptions that Django turned into responses; None in traces that do not say."""

    decorators: tuple[str, ...] = ()
    """Dotted names of what is around the view, outermost first."""
    view_own: bool | None = None
    """Whether the view is the project's; None in traces that do not say."""
    made_with: tuple[Mapping[str, Any], Mapping[str, str]] | None = None
    """Of a class-based view, what `as_view` was given: options, and REST framework's actions."""
    deferred: bool = False
    """Whether the response was rendered after the view had returned it."""
    asynchronous: bool = False
    """Whether the view is asynchronous and an ASGI server asked it."""
    language: str = ""
    zone: str = ""
    """Active when the view was called."""

    @property
    def failed(self) -> tuple[str, str] | None:
        """Type and message of the exception whose response this is, with status 500 or above."""
        if self.failures is None:
            return self.exception if self.status >= 500 else None
        last = self.failures[-1] if self.failures else None
        return (last.type, last.message) if last is not None and last.status == self.status >= 500 else None

    def header(self, name: str, of_response: bool = False) -> str:
        """A header's value, or the empty string."""
        some = self.response_headers if of_response else self.headers
        return next((value for key, value in some if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        """The response's body as text; what is no text of its charset is replaced."""
        try:
            return (self.response_body or b"").decode(self.charset or "utf-8", "replace")
        except (LookupError, ValueError):  # a charset that there is not, that is no text's, or whose name is none
            return (self.response_body or b"").decode("utf-8", "replace")

    @property
    def is_text(self) -> bool:
        """Whether the response's body is text of its charset throughout."""
        try:
            (self.response_body or b"").decode(self.charset or "utf-8")
        except (LookupError, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result: the model and attname it belongs to (both None for an expression) and the table alias or column name."""

    model: str | None
    attname: str | None
    alias: str | None


@dataclass(frozen=True, slots=True)
class RowsRead:
    """A SELECT, with the rows that the application fetched."""

    span: str
    database: str
    model: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    statement: str
    parameters: tuple[Any, ...]
    shape: Mapping[str, Any]
    system: str = ""
    supported: bool = False
    """Whether all rows that it depends on are known: nothing has to be inferred from it."""
    own: bool = False
    """Whether a function of the project asked, and not Django or a library by itself."""


@dataclass(frozen=True, slots=True)
class RowsSupported:
    """Rows that the recorder read beside a statement, as they were before it: `(model, attnames, rows)`."""

    span: str
    database: str
    rows: tuple[tuple[str, tuple[str, ...], tuple[tuple[Any, ...], ...]], ...]
    pointed: bool = False
    """Whether they stand beside no statement: foreign keys of other rows point to them."""


@dataclass(frozen=True, slots=True)
class TestCharset:
    """The character set that a test's database will have; tables of the recorded one may hold more characters."""

    span: str
    database: str
    name: str


@dataclass(frozen=True, slots=True)
class RowsInserted:
    """An INSERT: attname → value of each row, with the key where the database gave one."""

    span: str
    database: str
    model: str
    rows: tuple[Mapping[str, Any], ...]
    existing: tuple[Any, ...] = ()
    """Keys of rows that it ran into and left, or updated."""
    overwrites: tuple[str, ...] = ()
    """Columns that it gave to rows which it ran into."""
    lenient: bool = False
    """Whether it leaves or updates the rows that it runs into, those too that it has made itself."""


@dataclass(frozen=True, slots=True)
class WriteRefused:
    """An INSERT or UPDATE that an integrity error refused: attname → value of each row, and what the database said. `keys`: of the rows to be updated."""

    span: str
    database: str
    model: str
    rows: tuple[Mapping[str, Any], ...]
    message: str = ""
    keys: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class RowsUpdated:
    """An UPDATE: `changes` is key → attname → value when the keys are known, else one entry under None."""

    span: str
    database: str
    model: str
    changes: tuple[tuple[Any, Mapping[str, Any]], ...]
    statement: str
    parameters: tuple[Any, ...]
    row_count: int
    system: str = ""


@dataclass(frozen=True, slots=True)
class RowsDeleted:
    """A DELETE of rows by key; `keys` is None when the condition was another."""

    span: str
    database: str
    model: str
    keys: tuple[Any, ...] | None
    statement: str
    parameters: tuple[Any, ...]
    row_count: int
    system: str = ""


@dataclass(frozen=True, slots=True)
class Executed:
    """A statement of which nothing else is told: one of a bare cursor, or one that failed."""

    span: str
    database: str
    statement: str
    parameters: tuple[Any, ...]
    system: str = ""


@dataclass(frozen=True, slots=True)
class TransactionStep:
    """BEGIN, COMMIT, ROLLBACK, or a savepoint's SAVEPOINT, RELEASE, ROLLBACK TO with its name."""

    span: str
    database: str
    step: str
    savepoint: str = ""


@dataclass(frozen=True, slots=True)
class StatementFailed:
    """The database refused a statement. `apart`: an atomic block around it undoes what it did, so that a transaction outside of that can go on."""

    span: str
    database: str
    operation: str
    apart: bool


@dataclass(frozen=True, slots=True)
class HttpAnswered:
    """An outbound HTTP exchange, from `began` to `ended` (nanoseconds since 1970). `error` is the exception's type name when there was no answer."""

    span: str
    client: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes | None
    error: str = ""
    error_message: str = ""
    began: int = 0
    ended: int = 0
    body_whole: bool = True
    thread: int = 0


@dataclass(frozen=True, slots=True)
class TapeRead:
    """The clock or a source of randomness handed in a value; `function` asked, at `at` (nanoseconds since 1970).

    `looked_up`: where the asking code finds it by name, empty where no name leads to it, None where that is not known. `default_of`:
    `app.Model.attname` of the column whose default it is. `positions`: what was chosen of the sequence that was given.
    """

    span: str
    source: str
    value: Any
    function: str
    looked_up: str | None = None
    default_of: str = ""
    positions: tuple[int, ...] | None = None
    at: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A header of the request bears this keyed digest of this message. `key`: the name of the setting that holds the key, empty where it is none's."""

    span: str
    algorithm: str
    message: bytes
    digest: bytes
    key: str = ""


@dataclass(frozen=True, slots=True)
class MailSent:
    """A message was handed to the e-mail backend."""

    span: str
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CacheUsed:
    """An operation on a cache."""

    span: str
    alias: str
    operation: str
    key: Any
    value: Any
    hit: bool
    taken: bool = True
    """Of a write: whether the cache keeps it under this very key: it was not refused, does not end at once, and has no version of its own."""


@dataclass(frozen=True, slots=True)
class FileUsed:
    """An operation on a file storage; of a read, what passed (Truncated where that is not all of the file)."""

    span: str
    operation: str
    storage: str
    name: str
    content: Any
    result: Any


@dataclass(frozen=True, slots=True)
class OnCommit:
    """A callback was registered to run after the commit."""

    span: str
    database: str


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """A function was called whose code reads these settings; Django's test runner replaces them."""

    span: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Logged:
    """A log record at `level` (Python's number, and `severity`, its name). `message` is None where it could not be told; `stops_at`: the logger that hands nothing on."""

    span: str
    logger: str
    level: int
    severity: str
    template: str
    message: str | None
    file: str
    error: str = ""
    stops_at: str = ""
    at: int = 0
    own: bool = False
    """Whether a function of the project logged it, and not a library that it called."""


@dataclass(frozen=True, slots=True)
class TaskHanded:
    """A task was handed to a queue. `place`: the dotted name under which code finds it; `way`: the method that was called; `trace`: of its run."""

    span: str
    backend: str
    name: str
    arguments: tuple[tuple[Any, ...], Mapping[str, Any]]
    place: str = ""
    parameters: tuple[str, ...] = ()
    way: str = ""
    task_id: str = ""
    trace: str = ""


Event = (
    RowsRead
    | RowsSupported
    | TestCharset
    | RowsInserted
    | WriteRefused
    | RowsUpdated
    | RowsDeleted
    | Executed
    | TransactionStep
    | StatementFailed
    | HttpAnswered
    | TapeRead
    | FileUsed
    | Signed
    | MailSent
    | CacheUsed
    | OnCommit
    | SettingsRead
    | Logged
    | TaskHanded
)
