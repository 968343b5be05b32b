"""The proof of one generated file, step by step, within a budget of time."""

import ast
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unspan_inverter import interpreters
from unspan_inverter.checking import judged
from unspan_inverter.code.layout import tidied
from unspan_inverter.code.marks import journeys
from unspan_inverter.comparing.differences import Comparison
from unspan_inverter.customised import customised
from unspan_inverter.errors import InverterError
from unspan_inverter.proving.asserting import unasserted
from unspan_inverter.proving.budget import Budget
from unspan_inverter.proving.circumstances import ANOTHER_DATABASE, CIRCUMSTANCES, Given, NotTried, neighbours
from unspan_inverter.proving.minimising import minimised
from unspan_inverter.proving.mutating import strength
from unspan_inverter.proving.probes import NotWarm, Prober, servable
from unspan_inverter.proving.removable import has_decoys
from unspan_inverter.proving.repairing import Judge, Judged, imported, repaired, weakened
from unspan_inverter.proving.settling import settled
from unspan_inverter.proving.telling import Told, untold
from unspan_inverter.proving.verdicts import Proof, counted, trace_ids
from unspan_inverter.replaying import included, matched
from unspan_inverter.runners import Run, absolute, runner
from unspan_inverter.settings import Settings
from unspan_inverter.trace import Trace
from unspan_inverter.writing import replaced

