"""The whole way as one function: traces in, a test file out. A pure function of recorded data; reading and checking happen elsewhere."""

import ast
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from unspan_proto import vocabulary
from unspan_proto.errors import ContractError
from unspan_proto.values import bare

from unspan_inverter.code import PLAIN, Look, source
from unspan_inverter.code.classes import Beside
from unspan_inverter.code.data_files import filed
from unspan_inverter.code.marks import tests
from unspan_inverter.errors import Incomplete, NotAtLevel, NoTestOfWork, NotRepeatable, Redacted, Unreadable, one_line
from unspan_inverter.events import Event, Exchange, events, exchange
from unspan_inverter.events.calls import calls
from unspan_inverter.facts import Facts, facts
from unspan_inverter.facts import journey as journey_facts
from unspan_inverter.facts.viewing import viewed
from unspan_inverter.levels import at_view, considered, reasons
from unspan_inverter.plan import NONE, Habits, Plan, Recorded, asked_for, http_request, journey
from unspan_inverter.plan.doors import CLIENT, Door
from unspan_inverter.plan.makings import Unmakable
from unspan_inverter.plan.middleware import named
from unspan_inverter.plan.resolving import LEVEL as SURROUNDINGS
from unspan_inverter.plan.tables import tabled
from unspan_inverter.plan.working import WORK, Working
from unspan_inverter.plan.working import named as named_by_work
from unspan_inverter.plugging import with_facts, with_look, with_plan
from unspan_inverter.plugins import Plugin
from unspan_inverter.surroundings import at_middleware, surroundings
from unspan_inverter.trace import Trace
from unspan_inverter.works import at_work


@dataclass(frozen=True, slots=True)
class Generated:
    """A test file: its text, data files beside it by relative name, lines for stderr, and a good stem for its name.

    `beside`: the same tests as they would be written beside what a file has already.
    """

    source: str
    name: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    notes: tuple[str, ...] = ()
    beside: Callable[[Beside], str] = field(default=lambda there: "", compare=False, repr=False)
    app: str = "."
    """The folder of the view's application, relative to the project's."""


def generated(
    traces: Sequence[Trace], *, style: str = "django", level: str = "integration", allow_gaps: bool = False, decoys: bool = True,
    habits: Habits = NONE, look: Look = PLAIN, plugins: Sequence[Plugin] = (), function: str = "*",
    journeys: Sequence[Sequence[str]] = (), over: int = 0, lines: int = 0,
) -> Generated:  # fmt: skip
    """The test file of these traces. Raises an InverterError with the reason when none can be made.

    `style`: `django` or `pytest`; `level`: `integration`, `view`, `unit` (of those functions whose dotted names fit `function`), `surroundings`, `auto` or `all`; `allow_gaps`: accept a trace that lost something, the test says what.
    `habits`, `look`: how the project's tests look (`conventions`); `plugins`: what changes facts, plan and look besides.
    `decoys`: rows beside those that were asked for, so that the test notices when a condition of a query is dropped.
    `journeys`: ids of traces, each time of the requests of one client that become one test together.
    `over`: the characters of a value beyond which it stands in a file beside the test; `lines`: of a test beyond which shorter ones do too; 0 for never.
    """
    plans = tabled(
        [plan for some in having(together(traces, journeys), level, function, allow_gaps, decoys, habits, plugins) for plan in some]
    )
    with readable(traces[0].id):
        look = with_look(replace(look, base=look.base or habits.base), traces, plugins)
        text, plans, files = written_out(plans, style, look, over, lines)
    notes = tuple(dict.fromkeys(f"not recorded: {one_line(note)}" for plan in plans for note in plan.notes))
    if lines and (longest := longest_test(text, lines)) > lines:
        notes = (
            *notes,
            f"a test of {longest} lines, more than the {lines} that [tool.unspan] has for one: most of it is rows or assertions that a person may do without",
        )
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", plans[0].class_name.removesuffix("Tests")).lower()
    return Generated(text, name, files, notes, partial(source, plans, style, look=look), app_of(traces[0]))


