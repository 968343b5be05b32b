"""The proof of one generated file, step by step, within a budget of time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unspan_inverter.checking import judged
from unspan_inverter.code.layout import formatted
from unspan_inverter.comparing.differences import Comparison
from unspan_inverter.errors import InverterError
from unspan_inverter.proving.circumstances import CIRCUMSTANCES, Given, NotTried, neighbours
from unspan_inverter.proving.minimising import Smaller, minimised
from unspan_inverter.proving.mutating import strength
from unspan_inverter.proving.probes import NotWarm, Prober, servable
from unspan_inverter.proving.verdicts import Proof, counted, trace_ids
from unspan_inverter.replaying import matched, replayed
from unspan_inverter.runners import absolute, runner
from unspan_inverter.settings import Settings
from unspan_inverter.trace import Trace

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves files of one project. `told` hears what is being done; `seconds` are for one file."""

    settings: Settings
    here: Path
    environ: Mapping[str, str]
    seconds: float = 300.0
    minimise: bool = True
    mutate: bool = True
    told: Told = lambda text: None

    def prove(self, file: Path, recordings: Sequence[Trace]) -> tuple[Proof, str]:
        """The proof, and the source of the file as it should be: smaller where that does the same."""
        source, style = file.read_text(encoding="utf-8"), style_of(file)
        end = time.monotonic() + self.seconds
        self.told("replaying")
        replay = replayed(file, style, self.settings, self.here, recordings, self.environ)
        proof = Proof(str(file), replay)
        if not replay.verdict.passed:
            return proof, source
        proof = self._circumstances(file, style, proof, end)
        run = runner(absolute(file), style, self.settings, absolute(self.here), self.environ)
        if not servable(run):
            return replace(
                proof, notes=("not made smaller and not tried with faults: only Django's own runner can be asked that often",)
            ), source
        try:
            with Prober(absolute(file), run, self.environ, self.settings.test_timeout) as prober:
                return self._probed(source, recordings, prober, proof, end)
        except NotWarm as error:
            return replace(proof, notes=(*proof.notes, str(error).partition("\n")[0])), source

    def _circumstances(self, file: Path, style: str, proof: Proof, end: float) -> Proof:
        run = runner(absolute(file), style, self.settings, absolute(self.here), self.environ)
        given = Given(run, self.environ, run.words[0], tuple(neighbours(absolute(file), lambda text: bool(trace_ids(text)))))
        tried: dict[str, bool] = {}
        untried: dict[str, str] = {}
        for name, change in CIRCUMSTANCES.items():
            if time.monotonic() > end:
                untried[name] = "there was no more time"
                continue
            self.told(f"running it {name}")
            try:
                tried[name] = judged(change(given), self.settings.test_timeout, self.environ).passed
            except (NotTried, InverterError) as error:
                untried[name] = str(error)
        return replace(proof, circumstances=tried, untried=untried)

    def _probed(self, source: str, recordings: Sequence[Trace], prober: Prober, proof: Proof, end: float) -> tuple[Proof, str]:
        def more_time() -> bool:
            return time.monotonic() < end

        smaller = Smaller(source, (), 0)
        if self.minimise and proof.replay.same:
            self.told("leaving out what it does not need")
            smaller = minimised(source, self._same(recordings, prober), more_time)
        source = formatted(smaller.source, []) if smaller.removed else source
        proof = replace(proof, dropped=counted([place.what for place in smaller.removed]))
        if self.mutate and recordings:
            self.told("trying faults")
            proof = replace(proof, strength=strength(source, recordings[0], prober, more_time))
        notes = () if more_time() else (f"the budget of {self.seconds:g} s was used up: give more with --seconds",)
        return replace(proof, notes=notes), source

    def _same(self, recordings: Sequence[Trace], prober: Prober) -> Callable[[str], bool]:
        def holds(source: str) -> bool:
            probe = prober.probe(source)
            return probe.passed and all(map(same, matched(recordings, probe.traces, prober.file).comparisons))

        return holds


def same(one: Comparison | None) -> bool:
    return one is not None and one.same


def style_of(file: Path) -> str:
    """Functions are pytest's, classes Django's."""
    return "django" if "\nclass " in file.read_text(encoding="utf-8") else "pytest"
