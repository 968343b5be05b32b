"""Options that several commands share, and the source of traces that they choose."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from unspan_inverter.errors import WrongSetting
from unspan_inverter.exporting import TraceFile
from unspan_inverter.reading import Collector
from unspan_inverter.recorded import Source
from unspan_inverter.settings import endpoint

Command = TypeVar("Command", bound=Callable[..., Any])


class TraceId(click.ParamType):
    """32 hex digits, a prefix of 6 or more, or `latest`."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip().lower()
        if text != "latest" and not re.fullmatch("[0-9a-f]{6,32}", text):
            self.fail(f"{str(value)[:60]!r} is no trace id: give 32 hex digits, at least the first 6 of them, or `latest`.", param, ctx)
        return text


class Place(click.ParamType):
    """A HOST:PORT."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            endpoint(str(value))
        except WrongSetting:
            self.fail(f"{str(value)[:60]!r} must be HOST:PORT.", param, ctx)
        return str(value)


def endpoint_option(command: Command) -> Command:
    return click.option(
        "--endpoint", type=Place(), help="The collector [default: $UNSPAN_ENDPOINT, else OpenTelemetry's, else localhost:4317]."
    )(command)


def from_option(command: Command) -> Command:
    return click.option(
        "--from", "file", type=click.Path(path_type=Path), help="Read the trace from an OTLP/JSON file instead of a collector."
    )(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


@contextmanager
def source(place: str | None, file: Path | None) -> Generator[Source, None, None]:
    """The file that was named, else the collector."""
    if file is not None:
        yield TraceFile(file)
        return
    with Collector(endpoint(place)) as collector:
        yield collector


def wanted(trace_id: str | None, file: Path | None) -> str:
    """The id that was given; a file may go without one."""
    if trace_id is None and file is None:
        raise click.UsageError("Missing option '--trace-id': give an id of `inverter traces`, or `latest`.")
    return trace_id or ""
