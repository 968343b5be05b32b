"""Replay: a generated test is run once under the recorder, and its own trace is compared with the recording that it was made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from unspan_inverter import interpreters
from unspan_inverter.checking import Verdict, judged
from unspan_inverter.code.marks import journeys
from unspan_inverter.comparing.differences import Comparison, compared
from unspan_inverter.comparing.sentences import Names, lines
from unspan_inverter.comparing.steps import Step
from unspan_inverter.errors import InverterError, NoRunner
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.runners import Run, absolute, runner
from unspan_inverter.settings import Settings, for_tests, under_recorder
from unspan_inverter.trace import Trace, built, reaching

LONGEST_VARIABLE = 100_000
"""Systems give a program no longer ones."""
UNDER_RECORDER = """import os, sys
try:
    import unspan_instrumentation
    from opentelemetry.instrumentation.auto_instrumentation import run
except ImportError:
    os.execvp(sys.argv[1], sys.argv[1:])
run()"""
"""Run by the project's Python before the runner's own command: the wrapper where the project has it, else only the command."""


SAME_IN_A_USED_PROCESS = (
    "it did the same as the recording in a process that had run it before, as the recorded one had served; run first in a process:"
)


@dataclass(frozen=True, slots=True)
class Replay:
    """How the run of a test went, and how its trace compares with each recording; `why` there is none, where one is None. `at_first`: what the first
    run in a process did otherwise, where the comparisons are of a later one."""

    verdict: Verdict
    comparisons: tuple[Comparison | None, ...] = ()
    why: str = ""
    at_first: tuple[str, ...] = ()

    @property
    def same(self) -> bool | None:
        """Whether the test did what the recordings did; None where it is not known of one."""
        if not self.comparisons or None in self.comparisons:
            return None
        return all(one is not None and one.same for one in self.comparisons)


def replayed(
    file: Path, style: str, settings: Settings, here: Path, recordings: Sequence[Trace], environ: Mapping[str, str] | None = None
) -> Replay:
    """Runs a test file as a person who stands in `here` would, under the recorder, and compares."""
    variables = for_tests() if environ is None else environ
    try:
        run = runner(absolute(file), style, settings, absolute(here), variables)
        python = run.words[0] if run.kind != "other" else interpreters.python(settings, (settings.folder, absolute(here)), variables)
    except NoRunner as error:
        sentence, _, remedy = str(error).partition("\n")
        return Replay(Verdict(False, sentence.rstrip("."), remedy=remedy))
    with Receiver() as receiver:
        wrapped = replace(run, words=(python, "-c", UNDER_RECORDER, *one_process(run, python, variables)))
        verdict = judged(
            wrapped, settings.test_timeout, {**variables, **included(recordings), **kept(recordings), **under_recorder(receiver.address)}
        )
        traces = receiver.traces()
    if verdict.passed:
        return replace(matched(recordings, traces, absolute(file)), verdict=replace(verdict, command=str(run)))
    alone = judged(run, settings.test_timeout, variables)  # what only fails beside the recorder does pass
    why = "it fails under the recorder, and only there" if alone.passed else ""
    return Replay(alone, tuple(None for _ in recordings) if alone.passed else (), why)


def included(recordings: Sequence[Trace]) -> dict[str, str]:
    """The variables of a replay that records calls of the same packages as the recordings: some may lie outside of the project."""
    names = (str(span.attributes.get(v.FUNCTION, "")) for one in recordings for span in one.spans if span.what == v.CALL)
    packages = sorted({name.partition(".")[0] for name in names} - {""})
    return {"UNSPAN_INCLUDE": ",".join(packages)} if packages else {}


def kept(recordings: Sequence[Trace]) -> dict[str, str]:
    """The variable of a replay that keeps it from redacting the substitutes of the recordings again, which the test hands out."""
    found = ",".join(dict.fromkeys(quote(text, safe="") for one in recordings for text in one.redacted))
    return {"UNSPAN_REDACTED": found[:LONGEST_VARIABLE].rpartition(",")[0] if len(found) > LONGEST_VARIABLE else found} if found else {}


def words(replay: Replay) -> list[str]:
    """How the run compares with the recordings, for a person; nothing for a test that failed."""
    if replay.same:
        return [SAME_IN_A_USED_PROCESS, *replay.at_first] if replay.at_first else ["it did the same as the recording"]
    if replay.same is None:
        return [f"it was not compared with the recording: {replay.why}"] if replay.why else []
    names = Names("the recording", "the test")
    return [line for one in replay.comparisons if one is not None and not one.same for line in lines(one, names)]


def one_process(run: Run, python: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The runner's command without workers, which the recorder does not follow."""
    spread = run.kind == "pytest" and interpreters.has(python, "xdist", environ, run.folder)
    return (*run.words, "-n0") if spread else run.words


