"""How a collector lives: `serve` until a signal, or `run` around a command. Signals, the ready line and exit codes are here, the work is not."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from unspan_collector.collector import Collector
from unspan_collector.errors import CannotRun
from unspan_collector.settings import Settings
from unspan_collector.terminal import say

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM, then finishes what was accepted."""
    stop = asyncio.Event()
    listen_for_signals(lambda _: stop.set())
    async with Collector(settings) as collector:
        announce(collector, settings)
        await stop.wait()


async def run(settings: Settings, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs `command` against a collector of its own and returns its exit code (128 + n when signal n ended it). Raises CannotRun."""
    received: list[signal.Signals] = []
    listen_for_signals(received.append)
    async with Collector(settings) as collector:
        announce(collector, settings)
        if received:
            return 128 + received[0]
        process = await started(command, pointed(environment, str(collector.grpc), settings))
        listen_for_signals(lambda number: forward(process, number))
        code = await process.wait()
    return code if code >= 0 else 128 - code


def listen_for_signals(handle: Callable[[signal.Signals], object]) -> None:
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, handle, number)


def announce(collector: Collector, settings: Settings) -> None:
    """The ready line, which scripts read for the ports, and a warning for each door that others can reach."""
    for name, asked, real in (("grpc", settings.grpc, collector.grpc), ("http", settings.http, collector.http)):
        if not asked.loopback and not settings.guarded:
            say(
                f"warning: {name} listens on {real}, where other machines may read or write traces, or listen in: not both tokens and a certificate are set."
            )
    say(f"listening on grpc {collector.grpc}, http {collector.http}, store {collector.store.name}")


def pointed(environment: Mapping[str, str], grpc_address: str, settings: Settings) -> dict[str, str]:
    """The environment with OpenTelemetry's exporters pointed at the collector; narrower variables would win, so they go."""
    narrower = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_INSECURE")
    kept = {name: value for name, value in environment.items() if name not in narrower}
    if settings.ingest_token:
        others = [one for one in kept.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",") if one and not one.startswith("authorization=")]
        kept["OTEL_EXPORTER_OTLP_HEADERS"] = ",".join([*others, f"authorization=Bearer%20{quote(settings.ingest_token, safe='')}"])
    if settings.certificate:
        kept["OTEL_EXPORTER_OTLP_CERTIFICATE"] = settings.certificate
    scheme = "https" if settings.certificate else "http"
    return kept | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://{grpc_address}", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


async def started(command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(*command, env=environment)
    except FileNotFoundError:
        raise CannotRun(command[0], "there is no such program", 127) from None
    except (OSError, ValueError) as error:
        raise CannotRun(command[0], str(getattr(error, "strerror", None) or error).lower(), 126) from None


def forward(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Hands a signal on; not the Ctrl-C of a terminal, which the terminal has sent to the command as well."""
    if process.returncode is None and not (number == signal.SIGINT and in_foreground()):
        process.send_signal(number)


def in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
