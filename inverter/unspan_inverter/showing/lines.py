"""What a span says in the call tree: a headline and lines of detail, one small function a kind and the table that finds it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from unspan_inverter.showing.exchanges import request
from unspan_inverter.showing.gaps import missing
from unspan_inverter.showing.outside import OUTSIDE
from unspan_inverter.showing.pieces import Line, body, called, detail, failure, named, plain, text_of, value
from unspan_inverter.showing.text import brief, duration, inert, size

ROWS_SHOWN = 5
"""So many rows of a result are shown."""


def call(span: Span) -> Iterator[Line]:
    returned = f" → {brief(value(span, v.RETURN))}" if v.RETURN in span.attributes else ""
    arguments = named(value(span, v.ARGUMENTS) or {})
    yield Line(f"call {plain(span, v.FUNCTION)}({arguments}){returned}  {duration(span.end - span.start)}", v.CALL)
    kept = value(span, v.LOCALS)
    if kept:
        yield detail(f"locals {named(kept)}")
    yield from failure(span)


def sql(span: Span) -> Iterator[Line]:
    statement = re.sub(r"\s+", " ", str(span.attributes.get(v.STATEMENT, ""))[:4000]).strip() or str(span.attributes.get(v.OPERATION, ""))
    parameters = value(span, v.PARAMETERS)
    given = f"  {brief(list(parameters) if isinstance(parameters, tuple) else parameters, 80)}" if parameters else ""
    alias = plain(span, v.DATABASE)
    where = f" on {alias}" if alias not in ("", "default") else ""
    yield Line(f"sql {inert(statement)}{given}{where}  {duration(span.end - span.start)}", v.SQL)
    yield from rows(span)
    yield from writes(span)
    yield from failure(span)


def support(span: Span) -> Iterator[Line]:
    """The rows that were read beside a statement."""
    found, after = value(span, v.SUPPORT_ROWS), value(span, v.SUPPORT_AFTER)
    images = [one for one in found if isinstance(one, list) and len(one) == 3] if isinstance(found, list) else []
    counts = ", ".join(counted(label, rows) for label, _, rows in images) or "nothing more"
    cut = ", cut" if span.attributes.get(v.SUPPORT_CUT) else ""
    made = counted(after[0], after[3]) if isinstance(after, list) and len(after) == 4 else ""
    yield Line(f"afterwards {made}" if made else f"beside it {counts}{cut}", v.SUPPORT)
    if v.SUPPORT_GAP in span.attributes:
        yield detail(f"not all: {inert(str(span.attributes[v.SUPPORT_GAP]))}")


def counted(label: Any, rows: Any) -> str:
    return f"{len(rows) if isinstance(rows, list) else 0} {inert(str(label)[:200])}"


def writes(span: Span) -> Iterator[Line]:
    """The rows of an INSERT, the new values of an UPDATE."""
    found = value(span, v.WRITTEN)
    some = found if isinstance(found, list) else [found] if found else []
    for row in some[:ROWS_SHOWN]:
        yield detail(f"wrote {plain(span, v.MODEL)}({named(row)})")
    if len(some) > ROWS_SHOWN:
        yield detail(f"… {len(some) - ROWS_SHOWN} more")


def rows(span: Span) -> Iterator[Line]:
    """The rows that the application fetched, by model where Django said which."""
    found, columns = value(span, v.ROWS), value(span, v.COLUMNS)
    if not isinstance(found, list):
        return
    yield detail("no rows" if not found else "1 row" if len(found) == 1 else f"{len(found)} rows")
    for row in found[:ROWS_SHOWN]:
        yield detail("  " + row_text(row, columns))
    if len(found) > ROWS_SHOWN:
        yield detail(f"  … {len(found) - ROWS_SHOWN} more")
    if span.attributes.get(v.ROWS_COMPLETE) is False:
        yield Line("more rows were fetched than recorded", "problem")


def row_text(row: Any, columns: Any) -> str:
    """`todos.Todo(id=1, title='a') auth.User(id=2)`; the bare values where columns and row do not fit each other."""
    if not (isinstance(row, (list, tuple)) and isinstance(columns, (list, tuple)) and len(row) == len(columns)):
        return brief(row, 140)
    groups: dict[str, dict[str, Any]] = {}
    for column, item in zip(columns, row, strict=True):
        label, name, *_ = [*column, None, None] if isinstance(column, (list, tuple)) else (None, column)
        group = groups.setdefault(str(label or ""), {})
        group[str(name) if str(name) not in group else f"{name}#{len(group)}"] = item
    return " ".join(f"{inert(label[:80])}({named(items)})" for label, items in groups.items())


def http(span: Span) -> Iterator[Line]:
    status = plain(span, v.STATUS) or "no response"
    again = f" (sent before: {plain(span, v.RESEND_COUNT)})" if span.attributes.get(v.RESEND_COUNT) else ""
    yield Line(f"http {plain(span, v.METHOD)} {plain(span, v.URL)} → {status}{again}  {duration(span.end - span.start)}", v.HTTP)
    yield from body(span, "request", v.HTTP_REQUEST_HEADERS, v.HTTP_REQUEST_BODY)
    yield from body(span, "response", v.HTTP_RESPONSE_HEADERS, v.HTTP_RESPONSE_BODY)
    yield from failure(span)


def tape(span: Span) -> Iterator[Line]:
    yield Line(f"tape {plain(span, v.SOURCE)} → {brief(value(span, v.VALUE))}", v.TAPE)


def stream(span: Span) -> Iterator[Line]:
    chunks = value(span, v.CHUNKS)
    chunks = [one for one in chunks if isinstance(one, bytes)] if isinstance(chunks, list) else []
    yield Line(f"stream {len(chunks)} chunks, {size(sum(map(len, chunks)))}: {brief(text_of(b''.join(chunks)[:2000]), 100)}", v.STREAM)


def end(span: Span) -> Iterator[Line]:
    """Nothing when nothing was lost."""
    lost = value(span, v.LOST)
    for why in lost if isinstance(lost, list) else []:
        yield from missing(str(why))


def project(span: Span) -> Iterator[Line]:
    found = value(span, v.DESCRIPTION)
    count = len(found["models"]) if isinstance(found, dict) and isinstance(found.get("models"), (list, tuple)) else 0
    yield Line(f"project description of {count} models", v.PROJECT)


def foreign(span: Span) -> Iterator[Line]:
    """A span of another instrumentation."""
    yield Line(f"span {inert(span.name[:300])}  {duration(span.end - span.start)}", "other")


def remembered(span: Span) -> Iterator[Line]:
    yield Line(f"remembered {brief(value(span, v.REMEMBERED_ROW))}", v.REMEMBERED)


def work(span: Span) -> Iterator[Line]:
    outcome = plain(span, v.WORK_OUTCOME) or "not ended"
    took = f"  {duration(span.end - span.start)}" if span.what == v.WORK else ""
    given = called(value(span, v.WORK_ARGUMENTS))
    short = given if len(given) <= 60 else ""
    yield Line(f"{plain(span, v.WORK_KIND)} {plain(span, v.WORK_NAME)}{short} → {outcome}{took}", "work")
    if given not in ("()", short):
        yield detail(f"given {given}")
    if v.TASK_ID in span.attributes:
        yield detail(f"id {plain(span, v.TASK_ID)} of {plain(span, v.TASK_BACKEND)}")
    for link in span.links[:ROWS_SHOWN]:
        yield detail(f"handed over by span {inert(link.span_id)} of trace {inert(link.trace_id)}")
    if value(span, v.WORK_RESULT) is not None:
        yield detail(f"result {brief(value(span, v.WORK_RESULT))}")
    yield from failure(span)


def task(span: Span) -> Iterator[Line]:
    given = called(value(span, v.TASK_ARGUMENTS))
    how = "run at once" if span.attributes.get(v.TASK_EAGER) else f"handed to {plain(span, v.TASK_BACKEND)}"
    yield Line(f"task {plain(span, v.TASK_NAME)}{given} {how}  {duration(span.end - span.start)}", v.TASK)
    if v.TASK_ID in span.attributes:
        yield detail(f"id {plain(span, v.TASK_ID)}")
    if value(span, v.TASK_OPTIONS):
        yield detail(f"options {named(value(span, v.TASK_OPTIONS))}")
    if v.TASK_TRACE in span.attributes:
        yield detail(f"runs in trace {plain(span, v.TASK_TRACE)}")
    yield from failure(span)


KINDS: dict[str, Callable[[Span], Iterator[Line]]] = {
    v.REQUEST: request, v.CALL: call, v.SQL: sql, v.HTTP: http, v.TAPE: tape, v.STREAM: stream, v.WORK: work, v.BEGUN: work, v.TASK: task,
    v.END: end, v.SUPPORT: support, v.PROJECT: project, v.REMEMBERED: remembered, **OUTSIDE,
}  # fmt: skip


def lines(span: Span) -> list[Line]:
    """The headline of a span and its details; nothing for a span that has nothing to say."""
    return list(KINDS.get(span.what, foreign)(span))
