"""Spans → events: one function per kind of span, found through a table. A span that is damaged raises ContractError's sentence."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import ModelRef, Truncated, bare

from unspan_inverter.events.kinds import (
    CacheUsed,
    Column,
    Event,
    Exchange,
    Failure,
    FileUsed,
    HttpAnswered,
    Logged,
    MailSent,
    OnCommit,
    RowsRead,
    RowsSupported,
    SettingsRead,
    Signed,
    StatementFailed,
    TapeRead,
    TaskHanded,
)
from unspan_inverter.events.supporting import NOTHING, Beside, besides, informed, of_raw, supported
from unspan_inverter.events.writes import database, statement_event
from unspan_inverter.trace import Trace


def events(trace: Trace) -> tuple[Event, ...]:
    """What happened during the request, in order."""
    exchanges = {span.span_id for span in trace.spans if span.what == v.HTTP}
    calls = {span.span_id: text(span, v.FILE) for span in trace.spans if span.what == v.CALL}
    known = besides(trace)
    return tuple(
        placed(event, span, calls, trace.request)
        for span in trace.spans
        if not is_attempt(span, exchanges)
        for event in of_span(span, known.get(span.span_id, NOTHING))
    )


def placed(event: Event, span: Span, calls: Mapping[str, str], request: Span) -> Event:
    """An event with what its place in the trace says of it. `calls`: the file of each call of the project's functions."""
    if isinstance(event, Logged) and event.file and event.file == calls.get(span.parent_id):
        return replace(event, own=True)
    if isinstance(event, RowsRead) and span.parent_id in calls:
        return replace(event, own=True)
    if isinstance(event, RowsSupported) and span.parent_id == request.span_id:
        return replace(event, pointed=True)
    return event


def is_attempt(span: Span, exchanges: set[str]) -> bool:
    """Whether it is one sending of a client that tries again by itself: a part of the call above it, which is answered as one."""
    return span.what == v.HTTP and span.parent_id in exchanges


def of_span(span: Span, beside: Beside) -> Iterator[Event]:
    reader = READERS.get(span.what)
    if reader is not None:
        yield from (informed(event, beside) for event in reader(span))
        yield from of_raw(span, beside)


def exchange(trace: Trace) -> Exchange:
    """The request and its response."""
    span = trace.request
    body = span.value(v.REQUEST_BODY, b"")
    args, kwargs = span.value(v.VIEW_ARGUMENTS, [[], {}])
    answer, whole = answered(trace)
    user = span.value(v.USER)
    failure = span.value(v.EXCEPTION)
    return Exchange(
        span=span.span_id, method=text(span, v.METHOD), path=text(span, v.PATH) or "/", query=text(span, v.QUERY),
        scheme=text(span, v.SCHEME) or "http", host=text(span, v.HOST), headers=pairs(span.value(v.REQUEST_HEADERS)),
        body=octets(body), body_whole=isinstance(body, bytes) and bool(span.attributes.get(v.REQUEST_BODY_READ, True)),
        user=user if isinstance(user, ModelRef) else None, backend=text(span, v.USER_BACKEND) or None,
        session=mapping(span.value(v.SESSION)), session_after=mapping(span.value(v.SESSION_AFTER)),
        headers_asked=frozenset(map(str, span.value(v.REQUEST_HEADERS_ASKED, []))), csrf_refused=bool(span.attributes.get(v.CSRF_ENFORCED, False)), route=span.attributes.get(v.ROUTE), view=text(span, v.VIEW),
        arguments=(tuple(args), kwargs), status=int(span.attributes.get(v.STATUS, 0)), response_headers=pairs(span.value(v.RESPONSE_HEADERS)),
        cookies=span.value(v.RESPONSE_COOKIES, {}), response_body=None if answer is None else octets(answer),
        response_whole=whole, charset=text(span, v.RESPONSE_CHARSET) or "utf-8",
        streaming=bool(span.attributes.get(v.STREAMING, False)), exception=(str(failure[0]), str(failure[1])) if failure else None,
        templates=tuple(span.value(v.RESPONSE_TEMPLATES, [])), began=span.start, ended=span.end, cookies_sent=mapping(span.value(v.REQUEST_COOKIES)),
        form=pairs(span.value(v.REQUEST_FORM)) if v.REQUEST_FORM in span.attributes else None, script_name=text(span, v.SCRIPT_NAME),
        client_address=text(span, v.CLIENT_ADDRESS), reason=text(span, v.RESPONSE_REASON), answered_by=text(span, v.ANSWERED_BY), csrf_within=span.attributes.get(v.CSRF_WITHIN) is True, failures=failures(span),
        decorators=tuple(map(str, span.value(v.VIEW_DECORATORS, []))), view_own=span.attributes.get(v.VIEW_OWN), made_with=made_with(span),
        asynchronous=span.attributes.get(v.VIEW_ASYNC) is True, deferred=bool(span.attributes.get(v.RESPONSE_DEFERRED, False)), language=text(span, v.LANGUAGE), zone=text(span, v.TIMEZONE),
    )  # fmt: skip


