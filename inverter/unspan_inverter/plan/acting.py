"""One act of a test: a recorded request as the test makes it, what stands around it, and what is asserted of what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from unspan_proto.project import Project

from unspan_inverter.errors import NotRepeatable
from unspan_inverter.events import Event, Exchange, OnCommit, RowsRead
from unspan_inverter.facts import Facts
from unspan_inverter.plan import caching, coroutines, files, names, routes, session, signing, spies, tapes, telling, titles, whole_pages
from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import MOMENT, Clock, clock
from unspan_inverter.plan.doors import CLIENT, Door
from unspan_inverter.plan.ending import Outcome
from unspan_inverter.plan.expressions import Assign, Call, Context, Import, Name, Plan, Statement, call, pieces
from unspan_inverter.plan.habits import NONE, Habits
from unspan_inverter.plan.holding import Held, held
from unspan_inverter.plan.outcomes import OUTCOMES
from unspan_inverter.plan.services import stubbed


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one trace says: everything that a plan is made from. `called`: dotted names of the project's functions that ran."""

    trace_id: str
    events: Sequence[Event]
    exchange: Exchange
    facts: Facts
    project: Project
    called: frozenset[str] = frozenset()
    habits: Habits = NONE
    redacted: Mapping[str, str] = field(default_factory=dict[str, str])
    """Texts that stand in the place of secrets, with the function whose code holds the secret as a literal, or nothing."""
    signed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those that the application had signed, with how it signs."""
    door: Door = CLIENT
    """Where the test comes in."""


@dataclass(frozen=True, slots=True)
class Acted:
    """An act: `plan` holds all of the test that is this request's own. `answer`: what was asserted of; `tokens`: its random values with a variable;
    `traces`: everything that the request left behind, as one text; `compared`: whether the project's code reckoned with the time."""

    plan: Plan
    answer: Answer
    tokens: Mapping[Any, Name]
    traces: str
    compared: bool
    facts: Facts
    hold: tuple[Context, ...] = ()
    """Those of the contexts that hold the clock."""


def acted(recorded: Recorded, bindings: Bindings, real: bool, allow_gaps: bool = False) -> Acted:
    """The act of one recording. `real`: the test runs in real transactions. Raises NoStub, NotRepeatable."""
    exchange, facts, project, door = recorded.exchange, recorded.facts, recorded.project, recorded.door
    time = clock(recorded.events, exchange, facts, project)
    traces = left_behind(recorded)
    signature = signing.signature(recorded.events, exchange, bindings, time)
    act = door.act(exchange, bindings, traces, signature, recorded.habits.ignored_headers)
    randomness = tapes.randomness(facts, exchange, bindings)
    answer = Answer(exchange, facts, bindings, time)
    aside = (
        door.by_client
        and not real
        and coroutines.is_coroutine(
            exchange, project, act.request, [*committed(recorded.events), *spies.contexts(spies.spying(answer, traces))]
        )
    )
    outcome = Outcome(facts, bindings, time, exchange, randomness.texts, tapes.drawn(facts), frozenset(recorded.redacted), aside)
    asserts, sessions = asserted(answer, outcome, door)
    stubs, spying = stubbed(answer, allow_gaps, randomness.texts), spies.spying(answer, traces)
    asserts += [check for stub in stubs for check in stub.asserts if recorded.habits.asserts("outbound")]
    tokens = tapes.variables(randomness, asserts, frozenset(bindings.names.values()))
    idle = time.stored and not time.moving and not any(part == MOMENT or isinstance(part, date) for part in pieces(asserts))
    page = whole_pages.arranged(facts, exchange, bindings, act.request.value) if door.by_client else []
    if page and (why := whole_pages.hindrance(exchange, facts)) and not allow_gaps:
        raise NotRepeatable(recorded.trace_id, why)
    hold = Held() if idle else held(time, facts, exchange, project)
    before = (
        *door.arranged(exchange, bindings), *caching.arranged(facts, bindings),
        *(statement for stub in stubs for statement in stub.arrange), *act.before, *page,
    )  # fmt: skip
    contexts = (
        *spies.contexts(spying), *door.contexts(exchange, bindings, project), *(context for stub in stubs for context in stub.contexts), *media(exchange, facts, project),
        *(() if real else committed(recorded.events)), *hold.contexts, *tapes.contexts(randomness, bindings, tokens),
    )  # fmt: skip
    route = route_name(recorded)
    plan = Plan(
        class_name=names.of_class(exchange, route if door.by_client else None), method_name=titles.of_test(answer, route), trace_id=recorded.trace_id,
        constants=(*moment(time), *tapes.arranged(tokens)), rows=(), arrange=before, contexts=contexts,
        act=(*files.arranged(facts, exchange), act.request, *door.after(exchange, asserts, sessions, time)), asserts=tuple(asserts),
        decorators=tuple(one for stub in stubs for one in stub.decorators), settings=tuple(one for spy in spying for one in spy.settings), strict_csrf=exchange.csrf_refused, asynchronous=aside, through_client=door.by_client, level=door.level,
        functions=(*(function for stub in (*spying, *stubs) for function in stub.functions), *hold.functions, *randomness.functions), notes=facts.notes,
        told_apart=telling.told_apart(exchange, facts, bindings),
    )  # fmt: skip
    return Acted(plan, answer, tokens, traces, time.compared, facts, tuple(hold.contexts))


