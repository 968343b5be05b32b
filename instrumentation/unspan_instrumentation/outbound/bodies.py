"""Bodies of outbound HTTP: bytes as they pass, up to a limit, and how their encodings are undone."""

import sys
import zlib
from collections.abc import Callable
from typing import Any, Final

from unspan_proto.values import Truncated

from unspan_instrumentation.freezing import Weight
from unspan_instrumentation.settings import active

BODY_BYTES: Final = active().max_content
"""Bytes of a body that are kept."""


class Body:
    """Bytes as they pass, up to the limit."""

    __slots__ = ("kept", "size", "unknown")

    def __init__(self) -> None:
        self.kept, self.size, self.unknown = bytearray(), 0, False

    def add(self, data: Any) -> None:
        """Notes bytes, or a text in the encoding that clients send it in."""
        if isinstance(data, str):
            data = data.encode("utf-8", "replace")
        self.size += memoryview(data).nbytes
        room = BODY_BYTES - len(self.kept)
        if room > 0:
            self.kept += memoryview(data).cast("B")[:room]

    def cut(self) -> None:
        """Something passed that could not be seen."""
        self.unknown = True

    def value(self, chunked: bool = False) -> Any:
        """The bytes, without the chunks' lengths when they were sent `chunked`."""
        Weight.bytes += len(self.kept)
        whole = bytes(self.kept)
        if self.unknown or self.size != len(whole):
            return Truncated("bytes", -1 if self.unknown or chunked else self.size, joined(whole) if chunked else whole)
        return joined(whole) if chunked else whole


def body_of(given: Any) -> Body | None:
    """The body of a request that was given as text or bytes; None for a stream, and for none."""
    if isinstance(given, str):
        given = given.encode()
    if not isinstance(given, (bytes, bytearray, memoryview)) or not given:
        return None
    body = Body()
    body.add(bytes(given))
    return body


def joined(sent: bytes) -> bytes:
    """The content of a body that was sent in chunks, as far as it came."""
    found, rest = bytearray(), sent
    while rest:
        line, _, rest = rest.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            break
        if size == 0:
            break
        found += rest[:size]
        rest = rest[size + 2 :]
    return bytes(found)


def decoded(encoding: str, body: Any) -> tuple[Any, str]:
    """The body without its content-encoding, and the encoding that is left: none, or the same where it cannot be undone."""
    if not isinstance(body, bytes):
        return body, encoding
    try:
        for name in reversed([part.strip().lower() for part in encoding.split(",")]):
            body = DECODERS[name](body)
    except Exception:  # an encoding whose library is not loaded, or a body that was read in part
        return body, encoding
    return body, ""


def inflated(data: bytes) -> bytes:
    """`deflate` is zlib's format, or the bare one that some servers send."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return zlib.decompress(data, -zlib.MAX_WBITS)


def loaded(*names: str) -> Callable[[bytes], bytes]:
    """The decompressor of a library that the application has loaded: it could not read the body otherwise."""

    def decompress(data: bytes) -> bytes:
        module: Any = next(sys.modules[name] for name in names if name in sys.modules)
        if hasattr(module, "ZstdDecompressor") and hasattr(module.ZstdDecompressor(), "decompressobj"):
            return bytes(module.ZstdDecompressor().decompressobj().decompress(data))  # a frame need not say its size
        return bytes(module.decompress(data))

    return decompress


DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "identity": lambda data: data,
    "gzip": lambda data: zlib.decompress(data, zlib.MAX_WBITS | 16),
    "x-gzip": lambda data: zlib.decompress(data, zlib.MAX_WBITS | 16),
    "deflate": inflated,
    "br": loaded("brotli", "brotlicffi"),
    "zstd": loaded("compression.zstd", "backports.zstd", "zstandard"),
}
