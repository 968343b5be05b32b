"""Every span kind and attribute name of ours, once, each with a sentence.

OpenTelemetry's own names are used where one exists (`http.request.method`, `db.query.text`, `code.function.name`); what has none lives under
`unspan.`. Attributes in `ENCODED` hold one value of the codec (`unspan_proto.values`); all others are plain OTLP scalars.
"""

from typing import Final

SCOPE: Final = "unspan"
"""Name of the instrumentation scope of our spans."""
SCHEMA_URL: Final = "https://unspan.dev/schemas/1"
"""Schema URL of our spans' scope."""

# On every span of ours, and on the standard server span of a recorded request.
KIND: Final = "unspan.kind"
"""What the span records: one of the kinds below."""
FORMAT: Final = "unspan.format"
"""Format version (int) of the trace; on `request`, `end` and `project` spans."""

# Kinds.
REQUEST: Final = "request"
"""The standard Django server span of the request: its attributes below are the HTTP exchange."""
CALL: Final = "call"
"""One call of a function of the project's own code."""
SQL: Final = "sql"
"""One statement that reached the database driver, or one transaction step."""
HTTP: Final = "http"
"""One outbound HTTP exchange (a redirect or a retry is an exchange of its own)."""
TAPE: Final = "tape"
"""One value that the outside handed in: the clock, randomness."""
MAIL: Final = "mail"
"""One e-mail message handed to the e-mail backend."""
ON_COMMIT: Final = "on_commit"
"""A callback was registered with `transaction.on_commit`; `code.function.name` is its name, where it has one."""
CACHE: Final = "cache"
"""One operation on a Django cache."""
REMEMBERED: Final = "remembered"
"""A row that Django handed out from its own memory (a content type, the current site) without asking the database."""
STREAM: Final = "stream"
"""What a streaming response yielded, after the server span had ended."""
PROJECT: Final = "project"
"""The description of the user's project, in a trace of its own whose id is the hash of the content."""
END: Final = "end"
"""The last record of a request: how many records it made and what was lost."""
PART: Final = "part"
"""A piece of an attribute that was too large for its span; readers put it back (`unspan_proto.parts`)."""

# Request (inbound HTTP).
METHOD: Final = "http.request.method"
"""Method as sent."""
PATH: Final = "url.path"
"""Path as sent, percent-encoded, without the query."""
QUERY: Final = "url.query"
"""Query string as sent, without `?`; absent when there is none."""
SCHEME: Final = "url.scheme"
"""`http` or `https`, as Django sees it."""
HOST: Final = "server.address"
"""Host as Django sees it, with its port unless default."""
ROUTE: Final = "http.route"
"""The URL pattern that matched, without a leading slash, as Django writes it; absent when none did."""
STATUS: Final = "http.response.status_code"
"""Status of the response (int)."""
VIEW: Final = "unspan.view"
"""Dotted name of the view callable that the URLconf resolved to."""
VIEW_ARGUMENTS: Final = "unspan.view.arguments"
"""`[args, kwargs]` that the URL gave the view (converted values)."""
REQUEST_HEADERS: Final = "unspan.http.request.headers"
"""List of `[name, value]`, names with their dashes, as Django saw them (WSGI joins repeated ones)."""
REQUEST_HEADERS_ASKED: Final = "unspan.http.request.headers.asked"
"""Names, in lower case, of the headers that somebody looked up by `request.headers` (list)."""
REQUEST_BODY: Final = "unspan.http.request.body"
"""The bytes of the body that the application read; Truncated over the limit."""
REQUEST_BODY_READ: Final = "unspan.http.request.body.complete"
"""Whether the application read the body to its end (bool); when not, the rest did not matter."""
USER: Final = "unspan.user"
"""ModelRef of the logged-in user when the request came in, with the loaded fields; absent for anonymous or when nobody looked."""
USER_BACKEND: Final = "unspan.user.backend"
"""Dotted path of the authentication backend of the session's login."""
SESSION: Final = "unspan.session"
"""Dict of the session's content when the request came in; absent when the session was not loaded."""
SESSION_AFTER: Final = "unspan.session.after"
"""Dict of the session's content when the response left; absent when it was not changed."""
CSRF_ENFORCED: Final = "unspan.csrf.enforced"
"""Whether the CSRF check refused the request (bool)."""
LANGUAGE: Final = "unspan.language"
"""The active language when the view was called."""
RESPONSE_HEADERS: Final = "unspan.http.response.headers"
"""List of `[name, value]` of the response, cookies excluded."""
RESPONSE_COOKIES: Final = "unspan.http.response.cookies"
"""Dict: cookie name → dict of its value and attributes."""
RESPONSE_BODY: Final = "unspan.http.response.body"
"""The bytes of the body; absent for a streaming response (see the `stream` span); Truncated over the limit."""
RESPONSE_CHARSET: Final = "unspan.http.response.charset"
"""Character set of the response's text."""
RESPONSE_TEMPLATES: Final = "unspan.http.response.templates"
"""Names of the templates rendered, outermost first."""
STREAMING: Final = "unspan.http.response.streaming"
"""Whether the response streams (bool)."""
CLIENT_GONE: Final = "unspan.http.response.closed_early"
"""Whether a streaming response was closed before its end (bool)."""
EXCEPTION: Final = "unspan.exception"
"""`[type name, message]` of the exception that the view raised."""
PROJECT_REF: Final = "unspan.project.hash"
"""32 hex digits: the trace id under which this project's description is kept."""

