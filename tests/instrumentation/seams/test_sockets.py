"""Sockets that the application uses itself are visible and a gap; those of recorded clients, drivers, mail, caches and log handlers are neither."""

import asyncio
import http.client
import logging
import logging.handlers
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from opentelemetry.instrumentation.utils import suppress_instrumentation
from unspan_instrumentation import caching, logs, outbound, sockets
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v


@pytest.fixture(autouse=True, scope="module")
def patched(django: None) -> None:
    for name, patch in (*sockets.PATCHES, *outbound.PATCHES, *logs.PATCHES, *caching.PATCHES):
        patch(import_module(name))


class Echo(threading.Thread):
    """Answers what each connection sends first, and closes it; a request of HTTP with a response of HTTP."""

    def __init__(self, listening: socket.socket, context: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self.listening, self.context = listening, context
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                data = connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" if b" HTTP/1" in data else data)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Echo(listening)
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Echo(listening, context)
        yield listening.getsockname()[1]


def by_socket(port: int, authority: trustme.CA) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"hello")
        return one.recv(100)


def by_file(port: int, authority: trustme.CA) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as one, one.makefile("rwb") as file:
        file.write(b"hello"), file.flush()
        return file.read()


def by_asyncio(port: int, authority: trustme.CA) -> bytes:
    async def run() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        found = await reader.read(100)
        writer.close()
        return found

    return asyncio.run(run())


def by_ssl(port: int, authority: trustme.CA) -> bytes:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as one:
        one.sendall(b"hello")
        return one.recv(100)


def seen(records: Any) -> list[dict[str, Any]]:
    found = []
    for record in records.of(v.SOCKET):
        attributes = dict(record.attributes)
        assert attributes.pop(v.FILE) == __file__
        attributes.pop(v.FUNCTION), attributes.pop(v.LINE)
        found.append(attributes | ({"failed": True} if record.failed else {}))
    return found


def peer(port: int, sent: int, transport: str = "tcp") -> dict[str, Any]:
    return {v.TRANSPORT: transport, v.PEER_ADDRESS: "127.0.0.1", v.PEER_PORT: port, v.BYTES_SENT: sent}


def gap(port: int) -> dict[str, int]:
    return {f"data went over a socket to 127.0.0.1:{port}, and no recorded client tells of it": 1}


@pytest.mark.parametrize(("call", "server"), [(by_socket, "echo"), (by_file, "echo"), (by_asyncio, "echo"), (by_ssl, "secure")])
def test_data_over_a_socket_is_a_gap(
    call: Callable[..., bytes], server: str, authority: trustme.CA, recorded: Recording, records: Any, request: pytest.FixtureRequest
) -> None:
    port = request.getfixturevalue(server)
    assert call(port, authority) == b"hello"
    recorded.settle()
    assert seen(records) == [peer(port, 5)]
    assert recorded.lost == gap(port)


def test_a_connection_without_data_is_no_gap(echo: int, recorded: Recording, records: Any) -> None:
    socket.create_connection(("127.0.0.1", echo)).close()
    recorded.settle()
    assert (seen(records), recorded.lost) == ([peer(echo, 0)], {})


def test_one_that_is_refused(recorded: Recording, records: Any) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 1))
    recorded.settle()
    (found,) = seen(records)
    assert (found[v.PEER_PORT], found[v.EXCEPTION_TYPE], found["failed"]) == (1, "ConnectionRefusedError", True)
    assert recorded.lost == {}


def test_a_connection_of_an_earlier_request_is_a_gap_of_this_one(echo: int, recorded: Recording, records: Any) -> None:
    from unspan_instrumentation import recording

    outside = recording._current.set(None)
    one = socket.create_connection(("127.0.0.1", echo))
    recording._current.reset(outside)
    one.sendall(b"hello")
    one.close()
    recorded.settle()
    assert (seen(records), recorded.lost) == ([peer(echo, 5)], gap(echo))


def test_a_path(tmp_path: Path, recorded: Recording, records: Any) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path), listening.listen()
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(path)
            one.send(b"hello")
    recorded.settle()
    assert seen(records) == [{v.TRANSPORT: "unix", v.PEER_ADDRESS: path, v.BYTES_SENT: 5}]
    assert recorded.lost == {f"data went over a socket to {path}, and no recorded client tells of it": 1}