def route_name(recorded: Recorded) -> str | None:
    route = routes.resolved(recorded.exchange.path, recorded.project)
    return route[0].name if route else None


def asserted(answer: Answer, outcome: Outcome, door: Door) -> tuple[list[Statement], list[Statement]]:
    """All assertions on the answer, the rows and the session; and, apart, those on the session."""
    bindings = answer.bindings
    answered, held, sessions = asserted_once(answer, outcome, door)
    for _ in answer.facts.born:
        fetched = {one.target.id for one in held if isinstance(one, Assign)}
        missing = {row.key for row in answer.facts.born if (name := bindings.names.get(row.key)) is not None and name not in fetched}
        unfetched = {key for key in missing if mentions((answered, held, sessions), Name(bindings.names[key]))}
        if unfetched <= bindings.unfetched:
            break
        bindings.unfetched |= unfetched  # nothing may speak of them
        answered, held, sessions = asserted_once(answer, outcome, door)
    return [*held_first(held, answered), *sessions], sessions


def asserted_once(answer: Answer, outcome: Outcome, door: Door) -> tuple[list[Statement], list[Statement], list[Statement]]:
    """The assertions on the answer, on the rows, and on the session."""
    habits = answer.bindings.habits
    answered = [statement for kind, make in door.answers.items() if habits.asserts(kind) for statement in make(answer)]
    answered += spies.asserted(answer)
    sessions = list(session.asserted(answer.exchange, answer.bindings, door.session(answer.clock))) if habits.asserts("session") else []
    held: list[Statement] = []
    for _ in range(2):  # rows made speak of each other: the second time, all that are spoken of are known
        held = [one for kind, make in OUTCOMES.items() for one in make(outcome) if habits.asserts(kind) or isinstance(one, Assign)]
    return answered, held, sessions


def held_first(held: list[Statement], answered: list[Statement]) -> list[Statement]:
    """The response first; but what speaks of a new row comes after that row was fetched."""
    fetched = [statement.target for statement in held if isinstance(statement, Assign)]
    later = [statement for statement in answered if any(mentions(statement, name) for name in fetched)]
    return [*(statement for statement in answered if statement not in later), *held, *later]


def mentions(part: Any, name: Name) -> bool:
    """Whether a variable occurs anywhere in a statement or expression."""
    return any(isinstance(one, Name) and one.id == name.id for one in pieces(part))


def left_behind(recorded: Recorded) -> str:
    """Everything that the request answered, wrote, asked for or sent, as one text."""
    facts, exchange = recorded.facts, recorded.exchange
    rows = [str(value) for row in facts.born for value in row.values.values()] + [
        str(value) for row in facts.changed for value in row.after.values()
    ]
    asked = [str(value) for event in recorded.events if isinstance(event, RowsRead) for value in event.parameters]
    sent = [str(one.body) + str(one.headers) for one in facts.services]
    return "\n".join(
        [
            "" if exchange.failed else exchange.text,
            exchange.header("Location", of_response=True),
            *rows,
            *asked,
            *sent,
            str(exchange.session_after or ""),
        ]
    )


def moment(time: Clock) -> list[Statement]:
    note = f"{time.kept} asks a clock that it keeps for itself, which is not held here" if time.kept else ""
    return [Assign(MOMENT, time.moment, note)] if time.moment is not None else []


def committed(events: Sequence[Event]) -> list[Context]:
    """Callbacks for after the commit: a test case never commits, and runs them when told to."""
    aliases = sorted({event.database for event in events if isinstance(event, OnCommit)})
    capture = Name("capture_on_commit")
    return [Context(Call(capture, (), (*((("using", alias),) if alias != "default" else ()), ("execute", True)))) for alias in aliases]


def media(exchange: Exchange, facts: Facts, project: Project) -> list[Context]:
    """A folder of the test's own for files that the request stores or reads."""
    stores = any(
        one.type in ("FileField", "ImageField")
        for row in facts.born
        if (model := project.model(row.label))
        for one in model.fields
        if row.values.get(one.attname)
    )
    if not stores and b"filename=" not in exchange.body and not files.there(facts):
        return []
    return [
        Context(call(Import("tempfile", "TemporaryDirectory")), "media"),
        Context(Call(Import("django.test", "override_settings"), (), (("MEDIA_ROOT", Name("media")),))),
    ]
