"""`inverter show`."""

import json
from pathlib import Path

import click

from unspan_inverter.cli.options import TraceId, endpoint_option, from_option, json_option, source, wanted
from unspan_inverter.showing.pages import as_document, call_tree, printed


@click.command()
@click.option("--trace-id", type=TraceId(), help="Id of the trace, the first 6 or more digits of it, or `latest`.")
@json_option
@from_option
@endpoint_option
def command(trace_id: str | None, as_json: bool, file: Path | None, endpoint: str | None) -> None:
    """Show what a request did: calls, SQL and rows, HTTP, mail, cache."""
    asked = wanted(trace_id, file)
    with source(endpoint, file) as traces:
        found = traces.fetched(asked, project=False)
    if as_json:
        click.echo(json.dumps(as_document(found.trace_id, found.spans()), indent=1))
    else:
        printed(call_tree(found.trace_id, found.spans()))