def answered(trace: Trace) -> tuple[Any, bool]:
    """The response's body, and whether it is there as a whole; of a stream, what the request's own response yielded."""
    span = trace.request
    stream = next((one for one in trace.spans if one.what == v.STREAM and one.parent_id == span.span_id), None)
    chunks = stream.value(v.CHUNKS) if stream is not None else None
    if stream is None or not isinstance(chunks, list):
        answer = span.value(v.RESPONSE_BODY)
        return answer, not isinstance(answer, Truncated)
    pieces = [piece for piece in chunks if isinstance(piece, bytes)]
    return b"".join(pieces), len(pieces) == len(chunks) and stream.attributes.get(v.CLIENT_GONE) is not True


def failures(span: Span) -> tuple[Failure, ...] | None:
    """None in a trace that says nothing of them: of an older recorder. One that says who answered, or why, has no others."""
    if v.RESPONSE_REASON not in span.attributes:
        return None
    found = span.value(v.EXCEPTIONS, [])
    return tuple(Failure(str(one["type"]), str(one["message"]), int(one["status"] or 0)) for one in found)


def made_with(span: Span) -> tuple[Mapping[str, Any], Mapping[str, str]] | None:
    """What the class of a class-based view was given by the URLconf."""
    if v.VIEW_OPTIONS not in span.attributes:
        return None
    options, actions = span.value(v.VIEW_OPTIONS)
    return dict(options), {str(bare(method)): str(bare(name)) for method, name in dict(actions).items()}


def text(span: Span, name: str) -> str:
    found = span.attributes.get(name, "")
    return found if isinstance(found, str) else str(found)


def pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(bare(name)), str(bare(item))) for name, item in value or [])


def mapping(value: Any) -> Mapping[str, Any] | None:
    plain = bare(value)
    return plain if isinstance(plain, dict) else None


def octets(value: Any) -> bytes:
    """The bytes of a body; of one that was cut, its beginning."""
    if isinstance(value, Truncated):
        return octets(value.start)
    return value if isinstance(value, bytes) else b""


def http(span: Span) -> Iterator[Event]:
    body, answer = span.value(v.REQUEST_BODY), span.value(v.RESPONSE_BODY)
    yield HttpAnswered(
        span.span_id, text(span, v.CLIENT), text(span, v.METHOD), text(span, v.URL), pairs(span.value(v.REQUEST_HEADERS)),
        None if body is None else octets(body), int(span.attributes.get(v.STATUS, 0)), pairs(span.value(v.RESPONSE_HEADERS)),
        None if answer is None else octets(answer), text(span, v.EXCEPTION_TYPE), text(span, v.EXCEPTION_MESSAGE), span.start, span.end,
        not isinstance(body, Truncated), int(span.attributes.get(v.THREAD, 0)),
    )  # fmt: skip


def tape(span: Span) -> Iterator[Event]:
    positions = span.value(v.POSITIONS)
    chosen = tuple(int(one) for one in positions) if isinstance(positions, list) else None
    yield TapeRead(
        span.span_id, text(span, v.SOURCE), span.value(v.VALUE), text(span, v.FUNCTION), span.attributes.get(v.LOOKED_UP), text(span, v.DEFAULT_OF),
        chosen, span.start, text(span, v.FILE),
    )  # fmt: skip


def digest(span: Span) -> Iterator[Event]:
    message, value = span.value(v.DIGEST_MESSAGE), text(span, v.DIGEST_VALUE)
    if isinstance(message, bytes) and re.fullmatch(r"(?:[0-9a-f]{2})+", value):
        yield Signed(span.span_id, text(span, v.DIGEST_ALGORITHM), message, bytes.fromhex(value), text(span, v.DIGEST_KEY))


def mail(span: Span) -> Iterator[Event]:
    yield MailSent(span.span_id, bare(span.value(v.MESSAGE, {})))  # type: ignore[arg-type]


def stored(span: Span) -> Iterator[Event]:
    yield FileUsed(
        span.span_id, text(span, v.STORAGE_OPERATION), text(span, v.STORAGE_CLASS), text(span, v.STORAGE_NAME),
        span.value(v.STORAGE_CONTENT), span.value(v.STORAGE_RESULT),
    )  # fmt: skip


