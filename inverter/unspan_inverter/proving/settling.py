"""The replay of a test that counts: where its first run departs, one in a process that has run it before, as the one that was recorded had served before.

What a process reads once and keeps is there or not by that alone, one thing in the one run and another in the other; what departs in both departs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unspan_inverter import interpreters
from unspan_inverter.errors import InverterError
from unspan_inverter.proving.probes import Prober, servable
from unspan_inverter.replaying import Replay, included, matched, replayed, words
from unspan_inverter.runners import absolute, runner
from unspan_inverter.settings import Settings, for_tests
from unspan_inverter.trace import Trace

AGAIN = "run again in the process:"


def settled(
    file: Path, style: str, settings: Settings, here: Path, recordings: Sequence[Trace], environ: Mapping[str, str] | None = None
) -> Replay:
    """As `replayed`; with what only the first run in a process did otherwise, where that is all."""
    variables = for_tests() if environ is None else environ
    first = replayed(file, style, settings, here, recordings, variables)
    if not first.verdict.passed or first.same is not False:
        return first
    run = runner(absolute(file), style, settings, absolute(here), variables)
    if not servable(run):
        return first
    try:
        python = run.words[0] if run.kind != "other" else interpreters.python(settings, (settings.folder, absolute(here)), variables)
        with Prober(absolute(file), run, {**variables, **included(recordings)}, python=python) as prober:
            probe = prober.probe(file.read_text(encoding="utf-8"), used=True)
    except InverterError:
        return first
    second = matched(recordings, probe.traces, absolute(file))
    if not probe.passed or departs(first) is None or departs(second) is None or set(departs(first) or ()) & set(departs(second) or ()):
        return first
    same = tuple(one and replace(one, differences=()) for one in second.comparisons)
    return replace(first, comparisons=same, at_first=(*words(first), *([AGAIN, *words(second)] if not second.same else [])))


def departs(replay: Replay) -> list[tuple[int, str, tuple[str, str], str]] | None:
    """In what a run departs; None where it was not compared."""
    if replay.same is None:
        return None
    return [(at, one.kind, one.step.name, one.aspect) for at, found in enumerate(replay.comparisons) if found for one in found.differences]
