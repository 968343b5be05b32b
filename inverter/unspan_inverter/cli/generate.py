"""`inverter generate`."""

import gc
import os
import re
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click

from unspan_inverter.checking import check as check_file
from unspan_inverter.cli import said
from unspan_inverter.cli.covering import covering
from unspan_inverter.cli.options import TraceId, endpoint_option, from_option, source, wanted
from unspan_inverter.cli.progress import progress
from unspan_inverter.code.data_files import named, untouched
from unspan_inverter.customised import customised
from unspan_inverter.errors import InverterError, NotWritten
from unspan_inverter.formatting import styled
from unspan_inverter.generate import Generated, planned
from unspan_inverter.merging import updated
from unspan_inverter.reading import Collector
from unspan_inverter.runners import home
from unspan_inverter.settings import Settings, settings
from unspan_inverter.settings import endpoint as place
from unspan_inverter.trace import Trace, built
from unspan_inverter.writing import existing, written

LEVELS = ("integration", "view", "unit", "surroundings", "work", "auto", "all")
FAILED_CHECK = 3
"""Exit code of a test that was written and did not pass."""


@click.command()
@click.option(
    "--trace-id", "trace_ids", type=TraceId(), multiple=True, help="Id of the trace, 6 or more digits of it, or `latest`. May be repeated."
)
@click.option(
    "--all", "everything", is_flag=True, help="The fewest recorded requests that take every recorded branch, into the folder of -o."
)
@click.option(
    "--journey",
    is_flag=True,
    help="The traces are one client's requests, one after the other: one test makes all of them, in the order of their times.",
)
@click.option("--path", default="", metavar="GLOB", help="With --all: only requests whose path fits, as in '/polls/*'.")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="integration",
    show_default=True,
    help="What is tested: the whole request, its view called by itself, each function, what stands around the view (its route, middleware that answered), the task or command that a trace is of (by itself where it is one); auto: the view, or the request where more had a part in it; all: the view, each function, and what stands around.",
)
@click.option(
    "--function", default="*", metavar="GLOB", help="With --level unit: only functions whose dotted name fits, as in 'shop.prices.*'."
)
@click.option(
    "--style",
    type=click.Choice(["django", "pytest"]),
    default=None,
    help="TestCase classes or functions  [default: that of the settings, else django]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write, or a folder; - for stdout  [default: that of the settings, else stdout]",
)
@click.option("--check/--no-check", default=True, show_default=True, help="Run the test once in the project's own runner.")
@click.option(
    "--decoys/--no-decoys",
    default=None,
    help="Add a few rows that nothing asks for, so that a query which asks for too much fails  [default: that of the settings, else on]",
)
@click.option("--allow-gaps", is_flag=True, help="Accept a trace that is not complete, for a weaker test.")
@click.option("--force", is_flag=True, help="Replace tests that were edited since they were generated.")
@from_option
@endpoint_option
def command(
    trace_ids: tuple[str, ...], everything: bool, journey: bool, path: str, level: str, function: str, style: str | None, output: Path | None, check: bool, decoys: bool | None,
    allow_gaps: bool, force: bool, file: Path | None, endpoint: str | None,
) -> None:  # fmt: skip
    """Write a test from recorded requests, then run it once.

    Exit codes: 0 done; 1 it could not be done; 2 wrong arguments; 3 written, but it did not pass its check.
    """
    chosen = settings(Path.cwd())
    chosen = replace(chosen, style=style or chosen.style, decoys=chosen.decoys if decoys is None else decoys)
    if journey and (everything or len(set(trace_ids)) < 2 or level != "integration"):
        raise click.UsageError("Option '--journey' makes one test of several whole requests: name two or more with --trace-id.")
    if path and not everything:
        raise click.UsageError("Option '--path' goes with '--all'.")
    if not everything:
        asked = trace_ids or (wanted(None, file),)
        with source(endpoint, file) as traces:
            found = {one.trace_id: one for one in map(traces.fetched, asked)}  # a prefix and a whole id may name the same
        classes = [[built(one.spans(), one.project_spans()) for one in found.values()]]
    else:
        if trace_ids or file or output is None or not output.is_dir():
            raise click.UsageError(
                "Option '--all' chooses the traces of a collector itself and writes several files: name a folder that is there with -o."
            )
        with Collector(place(endpoint)) as collector, progress("generate --all") as told:
            classes = list(covering(collector, path, lambda trace: planned(trace, allow_gaps, chosen.decoys), told).values())
        if not classes:
            raise NothingToChoose(path)
    passed = [made(recordings, chosen, output, check, allow_gaps, force, level, function, journey) for recordings in classes]
    if not all(passed):
        raise click.exceptions.Exit(FAILED_CHECK)