# Calls.
FUNCTION: Final = "code.function.name"
"""`module.qualified.name` of the function; for `tape`, of the code that asked."""
FILE: Final = "code.file.path"
"""Absolute path of the source file."""
LINE: Final = "code.line.number"
"""First line of the function (int); for `tape`, the line that asked."""
ARGUMENTS: Final = "unspan.call.arguments"
"""Dict of the arguments at the call, in the signature's order."""
LOCALS: Final = "unspan.call.locals"
"""Dict of the locals at return that were not arguments or have changed."""
RETURN: Final = "unspan.call.return"
"""The value returned; absent when the call raised."""
YIELDED: Final = "unspan.call.yielded"
"""How often a generator or coroutine was suspended (int)."""
THREAD: Final = "thread.id"
"""Native thread on which the call began."""
EXCEPTION_TYPE: Final = "exception.type"
"""Type name of the exception that left the call or statement."""
EXCEPTION_MESSAGE: Final = "exception.message"
"""Its message, when it could be read without running user code."""

# SQL.
SYSTEM: Final = "db.system.name"
"""OpenTelemetry's name of the database: `sqlite`, `postgresql`, `mysql`, `mariadb`, `oracle.db`."""
STATEMENT: Final = "db.query.text"
"""The statement with its placeholders, as the driver got it."""
DATABASE: Final = "unspan.sql.database"
"""Django's alias of the connection."""
OPERATION: Final = "db.operation.name"
"""First word of the statement in upper case: SELECT, INSERT, UPDATE, DELETE, SAVEPOINT, BEGIN, COMMIT, ROLLBACK, …"""
PARAMETERS: Final = "unspan.sql.parameters"
"""The parameters (list or dict); for executemany a list of those, with MANY true."""
MANY: Final = "unspan.sql.many"
"""Whether it was executemany (bool)."""
IN_ATOMIC: Final = "unspan.sql.in_atomic"
"""Whether the connection was inside an atomic block (bool)."""
COLUMNS: Final = "unspan.sql.columns"
"""List, one a column of the result: `[model label, field attname, alias]` from Django's compiler, or `[null, column name, null]`."""
ROWS: Final = "unspan.sql.rows"
"""List of rows (lists of values) that the application fetched, converted by Django where the compiler asked."""
ROW_COUNT: Final = "unspan.sql.row_count"
"""`cursor.rowcount` after the statement (int)."""
LAST_ROW_ID: Final = "unspan.sql.last_row_id"
"""`cursor.lastrowid`, where the backend uses it."""
ROWS_COMPLETE: Final = "unspan.sql.rows.complete"
"""False when rows were fetched but not recorded, for a limit (bool)."""
MODEL: Final = "unspan.sql.model"
"""Label of the model whose compiler made the statement."""
WRITTEN: Final = "unspan.sql.written"
"""INSERT: list of dicts attname → value, one a row, with the key that the database gave. UPDATE: dict attname → new value (Opaque for an expression)."""
WRITTEN_KEYS: Final = "unspan.sql.written.keys"
"""UPDATE and DELETE: primary keys of the rows that the WHERE names one by one; absent when it is another condition."""
DISTINCT_SHAPE: Final = "unspan.sql.shape"
"""What the compiler says about a SELECT: dict with `distinct`, `aggregate`, `sliced`, `ordered` (bools), `tables` (list of model labels read)."""

