"""The replay of a test that counts: where its first run departs, one in a process that has run it before, as the one that was recorded had served before.

What a process reads once and keeps is there or not by that alone; what departs in both departs.
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
    if not (probe.passed and second.same):
        return first
    return replace(first, comparisons=second.comparisons, at_first=tuple(words(first)))
