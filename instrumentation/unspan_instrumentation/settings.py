"""What can be set, by environment variables, read once. No other file of this part reads the environment.

A wrong value is a `SettingError`; `launch` says it and leaves recording off.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from unspan_instrumentation.errors import SettingError

Value = TypeVar("Value")
DEFAULT_PORT: Final = 4317
ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
WORKS: Final = ("task", "command", "test", "script")


class Target(NamedTuple):
    """Where traces are sent: `host:port` of an OTLP/gRPC receiver, over TLS or not."""

    address: str = f"localhost:{DEFAULT_PORT}"
    secure: bool = False


DEFAULT_TARGET: Final = Target()


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the recorder. Sizes in bytes, times in seconds."""

    enabled: bool = True
    target: Target = DEFAULT_TARGET
    headers: tuple[tuple[str, str], ...] = ()
    certificate: str | None = None
    exporters: tuple[str, ...] = ()
    send_timeout: float = 10.0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    calls: bool = True
    max_calls: int = 20_000
    max_body: int = 4 << 20
    max_rows: int = 1_000
    max_value: int = 64 << 10
    """Of a text or byte string among arguments, locals, results and the like."""
    max_content: int = 1 << 20
    """Of a body of outbound HTTP, a file, an attachment."""
    max_row_bytes: int = 4 << 20
    """Of a trace's rows: those that the application fetched, and as much again of those that were read beside its statements."""
    max_trace: int = 128 << 20
    lineage_seconds: float = 0.25
    """What a trace's requests may wait for rows that are read beside its statements."""
    queue_bytes: int = 64 << 20
    export_interval: float = 1.0
    works: tuple[str, ...] = WORKS
    sql: str = ""
    """`lineage`, `rows`, or empty: the former where DEBUG is true."""
    values: bool = True
    """Whether arguments, locals, results and rows are recorded: without them traces show what ran and how long, and make no tests."""
    paths: tuple[str, ...] = ()
    sample: float = 1.0
    header: str = ""
    redact: tuple[str, ...] | None = ()
    """Names of secrets beside the usual ones, with `!` names that are none; None where nothing is replaced."""
    redacted: str = ""
    """Texts that are no secrets though their names say so, percent-encoded with commas: a generated test hands the substitutes of a recording out again."""


