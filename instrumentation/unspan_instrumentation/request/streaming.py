"""A streaming response: its chunks as they pass, and the recording that stays open until the last."""

import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

from opentelemetry.trace import Span
from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.request.exchange import Exchange
from unspan_instrumentation.settings import Settings


class Opens(Protocol):
    """Who holds recordings: the `recorder`."""

    settings: Settings

    def resumed(self, recording: Recording, span: Span) -> AbstractContextManager[None]: ...
    def closed(self, recording: Recording) -> None: ...


class Stream:
    """What has passed of one streaming response, until nothing more will."""

    def __init__(self, exchange: Exchange, charset: str, opens: Opens) -> None:
        self.exchange, self.charset, self.opens, self.limit = exchange, charset, opens, opens.settings.max_body
        self.chunks: list[bytes] = []
        self.size = 0
        self.start = time.time_ns()
        self.complete = False
        self.closed = False

    def passed(self, chunk: Any) -> None:
        data = chunk.encode(self.charset) if type(chunk) is str else bytes(chunk) if type(chunk) in (bytes, bytearray, memoryview) else None
        recording = self.exchange.recording
        if data is None or self.size + len(data) > self.limit:
            recording.lose("a chunk of the streaming response was not recorded: it is over UNSPAN_MAX_BODY, or of a type of its own")
        else:
            self.chunks.append(data)
        self.size += len(data or b"")

    def resumed(self) -> AbstractContextManager[None]:
        """What runs inside belongs to the recording."""
        return self.opens.resumed(self.exchange.recording, self.exchange.span)

    def close(self) -> None:
        """The server will ask for nothing more."""
        if self.closed:
            return
        self.closed = True
        recording = self.exchange.recording
        attributes = {v.CHUNKS: self.chunks, v.CLIENT_GONE: not self.complete}
        recording.settle()
        recording.emit(v.STREAM, "stream", self.start, time.time_ns(), attributes, parent=recording.root)
        self.opens.closed(recording)


class Chunks:
    """An iterator in the place of the response's."""

    def __init__(self, inner: Any, stream: Stream) -> None:
        self._inner, self._stream = inner, stream

    def __iter__(self) -> "Chunks":
        return self

    def __next__(self) -> Any:
        stream = self._stream
        with stream.resumed():
            try:
                chunk = next(self._inner)
            except StopIteration:
                stream.complete = True
                raise
        quietly(stream.exchange.recording, "a chunk", stream.passed, chunk)
        return chunk


class AsyncChunks:
    """An asynchronous iterator in the place of the response's."""

    def __init__(self, inner: Any, stream: Stream) -> None:
        self._inner, self._stream = inner, stream

    def __aiter__(self) -> "AsyncChunks":
        return self

    async def __anext__(self) -> Any:
        stream = self._stream
        with stream.resumed():
            try:
                chunk = await self._inner.__anext__()
            except StopAsyncIteration:
                stream.complete = True
                raise
        quietly(stream.exchange.recording, "a chunk", stream.passed, chunk)
        return chunk


class FileTee:
    """Stands for the file of a FileResponse that a server reads by itself. It has no `fileno`: `sendfile` would pass us by."""

    def __init__(self, file: Any, stream: Stream) -> None:
        self._file, self._stream = file, stream

    def read(self, *args: Any) -> Any:
        data = self._file.read(*args)
        if data:
            quietly(self._stream.exchange.recording, "a chunk", self._stream.passed, data)
        else:
            self._stream.complete = True
        return data

    def __getattr__(self, name: str) -> Any:
        if name == "fileno":
            raise AttributeError(name)
        return getattr(self._file, name)


def watch(response: Any, stream: Stream) -> bool:
    """Puts the stream between the response and whoever consumes it; true when it stands there."""
    kind = AsyncChunks if getattr(response, "is_async", False) else Chunks
    response._iterator = kind(response._iterator, stream)
    if getattr(response, "file_to_stream", None) is not None:
        response.file_to_stream = FileTee(response.file_to_stream, stream)
    response._resource_closers.append(stream.close)
    return True
