"""Rows that the recorder read beside a statement (lineage), as events, and what they tell of the statement itself."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

from unspan_inverter.events.kinds import Event, RowsDeleted, RowsInserted, RowsRead, RowsSupported, RowsUpdated, TestCharset, WriteRefused
from unspan_inverter.events.writes import database, parameters, row_count, system
from unspan_inverter.trace import Trace


@dataclass(slots=True)
class Beside:
    """What was read beside one statement. `whole`: everything that it depends on."""

    whole: bool = False
    label: str = ""
    keys: tuple[Any, ...] | None = None
    after: Mapping[Any, Mapping[str, Any]] = field(default_factory=dict[Any, Mapping[str, Any]])


NOTHING = Beside()


def besides(trace: Trace) -> Mapping[str, Beside]:
    """By the statement's span."""
    found: dict[str, Beside] = {}
    for span in trace.spans:
        if span.what != v.SUPPORT:
            continue
        one = found.setdefault(span.parent_id, Beside())
        if v.SUPPORT_AFTER in span.attributes:
            one.after = rows_after(span.value(v.SUPPORT_AFTER))
            continue
        one.whole = not span.attributes.get(v.SUPPORT_CUT) and v.SUPPORT_GAP not in span.attributes
        one.label = str(span.attributes.get(v.SUPPORT_TARGET, ""))
        keys = span.value(v.SUPPORT_KEYS)
        one.keys = tuple(bare(key) for key in keys) if isinstance(keys, list) and one.whole else None
    return found


def rows_after(image: Any) -> dict[Any, dict[str, Any]]:
    """The rows after an UPDATE, by key; none of a value of another shape."""
    if not (isinstance(image, list) and len(image) == 4 and isinstance(image[2], list) and isinstance(image[3], list)):
        return {}
    some = [dict(zip(map(str, image[2]), row, strict=False)) for row in image[3] if isinstance(row, list)]
    return {key: row for row in some if isinstance(key := bare(row.get(str(image[1]))), Hashable)}


def supported(span: Span) -> Iterator[Event]:
    """The rows that were there before a statement; values of another shape are left out."""
    images = span.value(v.SUPPORT_ROWS, [])
    rows = tuple(
        (str(image[0]), tuple(map(str, image[1])), tuple(tuple(row) for row in image[2] if isinstance(row, list)))
        for image in (images if isinstance(images, list) else [])
        if isinstance(image, list) and len(image) == 3 and isinstance(image[1], list) and isinstance(image[2], list)
    )
    if rows:
        yield RowsSupported(span.span_id, database(span), rows)
    if charset := span.attributes.get(v.SUPPORT_CHARSET):
        yield TestCharset(span.span_id, database(span), str(charset))


def informed(event: Event, beside: Beside) -> Event:
    """The event of a statement with what was read beside it."""
    if isinstance(event, RowsRead):
        return replace(event, supported=beside.whole)
    if isinstance(event, RowsInserted) and beside.keys:
        return replace(event, existing=beside.keys)
    if isinstance(event, (RowsDeleted, WriteRefused)) and event.keys is None and beside.keys is not None:
        return replace(event, keys=beside.keys)
    if isinstance(event, RowsUpdated) and beside.after:
        return replace(event, changes=tuple(beside.after.items()))
    if isinstance(event, RowsUpdated) and beside.keys is not None and [key for key, _ in event.changes] == [None]:
        return replace(event, changes=tuple((key, event.changes[0][1]) for key in beside.keys))
    return event


def of_raw(span: Span, beside: Beside) -> Iterator[Event]:
    """A write without Django's compiler, of which the rows tell what it did."""
    if not beside.label or beside.keys is None or span.status == 2 or v.MODEL in span.attributes:
        return
    about = (str(span.attributes.get(v.STATEMENT, "")), parameters(span), row_count(span), system(span))
    if span.attributes.get(v.OPERATION) == "DELETE":
        yield RowsDeleted(span.span_id, database(span), beside.label, beside.keys, *about)
    elif span.attributes.get(v.OPERATION) == "UPDATE" and beside.after:
        yield RowsUpdated(span.span_id, database(span), beside.label, tuple(beside.after.items()), *about)
