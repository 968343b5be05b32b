"""A streaming response: its chunks as they pass, and the recording that stays open until the last."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from opentelemetry.trace import Span
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.request import files
from unspan_instrumentation.request.exchange import Exchange
from unspan_instrumentation.settings import Settings

CUT = "the streaming response was not recorded whole: it is over UNSPAN_MAX_BODY"
STRANGE = "a chunk of the streaming response was not recorded: it is of a type of its own"
UNSEEN = "the file that the server sent by itself was not recorded: it is no regular file on disk"
CHANGED = "the file that the server sent by itself may not be what was recorded: it was changed meanwhile"


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
        self.start = now()
        self.complete: bool | None = False
        """Whether the client took it all; None where nobody says, because the server sent a file by itself."""
        self.begun = self.cut = False
        self.file: files.OnDisk | None = None
        self.has_file = False

    def passed(self, chunk: Any) -> None:
        self.begun = True
        data = chunk.encode(self.charset) if type(chunk) is str else bytes(chunk) if type(chunk) in (bytes, bytearray, memoryview) else None
        if data is None:
            self.exchange.recording.lose(STRANGE)
            return
        room = self.limit - self.size
        if len(data) > room and not self.cut:
            self.cut = True
            self.exchange.recording.lose(CUT)
        if room > 0:
            self.chunks.append(data[:room])
        self.size += len(data)

    def ended(self) -> None:
        self.begun = self.complete = True

    def resumed(self) -> AbstractContextManager[None]:
        """What runs inside belongs to the recording."""
        return self.opens.resumed(self.exchange.recording, self.exchange.span)

    def read_file(self) -> None:
        """The response is about to be closed: a file that has not passed us was sent by the server, or not at all."""
        if self.begun or not self.has_file or self.exchange.attributes.get(v.METHOD) == "HEAD":
            return
        if self.file is None:
            self.exchange.recording.lose(UNSEEN)
            return
        for piece in self.file.pieces(self.limit + 1):
            self.passed(piece)
        if not self.file.unchanged():
            self.exchange.recording.lose(CHANGED)
        self.begun, self.complete = False, self.file.taken()

    def told(self) -> None:
        """Emits the record of what passed."""
        recording = self.exchange.recording
        attributes: dict[str, Any] = {v.CHUNKS: [*self.chunks, Truncated("bytes", self.size)] if self.cut else self.chunks}
        if self.file is not None:
            attributes[v.STREAM_FILE] = {"name": self.file.name, "size": self.file.size, "position": self.file.position}
        unasked = not self.begun and self.exchange.attributes.get(v.METHOD) == "HEAD"
        if self.complete is not None and not unasked:
            attributes[v.CLIENT_GONE] = not self.complete
        recording.emit(v.STREAM, "stream", self.start, now(), attributes, parent=recording.root)


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
                quietly(stream.exchange.recording, "the streaming response's end", stream.ended)
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
                quietly(stream.exchange.recording, "the streaming response's end", stream.ended)
                raise
        quietly(stream.exchange.recording, "a chunk", stream.passed, chunk)
        return chunk


class FileTee:
    """Stands for the file of a FileResponse that is none on disk, where the server reads it by itself."""

    def __init__(self, file: Any, stream: Stream) -> None:
        self._file, self._stream = file, stream

    def read(self, *args: Any) -> Any:
        stream = self._stream
        with stream.resumed():
            data = self._file.read(*args)
        if data:
            quietly(stream.exchange.recording, "a chunk", stream.passed, data)
        else:
            quietly(stream.exchange.recording, "the streaming response's end", stream.ended)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def watch(response: Any, stream: Stream) -> None:
    """Puts the stream between the response and whoever consumes it. A file on disk stays what it is, so that the server may send it by itself."""
    kind = AsyncChunks if getattr(response, "is_async", False) else Chunks
    response._iterator = kind(response._iterator, stream)
    file = getattr(response, "file_to_stream", None)
    if file is None:
        return
    stream.has_file, stream.file = True, files.on_disk(file)
    if stream.file is None:
        response.file_to_stream = FileTee(file, stream)
