"""The whole of a trace: its call tree on a terminal, the same as JSON, and the list of the newest traces."""

import base64
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any

from rich.console import Console
from rich.text import Text
from unspan_proto import vocabulary as v
from unspan_proto.parts import joined
from unspan_proto.readapi.traces_pb2 import Summary
from unspan_proto.span import Span

from unspan_inverter.showing.gaps import missing
from unspan_inverter.showing.lines import lines
from unspan_inverter.showing.pieces import Line
from unspan_inverter.showing.text import cut, duration, inert, size
from unspan_inverter.showing.tree import Node, tree
from unspan_inverter.trace import descendants, not_arrived

STYLES = {
    "request": "bold", "work": "bold", v.TASK: "magenta", v.CALL: "cyan", v.SQL: "green", v.HTTP: "magenta", v.TAPE: "yellow", v.MAIL: "blue", v.CACHE: "blue", v.REMEMBERED: "green", v.SUPPORT: "dim green",
    v.STREAM: "magenta", "detail": "dim", "problem": "bold red", "other": "dim",
}  # fmt: skip
MAX_WIDTH = 200
"""Columns that a line takes at most, also on a wider terminal."""


def width() -> int:
    """The columns of the terminal; away from one, wide enough to search in."""
    return max(20, min(shutil.get_terminal_size((160, 24)).columns, MAX_WIDTH))


def printed(styled: Iterable[tuple[str, Line]]) -> None:
    """Prints lines cut to the terminal, in colour on a terminal. What they hold is inert already and no markup is read from it."""
    console, columns = Console(file=sys.stdout, width=MAX_WIDTH, highlight=False, markup=False, emoji=False, soft_wrap=True), width()
    for guide, line in styled:
        text = cut(guide + line.text, columns)
        styled_text = Text(text)
        styled_text.stylize("dim", 0, len(guide))
        end = len(text) if line.style in ("detail", "problem", "request", "work") else len(guide) + len(line.text.split(" ", 1)[0])
        styled_text.stylize(STYLES.get(line.style, ""), len(guide), end)
        console.print(styled_text, soft_wrap=True)


def call_tree(trace_id: str, spans: Iterable[Span]) -> Iterator[tuple[str, Line]]:
    """The lines of a trace, each with what stands left of it."""
    whole, gaps = joined(spans)
    yield "", Line(f"trace {trace_id}", "detail")
    ended = {span.span_id for span in whole}
    told = (span for span in whole if span.what != v.BEGUN or span.parent_id not in ended)
    for node in tree(span for span in told if span.what != v.END or lines(span)):
        said = lines(node.span)
        if node.odd:
            said.append(Line(f"({node.odd})", "problem"))
        for place, line in enumerate(said):
            yield guide(node, first=place == 0), line
    for gap in [*gaps, *unheard(whole)]:
        yield from (("", line) for line in missing(gap))


def unheard(spans: list[Span]) -> list[str]:
    """Of a request that there is: whether its end has come, and all that this counts."""
    requests = sorted((span for span in spans if span.what == v.REQUEST), key=lambda span: span.start)
    of_work = any(span.what in (v.WORK, v.BEGUN) for span in spans)
    return not_arrived(descendants(requests[0], spans)[0]) if requests and not of_work else []


def guide(node: Node, *, first: bool) -> str:
    """The lines of the tree left of a node's headline or of its details."""
    if not node.guides:
        return "" if first else "  "
    above = "".join("   " if last else "│  " for last in node.guides[:-1])
    if first:
        return above + ("└─ " if node.guides[-1] else "├─ ")
    return above + ("   " if node.guides[-1] else "│  ") + "   "


def as_document(trace_id: str, spans: Iterable[Span]) -> dict[str, Any]:
    """The trace as one JSON document: spans in reading order with their depth; encoded values stand as tagged JSON, bytes as base64."""
    whole, gaps = joined(spans)
    nodes = tree(whole)
    lost = [why for node in nodes if node.span.what == v.END for why in listed(node.span)]
    return {"trace_id": trace_id, "lost": [*lost, *gaps, *unheard(whole)], "spans": [node_document(node) for node in nodes]}


def listed(span: Span) -> list[str]:
    return [line.text.removeprefix("lost ") for line in lines(span) if line.style == "problem"]


def node_document(node: Node) -> dict[str, Any]:
    span = node.span
    return {
        "span_id": span.span_id, "parent_id": span.parent_id, "depth": node.depth, "kind": span.what, "name": span.name,
        "started_at": moment(span.start), "duration_ms": milliseconds(span.end - span.start), "odd": node.odd,
        "attributes": {name: jsonable(name, value) for name, value in span.attributes.items()},
    }  # fmt: skip


def jsonable(name: str, value: Any) -> Any:
    if name in v.ENCODED and isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [jsonable("", one) for one in value]
    return {key: jsonable("", one) for key, one in value.items()} if isinstance(value, dict) else value


def summary_document(summary: Summary) -> dict[str, Any]:
    """One trace of the list, in the words of the contract."""
    return {
        "trace_id": summary.trace_id, "started_at": moment(summary.started_unix_nano), "duration_ms": milliseconds(summary.duration_nano),
        "method": summary.method, "path": summary.path, "status": summary.status or None, "spans": summary.spans, "sql": summary.sql,
        "bytes": summary.bytes, "complete": summary.complete,
    }  # fmt: skip


def summary_line(summary: Summary) -> tuple[str, Line]:
    """One trace of the list: id, local time, request, status, duration, what is in it."""
    started = local(summary.started_unix_nano)
    request = cut(f"{inert(summary.method[:20])} {inert(summary.path[:300])}", max(30, width() - 76))
    whole = "" if summary.complete else "  incomplete: " + inert("; ".join(summary.lost)[:200]) if summary.lost else "  incomplete"
    text = (
        f"{inert(summary.trace_id[:12])}  {started}  {summary.status or '-':>3}  {duration(summary.duration_nano):>7}"
        f"  {summary.spans:>5} spans  {summary.sql:>4} sql  {size(summary.bytes):>8}  {request}"
    )
    return "", Line(text if summary.complete else text + whole, "other" if summary.complete else "problem")


def moment(nanoseconds: int) -> str:
    """ISO 8601 in UTC; a time that no calendar has becomes the nearest that it has."""
    return datetime.fromtimestamp(min(nanoseconds, 253402300799_000_000_000) // 1000 / 1e6, timezone.utc).isoformat(timespec="microseconds")


def local(nanoseconds: int) -> str:
    return datetime.fromtimestamp(min(nanoseconds, 253402200000_000_000_000) // 1_000_000_000).strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1e6, 3)
