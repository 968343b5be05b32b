"""`inverter diff`."""

import json
from pathlib import Path

import click

from unspan_inverter.cli.options import TraceId, endpoint_option, json_option, source
from unspan_inverter.comparing.differences import compared
from unspan_inverter.comparing.sentences import as_document, lines
from unspan_inverter.trace import Trace, built

DIFFERENT = 1
"""Exit code for two traces that are not the same."""


class TraceOrFile(TraceId):
    """An id, or the name of an OTLP/JSON file that holds one trace."""

    name = "trace"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value) if Path(str(value)).is_file() else super().convert(value, param, ctx)


@click.command()
@click.argument("first", type=TraceOrFile())
@click.argument("second", type=TraceOrFile())
@json_option
@endpoint_option
def command(first: str, second: str, as_json: bool, endpoint: str | None) -> None:
    """Say what two traces do differently: calls, SQL, rows, HTTP, mail, cache, response.

    FIRST and SECOND are ids (as of `inverter traces`) or files that `inverter export` wrote. Keys, random tokens and times that must differ
    are mapped to each other. Exit codes: 0 the same; 1 different, or it could not be done (then the reason is on stderr).
    """
    found = compared(loaded(first, endpoint), loaded(second, endpoint))
    if as_json:
        click.echo(json.dumps(as_document(found), indent=1))
    else:
        for line in lines(found):
            click.echo(line)
    if not found.same:
        raise click.exceptions.Exit(DIFFERENT)


def loaded(which: str, endpoint: str | None) -> Trace:
    file = Path(which) if Path(which).is_file() else None
    with source(endpoint, file) as traces:
        found = traces.fetched("" if file else which)
    return built(found.spans(), found.project_spans())
