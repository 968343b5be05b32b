"""A receiver of OTLP over HTTP, for the user's own telemetry."""

import gzip
import ssl
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from unspan_proto.span import Span, from_otlp

AUTHORITY = trustme.CA()
"""Whose word clients of the encrypted service have to take."""


@cache
def context() -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(found)
    return found


class HttpSink:
    """Keeps what comes to `/v1/traces`; answers `/rates` as a service that the project asks, also over TLS at `secure`."""

    def __init__(self) -> None:
        self.batches: list[ResourceSpans] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/v1/traces":
                    data = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                    sink.batches.extend(ExportTraceServiceRequest.FromString(data).resource_spans)
                self.answer()

            def do_GET(self) -> None:
                self.answer()

            def answer(self) -> None:
                body = b"" if self.path == "/v1/traces" else b'{"rate": 1.25}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        self._servers[1].socket = context().wrap_socket(self._servers[1].socket, server_side=True)
        self.address, self.secure = (f"127.0.0.1:{server.server_port}" for server in self._servers)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def spans(self) -> list[Span]:
        return list(from_otlp(list(self.batches)))

    def __enter__(self) -> "HttpSink":
        return self

    def __exit__(self, *args: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