NOT_WARM = "not made smaller, repaired or tried with faults: test-command is neither manage.py test nor pytest, which could be kept running for that"


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves files of one project. `seconds` are for one file, whose replay is always made; `told` hears what is being done."""

    settings: Settings
    here: Path
    environ: Mapping[str, str]
    seconds: float = 300.0
    minimise: bool = True
    mutate: bool = True
    repair: bool = True
    told: Told = untold

    def prove(self, file: Path, recordings: Sequence[Trace]) -> Proof:
        """The proof. The file is left smaller where it does the same so."""
        source, budget = file.read_text(encoding="utf-8"), Budget(self.seconds)
        style = style_of(source)
        self.told("replaying", 0, 0)
        begun = time.monotonic()
        proof = Proof(
            str(file), settled(file, style, self.settings, self.here, recordings, self.environ)
        )  # whatever it takes: all else stands on it
        run = runner(absolute(file), style, self.settings, absolute(self.here), self.environ)
        if self.repair and servable(run) and (not proof.replay.verdict.passed or proof.replay.same is False):
            proof = self._repaired(file, run, style, recordings, proof, budget)
        if not proof.replay.verdict.passed:
            return proof
        took = time.monotonic() - begun
        source = file.read_text(encoding="utf-8")
        proof = self._probed(file, run, recordings, proof, budget.without(took * len(CIRCUMSTANCES)))
        proof = self._circumstances(file, self._given(file, run, recordings), proof, budget, source)
        proof = replace(proof, unasserted=self._unasserted(file.read_text(encoding="utf-8"), recordings, style))
        notes = () if proof.whole else (f"the budget of {self.seconds:g} s was used up: the next run goes on, or give more with --seconds",)
        return replace(proof, notes=(*proof.notes, *notes))

    def _whole(self, source: str, recordings: Sequence[Trace], style: str) -> str:
        """The test that the recordings give today. Raises an InverterError."""
        return customised(
            recordings, self.settings, self.here, style=style, allow_gaps=True, decoys=has_decoys(source), journeys=journeys(source)
        ).source

    def _unasserted(self, source: str, recordings: Sequence[Trace], style: str) -> tuple[str, ...]:
        """What it lacks of that test's assertions; nothing where no test can be made."""
        try:
            return unasserted(source, self._whole(source, recordings, style))
        except InverterError:
            return ()

    def _repaired(self, file: Path, run: Run, style: str, recordings: Sequence[Trace], proof: Proof, budget: Budget) -> Proof:
        """The proof of a mended file, where it can be mended; else the one that there is."""
        source = file.read_text(encoding="utf-8")
        self.told("repairing it", 0, 0)
        try:
            whole = self._whole(source, recordings, style)
            with Prober(absolute(file), run, {**self.environ, **included(recordings)}, budget.at_most, self._python(run)) as prober:
                found = repaired(source, whole, judge(recordings, prober))
        except (NotWarm, InverterError) as error:
            return replace(proof, notes=(f"not repaired: {str(error).partition(chr(10))[0]}",))
        if found is None:
            return proof
        replaced(file, imported(found.source).encode())
        replay = settled(file, style, self.settings, self.here, recordings, self.environ)
        if replay.verdict.passed and replay.same:
            return replace(proof, replay=replay, repaired=found.said)
        replaced(file, source.encode())
        return proof

    def _probed(self, file: Path, run: Run, recordings: Sequence[Trace], proof: Proof, budget: Budget) -> Proof:
        """Many runs by one warm process: what can be left out, and which faults are noticed."""
        wanted = (self.minimise and proof.replay.same) or self.mutate
        if not wanted or not budget.more():
            return replace(proof, whole=not wanted)
        if not servable(run):
            return replace(proof, notes=(NOT_WARM,))
        try:
            with Prober(absolute(file), run, {**self.environ, **included(recordings)}, budget.at_most, self._python(run)) as prober:
                proof = self._smaller(file, recordings, prober, proof, budget)
                if not self.mutate:
                    return proof
                found = strength(file.read_text(encoding="utf-8"), prober, budget.more, self.told)
                return replace(proof, strength=found, whole=proof.whole and found.whole)
        except NotWarm as error:
            why = (str(error).partition("\n")[0],) if budget.more() else ()  # what the budget cut off is not the runner's fault
            return replace(proof, notes=why, whole=bool(why))

    def _smaller(self, file: Path, recordings: Sequence[Trace], prober: Prober, proof: Proof, budget: Budget) -> Proof:
        if not self.minimise or not proof.replay.same:
            return proof
        source = file.read_text(encoding="utf-8")
        ways = (same_as(recordings, prober, used=True), same_as(recordings, prober, used=False))
        holds = next((one for one in ways if one(source)), None)
        if holds is None:  # the warm process shows it otherwise than the project's own run
            return replace(proof, notes=("not made smaller: runs of one process do not do the same as the recording",), whole=budget.more())
        found = minimised(source, holds, budget.more, self.told)
        if not found.removed:
            return replace(proof, whole=found.whole)
        tidy = tidied(found.source)
        replaced(file, (tidy if holds(tidy) else found.source).encode())
        return replace(proof, dropped=counted([place.what for place in found.removed]), whole=found.whole)

    def _circumstances(self, file: Path, given: Given, proof: Proof, budget: Budget, source: str) -> Proof:
        """The proof with the runs under other circumstances; a smaller file that fails one which the whole file passes is made whole again."""
        tried, untried = self._tried(given, CIRCUMSTANCES, budget)
        failed = [name for name, passed in tried.items() if not passed]
        notes = proof.notes
        if failed and proof.dropped:
            smaller = file.read_bytes()
            replaced(file, source.encode())
            before, _ = self._tried(given, failed, budget)
            if any(before.values()):
                better = " and ".join(name for name, passed in before.items() if passed)
                proof, tried = replace(proof, dropped={}), tried | before
                notes = (*notes, f"not made smaller: the smaller test fails {better}")
            else:
                replaced(file, smaller)
        proof = replace(proof, circumstances=tried, untried=untried, notes=notes)
        if self.repair and not all(tried.values()):
            proof = self._varying(file, given, proof, budget)
            tried = proof.circumstances
        whole = proof.whole and OUT_OF_TIME not in untried.values()
        return replace(proof, whole=whole)

    def _varying(self, file: Path, given: Given, proof: Proof, budget: Budget) -> Proof:
        """The proof of a file whose assertions hold also where they failed: they are of what varies, for the same was done."""
        for name in [name for name, passed in proof.circumstances.items() if not passed]:
            before = file.read_bytes()

            def under(source: str, name: str = name) -> Judged:
                replaced(file, imported(source).encode())
                found = judged(CIRCUMSTANCES[name](given), budget.at_most(self.settings.test_timeout), self.environ)
                shift = imported(source).count("\n") - source.count("\n")
                return Judged(found.passed, True, failing(found.lines, absolute(file), shift))

            weaker = weakened(before.decode(), under) if budget.more() else None
            if weaker is None:
                replaced(file, before)
                continue
            replaced(file, imported(weaker.source).encode())
            proof = replace(proof, repaired=(*proof.repaired, *weaker.said), circumstances={**proof.circumstances, name: True})
        return proof

    def _given(self, file: Path, run: Run, recordings: Sequence[Trace]) -> Given:
        beside = tuple(neighbours(absolute(file), lambda text: bool(trace_ids(text))))
        return Given(run, self.environ, self._python(run), beside, recordings[0].project if recordings else None)

    def _python(self, run: Run) -> str:
        """The Python that runs the tests."""
        if run.kind != "other":
            return run.words[0]
        return interpreters.python(self.settings, (self.settings.folder, absolute(self.here)), self.environ)

    def _tried(self, given: Given, names: Sequence[str] | Mapping[str, object], budget: Budget) -> tuple[dict[str, bool], dict[str, str]]:
        """Which circumstances the file passes, and why some could not be tried."""
        tried: dict[str, bool] = {}
        untried: dict[str, str] = {}
        for number, name in enumerate(names):
            self.told(f"running it {name}", number, len(names))
            if not budget.more():
                untried[name] = OUT_OF_TIME
                continue
            try:
                found = judged(CIRCUMSTANCES[name](given), budget.at_most(self.settings.test_timeout), self.environ)
            except (NotTried, InverterError) as error:
                untried[name] = str(error)
                continue
            if found.passed or (budget.more() and (found.ran or name != ANOTHER_DATABASE)):
                tried[name] = found.passed
            else:
                untried[name] = (
                    f"its tables could not be made there: {found.lines[-1] if found.lines else found.sentence}"
                    if budget.more()
                    else OUT_OF_TIME
                )
        return tried, untried


