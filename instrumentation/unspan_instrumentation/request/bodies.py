"""A request's body by tee: what the application reads is kept, nothing is read on our own account."""

from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated


class Tee:
    """Stands for the stream that Django reads from; everything but reading goes to that."""

    def __init__(self, stream: Any, limit: int, announced: int) -> None:
        self._stream, self._limit, self._announced = stream, limit, announced
        self._kept: list[bytes] = []
        self._size = 0
        self._ended = announced == 0

    def read(self, *args: Any, **kwargs: Any) -> Any:
        data = self._stream.read(*args, **kwargs)
        self._note(data, whole=not args or args[0] is None or args[0] == -1)
        return data

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        data = self._stream.readline(*args, **kwargs)
        self._note(data, whole=False)
        return data

    def __iter__(self) -> Any:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _note(self, data: Any, whole: bool) -> None:
        if type(data) is not bytes:
            return
        room = self._limit - sum(map(len, self._kept)) if self._size else self._limit
        if data and room > 0:
            self._kept.append(data[:room])
        self._size += len(data)
        self._ended = self._ended or whole or not data or self._size == self._announced

    def attributes(self) -> dict[str, Any]:
        """What is known of the body; nothing when none was announced and none read."""
        if not self._announced and not self._size:
            return {}
        kept = b"".join(self._kept)
        size = max(self._announced, self._size)
        body = kept if len(kept) == self._size else Truncated("bytes", size, kept)
        return {v.REQUEST_BODY: body, v.REQUEST_BODY_READ: self._ended}
