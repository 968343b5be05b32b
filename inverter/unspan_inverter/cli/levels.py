"""`inverter levels`."""

import json
from pathlib import Path

import click

from unspan_inverter.cli.options import TraceId, endpoint_option, from_option, json_option, source, wanted
from unspan_inverter.offers import as_document, offers
from unspan_inverter.showing.text import inert
from unspan_inverter.trace import built


@click.command()
@click.option("--trace-id", type=TraceId(), help="Id of the trace, the first 6 or more digits of it, or `latest`.")
@json_option
@from_option
@endpoint_option
def command(trace_id: str | None, as_json: bool, file: Path | None, endpoint: str | None) -> None:
    """List the tests that could be made from a request, with the reason for or against each."""
    asked = wanted(trace_id, file)
    with source(endpoint, file) as traces:
        one = traces.fetched(asked)
    found = offers(built(one.spans(), one.project_spans()))
    if as_json:
        click.echo(json.dumps(as_document(found), indent=1))
        return
    for offer in found:
        click.echo(inert(f"{offer.level:<12} {offer.subject}"))
        click.echo(inert(f"{'':<12} {offer.base or 'none'}: {offer.why}"))