SHORTEST: Final = 120
"""Characters of a value that stays in the test, however long that is."""


def written_out(plans: Sequence[Plan], style: str, look: Look, over: int, lines: int) -> tuple[str, Sequence[Plan], Mapping[str, bytes]]:
    """The text, with values of more than `over` characters in files; of fewer, where a test has more than `lines` lines."""
    if not over:
        return source(plans, style, look=look), plans, {}
    while True:
        made = [filed(plan, over) for plan in plans]
        shorter = [plan for plan, _ in made]
        text = source(shorter, style, look=look)
        if not lines or longest_test(text, lines) <= lines or over <= SHORTEST:
            return text, shorter, {name: data for _, files in made for name, data in files.items()}
        over = max(over // 4, SHORTEST)


def longest_test(text: str, least: int) -> int:
    """The lines of the longest test; 0 where the file has no more than `least`."""
    if text.count("\n") <= least:
        return 0  # parsing takes a tenth of the time in which a test is made
    return max((1 + (one.end_lineno or one.lineno) - one.lineno for _, one in tests(ast.parse(text))), default=0)


def having(
    several: Sequence[Sequence[Trace]], level: str, function: str, allow_gaps: bool, decoys: bool, habits: Habits, plugins: Sequence[Plugin]
) -> list[list[Plan]]:
    """The plans of each. Of functions there must be one in any of the traces. Raises NotAtLevel."""
    found: list[list[Plan]] = []
    refused: list[NotAtLevel] = []
    for some in several:
        try:
            found.append(at_level(some, level, function, allow_gaps, decoys, habits, plugins))
        except NotAtLevel as error:
            if level not in ("unit", SURROUNDINGS):
                raise
            refused.append(error)
    if not found:
        raise refused[0]
    return found


def at_level(
    traces: Sequence[Trace], level: str, function: str, allow_gaps: bool, decoys: bool, habits: Habits, plugins: Sequence[Plugin]
) -> list[Plan]:
    """The plans of one trace, or of those of a journey: one of the request or view, or one of each function. Raises NotAtLevel."""
    for trace in traces:
        refuse_for_work(trace, level, len(traces))
    if level == SURROUNDINGS:
        return around(traces[0], allow_gaps, decoys, habits, plugins)
    if traces[0].of_work and level != "unit":
        return [planned(traces[0], allow_gaps, decoys, habits, plugins)]
    if level in ("auto", "all") and len(traces) == 1:
        return chosen(traces[0], level, function, allow_gaps, decoys, habits, plugins)
    if level in ("auto", "all"):
        level = "integration"
    if level != "unit":
        return [planned_journey(traces, allow_gaps, decoys, habits, plugins, level)]
    (trace,) = traces
    if trace.gaps and not allow_gaps:
        raise Incomplete(trace.id, list(trace.gaps))
    with readable(trace.id):
        of_view = partial(planned, trace, allow_gaps, decoys, habits, (), "view")
        found = considered(trace, function, decoys, habits, of_view, allow_gaps)
        plans = [with_plan(one.plan, trace, plugins) for one in found if one.plan is not None]
    if not plans:
        why = next(
            iter(reasons(found)),
            "it called no function of the project" if function == "*" else f"it called no function that fits {function}",
        )
        raise NotAtLevel(trace.id, "unit", why)
    return plans


def refuse_for_work(trace: Trace, level: str, together: int) -> None:
    """A task or a command has no view, and is no request of a client. Raises NotAtLevel, NoTestOfWork."""
    if not trace.of_work and level == WORK:
        raise NotAtLevel(trace.id, level, "it is of a request")
    if trace.of_work and (together > 1 or level in ("view", SURROUNDINGS)):
        raise NoTestOfWork(
            trace.id, f"a {trace.request.attributes.get(vocabulary.WORK_KIND)} has no {'place in a journey' if together > 1 else 'view'}"
        )


def around(trace: Trace, allow_gaps: bool, decoys: bool, habits: Habits, plugins: Sequence[Plugin]) -> list[Plan]:
    """The plans of what stands around the view. Raises NotAtLevel."""
    if trace.gaps and not allow_gaps:
        raise Incomplete(trace.id, list(trace.gaps))
    with readable(trace.id):
        found = list(surroundings(trace, lambda: of_middleware(trace, allow_gaps, decoys, habits, plugins)))
    plans = [one.plan for one in found if one.plan is not None]
    if not plans:
        raise NotAtLevel(trace.id, SURROUNDINGS, next(iter(reasons(found)), "no view of the project's and no middleware answered"))
    return plans


def of_middleware(trace: Trace, allow_gaps: bool, decoys: bool, habits: Habits, plugins: Sequence[Plugin] = ()) -> Plan:
    """The plan of the middleware that answered. Raises NotAtLevel."""
    return named(planned(trace, allow_gaps, decoys, habits, plugins, SURROUNDINGS), exchange(trace).answered_by)


def chosen(
    trace: Trace, level: str, function: str, allow_gaps: bool, decoys: bool, habits: Habits, plugins: Sequence[Plugin]
) -> list[Plan]:
    """The view's test where there is one, which says of the answer what the client's would say too, else the client's; with `all`, those of functions besides.

    With `auto` the client's also where a decorator acted: then the stack is part of what came out.
    """
    found = viewed(exchange(trace), calls(trace))
    first: list[Plan] = []
    if not isinstance(found, str) and not (level == "auto" and found.around):
        with suppress(NotAtLevel):
            first = [planned(trace, allow_gaps, decoys, habits, plugins, "view")]
    first = first or [planned(trace, allow_gaps, decoys, habits, plugins)]
    if level == "auto":
        return first
    if first[0].level == "view":  # the client's test takes the route itself
        with suppress(NotAtLevel):
            first += around(trace, allow_gaps, decoys, habits, plugins)
    with suppress(NotAtLevel):
        return [
            *first,
            *(plan for plan in at_level([trace], "unit", function, allow_gaps, decoys, habits, plugins) if plan.level == "unit"),
        ]
    return first


def app_of(trace: Trace) -> str:
    """The folder of the application that has the view, by its dotted name."""
    view, apps = str(trace.request.attributes.get(vocabulary.VIEW, "")), trace.project.settings.get("INSTALLED_APPS", ())
    around = [str(bare(one)) for one in apps if view.startswith(f"{bare(one)}.")]
    return max(around, key=len).replace(".", "/") if around else "."


def together(traces: Sequence[Trace], journeys: Sequence[Sequence[str]]) -> list[list[Trace]]:
    """The traces of each test: those of a journey in the order in which they were recorded, at the place of the first that is given."""
    journey_of = {trace_id: at for at, one in enumerate(journeys) for trace_id in one}
    found: dict[object, list[Trace]] = {}
    for place, trace in enumerate(traces):
        found.setdefault(journey_of.get(trace.id, ("alone", place)), []).append(trace)
    return [sorted(some, key=lambda one: one.request.start) for some in found.values()]


def planned(
    trace: Trace, allow_gaps: bool = False, decoys: bool = True, habits: Habits = NONE, plugins: Sequence[Plugin] = (),
    level: str = "integration",
) -> Plan:  # fmt: skip
    """The plan of one trace."""
    return planned_journey([trace], allow_gaps, decoys, habits, plugins, level)


def planned_journey(
    traces: Sequence[Trace], allow_gaps: bool = False, decoys: bool = True, habits: Habits = NONE, plugins: Sequence[Plugin] = (),
    level: str = "integration",
) -> Plan:  # fmt: skip
    """The plan of one trace, or of several that one client's requests left."""
    first = traces[0]
    coming = [happened(trace, allow_gaps, level) for trace in traces]
    parts = [(events, asked) for _, events, asked in coming]
    with readable(first.id), makable(first):
        beside, whole = decoys and not any(trace.gaps for trace in traces), not any(trace.gaps for trace in traces)
        if len(traces) == 1:
            every = [facts(*parts[0], first.project, beside, whole=whole)]
            known = every[0]
        else:
            known, every = journey_facts(parts, first.project, beside, whole)
        known = with_facts(known, first, plugins)
        every = [with_facts(own, trace, plugins) for own, trace in zip(every, traces, strict=True)] if len(traces) > 1 else [known]
        if known.hindrances and not allow_gaps:
            raise NotRepeatable(first.id, known.hindrances[0])
        for trace, (_, asked), own in zip(traces, parts, every, strict=True):
            if (function := kept_in_code(asked, own, trace.redacted)) and not allow_gaps:
                raise Redacted(trace.id, function)
        recorded = [
            Recorded(trace.id, events, asked, own, trace.project, called(trace), habits, trace.redacted, trace.signed, door)
            for trace, (door, events, asked), own in zip(traces, coming, every, strict=True)
        ]
        plan = http_request(recorded[0], allow_gaps) if len(traces) == 1 else journey(recorded, known, allow_gaps)
        if isinstance(door := recorded[0].door, Working):
            plan = named_by_work(plan, door.worked, known, first.project)
        return with_plan(plan, first, plugins)


def happened(trace: Trace, allow_gaps: bool, level: str) -> tuple[Door, Sequence[Event], Exchange]:
    """Where a test comes in, what happens from there on, and the request. Raises an InverterError with the reason why no test can be made of it."""
    if trace.gaps and not allow_gaps:
        raise Incomplete(trace.id, list(trace.gaps))
    with readable(trace.id):
        door: Door = CLIENT
        if trace.of_work:
            return at_work(trace)
        found, asked = events(trace), exchange(trace)
        if level == "view":
            door, found, asked = at_view(trace, found, asked)
        if level == SURROUNDINGS:
            door, found, asked = at_middleware(trace)
        if not asked.status:
            gone = trace.request.attributes.get(vocabulary.CLIENT_GONE) is True
            raise Unreadable(trace.id, "the client went away before there was an answer" if gone else "its response was not recorded")
        return door, found, asked


def called(trace: Trace) -> frozenset[str]:
    """The project's functions that ran."""
    return frozenset(str(span.attributes.get(vocabulary.FUNCTION)) for span in trace.spans if span.what == vocabulary.CALL)


def kept_in_code(asked: Exchange, known: Facts, redacted: Mapping[str, str]) -> str:
    """The function whose code holds a secret that the request sent or that a row has, so that with a substitute it is another one there; nothing where none does."""
    if not any(redacted.values()):
        return ""
    sent, held = asked_for(asked), {bare(value) for row in known.rows for value in row.values.values() if isinstance(bare(value), str)}
    return next((function for text, function in redacted.items() if function and (text in sent or text in held)), "")


@contextmanager
def makable(trace: Trace) -> Generator[None]:
    """Says what a task or a command was given that cannot be made again, or why it cannot be run."""
    try:
        yield
    except Unmakable as error:
        raise NoTestOfWork(trace.id, f"it was given or returned {error.what}, which cannot be made from what was recorded") from None


DAMAGE = (ContractError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
"""What recorded values of types and sizes that no recorder writes make fail, somewhere on the way."""


@contextmanager
def readable(trace_id: str) -> Generator[None]:
    """Says of a trace that its data is damaged, where that is why its inversion failed."""
    try:
        yield
    except DAMAGE as error:
        raise Unreadable(trace_id, f"its data does not keep the format ({type(error).__name__}: {str(error)[:120]})") from error
