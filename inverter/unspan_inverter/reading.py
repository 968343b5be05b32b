"""The client of the collector's read API. The only place of the inverter that speaks gRPC."""

import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from unspan_proto.readapi.traces_pb2 import GetRequest, ListRequest, Summary
from unspan_proto.readapi.traces_pb2_grpc import TracesStub

from unspan_inverter.errors import InverterError, NotACollector, NothingYet, NotReachable, NotThatTrace, NotThere, Unreadable
from unspan_inverter.recorded import Recorded, project_reference
from unspan_inverter.settings import Endpoint

WAIT_LATEST = 5.0
"""Seconds that a request in flight is waited for."""
WAIT_ID = 3.0
"""Seconds that a named trace is waited for: spans are sent every second."""
SLACK = 30.0
"""Seconds that a call may take beside the waiting."""

OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),  # a proxy for the web would be asked for localhost too
    ("grpc.min_reconnect_backoff_ms", 5000),  # also how long a connection attempt may take: a silent host is given up
)


class Collector:
    """The traces of a collector. A context manager: the connection is closed at its end."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.address = endpoint.address
        self._borne = (("authorization", f"Bearer {endpoint.token}"),) if endpoint.token else ()
        if endpoint.secure:
            roots = Path(endpoint.certificate).read_bytes() if endpoint.certificate else None
            self._channel = grpc.secure_channel(endpoint.address, grpc.ssl_channel_credentials(roots), options=OPTIONS)
        else:
            self._channel = grpc.insecure_channel(endpoint.address, options=OPTIONS)
        self._stub = TracesStub(self._channel)

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()

    def newest(self, wanted: ListRequest) -> list[Summary]:
        """Summaries of the newest traces, newest first."""
        with self._sentences(""):
            return list(self._stub.List(wanted, timeout=SLACK, metadata=self._borne).traces)

    def fetched(self, trace_id: str, *, project: bool = True) -> Recorded:
        """One trace, as whole as it gets within a few seconds, with its project's description. Raises InverterError."""
        found, trace = self._got(trace_id, WAIT_LATEST if trace_id == "latest" else WAIT_ID)
        reference = project_reference(trace) if project else ""
        return Recorded(found, trace, self._description(reference))

    def _description(self, reference: str) -> TracesData:
        if not re.fullmatch("[0-9a-f]{32}", reference):
            return TracesData()
        for wait in (0.0, WAIT_ID):  # waiting at once would wait for more of a trace that is never marked as whole
            with suppress(NotThere):
                return self._got(reference, wait)[1]
        return TracesData()

    def _got(self, trace_id: str, wait: float) -> tuple[str, TracesData]:
        whole, found = TracesData(), ""
        with self._sentences(trace_id):
            for chunk in self._stub.Get(GetRequest(trace_id=trace_id, wait_seconds=wait), timeout=wait + SLACK, metadata=self._borne):
                found = found or chunk.summary.trace_id
                try:
                    whole.MergeFromString(chunk.traces_data)
                except DecodeError:
                    raise Unreadable(trace_id, "the collector holds bytes that are no OTLP spans") from None
        return found or first_id(whole, trace_id), whole

    @contextmanager
    def _sentences(self, trace_id: str) -> Generator[None, None, None]:
        try:
            yield
        except grpc.RpcError as error:
            raise sentence(error, trace_id, self.address) from None


def first_id(trace: TracesData, otherwise: str) -> str:
    for batch in trace.resource_spans:
        for group in batch.scope_spans:
            for span in group.spans:
                return span.trace_id.hex()
    return otherwise


def sentence(error: grpc.RpcError, trace_id: str, address: str) -> InverterError:
    """What an answer of gRPC means to a person."""
    code, details = error.code(), (error.details() or "no reason was given").strip().rstrip(".")[:300]  # type: ignore[attr-defined]
    if code is grpc.StatusCode.NOT_FOUND:
        return NothingYet(address) if trace_id == "latest" else NotThere(trace_id, address)
    if code is grpc.StatusCode.INVALID_ARGUMENT and trace_id:
        return NotThatTrace(trace_id, details)
    if code is grpc.StatusCode.DATA_LOSS:
        return Unreadable(trace_id, details)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return NotReachable(address, "it did not answer in time")
    if code is grpc.StatusCode.UNAVAILABLE:
        return NotReachable(address, reason(details))
    if code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN):
        return NotACollector(address, details)
    return NotReachable(address, f"{code.name.lower().replace('_', ' ')}: {details}")


REASONS = (
    ("refused", "the connection was refused"),
    ("timed out", "the connection timed out"),
    ("timeout", "the connection timed out"),
    ("resolution", "the name of the host is not known"),
    ("DNS", "the name of the host is not known"),
    ("lookup", "the name of the host is not known"),
    ("reset", "the connection was reset"),
    ("Trying to connect an http1.x server", "an HTTP server without gRPC answers there"),
    ("Failed parsing HTTP/2", "something without gRPC answers there"),
    ("closed", "the connection was closed"),
    ("SSL", "the TLS handshake failed"),
)


def reason(details: str) -> str:
    """gRPC's words for why nothing answered, in a person's."""
    return next((words for mark, words in REASONS if mark.lower() in details.lower()), details)
