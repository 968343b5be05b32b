"""Raw requests to the application `desk`, and how the answers of two servers are compared."""

import re
from hashlib import sha256

FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=b"
TEXT = "Content-Type: text/plain"
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n'
)
BIG_UPLOAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="big.bin"\r\n\r\n' + b"z" * 150_000 + b"\r\n--b--\r\n"
DATA = bytes(range(256)) * 4
"""What `data.bin` holds."""


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def made(path: str, *headers: str, method: str = "GET", body: bytes | None = None, host: str = "shop.example") -> bytes:
    """A request of HTTP/1.1 whose connection is closed after the answer."""
    length = () if body is None else (f"Content-Length: {len(body)}",)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, *length]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def posted(path: str, header: str, body: bytes) -> bytes:
    return made(path, header, method="POST", body=body)


def chunked(path: str, *chunks: bytes) -> bytes:
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return made(path, TEXT, "Transfer-Encoding: chunked", method="POST") + sent + b"0\r\n\r\n"


def undated(answer: bytes) -> bytes:
    """An answer without the moment at which it was given."""
    return re.sub(rb"(?im)^(date|expires|last-modified): [^\r]*", rb"\1", answer)