class Source:
    """The environment, asked for one typed value at a time; an empty variable counts as absent, as OpenTelemetry has it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, *names: str) -> tuple[str, str] | None:
        """The first of the variables that is there, with its name."""
        return next(((name, found) for name in names if (found := self._environ.get(name, "").strip())), None)

    def value(self, name: str, default: Value, parse: Callable[[str], Value], wanted: str) -> Value:
        found = self.text(name)
        if found is None:
            return default
        try:
            return parse(found[1])
        except ValueError:
            raise SettingError(*found, wanted) from None


def read(environ: Mapping[str, str]) -> Settings:
    """The settings of this environment. Raises SettingError."""
    source, plain = Source(environ), Settings()
    disabled = source.value("OTEL_SDK_DISABLED", False, lambda text: text.lower() == "true", "")
    return Settings(
        enabled=source.value("UNSPAN_ENABLED", True, switch, "1 or 0") and not disabled,
        target=target(source),
        headers=source.value("OTEL_EXPORTER_OTLP_TRACES_HEADERS", None, pairs, "a list of name=value with commas")
        or source.value("OTEL_EXPORTER_OTLP_HEADERS", (), pairs, "a list of name=value with commas"),
        certificate=(source.text("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE") or ("", None))[1],
        exporters=exporters(source),
        include=source.value("UNSPAN_INCLUDE", (), words, "a list of module patterns with commas"),
        exclude=source.value("UNSPAN_EXCLUDE", (), words, "a list of module patterns with commas"),
        calls=source.value("UNSPAN_CALLS", True, switch, "1 or 0"),
        max_calls=source.value("UNSPAN_MAX_CALLS", plain.max_calls, count, "a whole number from 0"),
        max_body=source.value("UNSPAN_MAX_BODY", plain.max_body, count, "a whole number of bytes from 0"),
        max_rows=source.value("UNSPAN_MAX_ROWS", plain.max_rows, count, "a whole number from 0"),
        max_value=source.value("UNSPAN_MAX_VALUE", plain.max_value, at_least(512), "a whole number of bytes from 512"),
        max_content=source.value("UNSPAN_MAX_CONTENT", plain.max_content, count, "a whole number of bytes from 0"),
        max_row_bytes=source.value("UNSPAN_MAX_ROW_BYTES", plain.max_row_bytes, count, "a whole number of bytes from 0"),
        max_trace=source.value("UNSPAN_MAX_TRACE", plain.max_trace, at_least(1 << 16), f"a whole number of bytes from {1 << 16}"),
        lineage_seconds=source.value("UNSPAN_LINEAGE_SECONDS", plain.lineage_seconds, wait, "a number of seconds from 0 to 60"),
        queue_bytes=source.value("UNSPAN_QUEUE_BYTES", plain.queue_bytes, at_least(1 << 20), f"a whole number of bytes from {1 << 20}"),
        export_interval=source.value("UNSPAN_EXPORT_INTERVAL", plain.export_interval, seconds, "a number of seconds from 0.05 to 60"),
        sql=source.value("UNSPAN_SQL", plain.sql, one_of("lineage", "rows"), "lineage or rows"),
        values=source.value("UNSPAN_VALUES", plain.values, switch, "1 or 0"),
        paths=source.value("UNSPAN_PATHS", plain.paths, words, "a list of globs with commas"),
        sample=source.value("UNSPAN_SAMPLE", plain.sample, share, "a number from 0 to 1"),
        header=source.value("UNSPAN_HEADER", plain.header, header, "the name of a header"),
        redact=source.value("UNSPAN_REDACT", plain.redact, redact, "off, or a list of globs of names with commas"),
        redacted=(source.text("UNSPAN_REDACTED") or ("", ""))[1],
        works=source.value("UNSPAN_WORKS", plain.works, works, f"a list of {', '.join(WORKS)} with commas, 1 or 0"),
    )  # fmt: skip


@cache
def active() -> Settings:
    """The settings of this process; the defaults, switched off, when a value is wrong (`launch` has said so)."""
    try:
        return read(os.environ)
    except SettingError:
        return Settings(enabled=False)


def target(source: Source) -> Target:
    """UNSPAN_ENDPOINT, else OpenTelemetry's for traces. One that speaks OTLP/HTTP is asked at its gRPC port instead."""
    found = source.text("UNSPAN_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if found is None:
        return Target()
    try:
        parsed = endpoint(found[1])
    except ValueError:
        raise SettingError(*found, "host:port or http(s)://host:port") from None
    protocol = source.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    if found[0] != "UNSPAN_ENDPOINT" and protocol and protocol[1].startswith("http"):
        return Target(f"{parsed.address.rpartition(':')[0]}:{DEFAULT_PORT}", parsed.secure)
    return parsed


def exporters(source: Source) -> tuple[str, ...]:
    """OpenTelemetry's exporters that are asked for beside ours: by name, or by an address of their own while ours has another.

    `otlp` is what OpenTelemetry makes of it: by the protocol, gRPC unless said otherwise.
    """
    named = source.text("OTEL_TRACES_EXPORTER")
    theirs = source.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    elsewhere = theirs and source.text("UNSPAN_ENDPOINT") and theirs[1].partition("://")[2].strip("/") != target(source).address
    found = words(named[1]) if named else ("otlp",) if elsewhere else ()
    protocol = source.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    otlp = "otlp_proto_http" if protocol and protocol[1].startswith("http") else "otlp_proto_grpc"
    return tuple(otlp if name == "otlp" else name for name in found if name != "none")


def endpoint(text: str) -> Target:
    """`host:port`, `http://host:port` or `https://host:port`; the port may be missing. Raises ValueError."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "http", text
    parts = urlsplit(f"//{rest}")
    if scheme not in ("http", "https", "grpc", "grpcs") or not parts.hostname or any(mark in parts.netloc for mark in " @\\"):
        raise ValueError(text)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Target(f"{host}:{parts.port or DEFAULT_PORT}", scheme in ("https", "grpcs"))


def switch(text: str) -> bool:
    if text.lower() in ON:
        return True
    if text.lower() in OFF:
        return False
    raise ValueError(text)


def one_of(*known: str) -> Callable[[str], str]:
    """A parser of one word."""

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(text)
        return text.lower()

    return parse


def count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if number < least:
            raise ValueError(text)
        return number

    return parse


def seconds(text: str) -> float:
    number = float(text)
    if not 0.05 <= number <= 60:
        raise ValueError(text)
    return number


def wait(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 60:
        raise ValueError(text)
    return number


def share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def header(text: str) -> str:
    if not text.replace("-", "").isalnum() or not text.isascii():
        raise ValueError(text)
    return text


def words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def redact(text: str) -> tuple[str, ...] | None:
    if text.lower() in OFF:
        return None
    return () if text.lower() in ON else words(text)


def works(text: str) -> tuple[str, ...]:
    if text.lower() in (*ON, *OFF):
        return WORKS if switch(text) else ()
    found = words(text)
    if not found or any(word not in WORKS for word in found):
        raise ValueError(text)
    return found


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`name=value,name=value`, percent-encoded values; gRPC wants the names in lower case."""
    found: list[tuple[str, str]] = []
    for word in words(text):
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise ValueError(text)
        found.append((name.strip().lower(), unquote(value.strip())))
    return tuple(found)