def made(
    recordings: Sequence[Trace], chosen: Settings, output: Path | None, check: bool, allow_gaps: bool, force: bool, level: str, function: str,
    journey: bool = False,
) -> bool:  # fmt: skip
    """Makes and writes the test file of some traces; whether it passed its check, where there is one. `journey`: they are one client's."""
    journeys = [[one.id for one in recordings]] if journey else []
    with uncollected():
        test = customised(
            recordings,
            chosen,
            Path.cwd(),
            style=chosen.style,
            level=level,
            allow_gaps=allow_gaps,
            decoys=chosen.decoys,
            function=function,
            journeys=journeys,
            files=output != STDOUT and bool(output or chosen.output),
        )
    output = output or placed(test, chosen)
    output = None if output == STDOUT else output
    for note in test.notes:
        said(note)
    with on_disk(test, output, force) if output else on_stdout(test, chosen, check) as path:
        return not (check and path) or checked(
            path, output, chosen.style, chosen, recordings, level == "integration" and not any(one.of_work for one in recordings)
        )


class NothingToChoose(InverterError):
    """No trace that could become a test."""

    def __init__(self, path: str) -> None:
        fits = f" whose path fits {path[:80]!r}" if path else ""
        super().__init__(
            f"there is no complete trace of a view{fits}.\nRecord some requests, or look at what there is with: inverter traces"
        )


STDOUT = Path("-")
"""What `-o` names where the settings have a place for tests, and a test is wanted on stdout."""


def placed(test: Generated, chosen: Settings) -> Path | None:
    """Where the project's settings put a test; None where they say nothing."""
    if not chosen.output:
        return None
    return home(chosen, Path.cwd()) / chosen.output.format(app=test.app, name=stem(test).removeprefix("test_"))


@contextmanager
def uncollected() -> Generator[None, None, None]:
    """Without Python's collector of garbage: nothing is thrown away while a test is made, and looking for it takes a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def on_disk(test: Generated, output: Path, force: bool) -> Generator[Path, None, None]:
    """The test in its file, which stays, beside what the file has already."""
    path = output / f"test_{stem(test).removeprefix('test_')}.py" if output.is_dir() else output
    old = existing(path)
    text = updated(path, old, lambda beside: styled(test.beside(beside), path), force=force)
    written(path, text, test.files, force=force)
    for name in sorted(named(old) - named(text)):
        left_over(path.parent / name)
    yield path


def left_over(path: Path) -> None:
    """Takes away the data file of a test that was replaced, unless it was edited."""
    with suppress(OSError):
        if untouched(path.name, path.read_bytes()):
            path.unlink()


@contextmanager
def on_stdout(test: Generated, chosen: Settings, check: bool) -> Generator[Path | None, None, None]:
    """The test on stdout; for the check it stands in the project for a moment."""
    if test.files:
        raise NotWritten("the test", "data files belong beside it", "Give it a file with -o FILE.")
    path = home(chosen, Path.cwd()) / f"unspan_check_{os.getpid()}_{stem(test)}.py"
    text = styled(test.source, path)
    click.echo(text, nl=False)
    if not check:
        yield None
        return
    with terminated():
        try:
            written(path, text, {})
            yield path
        finally:
            removed(path)


def removed(path: Path) -> None:
    """Takes a file away, and what Python compiled of it."""
    for one in (path, *path.parent.joinpath("__pycache__").glob(f"{path.stem}.*.pyc")):
        with suppress(OSError):
            one.unlink()
    with suppress(OSError):
        path.parent.joinpath("__pycache__").rmdir()  # only when it is empty


@contextmanager
def terminated() -> Generator[None, None, None]:
    """SIGTERM ends the block as an exception does, so that what was put down is taken away."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stem(test: Generated) -> str:
    return re.sub(r"\W+", "_", test.name, flags=re.ASCII).strip("_")[:80] or "request"


def checked(path: Path, output: Path | None, style: str, chosen: Settings, recordings: Sequence[Trace], whole: bool) -> bool:
    """Runs the test under the recorder and says how it went, and how that compares with what was recorded; one of a part of the request is only run."""
    from unspan_inverter.proving.settling import settled  # not needed where nothing is checked
    from unspan_inverter.replaying import words

    replay = settled(path, style, chosen, Path.cwd(), recordings) if whole else None
    verdict = replay.verdict if replay is not None else check_file(path, style, chosen, Path.cwd())
    name = str(path) if output else "the test"
    if verdict.passed:
        said("\n".join([f"{name}: {verdict.sentence}, in: {verdict.command}", *(words(replay) if replay is not None else ())]))
        return True
    command = [f"It was run with: {verdict.command}"] if verdict.command else []
    said(
        "\n".join(
            [
                f"{name} was written but did not pass its check: {verdict.sentence}.",
                *verdict.lines,
                *filter(None, [verdict.remedy]),
                *command,
            ]
        )
    )
    return False
