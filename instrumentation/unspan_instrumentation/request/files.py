"""The file of a FileResponse that the server may send by itself, with `sendfile`: looked at beside it, by descriptor, without moving anything."""

import io
import os
import stat
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

PIECE: Final = 1 << 18
"""Bytes that are read at once."""
PLAIN: Final = (io.BufferedReader, io.FileIO, io.BufferedRandom)
"""Python's own files, whose methods run no code of the application."""


class OnDisk(NamedTuple):
    """A regular file that is open for reading, from where its content is sent on."""

    file: Any
    descriptor: int
    name: str
    position: int
    size: int
    changed: int

    def pieces(self, limit: int) -> Iterator[bytes]:
        """The content from the position on, at most `limit` bytes; fewer when the file was cut meanwhile."""
        at, end = self.position, min(self.size, self.position + limit)
        while at < end:
            data = os.pread(self.descriptor, min(PIECE, end - at), at)
            if not data:
                return
            yield data
            at += len(data)

    def taken(self) -> bool | None:
        """Whether somebody has read the file to its end; None where its position was not moved, as by `sendfile`."""
        at = self.file.tell()
        return None if at == self.position < self.size else at >= self.size

    def unchanged(self) -> bool:
        now = os.fstat(self.descriptor)
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed)


def on_disk(file: Any) -> OnDisk | None:
    """What is known of a response's file; None where it is no regular file of Python's or Django's, or not open."""
    plain = unwrapped(file)
    if type(plain) not in PLAIN or not hasattr(os, "pread"):
        return None
    try:
        descriptor, position = plain.fileno(), plain.tell()
        found = os.fstat(descriptor)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    name = plain.name if type(plain.name) is str else ""
    return OnDisk(plain, descriptor, name, position, found.st_size, found.st_mtime_ns)


def unwrapped(file: Any) -> Any:
    """The file inside of Django's `File`, of a model's file field, of a named temporary file; seen without asking any of them."""
    for _ in range(4):
        if type(file) in PLAIN:
            break
        state = getattr(file, "__dict__", None) if type(file).__module__.partition(".")[0] in ("django", "tempfile") else None
        inner = (state or {}).get("file") or (state or {}).get("_file")
        if inner is None:
            break
        file = inner
    return file
