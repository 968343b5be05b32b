"""Servers for the tests of outbound HTTP: HTTP/1.1 with whatever can go wrong in an answer, also as a proxy and over TLS, and a little HTTP/2."""

import gzip
import json
import select
import socket
import ssl
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli
import h2.config
import h2.connection
import h2.events
import zstandard

DOCUMENT = json.dumps({"quote": "as – is", "n": 1}).encode()
CHUNKS = [b"first ", b"second ", b"third"]
LARGE = (1 << 20) + (1 << 18)
STOPPED = threading.Event()
"""Set when the tests are over: answers that never come give up then."""


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()

    def do_GET(self) -> None:
        path = self.path.partition("://")[2].partition("/")[2] if "://" in self.path else self.path
        self.content()
        getattr(self, path.partition("?")[0].strip("/").replace("/", "_").replace("-", "_"), self.missing)()

    def do_POST(self) -> None:
        if self.path.startswith("/plain"):
            return self.do_GET()
        if self.path.startswith("/papers"):
            return self.answer(200, self.content()[:0])
        return self.answer(201, self.content())

    do_PUT, do_HEAD = do_POST, do_GET

    def content(self) -> bytes:
        """The request's body, however it was sent."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def do_CONNECT(self) -> None:
        """As a proxy: passes bytes on until one side ends."""
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            pairs = {self.connection: far, far: self.connection}
            while True:
                for ready in select.select(list(pairs), [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        self.close_connection = True
                        return
                    pairs[ready].sendall(data)

    def plain(self) -> None:
        self.answer(200, DOCUMENT)

    def zipped(self) -> None:
        self.answer(200, gzip.compress(DOCUMENT), ("Content-Encoding", "gzip"))

    def deflated(self) -> None:
        self.answer(200, zlib.compress(DOCUMENT), ("Content-Encoding", "deflate"))

    def brotli(self) -> None:
        self.answer(200, brotli.compress(DOCUMENT), ("Content-Encoding", "br"))

    def zstandard(self) -> None:
        packer = zstandard.ZstdCompressor().compressobj()
        self.answer(200, packer.compress(DOCUMENT) + packer.flush(), ("Content-Encoding", "zstd"))

    def large(self) -> None:
        self.answer(200, b"x" * LARGE)

    def empty(self) -> None:
        self.answer(204, b"")

    def moved(self) -> None:
        self.answer(302, b"over there", ("Location", "/plain"))

    def missing(self) -> None:
        self.answer(404, b"none")

    def flaky(self) -> None:
        """Not ready at the first two times of asking."""
        self.asked[self.path] += 1
        self.answer(503, b"not yet") if self.asked[self.path] < 3 else self.plain()

    def silent(self) -> None:
        """Never answers."""
        STOPPED.wait(20)
        self.close_connection = True

    def stalling(self) -> None:
        """Answers, and never comes to the end."""
        self.begin()
        STOPPED.wait(20)
        self.close_connection = True

    def breaking(self) -> None:
        """Hangs up in the middle of its answer."""
        self.begin()
        self.close_connection = True

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"begun")
        self.wfile.flush()

    def chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in CHUNKS:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), *headers):
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # type: ignore[method-assign] - clients hang up on purpose
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server.server_port
    STOPPED.set()
    server.shutdown()
    server.server_close()
    STOPPED.clear()


@contextmanager
def serving_http2() -> Iterator[int]:
    """The port of a server that echoes what HTTP/2 clients with prior knowledge send, or has a document for them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accepting, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def accepting(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=speaking, args=(connection,), daemon=True).start()


def speaking(connection: socket.socket) -> None:
    speaker = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    speaker.initiate_connection()
    bodies: Counter[int] | dict[int, bytes] = {}
    with connection:
        connection.sendall(speaker.data_to_send())
        while data := connection.recv(1 << 16):
            for event in speaker.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                elif isinstance(event, h2.events.StreamEnded):
                    speaker.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/json")])
                    speaker.send_data(event.stream_id, bodies.pop(event.stream_id, DOCUMENT), end_stream=True)
            connection.sendall(speaker.data_to_send())
