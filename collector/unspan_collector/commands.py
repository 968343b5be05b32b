"""The command line: flags in, settings out, errors as sentences. A thin skin over `running` and `status`."""

import asyncio
import json
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import click

from unspan_collector import pins, running, settings
from unspan_collector.errors import CollectorError, NotRunning
from unspan_collector.status import readable, status
from unspan_collector.terminal import say


class Sentences(click.Group):
    """Commands whose errors are one sentence on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CollectorError as error:
            say(str(error))
            ctx.exit(error.code)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds a flag for each setting, and --config."""
    for setting in reversed(settings.SETTINGS):
        text = f"{setting.meaning[0].upper()}{setting.meaning[1:]} ({setting.unit}; default {setting.default})."
        form: dict[str, Any] = (
            {"is_flag": True, "flag_value": "1"} if setting.read is settings.switch else {"metavar": setting.unit.split()[0].upper()}
        )
        command = click.option(settings.flag(setting.name), setting.name, default=None, help=text, **form)(command)
    return click.option("--config", metavar="FILE", help="A TOML file with the same settings.")(command)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("unspan"), prog_name="unspan-collector")
def commands() -> None:
    """Receives OpenTelemetry traces, keeps them, and answers the inverter."""


@commands.command()
@with_settings
def serve(config: str | None, **flags: str | None) -> None:
    """Receive and keep traces until SIGINT or SIGTERM.

    \b
    unspan-collector serve
    unspan-collector serve --grpc 127.0.0.1:0 --store sqlite:///traces.sqlite3
    """
    asyncio.run(running.serve(settings.read(flags, os.environ, config)))


@commands.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@with_settings
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, command: tuple[str, ...], config: str | None, **flags: str | None) -> None:
    """Start a collector on free ports, run COMMAND against it, stop it; exits with COMMAND's code.

    \b
    unspan-collector run -- opentelemetry-instrument python manage.py runserver
    """
    free = {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0"}
    ctx.exit(asyncio.run(running.run(settings.read(flags, os.environ, config, free), command, os.environ)))


def of_running(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds where a running collector listens, and its settings."""
    command = click.option("--config", metavar="FILE", help="A TOML file with the collector's settings.")(command)
    return click.option("--grpc", "grpc", metavar="HOST:PORT", help="Where the collector listens (default 127.0.0.1:4317).")(command)


@commands.command()
@of_running
@click.argument("traces", nargs=-1, required=True, metavar="TRACE…")
def pin(grpc: str | None, config: str | None, traces: tuple[str, ...]) -> None:
    """Keep these traces whatever the limits are (ids, unique prefixes of 6 digits or more, or latest).

    \b
    unspan-collector pin latest
    """
    known = settings.read({"grpc": grpc, "insecure": "1"}, os.environ, config)
    for trace_id in pins.changed(str(known.grpc), list(traces), True, known.read_token, known.certificate):
        click.echo(f"{trace_id} is kept")


@commands.command()
@of_running
@click.argument("traces", nargs=-1, required=True, metavar="TRACE…")
def unpin(grpc: str | None, config: str | None, traces: tuple[str, ...]) -> None:
    """Let the limits remove these traces again."""
    known = settings.read({"grpc": grpc, "insecure": "1"}, os.environ, config)
    for trace_id in pins.changed(str(known.grpc), list(traces), False, known.read_token, known.certificate):
        click.echo(f"{trace_id} is kept no longer than others")


@commands.command("status")
@of_running
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show_status(ctx: click.Context, grpc: str | None, config: str | None, as_json: bool) -> None:
    """Tell whether a collector runs, and how much it keeps; exit code 1 when none does."""
    known = settings.read({"grpc": grpc, "insecure": "1"}, os.environ, config)
    address = str(known.grpc)
    try:
        told = {"running": True, **status(address, known.read_token, known.certificate)}
    except NotRunning as error:
        if not as_json:
            raise
        click.echo(json.dumps({"running": False, "detail": str(error)}))
        ctx.exit(1)
    click.echo(json.dumps(told) if as_json else f"{address} {readable(told)}")
