"""The command line `inverter`: a thin skin over the library, one module a command, loaded only when it is called."""

import importlib
import io
import sys
from typing import Any

import click
from unspan_proto.errors import ContractError

from unspan_inverter.errors import InverterError
from unspan_inverter.settings import debugging
from unspan_inverter.showing.text import inert, inert_lines

COMMANDS = {
    "traces": "List the newest recorded requests.",
    "show": "Show what a request did as a call tree.",
    "generate": "Write a test from a recorded request and run it once.",
    "levels": "List the tests that could be made from a request, and why.",
    "diff": "Say what two traces do differently.",
    "prove": "Run generated tests hard and say how good they are.",
    "export": "Write a trace to an OTLP/JSON file.",
    "doctor": "Say why nothing was recorded or generated.",
}
"""Every command with its short help, so that listing them imports none."""


class Commands(click.Group):
    """Finds commands by module, and turns everything that goes wrong into a sentence on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"unspan_inverter.cli.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except InverterError as error:
            said(str(error))
            ctx.exit(error.code)
        except ContractError as error:
            said(f"{error}.")
            ctx.exit(1)
        except Exception as error:
            if debugging():
                raise
            said(unexpected(error))
            ctx.exit(1)


def said(text: str) -> None:
    """A sentence on stderr: `inverter: …`, further lines below it."""
    click.echo("inverter: " + inert_lines(text).replace("\n", "\n          "), err=True)


def unexpected(error: Exception) -> str:
    """The last resort: a mistake of ours, named so that it can be reported."""
    what = inert(f"{type(error).__name__}: {error}"[:300]).rstrip(".: ")
    return f"a mistake inside unspan stopped this: {what}.\nPlease report it with the output of the same command under UNSPAN_DEBUG=1."


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="unspan", prog_name="inverter")
def cli() -> None:
    """Turns requests that unspan recorded into tests.

    \b
    inverter traces                          what was recorded
    inverter generate --trace-id latest      a test of the newest request
    inverter doctor                          why there is nothing
    """


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 must not end in an error
    cli(prog_name="inverter")