def cache(span: Span) -> Iterator[Event]:
    timeout = bare(span.value(v.CACHE_TIMEOUT))
    ends = isinstance(timeout, (int, float)) and timeout <= 0
    yield CacheUsed(
        span.span_id, text(span, v.CACHE_ALIAS) or "default", text(span, v.CACHE_OPERATION), span.value(v.CACHE_KEY),
        span.value(v.CACHE_VALUE), bool(span.attributes.get(v.CACHE_HIT, False)),
        not ends and span.value(v.CACHE_DONE) is not False and v.CACHE_VERSION not in span.attributes,
    )  # fmt: skip


def logged(span: Span) -> Iterator[Event]:
    message = span.attributes.get(v.LOG_MESSAGE)
    yield Logged(
        span.span_id, text(span, v.LOGGER), int(span.attributes.get(v.SEVERITY_NUMBER, 0)), text(span, v.SEVERITY), text(span, v.LOG_TEMPLATE),
        message if isinstance(message, str) else None, text(span, v.FILE), text(span, v.EXCEPTION_TYPE), text(span, v.LOG_STOPS_AT), span.start,
    )  # fmt: skip


def task(span: Span) -> Iterator[Event]:
    """A task that ran in the place of being queued is a part of the trace, and one that the queue refused was not handed over."""
    if span.attributes.get(v.TASK_EAGER) is True or v.EXCEPTION_TYPE in span.attributes:
        return
    args, kwargs = span.value(v.TASK_ARGUMENTS, [[], {}])
    yield TaskHanded(
        span.span_id, text(span, v.TASK_BACKEND), text(span, v.TASK_NAME), (tuple(args), {str(bare(name)): one for name, one in kwargs.items()}),
        text(span, v.TASK_PLACE), tuple(map(str, span.value(v.TASK_PARAMETERS, []))), text(span, v.TASK_WAY), text(span, v.TASK_ID),
        text(span, v.TASK_TRACE),
    )  # fmt: skip


def on_commit(span: Span) -> Iterator[Event]:
    yield OnCommit(span.span_id, text(span, v.DATABASE) or "default")


def settings_read(span: Span) -> Iterator[Event]:
    if v.SETTINGS_READ in span.attributes:
        yield SettingsRead(span.span_id, tuple(map(str, span.value(v.SETTINGS_READ))))


def sql(span: Span) -> Iterator[Event]:
    if v.UNDONE_APART in span.attributes:
        yield StatementFailed(span.span_id, database(span), text(span, v.OPERATION), bool(span.attributes[v.UNDONE_APART]))
    if span.attributes.get(v.OPERATION) in ("SELECT", "WITH", "VALUES", "(") or (
        v.ROWS in span.attributes and v.WRITTEN not in span.attributes
    ):
        yield rows_read(span)
    else:
        yield from statement_event(span)


def remembered(span: Span) -> Iterator[Event]:
    """A row from Django's memory is one that the request read; no statement tells more of it."""
    row = span.value(v.REMEMBERED_ROW)
    if isinstance(row, ModelRef) and row.fields:
        columns = tuple(Column(row.label, name, None) for name in row.fields)
        yield RowsRead(span.span_id, text(span, v.DATABASE) or "default", row.label, columns, (tuple(row.fields.values()),), "", (), {})


def rows_read(span: Span) -> RowsRead:
    columns = tuple(Column(*(list(column) + [None] * 3)[:3]) for column in span.value(v.COLUMNS, []))
    rows = tuple(tuple(row) for row in span.value(v.ROWS, []))
    return RowsRead(
        span.span_id, text(span, v.DATABASE) or "default", text(span, v.MODEL) or None, columns, rows, text(span, v.STATEMENT),
        parameters(span), span.value(v.DISTINCT_SHAPE, {}), text(span, v.SYSTEM),
    )  # fmt: skip


def parameters(span: Span) -> tuple[Any, ...]:
    found = span.value(v.PARAMETERS)
    return tuple(found) if isinstance(found, (list, tuple)) else ()


READERS: Mapping[str, Callable[[Span], Iterable[Event]]] = {
    v.SQL: sql,
    v.HTTP: http,
    v.TAPE: tape,
    v.MAIL: mail,
    v.STORAGE: stored,
    v.CACHE: cache,
    v.ON_COMMIT: on_commit,
    v.CALL: settings_read,
    v.REMEMBERED: remembered,
    v.SUPPORT: supported,
    v.DIGEST: digest,
    v.LOG: logged,
    v.TASK: task,
}
