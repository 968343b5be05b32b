"""Facts as a row of the `trace` table, and back."""

import json
from dataclasses import asdict, fields, replace
from typing import Any

from unspan_collector.facts import Exchange, Facts, Work
from unspan_collector.store.contract import Query, Summary

ANY_STATUS = (0, 999)
NAMES = {one.name for one in fields(Facts)}


def row(trace_id: bytes, known: Facts, arrived: int, aside: bool) -> dict[str, Any]:
    """The parameters of `put_trace`."""
    request, work = known.request, known.work
    path = work.name if work else request.path if request else ""
    return {
        "trace_id": trace_id, "arrived": arrived, "bytes": known.bytes, "aside": aside,
        "started": known.since, "method": known.method.upper(), "path": path, "status": request.status if request and not work else 0,
        "request": bool(request or work), "complete": known.complete, "in_flight": known.in_flight,
        "facts": json.dumps(asdict(known), separators=(",", ":")),
    }  # fmt: skip


def facts(text: str) -> Facts:
    """The facts of a row; what a later version may have added is left out."""
    plain: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in NAMES}
    if plain["request"]:
        plain["request"] = Exchange(**plain["request"])
    if plain.get("work"):
        plain["work"] = Work(**plain["work"])
    plain["lost"] = tuple(plain["lost"])
    return Facts(**plain)


def summary(found: tuple[bytes, str]) -> Summary:
    return Summary(found[0].hex(), facts(found[1]))


def larger(known: Facts, by: int) -> Facts:
    return replace(known, bytes=known.bytes + by)


def parameters(query: Query) -> dict[str, Any]:
    """The parameters of `list` and `list_in_flight`."""
    status = query.status or ANY_STATUS
    return {
        "limit": query.limit, "path": query.path, "method": query.method.upper(), "status_from": status[0], "status_to": status[1],
        "since": query.since, "arrived_since": query.arrived_since, "only_complete": query.only_complete, "all_kinds": query.all_kinds,
        "asides": query.asides,
    }  # fmt: skip
