"""The read API (`unspan_proto/readapi/traces.proto`): what the inverter asks for. Reads the store; knows gRPC's codes in one place."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
import grpc.aio
from unspan_proto.readapi import traces_pb2 as api
from unspan_proto.readapi.traces_pb2_grpc import TracesServicer

from unspan_collector.chunks import chunks
from unspan_collector.errors import Damaged, NoAnswer, NoSuchTrace, Refused, Stopping, WrongQuestion
from unspan_collector.questions import prefix, query, whole_id
from unspan_collector.store.contract import NEVER, Query, Store, Summary

LONGEST_WAIT = 60.0
LOOK_EVERY = 0.05
"""Seconds between two looks while waiting for a trace; a look costs 0.3 ms and also sees what another process has stored."""
STILL_IN_FLIGHT = 60_000_000_000
"""Nanoseconds without news after which "latest" no longer waits for a trace."""
CODES: dict[type[NoAnswer | Refused], grpc.StatusCode] = {
    NoSuchTrace: grpc.StatusCode.NOT_FOUND,
    WrongQuestion: grpc.StatusCode.INVALID_ARGUMENT,
    Damaged: grpc.StatusCode.DATA_LOSS,
}
"""Every other failure is UNAVAILABLE."""

Context = grpc.aio.ServicerContext[Any, Any]


class ReadApi(TracesServicer):
    """Answers from a store. After `stop`, waiting questions end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def List(self, request: api.ListRequest, context: Context) -> api.ListReply:
        try:
            found = await asyncio.to_thread(self._store.newest, query(request))
        except (NoAnswer, Refused) as error:
            await failed(context, error)
        return api.ListReply(traces=[message(summary) for summary in found])

    async def Get(self, request: api.GetRequest, context: Context) -> AsyncIterator[api.Chunk]:
        try:
            found = await self._awaited(request)
            first = message(found)
            pieces = chunks(self._store.spans(found.trace_id))
            while (data := await asyncio.to_thread(next, pieces, None)) is not None:
                yield api.Chunk(traces_data=data, summary=first)
                first = None
            if first is not None:
                yield api.Chunk(summary=first)
        except (NoAnswer, Refused) as error:
            await failed(context, error)

    async def Delete(self, request: api.DeleteRequest, context: Context) -> api.DeleteReply:
        try:
            ids = [whole_id(trace_id) for trace_id in request.trace_ids]
            return api.DeleteReply(deleted=await asyncio.to_thread(self._store.delete, ids))
        except (NoAnswer, Refused) as error:
            await failed(context, error)

    async def _awaited(self, request: api.GetRequest) -> Summary:
        """The trace asked for, waited for while it has not arrived or more of it must come. Raises NoAnswer."""
        look = self._latest if request.trace_id == "latest" else self._named(prefix(request.trace_id))
        wait = request.wait_seconds if math.isfinite(request.wait_seconds) else LONGEST_WAIT
        deadline = time.monotonic() + min(wait, LONGEST_WAIT)
        while True:
            found, settled = await look()
            if settled or time.monotonic() >= deadline:
                break
            if self._stopping:
                raise Stopping
            await asyncio.sleep(LOOK_EVERY)
        if found is None:
            raise missing(request.trace_id)
        return found

    def _named(self, digits: str) -> Callable[[], Awaitable[tuple[Summary | None, bool]]]:
        async def look() -> tuple[Summary | None, bool]:
            found = await asyncio.to_thread(self._store.named, digits)
            if len(found) > 1:
                listed = ", ".join(f"{summary.trace_id[:12]}…" for summary in found)
                raise WrongQuestion(f"the prefix {digits} fits several traces ({listed}): give more digits")
            return (found[0], not found[0].facts.in_flight) if found else (None, False)

        return look

    async def _latest(self) -> tuple[Summary | None, bool]:
        """The newest complete request; settled when no newer one is in flight."""
        since = time.time_ns() - STILL_IN_FLIGHT
        whole = await asyncio.to_thread(self._store.newest, Query(limit=1, only_complete=True, asides=False))
        after = whole[0].facts.since if whole else NEVER
        flying = await asyncio.to_thread(
            self._store.newest, Query(limit=1, since=after, arrived_since=since, only_in_flight=True, asides=False)
        )
        return (whole[0] if whole else None), bool(whole) and not flying


def missing(trace_id: str) -> NoSuchTrace:
    if trace_id == "latest":
        return NoSuchTrace("no complete request has been recorded here yet")
    return NoSuchTrace(
        f"trace {trace_id[:12]}{'…' if len(trace_id) > 12 else ''} is not stored here: it may not have arrived yet, or was sent elsewhere"
    )


def message(summary: Summary) -> api.Summary:
    facts = summary.facts
    return api.Summary(
        trace_id=summary.trace_id, started_unix_nano=facts.since, duration_nano=max(0, facts.until - facts.since),
        method=facts.method, path=facts.title, status=facts.request.status if facts.request and not facts.work else 0,
        spans=facts.spans, sql=facts.sql, bytes=facts.bytes,
        complete=facts.complete, lost=[*facts.losses, *facts.missing], service=facts.service,
    )  # fmt: skip


async def failed(context: Context, error: NoAnswer | Refused) -> NoReturn:
    """Ends the call with the error's code and sentence."""
    await context.abort(CODES.get(type(error), grpc.StatusCode.UNAVAILABLE), str(error))
    raise AssertionError("abort always raises")
