"""The whole collector as one object: built from the end backwards (store, intake, receivers), stopped in reverse, so that nothing accepted is lost."""

import asyncio
import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvicorn
from grpc_health.v1 import health as grpc_health
from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.applications import Starlette
from unspan_proto.readapi.traces_pb2_grpc import add_TracesServicer_to_server

from unspan_collector import grpc_door, http_door, pins, status, store
from unspan_collector.errors import CannotListen, Refused, StoreBroken
from unspan_collector.intake import Intake
from unspan_collector.read_api import ReadApi
from unspan_collector.receiver import Receiver
from unspan_collector.settings import Address, Settings
from unspan_collector.store.contract import NEVER
from unspan_collector.terminal import say
from unspan_collector.tokens import Guard, Tokens

GRACE = 5.0
"""Seconds that requests in flight get to finish when the collector stops; those that do not were never acknowledged."""
LAST_MOMENT = 0.5
"""Seconds that a stop takes at least when gRPC still holds a call."""
TIDY_EVERY = 60.0
DAY = 86_400_000_000_000


class Collector:
    """Use as `async with Collector(settings) as collector`: listening inside, flushed and closed after. Raises CannotOpen, CannotListen."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ending = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Collector":
        async with contextlib.AsyncExitStack() as ending:
            self.store = store.opened(self._settings.store)
            ending.callback(self.store.close)
            self._intake = Intake(self.store, self._settings.queue_bytes)
            ending.push_async_callback(asyncio.to_thread, self._intake.close)
            await self._tidying(ending)
            await self._receivers(ending)
            self._ending = ending.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def _receivers(self, ending: contextlib.AsyncExitStack) -> None:
        """Binds both ports before either serves, so that a port in use is found before anything is accepted."""
        receiver, reading = Receiver(self._intake), ReadApi(self.store)
        http_socket = bound("http", self._settings.http)
        ending.callback(http_socket.close)
        tokens = Tokens(self._settings.ingest_token, self._settings.read_token)
        server = grpc.aio.server(interceptors=(Guard(tokens),), options=grpc_door.OPTIONS, compression=grpc.Compression.NoCompression)
        server.add_generic_rpc_handlers((*grpc_door.handlers(receiver), self._status_handler(), pins.handler(self.store)))
        add_TracesServicer_to_server(reading, server)
        health = grpc_health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        self.grpc = Address(self._settings.grpc.host, grpc_port(server, self._settings.grpc, credentials(self._settings)))
        self.http = Address(self._settings.http.host, http_socket.getsockname()[1])
        await server.start()
        ending.push_async_callback(self._stop_grpc, server)
        await self._serve_http(ending, http_door.application(receiver, self.well, tokens), http_socket)
        await health.set("", health_pb2.HealthCheckResponse.SERVING)
        ending.push_async_callback(health.enter_graceful_shutdown)
        ending.callback(reading.stop)

    async def _stop_grpc(self, server: grpc.aio.Server) -> None:
        """Lets batches in work finish. gRPC may hold a call that came at the last moment and never hands it over: that one is not waited for."""
        stopping = asyncio.create_task(server.stop(GRACE))
        await asyncio.wait({stopping}, timeout=LAST_MOMENT)
        while not stopping.done() and self._intake.busy:
            await asyncio.sleep(0.02)
        await server.stop(None)
        await stopping

    async def _serve_http(self, ending: contextlib.AsyncExitStack, application: Starlette, bound_to: socket.socket) -> None:
        options: dict[str, Any] = {
            "log_config": None,
            "access_log": False,
            "lifespan": "off",
            "timeout_graceful_shutdown": int(GRACE),
            "ws": "none",
            "ssl_certfile": self._settings.certificate or None,
            "ssl_keyfile": self._settings.key or None,
        }
        server = HttpServer(uvicorn.Config(application, server_header=False, **options))
        serving = asyncio.create_task(server.serve(sockets=[bound_to]))

        async def stop() -> None:
            server.should_exit = True
            await serving

        ending.push_async_callback(stop)
        while not server.started:
            await asyncio.sleep(0.005)

    async def _tidying(self, ending: contextlib.AsyncExitStack) -> None:
        """Removes old traces now and every minute, when there is a limit."""
        if self._settings.keep_days or self._settings.keep_bytes or self._settings.keep_traces:
            task = asyncio.create_task(self._tidy())
            ending.callback(task.cancel)

    async def _tidy(self) -> None:
        while True:
            before = time.time_ns() - int(self._settings.keep_days * DAY) if self._settings.keep_days else NEVER
            try:
                await asyncio.to_thread(self.store.expire, before, self._settings.keep_bytes, self._settings.keep_traces)
            except Refused as refused:
                say(f"old traces could not be removed: {refused}.")
            await asyncio.sleep(TIDY_EVERY)

    async def well(self) -> tuple[bool, str]:
        """Whether batches can be stored, and the sentence why not. After a failure a write is tried, so that health returns by itself."""
        if self._intake.failure is None:
            return True, ""
        try:
            await asyncio.to_thread(self.store.probe)
        except Refused as refused:
            return False, str(refused)
        self._intake.failure = None
        return True, ""

    def _status_handler(self) -> grpc.GenericRpcHandler:
        async def tell(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            well, sentence = await self.well()
            try:
                size = await asyncio.to_thread(self.store.size)
            except StoreBroken as broken:
                return json.dumps({"store": self.store.name, "healthy": False, "detail": str(broken)}).encode()
            told = {
                "store": self.store.name,
                "healthy": well,
                "detail": sentence,
                "traces": size.traces,
                "bytes": size.bytes,
                "disk_bytes": size.disk,
                "pinned": size.pinned,
            }
            return json.dumps(told | {"grpc": str(self.grpc), "http": str(self.http), "pid": os.getpid()}).encode()

        return grpc.method_handlers_generic_handler(status.SERVICE, {"Get": grpc.unary_unary_rpc_method_handler(tell)})


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: when to stop is the command's decision."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def bound(setting: str, at: Address) -> socket.socket:
    """A socket listening there. Raises CannotListen."""
    try:
        family = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((at.host, at.port), family=family)
    except OSError as error:
        raise CannotListen(setting, str(at), why_not(error)) from None
    # asyncio has small answers leave at once (TCP_NODELAY) only where the socket names its protocol: without it each answer with a body took 40 ms
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """What gRPC's door shows who comes; None without TLS."""
    if not settings.certificate:
        return None
    return grpc.ssl_server_credentials([(Path(settings.key).read_bytes(), Path(settings.certificate).read_bytes())])


def grpc_port(server: grpc.aio.Server, at: Address, shown: grpc.ServerCredentials | None = None) -> int:
    """Binds gRPC's port, which tells no reasons: an ordinary socket tries first. Raises CannotListen."""
    bound("grpc", at).close()
    try:
        port = server.add_secure_port(str(at), shown) if shown else server.add_insecure_port(str(at))
    except RuntimeError:
        port = 0
    if not port:
        raise CannotListen("grpc", str(at), "the port is in use")
    return port


def why_not(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or not error.errno:
        return "the host is unknown"
    return "the port is in use" if error.errno == errno.EADDRINUSE else os.strerror(error.errno).lower()
