"""`inverter prove`."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from unspan_inverter.cli.options import endpoint_option, from_option, json_option, source
from unspan_inverter.errors import InverterError
from unspan_inverter.proving.prover import Prover, Told
from unspan_inverter.proving.verdicts import document, lines, proved, trace_ids, with_verdict
from unspan_inverter.settings import for_tests, settings
from unspan_inverter.showing.text import inert
from unspan_inverter.trace import built

NOT_PROVED = 3
"""Exit code where a test fails somewhere, or does not do the same as its recording."""


class NotGenerated(InverterError):
    """A file that cannot be proved."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} does not say from which trace it was generated.\nName a file that `inverter generate` wrote, with its first line."
        )


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--minimise/--no-minimise", default=True, show_default=True, help="Leave out what the test does not need.")
@click.option("--mutate/--no-mutate", default=True, show_default=True, help="Try small faults in the code that the test runs.")
@click.option("--seconds", type=click.FloatRange(min=1), default=300.0, show_default=True, help="The budget for one file.")
@click.option("--again", is_flag=True, help="Prove also files whose header holds a proof of just their content.")
@json_option
@from_option
@endpoint_option
def command(
    files: tuple[Path, ...],
    minimise: bool,
    mutate: bool,
    seconds: float,
    again: bool,
    as_json: bool,
    file: Path | None,
    endpoint: str | None,
) -> None:
    """Run generated tests hard: replayed, under other circumstances, made smaller, against faults.

    The verdict goes into each file's header. A file that was proved is not proved again unless it has changed.
    Exit codes: 0 all hold; 1 it could not be done; 2 wrong arguments; 3 a test fails somewhere or does not do the same as its recording.
    """
    proofs = []
    for one in files:
        text = one.read_text(encoding="utf-8")
        ids = trace_ids(text)
        if not ids:
            raise NotGenerated(one)
        if proved(text) and not again:
            click.echo(f"{one}: proved already, and not changed since; --again proves it once more", err=True)
            continue
        with source(endpoint, file) as traces:
            recordings = [built(found.spans(), found.project_spans()) for found in map(traces.fetched, ids)]
        with progress(str(one)) as told:
            prover = Prover(settings(Path.cwd()), Path.cwd(), for_tests(), seconds, minimise, mutate, told)
            proof, kept = prover.prove(one, recordings)
        one.write_text(with_verdict(kept, proof), encoding="utf-8")
        proofs.append(proof)
        if not as_json:
            for line in lines(proof):
                click.echo(inert(line))
    if as_json:
        click.echo(json.dumps([document(proof) for proof in proofs], indent=1))
    if not all(proof.holds for proof in proofs):
        raise click.exceptions.Exit(NOT_PROVED)


@contextmanager
def progress(name: str) -> Generator[Told, None, None]:
    """What is being done, on a terminal."""
    from rich.console import Console  # a tenth of a second that other commands need not pay

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status(inert(name)) as status:
        yield lambda text: status.update(f"{inert(name)}: {text}")