OUT_OF_TIME = "there was no more time"


def same_as(recordings: Sequence[Trace], prober: Prober, used: bool) -> Callable[[str], bool]:
    """Whether a version of the file passes and does the same as the recordings, in a process that has run the test before or not."""

    def holds(source: str) -> bool:
        probe = prober.probe(source, used)
        return probe.passed and all(map(same, matched(recordings, probe.traces, prober.file).comparisons))

    return holds


def judge(recordings: Sequence[Trace], prober: Prober) -> Judge:
    """What a version of the file does, and which of its assertions fails."""

    def found(source: str) -> Judged:
        probe = prober.probe(imported(source), used=True)
        shift = imported(source).count("\n") - source.count("\n")
        done = matched(recordings, probe.traces, prober.file).comparisons
        lines = re.findall(rf'File "{re.escape(str(prober.file))}", line (\d+), in ', probe.message)
        line = int(lines[-1]) - shift if lines and "AssertionError" in probe.message else None
        return Judged(probe.passed, bool(done) and all(map(same, done)), line)

    return found


def failing(lines: Sequence[str], file: Path, shift: int) -> int | None:
    """The line of a file on which an assertion failed, as a verdict has it."""
    found = [int(one[1]) - shift for line in lines if (one := re.match(rf"{re.escape(str(file))}:(\d+): ", line))]
    return found[-1] if found and any("AssertionError" in line for line in lines) else None


def same(one: Comparison | None) -> bool:
    return one is not None and one.same


def style_of(source: str) -> str:
    """Test functions are pytest's, classes of them Django's."""
    functions = [
        one for one in ast.parse(source).body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name.startswith("test")
    ]
    return "pytest" if functions else "django"
