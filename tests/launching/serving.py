"""One server, started in one way beside one companion on one database, every request that the features need, and their traces."""

import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from instrumentation.serving import Answer, Server
from instrumentation.sink import Sink, whole
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .companions import Addresses, Companion
from .feature import Feature, Step
from .forms import PROJECT, Form, Work
from .receiver import AUTHORITY, HttpSink

CELL = "X-Cell"


@dataclass(frozen=True)
class Start:
    """Everything that a server is started with."""

    form: Form | Work
    companion: Companion
    database: str
    exported: bool
    elsewhere: bool

    def __repr__(self) -> str:
        words = [self.form.name, self.companion.name, self.database, "exported" * self.exported, "elsewhere" * self.elsewhere]
        return "-".join(word for word in words if word)


@dataclass
class Receivers:
    """Where spans may arrive: at us, at the user's over gRPC, at the user's over HTTP."""

    ours: Sink = field(default_factory=Sink)
    grpc: Sink = field(default_factory=Sink)
    http: HttpSink = field(default_factory=HttpSink)

    def addresses(self) -> Addresses:
        return Addresses(self.ours.address, self.grpc.address, self.http.address, self.http.secure)

    def theirs(self) -> list[Span]:
        return [*self.grpc.spans(), *self.http.spans()]

    def close(self) -> None:
        self.ours.stop()
        self.grpc.stop()
        self.http.__exit__()


class Client:
    """Makes the requests of features, each marked with its number."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cells: list[str] = []
        self.held: dict[str, str] = {}

    def use(self, feature: Feature) -> None:
        cookies: dict[str, str] = {}
        for step in feature.steps:
            cell = f"{len(self.cells) + 1}"
            answer = self.ask(step, cell, cookies)
            self.cells.append(cell)
            self.held[feature.name] = cell
            for name, value in answer.headers:
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    cookies[key] = rest.partition(";")[0]

    def ask(self, step: Step, cell: str, cookies: Mapping[str, str]) -> Answer:
        headers = {CELL: cell, **(step.headers or {})}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if step.gone:
            return self.leave(step.path, headers, step.gone)
        return self.server.ask(step.path, step.method, step.body, headers)

    def leave(self, path: str, headers: Mapping[str, str], size: int) -> Answer:
        """Reads so many bytes and hangs up."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
            while size > 0:
                size -= len(client.recv(10_000))
        return Answer(200, [], b"")


@dataclass
class Served:
    """What came of it. `traces` are of the requests, or units of work, that were wanted; `held` names for each feature the one that shows it."""

    start: Start
    wanted: tuple[str, ...]
    traces: dict[str, list[Span]]
    held: dict[str, str]
    ours: list[Span]
    theirs: list[Span]
    said: str


def environment(start: Start, to: Addresses, packages: Iterable[Path], database: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Of a program that may keep its files in the folder."""
    AUTHORITY.cert_pem.write_to_path(folder / "authority.pem")
    env = {
        **database, **start.companion.env(to), "UNSPAN_EXPORT_INTERVAL": "0.05", "NO_PROXY": "127.0.0.1", "SHOP_SERVICE": f"http://{to.http}",
        "SHOP_SECURE_SERVICE": f"https://{to.secure}", "SHOP_AUTHORITY": str(folder / "authority.pem"), "SHOP_FOLDER": str(folder),
    }  # fmt: skip
    path = [str(folder) for folder in packages]
    if start.exported:
        env["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    if start.elsewhere and isinstance(start.form, Form):
        path += start.form.elsewhere_env.get("PYTHONPATH", "").split(":")
    return {**env, "PYTHONPATH": ":".join(filter(None, path))}


@contextmanager
def started(start: Start, env: Mapping[str, str]) -> Iterator[Server]:
    command = start.form.elsewhere if start.elsewhere else start.form.command
    with Server(PROJECT, env=env, command=command, cwd=PROJECT.parent if start.elsewhere else PROJECT) as server:
        yield server


def serve(
    start: Start, features: Sequence[Feature], packages: Iterable[Path], database: Mapping[str, str], folder: Path, **more: str
) -> Served:
    """Starts the server, makes the requests of the features, and gives what arrived once every request's trace is there."""
    receivers = Receivers()
    try:
        env = {**environment(start, receivers.addresses(), packages, database, folder), **more}
        with started(start, env) as server:
            client = Client(server)
            for feature in features:
                client.use(feature)
            traces = {} if more else arrived(receivers.ours, client.cells, server)
            wait_for_theirs(receivers, start, client.cells)
            said = server.said()
        return Served(start, tuple(client.cells), traces, client.held, receivers.ours.spans(), receivers.theirs(), said)
    finally:
        receivers.close()


def arrived(sink: Sink, cells: Iterable[str], server: Server) -> dict[str, list[Span]]:
    """Cell → its whole trace."""
    wanted = set(cells)
    try:
        spans = sink.until(lambda found: wanted <= {cell(span) for span in found if span.trace_id in ended(found)}, 30)
    except AssertionError as error:
        raise AssertionError(f"{error}; the server said: {server.said()}") from None
    return {cell(span): list(whole(spans, span.trace_id)) for span in spans if cell(span)}


def ended(spans: Iterable[Span]) -> set[str]:
    return {span.trace_id for span in spans if span.what == v.END}


def cell(span: Span) -> str:
    """The number of the request, on its server span."""
    if span.what != v.REQUEST:
        return ""
    return next((str(value) for name, value in span.value(v.REQUEST_HEADERS) if name == CELL), "")


def wait_for_theirs(receivers: Receivers, start: Start, cells: Iterable[str]) -> None:
    """The user's exporter sends every 0.1 s."""
    count = len(list(cells))
    for _ in range(200 if start.companion.own else 0):
        if sum(span.kind == 2 for span in receivers.theirs()) >= count:
            return
        time.sleep(0.05)
