"""Sockets that the application connects or uses itself: a record each, and a gap in the trace where data goes over one that no other record tells of.

What a recorded client, a database driver, mail, a cache or a log handler does is told by them. A socket that was connected for one of those
stays theirs. Patching `socket.socket` costs a connection and a sending 0.2 µs; an audit hook would cost every `open`, `import` and `compile` of
the process, and could never be taken away. Drivers written in C (libpq, gRPC) have sockets that Python does not see.
"""

import socket as sockets
import weakref
from collections.abc import Callable
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.belonging import place
from unspan_instrumentation.bounds import within
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now
from unspan_instrumentation.told import is_told

WHAT: Final = "the use of a socket"
MOST: Final = 100
"""Sockets of one request."""
USES: Final = "_sockets"
"""Name of the attribute of a recording that holds its uses of sockets."""


class Peer:
    """The other side of a connected socket. `told`: it was connected for something that is recorded in another way.

    `connection`: the same for a socket and the one that encrypts in its place.
    """

    def __init__(self, socket: Any, address: Any, told: bool, connection: object = None) -> None:
        number = id(socket)
        self.ref = weakref.ref(socket, lambda _: peers.pop(number, None))
        self.connection = connection or object()
        self.address, self.told = address, told
        self.datagram = (int(socket.type) & 0xF) == sockets.SOCK_DGRAM
        self.transport = "unix" if socket.family == getattr(sockets, "AF_UNIX", None) else "udp" if self.datagram else "tcp"

    def attributes(self) -> dict[str, Any]:
        host, port = self.address[:2] if type(self.address) is tuple and len(self.address) > 1 else (self.address, None)
        text = host.decode("utf-8", "replace") if type(host) is bytes else host if type(host) is str else ""
        return {v.TRANSPORT: self.transport, v.PEER_ADDRESS: text} | ({v.PEER_PORT: port} if type(port) is int else {})

    def __str__(self) -> str:
        return ":".join(str(part) for part in list(self.attributes().values())[1:]).replace("\0", "@")


peers: dict[int, Peer] = {}
"""Every socket that was connected, by its id, as long as it lives."""


class Use:
    """What one recording does with one socket, until it ends."""

    def __init__(self, recording: Recording, peer: Peer) -> None:
        self.recording, self.peer = recording, peer
        self.place, self.parent = place(), recording.parent()
        self.start = self.end = now()
        self.sent, self.lost = 0, False
        self.error: BaseException | None = None
        recording.at_end(self.emit)

    def passed(self, sent: int, matters: bool) -> None:
        self.end = now()
        self.sent += sent
        if matters and not self.lost:
            self.lost = True
            self.recording.lose(f"data went over a socket to {self.peer}, and no recorded client tells of it")

    def emit(self) -> None:
        found = {**self.peer.attributes(), **self.place, v.BYTES_SENT: self.sent, **exception(self.error)}
        failed = self.error is not None
        self.recording.emit(v.SOCKET, f"socket {self.peer}", self.start, self.end, found, parent=self.parent, failed=failed, span_kind=3)


def use(recording: Recording, peer: Peer) -> Use | None:
    """The recording's use of this socket; None when there were too many."""
    uses: dict[object, Use | None] = recording.__dict__.setdefault(USES, {})
    if peer.connection not in uses:
        uses[peer.connection] = Use(recording, peer) if within(recording, "sockets", MOST) else None
    return uses[peer.connection]


def connected(socket: Any, address: Any, error: BaseException | None) -> None:
    told = is_told()
    waits = isinstance(error, BlockingIOError)  # asyncio's sockets connect on
    if error is None or waits:
        peers[id(socket)] = Peer(socket, address, told)
    recording = current()
    if recording is not None and not told:
        found = use(recording, peers.get(id(socket)) or Peer(socket, address, told))
        if found is not None and not waits:
            found.error, found.end = error, now()


def connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """`socket.connect(address)`; also `connect_ex`, whose errors are numbers."""

    def connect(socket: Any, address: Any) -> Any:
        error: BaseException | None = None
        try:
            result = original(socket, address)
        except BaseException as raised:
            error = raised
            raise
        finally:
            noted(connected, socket, address, error)
        return result

    return connect