# Outbound HTTP.
CLIENT: Final = "unspan.http.client"
"""The client library at whose door the exchange was seen: `requests`, `httpx`, `httpx.async`, `urllib`, `urllib3`, `http.client`, `aiohttp`."""
URL: Final = "url.full"
"""Full URL as sent."""
HTTP_REQUEST_HEADERS: Final = REQUEST_HEADERS
HTTP_REQUEST_BODY: Final = REQUEST_BODY
HTTP_RESPONSE_HEADERS: Final = RESPONSE_HEADERS
HTTP_RESPONSE_BODY: Final = RESPONSE_BODY
"""An outbound response's bytes as the application read them (decoded from chunks; content-encoding as sent)."""

# Tapes.
SOURCE: Final = "unspan.tape.source"
"""Dotted name of what was asked: `django.utils.timezone.now`, `random.choice`, `uuid.uuid4`."""
VALUE: Final = "unspan.tape.value"
"""What it returned."""

# Mail and cache.
MESSAGE: Final = "unspan.mail.message"
"""Dict: subject, body, from_email, to, cc, bcc, reply_to, alternatives, attachments (names)."""
CACHE_OPERATION: Final = "unspan.cache.operation"
"""`get`, `get_many`, `set`, `add`, `delete`, `incr`, `touch`, `clear`, …"""
CACHE_ALIAS: Final = "unspan.cache.alias"
"""Django's alias of the cache."""
CACHE_KEY: Final = "unspan.cache.key"
"""The key as the application gave it (a list for the *_many operations)."""
CACHE_VALUE: Final = "unspan.cache.value"
"""The value read (absent for a miss) or written."""
CACHE_HIT: Final = "unspan.cache.hit"
"""Whether a read found something (bool)."""

# Remembered.
REMEMBERED_ROW: Final = "unspan.remembered.row"
"""ModelRef of the row, with its fields."""

# Stream.
CHUNKS: Final = "unspan.stream.chunks"
"""List of the bytes that a streaming response yielded."""

# Project.
DESCRIPTION: Final = "unspan.project.description"
"""The whole description (`unspan_proto.project`), encoded."""

# End.
RECORDED: Final = "unspan.end.recorded"
"""How many spans the request's recording sent before this one, the server span included (int)."""
LOST: Final = "unspan.end.lost"
"""List of sentences: what was not recorded, and why. Empty means complete."""

# Parts.
PART_OF: Final = "unspan.part.attribute"
"""Name of the attribute that this is a piece of; the span is the part's parent."""
PART_INDEX: Final = "unspan.part.index"
"""Which piece, from 0 (int)."""
PART_COUNT: Final = "unspan.part.count"
"""How many pieces there are (int)."""
PART_TEXT: Final = "unspan.part.text"
"""The piece of the text."""

ENCODED: Final = frozenset(
    {
        VIEW_ARGUMENTS, REQUEST_HEADERS, REQUEST_HEADERS_ASKED, REMEMBERED_ROW, REQUEST_BODY, USER, SESSION, SESSION_AFTER, RESPONSE_HEADERS, RESPONSE_COOKIES, RESPONSE_BODY,
        RESPONSE_TEMPLATES, EXCEPTION, ARGUMENTS, LOCALS, RETURN, PARAMETERS, COLUMNS, ROWS, LAST_ROW_ID, WRITTEN, WRITTEN_KEYS,
        DISTINCT_SHAPE, VALUE, MESSAGE, CACHE_KEY, CACHE_VALUE, CHUNKS, DESCRIPTION, LOST,
    }
)  # fmt: skip
"""Attributes that hold one value of the codec."""

PART_BYTES: Final = 1 << 20
"""Attribute texts longer than this (in UTF-8 bytes) travel in parts."""