def matched(recordings: Sequence[Trace], traces: dict[str, list[Span]], file: Path) -> Replay:
    """Each recording with the request of the run that makes it again."""
    requests = sorted((span for spans in traces.values() for span in spans if span.what == v.REQUEST), key=lambda span: span.start)
    unknown = Verdict(False, "")
    if not requests:
        why = "nothing of the test's run was recorded: unspan is not installed in the Python that ran it, or the test makes no request"
        return Replay(unknown, tuple(None for _ in recordings), why)
    found: dict[str, Comparison | None] = {}
    earlier: dict[str, Comparison] = {}
    """Of the requests that a test made before, by the first of its journey."""
    journey_of = {trace_id: one[0] for one in journeys(file.read_text(encoding="utf-8")) for trace_id in one}
    why = ""
    for recording in sorted(recordings, key=lambda one: one.request.start):
        request = max(requests, key=lambda one: likeness(recording.request, one))
        requests = [one for one in requests if one is not request] or requests
        try:
            test = journey_of.get(recording.id, recording.id)
            found[recording.id] = earlier[test] = against(
                recording, of_request(request, traces), descriptions(traces), file, earlier.get(test)
            )
        except InverterError as error:
            why = str(error).partition("\n")[0].rstrip(".")
            found[recording.id] = None
    return Replay(unknown, tuple(found[recording.id] for recording in recordings), why)


def likeness(one: Span, other: Span) -> tuple[bool, int]:
    """Whether two requests are of one method to one view; and in how much of what they ask and are answered they agree."""
    names = (v.STATUS, v.QUERY, v.PATH, v.REQUEST_BODY)
    same = [one.attributes.get(name) == other.attributes.get(name) for name in (v.METHOD, v.ROUTE, v.VIEW, *names)]
    return all(same[:3]), sum(same[3:])


def of_request(request: Span, traces: dict[str, list[Span]]) -> list[Span]:
    """The request's own spans out of a trace that may hold several, and a test around them."""
    spans = traces[request.trace_id]
    below = reaching(request.span_id, {span.span_id: span.parent_id for span in spans})
    return [span for span in spans if span is request or span.span_id in below]


def against(
    recording: Trace, spans: Sequence[Span], described: Sequence[Span], file: Path, earlier: Comparison | None = None
) -> Comparison:
    """Without what the test itself answers for: outbound HTTP, which its stubs check, and calls of its own functions. Methods that a class got from no file,
    as dataclasses do, are recorded where packages are named, as a replay does, and else not."""
    made = any(from_nowhere(span) for span in recording.spans)

    def own(step: Step) -> bool:
        return step.span.what == v.HTTP or step.span.attributes.get(v.FILE) == str(file) or (from_nowhere(step.span) and not made)

    return compared(recording, built(spans, described), leave_out=own, elsewhere_set=True, earlier=earlier)


def from_nowhere(span: Span) -> bool:
    return Path(str(span.attributes.get(v.FILE, ""))).name.startswith("<")
