"""The vote of `examples/poll`, recorded for real: the application runs under the recorder, Slack's button is pressed, and a stand-in for Slack answers."""

import hashlib
import hmac
import json
import shutil
import socketserver
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import trustme
from instrumentation.serving import Server, run
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from unspan_inverter.exporting import as_json
from unspan_inverter.receiving import Receiver
from unspan_inverter.recorded import Recorded, only, project_reference
from unspan_inverter.settings import under_recorder
from unspan_proto import vocabulary as v
from unspan_proto.span import from_otlp

from .sources import CHECKOUT

SECRET = "the secret that Slack shows for an application"
PRESSED = {
    "type": "block_actions",
    "team": {"id": "T9TK3CUKW", "domain": "slack-corp"},
    "user": {"id": "UA8RXUSPL", "username": "jtorrance", "name": "jtorrance", "team_id": "T9TK3CUKW"},
    "channel": {"id": "CBR2V3XEX", "name": "general"},
    "actions": [{"type": "button", "action_id": "vote", "block_id": "=qXel", "value": "21", "action_ts": "1614592810.501100"}],
}
"""What Slack says of a pressed button."""


class Slack(BaseHTTPRequestHandler):
    """A proxy behind which Slack's web API is: it takes every message."""

    authority: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = False
        self.connection = self.authority.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]

    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"ok": True, "channel": asked["channel"], "ts": asked["ts"], "text": asked["text"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def slack(folder: Path) -> Iterator[dict[str, str]]:
    """The variables under which a client reaches the stand-in by Slack's own address."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    Slack.authority = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("slack.com").configure_cert(Slack.authority)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slack) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{server.server_address[1]}", "REQUESTS_CA_BUNDLE": str(folder / "authority.pem")}
        server.shutdown()


def project(folder: Path) -> Path:
    """A copy of the example with the article's poll in its database."""
    found = shutil.copytree(
        CHECKOUT / "examples" / "poll", folder / "poll", ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3", "test_*.py")
    )
    run(["manage.py", "migrate", "-v0"], found)
    run(["manage.py", "loaddata", "-v0", "article"], found)
    return found


def recorded(folder: Path, poll: Path) -> Path:
    """The file that holds the trace of one vote."""
    with slack(folder) as around, Receiver() as receiver, Server(poll, env={**under_recorder(receiver.address), **around}) as server:
        answer = server.ask("/slack/interactions/", "POST", *signed(PRESSED))
        assert (answer.status, answer.body) == (200, b""), server.said()
        deadline = time.monotonic() + 30
        while not (found := whole(receiver)) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert found, "the trace of the vote did not arrive"
    file = folder / "vote.json"
    file.write_text(as_json(found))
    return file


def signed(payload: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    now = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
    kind = "application/x-www-form-urlencoded"
    return body, {"Content-Type": kind, "X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={signature}"}


def whole(receiver: Receiver) -> Recorded | None:
    """The request with the project's description, when all of it has come."""
    data = TracesData()
    for batch in receiver.batches():
        data.MergeFromString(batch)
    spans = list(from_otlp(data.resource_spans))
    ended = next((span.trace_id for span in spans if span.what == v.END), "")
    described = project_reference(data)
    if not ended or described not in {span.trace_id for span in spans}:
        return None
    return Recorded(ended, only(data, ended), only(data, described))


@dataclass(frozen=True, slots=True)
class Vote:
    """A project, and the file with the trace of a vote in it."""

    project: Path
    file: Path


def voted(folder: Path) -> Vote:
    poll = project(folder)
    return Vote(poll, recorded(folder, poll))


if __name__ == "__main__":
    print(voted(Path(sys.argv[1])).file)
