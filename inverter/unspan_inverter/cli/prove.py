"""`inverter prove`."""

import ast
import json
from collections.abc import Sequence
from pathlib import Path

import click

from unspan_inverter.cli.generate import terminated
from unspan_inverter.cli.options import endpoint_option, from_option, json_option, source
from unspan_inverter.cli.progress import progress
from unspan_inverter.code.marks import marked, resigned
from unspan_inverter.errors import InverterError, one_line
from unspan_inverter.merging import level_of
from unspan_inverter.proving.prover import Prover
from unspan_inverter.proving.verdicts import document, lines, proved, trace_ids, with_verdict
from unspan_inverter.settings import for_tests, settings
from unspan_inverter.showing.text import inert
from unspan_inverter.trace import built
from unspan_inverter.writing import replaced

NOT_PROVED = 3
"""Exit code where a test fails somewhere, or does not do the same as its recording."""


class NotGenerated(InverterError):
    """A file that cannot be proved."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{one_line(str(file), 200)} {why}.\nName a file that `inverter generate` wrote, with its first line.")


class OfAPart(InverterError):
    """A file with tests that make no request."""

    def __init__(self, file: Path, levels: Sequence[str]) -> None:
        super().__init__(
            f"{one_line(str(file), 200)} holds tests of level {' and '.join(levels)}: what they do cannot be compared with a recording of the whole request.\n"
            "Prove the test of the request (--level integration), and run these with the project's own runner."
        )


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--repair/--no-repair", default=True, show_default=True, help="Mend a test that fails or does something else than its recording."
)
@click.option("--minimise/--no-minimise", default=True, show_default=True, help="Leave out what the test does not need.")
@click.option("--mutate/--no-mutate", default=True, show_default=True, help="Try small faults in the code that the test runs.")
@click.option("--seconds", type=click.FloatRange(min=1), default=300.0, show_default=True, help="The budget for one file.")
@click.option("--again", is_flag=True, help="Prove also files whose header holds a proof of just their content.")
@json_option
@from_option
@endpoint_option
def command(
    files: tuple[Path, ...],
    repair: bool,
    minimise: bool,
    mutate: bool,
    seconds: float,
    again: bool,
    as_json: bool,
    file: Path | None,
    endpoint: str | None,
) -> None:
    """Run generated tests hard: replayed, repaired, made smaller, under other circumstances, against faults.

    The verdict goes into each file's header. A file whose header says that it was proved is passed over unless it has changed since.
    Exit codes: 0 all hold; 1 it could not be done; 2 wrong arguments; 3 a test fails somewhere or does not do the same as its recording.
    """
    documents, holding = list[dict[str, object]](), True
    texts = {one: generated_text(one) for one in files}
    for one, text in texts.items():
        if proved(text) and not again:
            click.echo(f"{inert(str(one))}: proved already, and not changed since; --again proves it once more", err=True)
            documents.append({"file": str(one), "holds": True, "proved": "already"})
            continue
        with source(endpoint, file) as traces:
            recordings = [built(found.spans(), found.project_spans()) for found in map(traces.fetched, trace_ids(text))]
        with terminated(), progress(str(one)) as told:
            proof = Prover(settings(Path.cwd()), Path.cwd(), for_tests(), seconds, minimise, mutate, repair, told).prove(one, recordings)
        replaced(one, with_verdict(resigned(one.read_text(encoding="utf-8"), text), proof).encode())
        documents.append(document(proof))
        holding = holding and proof.holds
        if not as_json:
            for line in lines(proof):
                click.echo(inert(line))
    if as_json:
        click.echo(json.dumps(documents, indent=1))
    if not holding:
        raise click.exceptions.Exit(NOT_PROVED)


def generated_text(file: Path) -> str:
    """A file that names its traces. Raises NotGenerated."""
    try:
        text = file.read_text(encoding="utf-8")
        compile(text, str(file), "exec", dont_inherit=True)
    except (OSError, ValueError, SyntaxError) as error:
        raise NotGenerated(file, f"cannot be read as Python ({type(error).__name__})") from None
    if not trace_ids(text):
        raise NotGenerated(file, "does not say from which trace it was generated")
    parts = sorted({level for one in marked(ast.parse(text)) if (level := level_of(one)) != "integration"})
    if parts:
        raise OfAPart(file, parts)
    return text
