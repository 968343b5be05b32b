"""`inverter export`."""

from pathlib import Path

import click

from unspan_inverter.cli.options import TraceId, endpoint_option, from_option, source, wanted
from unspan_inverter.exporting import as_json
from unspan_inverter.recorded import project_reference
from unspan_inverter.writing import replaced


@click.command()
@click.option("--trace-id", type=TraceId(), help="Id of the trace, the first 6 or more digits of it, or `latest`.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write [default: stdout].")
@from_option
@endpoint_option
def command(trace_id: str | None, output: Path | None, file: Path | None, endpoint: str | None) -> None:
    """Write a trace, with the description of its project, to an OTLP/JSON file that any OpenTelemetry tool can read.

    `--from FILE` of the other commands takes it back.
    """
    asked = wanted(trace_id, file)
    with source(endpoint, file) as traces:
        found = traces.fetched(asked)
    text = as_json(found)
    if output is None:
        click.echo(text, nl=False)
    else:
        replaced(output, text.encode())
    if project_reference(found.trace) and not found.project.resource_spans:
        click.echo(
            "inverter: the description of the project was not found beside this trace; no test can be generated from the file.", err=True
        )
