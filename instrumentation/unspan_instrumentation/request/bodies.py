"""A request's body by tee: what the application reads is kept, nothing is read on our own account."""

from collections.abc import Callable
from functools import partial
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

from unspan_instrumentation.patching import noted


class Body:
    """What has been read of one request's body, by whichever door. `announced`: its length, -1 when unknown."""

    def __init__(self, limit: int, announced: int) -> None:
        self.limit, self.announced = limit, announced
        self.at = 0
        """Where the next reading begins; before `size` when something went back."""
        self.size = 0
        self.ended = announced == 0
        self.broken = self.skipped = False
        self._kept: list[bytes] = []
        self._room = limit

    def passed(self, data: Any, whole: bool) -> None:
        """Bytes that were just read. `whole`: nothing can come after them."""
        if type(data) is not bytes:
            return
        self.skipped = self.skipped or self.at > self.size
        new = data[self.size - self.at :] if self.at < self.size else data
        self.at += len(data)
        if new:
            self.size += len(new)
            if self._room > 0:
                self._kept.append(new[: self._room])
                self._room -= len(new)
        self.ended = self.ended or whole or self.size == self.announced

    @property
    def whole(self) -> bool:
        """Whether every byte that was read is kept."""
        return self.size <= self.limit and not self.skipped

    def attributes(self) -> dict[str, Any]:
        """What is known of the body; nothing when none was announced and none read."""
        if (not self.announced and not self.size) or (self.announced < 0 and not self.size and not self.ended):
            return {}
        kept = b"".join(self._kept)
        body = kept if len(kept) == self.size else Truncated("bytes", max(self.announced, self.size), kept)
        found: dict[str, Any] = {v.REQUEST_BODY: body, v.REQUEST_BODY_READ: self.ended and not self.broken}
        if self.broken or (self.ended and self.size < self.announced):
            found[v.CLIENT_GONE] = True
        return found


class Tee:
    """Stands for a stream that a body is read from; everything but reading goes to that."""

    def __init__(self, stream: Any, body: Body) -> None:
        self._stream, self._body = stream, body

    def __repr__(self) -> str:
        return repr(self._stream)  # Django's page on an error shows it

    def read(self, *args: Any, **kwargs: Any) -> Any:
        return self._noted(self._stream.read, args, kwargs, whole=not args or args[0] in (None, -1))

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        return self._noted(self._stream.readline, args, kwargs, whole=False)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __getattr__(self, name: str) -> Any:
        found, way = getattr(self._stream, name), OTHER_WAYS.get(name)
        return found if way is None else partial(way, self._body, found)

    def _noted(self, read: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], whole: bool) -> Any:
        __traceback_hide__ = True  # for Django's page on an error, which shows the local variables of every frame
        try:
            data = read(*args, **kwargs)
        except OSError:  # the client went away
            self._body.broken = True
            raise
        passed(self._body, data, whole or (not data and not (args and args[0] == 0)))
        return data


def passed(body: Body, data: Any, whole: bool) -> None:
    """Notes bytes that were read; where that fails, the body counts as not kept whole."""
    try:
        body.passed(data, whole)
    except Exception as error:
        body.skipped = True
        noted("the request's body", error)


def some(body: Body, read: Callable[..., Any], *args: Any) -> Any:
    """`read1(size)`."""
    data = read(*args)
    passed(body, data, not data)
    return data


def lines(body: Body, read: Callable[..., Any], *args: Any) -> Any:
    """`readlines(hint)`."""
    found = read(*args)
    if type(found) is list:
        passed(body, b"".join(line for line in found if type(line) is bytes), not args)
    return found


def into(body: Body, read: Callable[..., Any], buffer: Any) -> Any:
    """`readinto(buffer)`."""
    count = read(buffer)
    if type(count) is int:
        passed(body, bytes(memoryview(buffer).cast("B")[:count]), not count)
    return count


def seek(body: Body, go: Callable[..., Any], *args: Any) -> Any:
    at = go(*args)
    if type(at) is int:
        body.at = at
    return at


OTHER_WAYS: dict[str, Callable[..., Any]] = {"read1": some, "readlines": lines, "readinto": into, "readinto1": into, "seek": seek}
"""What streams may have besides `read` and `readline`."""


def announced(meta: Any) -> int:
    """The body's length as announced, -1 when unknown: in chunks, or no number."""
    try:
        length = int(meta.get("CONTENT_LENGTH") or 0)
    except (TypeError, ValueError):
        return -1
    return -1 if not length and "chunked" in str(meta.get("HTTP_TRANSFER_ENCODING", "")).lower() else max(length, 0)


def watched(request: Any, limit: int) -> Body | None:
    """Puts tees between the application and the streams that it can read the body from; None when some of it was read already."""
    state, meta = request.__dict__, request.META
    body = Body(limit, announced(meta))
    if type(known := state.get("_body")) is bytes:
        body.passed(known, whole=True)
        return body
    if state.get("_read_started"):
        return None
    if (stream := state.get("_stream")) is not None:
        request._stream = Tee(stream, body)
    raw = meta.get("wsgi.input")
    if raw is not None and hasattr(raw, "read"):
        meta["wsgi.input"] = Tee(raw, body)
    return body
