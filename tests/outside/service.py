"""The other services that the project calls: answers of every sort, kept up until the recording is over."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RATES = {"EUR": 1.0, "USD": 1.1, "CHF": 0.9}


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()
    over = threading.Event()

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        name, *rest = self.path.partition("?")[0].strip("/").split("/")
        getattr(self, name, self.missing)(*rest)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if self.path == "/echo":
            self.document({"got": json.loads(body), "secret": length}, 201)
        else:
            self.document({"size": length})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, b"", ("ETag", '"1234"'))

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def document(self, found: Any, status: int = 200, *headers: tuple[str, str]) -> None:
        self.answer(status, json.dumps(found).encode(), ("Content-Type", "application/json"), *headers)

    def rates(self) -> None:
        self.document(RATES)

    def rate(self, code: str) -> None:
        self.document({"rate": RATES[code]})

    def moved(self) -> None:
        self.answer(302, b"", ("Location", "/rates"))

    def flaky(self) -> None:
        self.asked[self.path] += 1
        self.rates() if self.asked[self.path] == 3 else self.answer(503, b"later")

    def silent(self) -> None:
        self.over.wait(20)
        self.close_connection = True

    def login(self) -> None:
        self.answer(204, b"", ("Set-Cookie", "visit=7; Path=/"))

    def whoami(self) -> None:
        self.document({"cookie": self.headers.get("Cookie")})

    def papers(self, name: str) -> None:
        if name == "a.txt":
            return self.answer(200, b"content", ("ETag", '"1234"'))
        return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>", ("Content-Type", "application/xml"))

    def lines(self) -> None:
        """In chunks."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in (b"one\n", b"two\n", b"three\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def missing(self, *rest: str) -> None:
        self.answer(404, b"none of that")


class Running:
    """The service on a port of its own."""

    def __enter__(self) -> str:
        Service.over.clear()
        Service.asked.clear()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *error: object) -> None:
        Service.over.set()
        self.server.shutdown()
        self.server.server_close()