@pytest.mark.parametrize("answered", [False, True], ids=["without an answer", "with an answer"])
def test_datagrams_are_a_gap_when_they_are_answered(answered: bool, recorded: Recording, records: Any) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other, socket.socket(type=socket.SOCK_DGRAM) as one:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        one.sendto(b"count:1", ("127.0.0.1", port))
        if answered:
            from unspan_instrumentation import recording

            outside = recording._current.set(None)
            other.sendto(b"ok", other.recvfrom(100)[1])
            recording._current.reset(outside)
            assert one.recvfrom(100)[0] == b"ok"
    recorded.settle()
    assert (seen(records), recorded.lost) == ([peer(port, 7, "udp")], gap(port) if answered else {})


def by_requests(port: int, tmp_path: Path) -> None:
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).content == b"ok"


def by_http_client(port: int, tmp_path: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def by_log_handler(port: int, tmp_path: Path) -> None:
    logger = logging.getLogger("far")
    handler = logging.handlers.SocketHandler("127.0.0.1", port)
    logger.addHandler(handler)
    logger.error("away")
    logger.removeHandler(handler)
    handler.close()


def by_cache(port: int, tmp_path: Path) -> None:
    from django.core.cache import CacheHandler
    from django.core.cache.backends.base import BaseCache

    class Remote(BaseCache):
        """As one of redis's or memcached's."""

        def __init__(self, location: str, params: dict[str, Any]) -> None:
            super().__init__(params)

        def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
            return by_socket(port, None)  # type: ignore[arg-type]

    globals()["Remote"] = Remote
    assert CacheHandler({"default": {"BACKEND": f"{__name__}.Remote"}})["default"].get("a") == b"hello"


def by_exporter(port: int, tmp_path: Path) -> None:
    with suppress_instrumentation():
        by_socket(port, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [by_requests, by_http_client, by_log_handler, by_cache, by_exporter])
def test_what_is_told_by_another_record_is_not_told_twice(
    call: Callable[[int, Path], None], echo: int, tmp_path: Path, recorded: Recording, records: Any
) -> None:
    call(echo, tmp_path)
    recorded.settle()
    assert (records.of(v.SOCKET), recorded.lost) == ([], {})


def test_a_database_driver_in_python_is_told_by_its_statements(recorded: Recording, records: Any, echo: int) -> None:
    from django.db.backends.base.base import BaseDatabaseWrapper

    class Wrapper(BaseDatabaseWrapper):
        def get_connection_params(self) -> dict[str, Any]:
            return {}

        def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
            return socket.create_connection(("127.0.0.1", echo))

        def __init__(self) -> None:
            self.alias, self.settings_dict, self.connection, self.in_atomic_block = (
                "far",
                {"CONN_MAX_AGE": 0, "AUTOCOMMIT": True, "CONN_HEALTH_CHECKS": False},
                None,
                False,
            )
            self.needs_rollback, self.savepoint_ids, self.run_on_commit, self.health_check_enabled = False, [], [], False

        check_settings = init_connection_state = set_autocommit = lambda self, *args: None  # type: ignore[assignment]

    wrapper = Wrapper()
    wrapper.connect()
    wrapper.connection.sendall(b"SELECT 1")
    wrapper.connection.close()
    recorded.settle()
    assert (records.of(v.SOCKET), recorded.lost) == ([], {})


def test_they_are_bounded(echo: int, recorded: Recording, records: Any) -> None:
    for _ in range(sockets.MOST + 2):
        socket.create_connection(("127.0.0.1", echo)).close()
    recorded.settle()
    assert len(records.of(v.SOCKET)) == sockets.MOST
    assert recorded.lost == {"only the first 100 sockets of the request were recorded": 2}


def test_sockets_are_not_kept(echo: int, recorded: Recording) -> None:
    before = len(sockets.peers)
    for _ in range(5):
        socket.create_connection(("127.0.0.1", echo)).close()
    assert len(sockets.peers) <= before + 1


@pytest.mark.parametrize("where", ["Peer.__init__", "Use.__init__", "Use.passed", "Use.emit"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(
    where: str, echo: int, authority: trustme.CA, recorded: Recording, monkeypatch: Any
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.sockets.{where}", broken)
    assert by_socket(echo, authority) == b"hello"
    recorded.settle()
    assert recorded.lost


def test_the_class_looks_as_before() -> None:
    assert (socket.socket.connect.__doc__, socket.socket.send.__name__) == (socket.SocketType.connect.__doc__, "send")
    assert os.path.basename(socket.__file__) == "socket.py"
