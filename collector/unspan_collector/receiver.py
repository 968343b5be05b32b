"""What both doors (gRPC and HTTP) do with a request: decode, sort by trace, hand to the intake, answer when it is durable."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse

from unspan_collector.arrivals import Sorted, sorted_by_trace
from unspan_collector.errors import Refused, StoreBroken, Undecodable
from unspan_collector.intake import Intake, Room
from unspan_collector.terminal import say
from unspan_collector.wire import Decoded, decoded

MOST_BYTES = 64 << 20
"""Largest request taken, in bytes after decompression."""


class Receiver:
    """Takes OTLP requests, from any number of senders at once."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._mentioned: set[str] = set()

    def room(self) -> AbstractContextManager[Room]:
        """For a request that is read piece by piece. Raises Refused."""
        return self._intake.room()

    async def traces(
        self, raw: bytes, decode: Callable[[bytes], Decoded] | None = None, room: Room | None = None
    ) -> ExportTraceServiceResponse:
        """Keeps a trace request and returns the answer once it is durable; `room` is what it has already. Raises Refused."""
        with nullcontext(room) if room else self._intake.room(len(raw)):
            found = await asyncio.to_thread(taken_apart, raw, decode)
            if found.arrivals:
                await self._kept(found)
        return answer(found.rejected, found.whole)

    async def _kept(self, found: Sorted) -> None:
        try:
            await asyncio.wrap_future(self._intake.submit(found.arrivals))
        except Refused:
            raise
        except Exception as error:
            say(f"a batch could not be stored ({type(error).__name__}: {error}); its sender was told to try again.")
            raise StoreBroken("", f"{type(error).__name__}") from error

    def drop(self, signal: str) -> None:
        """Accepts metrics or logs and forgets them; says so the first time, because an exporter would log an error if it were refused."""
        if signal not in self._mentioned:
            self._mentioned.add(signal)
            say(f"{signal} are accepted and dropped: this collector keeps traces only.")


def taken_apart(raw: bytes, decode: Callable[[bytes], Decoded] | None) -> Sorted:
    """The arrivals of a request; protobuf, unless `decode` reads another encoding. Raises Undecodable."""
    try:
        return sorted_by_trace(decode(raw)) if decode else sorted_by_trace(decoded(raw), raw)
    except Refused:
        raise
    except Exception as error:  # what a hostile request may trip in us costs that request only, and must not be sent again
        raise Undecodable(f"{type(error).__name__}") from error


def answer(rejected: int, whole: bool = True) -> ExportTraceServiceResponse:
    """OTLP's answer; with a partial success when spans were left out, and with a warning when something else was."""
    if not rejected and whole:
        return ExportTraceServiceResponse()
    what = "spans without valid ids," if rejected else "attributes of resources or scopes"
    why = f"left out: {what} with text that is not UTF-8 or with values nested too deep"
    return ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=rejected, error_message=why))
