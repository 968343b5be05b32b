"""`inverter doctor`."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from unspan_inverter.cli.options import endpoint_option, json_option
from unspan_inverter.doctor import Place, findings, line
from unspan_inverter.settings import settings


@click.command()
@json_option
@endpoint_option
def command(as_json: bool, endpoint: str | None) -> None:
    """Say why nothing was recorded or generated, and what to do.

    Exit code 1 when there is a problem.
    """
    place = Place(Path.cwd(), settings(Path.cwd()), os.environ, endpoint)
    found = []
    for one in findings(place):
        found.append(one)
        if not as_json:
            click.echo(line(one))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    raise click.exceptions.Exit(0 if all(one.ok for one in found) else 1)