def sending(original: Callable[..., Any]) -> Callable[..., Any]:
    """`socket.send(data, …)`, `sendall`, `sendmsg`: a datagram without an answer tells the application nothing."""

    def send(socket: Any, data: Any, *args: Any) -> Any:
        peer = peers.get(id(socket))
        if peer is not None and not peer.told and (recording := current()) is not None and not is_told():
            quietly(recording, WHAT, went, recording, peer, data, not peer.datagram)
        return original(socket, data, *args)

    return send


def sending_to(original: Callable[..., Any]) -> Callable[..., Any]:
    """`socket.sendto(data, [flags], address)` of a socket that need not be connected."""

    def sendto(socket: Any, data: Any, *args: Any) -> Any:
        recording = current()
        if recording is not None and args and not is_told():
            quietly(recording, WHAT, sent_to, recording, socket, data, args[-1])
        return original(socket, data, *args)

    return sendto


def sent_to(recording: Recording, socket: Any, data: Any, address: Any) -> None:
    peer = peers.get(id(socket))
    if peer is None or peer.address != address:
        peer = peers[id(socket)] = Peer(socket, address, False)
    went(recording, peer, data, False)


def receiving(original: Callable[..., Any]) -> Callable[..., Any]:
    """`socket.recvfrom(…)`: a datagram came in answer."""

    def recvfrom(socket: Any, *args: Any) -> Any:
        result = original(socket, *args)
        peer = peers.get(id(socket))
        if peer is not None and not peer.told and (recording := current()) is not None and not is_told():
            quietly(recording, WHAT, went, recording, peer, b"", True)
        return result

    return recvfrom


def went(recording: Recording, peer: Peer, data: Any, matters: bool) -> None:
    found = use(recording, peer)
    if found is not None:
        size = sum(memoryview(one).nbytes for one in data) if type(data) in (list, tuple) else memoryview(data).nbytes
        found.passed(size, matters)


def noted(note: Callable[..., None], *args: Any) -> None:
    """Also without a recording a connected socket is remembered; nothing of it reaches the application."""
    try:
        note(*args)
    except Exception as error:
        recording = current()
        if recording is not None:
            recording.lose(f"{WHAT} was not recorded because of {type(error).__name__} inside unspan")


METHODS: Final = {
    "connect": connecting, "connect_ex": connecting, "send": sending, "sendall": sending, "sendmsg": sending, "sendto": sending_to,
    "recvfrom": receiving, "recvfrom_into": receiving,
}  # fmt: skip


def patch(module: Any) -> None:
    """For `socket`: the class is Python's own subclass of the built-in one, whose methods it inherits."""
    for name, made in METHODS.items():
        original = getattr(module.socket, name)
        if name not in module.socket.__dict__:
            replacement = made(original)
            replacement.__name__, replacement.__qualname__, replacement.__doc__ = name, f"socket.{name}", original.__doc__
            replacement.__wrapped__ = original  # type: ignore[attr-defined]
            setattr(module.socket, name, replacement)


def patch_ssl(module: Any) -> None:
    """For `ssl`, whose sockets encrypt without asking the class above."""

    def write(original: Callable[..., Any], socket: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        peer = peers.get(id(socket))
        if peer is not None and not peer.told and args and getattr(socket, "_sslobj", None) is not None:
            recording = current()
            if recording is not None and not is_told():
                quietly(recording, WHAT, went, recording, peer, args[0], True)
        return original(socket, *args, **kwargs)

    for name in ("send", "write"):
        around(module.SSLSocket, name, write)
    made: Any = module.SSLSocket.__dict__["_create"]
    if getattr(made.__func__, "__unspan__", False):
        return

    def create(cls: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
        """It takes the connection over from `sock`."""
        before = peers.get(id(sock))
        socket = made.__func__(cls, sock, *args, **kwargs)
        if before is not None:
            noted(lambda: peers.update({id(socket): Peer(socket, before.address, before.told, before.connection)}))
        return socket

    create.__unspan__ = True  # type: ignore[attr-defined]
    module.SSLSocket._create = classmethod(create)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("socket", patch),
    ("ssl", patch_ssl),
)
"""Module and what to do with it once it is imported."""
