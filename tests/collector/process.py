"""A real collector process on ports of its own, and clients for its doors."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unspan_proto.readapi import traces_pb2 as api
from unspan_proto.readapi.traces_pb2_grpc import TracesStub

from .making import export, spans_in

COMMAND = (sys.executable, "-m", "unspan_collector")
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
READY = re.compile(r"listening on grpc (\S+), http (\S+), store (\S+)")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNSPAN_", "OTEL_"))}
    return {**kept, **more}


def command(*arguments: str, env: Mapping[str, str] | None = None, **named: Any) -> "subprocess.CompletedProcess[str]":
    """Runs `unspan-collector` to its end."""
    return subprocess.run([*COMMAND, *arguments], env=environment(**(env or {})), capture_output=True, text=True, timeout=60, **named)


class Process:
    """`unspan-collector serve` as a process; leaves nothing running."""

    def __init__(self, store: Path, *flags: str, env: Mapping[str, str] | None = None) -> None:
        self.store = store
        arguments = ("serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"sqlite:///{store}", *flags)
        self.popen = subprocess.Popen([*COMMAND, *arguments], env=environment(**(env or {})), stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(30), self.said
        found = next((READY.search(line) for line in self.said if READY.search(line)), None)
        assert found, self.said
        self.grpc, self.http = found[1], found[2]
        self.channel = grpc.insecure_channel(
            self.grpc, options=(("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
        )
        self.traces = TracesStub(self.channel)

    def _read(self) -> None:
        assert self.popen.stderr
        for line in self.popen.stderr:
            self.said.append(line.rstrip("\n"))
            if "listening on" in line:
                self._ready.set()
        self._ready.set()

    def send(self, spans: Sequence[Span], **named: Any) -> ExportTraceServiceResponse:
        """Sends over gRPC and returns the answer once acknowledged."""
        return self.send_raw(export(spans).SerializeToString(), **named)

    def send_raw(self, raw: bytes, **named: Any) -> ExportTraceServiceResponse:
        call = self.channel.unary_unary(EXPORT, response_deserializer=ExportTraceServiceResponse.FromString)
        return call(raw, **{"timeout": 20, **named})

    def get(self, trace_id: str, wait: float = 0) -> tuple[api.Summary, list[Span]]:
        chunks = list(self.traces.Get(api.GetRequest(trace_id=trace_id, wait_seconds=wait), timeout=30))
        return chunks[0].summary, spans_in(chunk.traces_data for chunk in chunks)

    def list(self, **filters: Any) -> "list[api.Summary]":
        return list(self.traces.List(api.ListRequest(**filters), timeout=20).traces)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stops it and returns its exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        self.channel.close()
        code = self.popen.wait(30)
        self._reader.join(5)
        return code

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop(signal.SIGTERM if kind is None else signal.SIGKILL)


def memory(pid: int | str) -> int:
    """Bytes that a process holds."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) << 10


def eventually(condition: Any, seconds: float = 20) -> Any:
    """The first true value of `condition()`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def code_of(call: Any) -> tuple[str, str, dict[str, bytes]]:
    """Name of the gRPC status, sentence and trailing metadata of a call that fails."""
    try:
        found = call()
        if isinstance(found, Iterator):
            list(found)
    except grpc.RpcError as error:
        failed: Any = error
        return failed.code().name, failed.details(), dict(failed.trailing_metadata() or ())
    raise AssertionError("the call succeeded")


__all__ = ["ExportTraceServiceRequest", "Process", "code_of", "command", "environment", "eventually", "memory"]
