"""Contents of files and attachments as the application handed them over: their beginning, size and hash. Nothing is read for it."""

import hashlib
from typing import Any, Final

from unspan_proto.values import Truncated

from unspan_instrumentation.freezing import Weight
from unspan_instrumentation.settings import active

KEPT: Final = active().max_content
"""Bytes, or characters, of a content that are kept."""
HASHED: Final = 16 << 20
"""Contents larger than this are not hashed: the application waits for it."""


class Content:
    """Bytes or text as they pass at a position, from the beginning on.

    `holes`: the application went elsewhere, or something passed unseen; then only the beginning up to there is known.
    """

    def __init__(self) -> None:
        self.kept: bytes | bytearray | str = b""
        self.size = self.position = 0
        self.holes = False
        self._hash: Any = hashlib.sha256(usedforsecurity=False)

    def add(self, data: Any) -> None:
        """The next piece."""
        text = isinstance(data, str)
        piece: Any = str.__str__(data) if isinstance(data, str) else bytes(data)
        at, self.position = self.position, self.position + len(piece)
        if self.holes or at > self.size or (self.size and text is not isinstance(self.kept, str)):
            self.holes = True
        elif self.position > self.size:  # what was seen before is not added again
            self._append(piece[self.size - at :], text)

    def _append(self, piece: Any, text: bool) -> None:
        room = KEPT - len(self.kept)
        if room > 0:
            if text:
                self.kept = (self.kept or "") + piece[:room]
            else:
                self.kept = self.kept if isinstance(self.kept, bytearray) else bytearray(self.kept)  # type: ignore[arg-type]
                self.kept += piece[:room]
        if self.size + len(piece) <= HASHED:
            self._hash.update(piece.encode("utf-8", "surrogatepass") if text else piece)
        self.size += len(piece)

    def moved(self, position: Any) -> None:
        """The next piece is elsewhere: what `seek` said."""
        if type(position) is int and not (position and isinstance(self.kept, str)):  # of text it is no count of characters
            self.position = position
        else:
            self.holes = True

    def value(self, whole: bool = True) -> Any:
        """What is known of it; Truncated when that is not all."""
        Weight.bytes += len(self.kept)
        kept = self.kept if isinstance(self.kept, str) else bytes(self.kept)
        if whole and not self.holes and self.size == len(kept):
            return kept
        return Truncated(type(kept).__name__, self.size if whole and not self.holes else -1, kept)

    def sha256(self) -> str | None:
        """None when it is not known whole, or too large."""
        return None if self.holes or self.size > HASHED else str(self._hash.hexdigest())


def content_of(data: str | bytes) -> Content:
    found = Content()
    found.add(data)
    return found
