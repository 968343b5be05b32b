"""Facts → plan: everything decided about the test, nothing rendered."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter.errors import NotRepeatable
from unspan_inverter.events import Event, Exchange, OnCommit, RowsRead, StatementFailed
from unspan_inverter.facts import Facts, Key
from unspan_inverter.facts.ledger import SESSIONS
from unspan_inverter.plan import (
    arrange,
    caching,
    charsets,
    decoys,
    factories,
    files,
    names,
    redacted,
    routes,
    sequences,
    session,
    signing,
    surroundings,
    tapes,
    telling,
    titles,
    whole_pages,
)
from unspan_inverter.plan.answers import Answer, today
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import MOMENT, Clock, clock
from unspan_inverter.plan.doors import CLIENT, Door
from unspan_inverter.plan.expressions import Assign, Call, Context, Import, Name, Plan, Statement, call, pieces
from unspan_inverter.plan.habits import NONE, Habits
from unspan_inverter.plan.holding import Held, held
from unspan_inverter.plan.outcomes import OUTCOMES, Outcome
from unspan_inverter.plan.relevance import relevance
from unspan_inverter.plan.rows import functions as row_functions
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


def http_request(recorded: Recorded, allow_gaps: bool = False) -> Plan:
    """The plan of a test that makes the same request on the same rows, and says what came of it. Raises NoStub."""
    exchange, facts, project, door = recorded.exchange, recorded.facts, recorded.project, recorded.door
    route = routes.resolved(exchange.path, project)
    name = route[0].name if route else None
    bindings = Bindings(
        project, facts, variables(facts, project), hints=spoken(exchange, name), asked=asked_for(recorded.events, project), habits=recorded.habits,
    )  # fmt: skip
    time = clock(recorded.events, exchange, facts, project)
    traces = left_behind(recorded)
    signature = signing.signature(recorded.events, exchange, bindings, time)
    act = door.act(exchange, bindings, traces, signature, recorded.habits.ignored_headers)
    randomness = tapes.randomness(facts, exchange, bindings)
    answer = Answer(exchange, facts, bindings, time)
    outcome = Outcome(facts, bindings, time, exchange, randomness.texts, tapes.drawn(facts), frozenset(recorded.redacted))
    asserts, sessions = asserted(answer, outcome, door)
    stubs = stubbed(answer, allow_gaps, randomness.texts)
    asserts += [check for stub in stubs for check in stub.asserts if recorded.habits.asserts("outbound")]
    tokens = tapes.variables(randomness, asserts, frozenset(bindings.names.values()))
    idle = time.stored and not time.moving and not any(part == MOMENT or isinstance(part, date) for part in pieces(asserts))
    page = whole_pages.arranged(facts, exchange, bindings, act.request.value) if door.by_client else []
    if page and (why := whole_pages.hindrance(exchange, facts)) and not allow_gaps:
        raise NotRepeatable(recorded.trace_id, why)
    hold = Held() if idle else held(time, facts, exchange, project)
    before = [
        *door.arranged(exchange, bindings), *caching.arranged(facts, bindings),
        *(statement for stub in stubs for statement in stub.arrange), *act.before, *page,
    ]  # fmt: skip
    real = in_real_transactions(recorded)
    shared = not real and exchange.method in ("GET", "HEAD", "OPTIONS") and sum(row.key in bindings.names for row in facts.rows) > 1
    relevant = relevance(recorded.events, said(exchange), b"assword" in exchange.body, time.compared, facts)
    arrange.keep_keys(facts, bindings)
    facts = decoys.kept(facts, bindings, time)
    beside = decoys.arranged(facts, bindings, relevant)
    made = arrange.created(facts, bindings, relevant, shared, sequences.given_by_database(recorded.events, facts, project))
    rows = [*factories.preferred(made, facts, bindings, recorded.events, replace(relevant, text=f"{relevant.text}\n{traces}")), *beside]
    if recorded.habits.asserts("decoys"):
        asserts = [*asserts, *decoys.hidden(replace(answer, facts=facts))]
    asserts = spoken_of(asserts)
    characters = charsets.widened(recorded.events, facts, project)
    plan = Plan(
        class_name=names.of_class(exchange, name if door.by_client else None), method_name=titles.of_test(answer, name), trace_id=recorded.trace_id,
        constants=(*moment(time), *tapes.arranged(tokens)), rows=tuple(rows), arrange=tuple(before),
        contexts=(
            *door.contexts(exchange, bindings, project), *(context for stub in stubs for context in stub.contexts), *media(exchange, facts, project),
            *(() if real else committed(recorded.events)), *hold.contexts, *tapes.contexts(randomness, bindings, tokens),
        ),
        act=(*files.arranged(facts, exchange), act.request, *door.after(exchange, asserts, sessions, time)), asserts=tapes.speaking(tuple(asserts), tokens),
        databases=tuple(sorted(facts.databases)) if facts.databases - {"default"} else (), needs_database=door.needs_database(facts, exchange, uses_database(recorded)),
        decorators=tuple(one for stub in stubs for one in stub.decorators), before_class=characters, transactions=real, strict_csrf=exchange.csrf_refused, through_client=door.by_client, level=door.level,
        functions=tuple(dict.fromkeys([*(function for stub in stubs for function in stub.functions), *hold.functions, *randomness.functions, *sequences.functions(rows), *row_functions(rows), *charsets.functions(characters)])), notes=facts.notes,
        shareable=shared, told_apart=telling.told_apart(exchange, facts, bindings),
    )  # fmt: skip
    if not mentions((plan.contexts, plan.asserts, act.before), MOMENT):
        plan = replace(plan, constants=tuple(one for one in plan.constants if not (isinstance(one, Assign) and one.target == MOMENT)))
    caches = caching.settings(facts, bindings, f"{plan.method_name}-{recorded.trace_id[:8]}")
    plan = redacted.marked(plan, recorded.redacted, recorded.signed)
    return replace(plan, settings=(*caches.items(), *surroundings.settings(recorded.events, project).items()))


def spoken(exchange: Exchange, route: str | None) -> frozenset[str]:
    """The words in which the request speaks of its subject, plural and singular."""
    found = [*names.words(route or ""), *names.words(exchange.path), *names.words(exchange.view)]
    return frozenset(found) | {word.removesuffix("s") for word in found}


def asked_for(events: Sequence[Event], project: Project) -> frozenset[Key]:
    """The rows that the project's code asked for by their primary key."""
    return frozenset(key for event in events if isinstance(event, RowsRead) and event.own for key in by_key(event, project))


def by_key(event: RowsRead, project: Project) -> Iterator[Key]:
    model = project.model(event.model or "")
    one = model.field("pk") if model else None
    if model is None or one is None or one.column is None:
        return
    quoted = '[`"]{}[`"]'
    named = re.compile(rf"{quoted.format(re.escape(model.table))}\.{quoted.format(re.escape(one.column))} = (?:%s|\?)")
    for found in named.finditer(event.statement):
        before = len(re.findall(r"%s|\?", event.statement[: found.start()]))
        if before < len(event.parameters):
            yield Key(model.owner, bare(event.parameters[before]), event.database)


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
    sessions = list(session.asserted(answer.exchange, answer.bindings, door.session(answer.clock))) if habits.asserts("session") else []
    held: list[Statement] = []
    for _ in range(2):  # rows made speak of each other: the second time, all that are spoken of are known
        held = [one for kind, make in OUTCOMES.items() for one in make(outcome) if habits.asserts(kind) or isinstance(one, Assign)]
    return answered, held, sessions


def spoken_of(statements: list[Statement]) -> list[Statement]:
    """Without the variables of which nothing is said: their rows are not asserted."""
    return [
        one
        for at, one in enumerate(statements)
        if not isinstance(one, Assign) or any(mentions(later, one.target) for later in statements[at + 1 :])
    ]


def uses_database(recorded: Recorded) -> bool:
    return bool(recorded.facts.rows or recorded.exchange.user) or any(hasattr(event, "database") for event in recorded.events)


def in_real_transactions(recorded: Recorded) -> bool:
    """Whether the project's own kind of atomic block was entered, which may ask to be the outermost, as a test case's is; or what the database refuses
    would end in that one: a statement without a block around it, a constraint that is only checked at the COMMIT."""
    refused = (event for event in recorded.events if isinstance(event, StatementFailed))
    return any(f"{name}.__enter__" in recorded.called for name in recorded.project.atomics) or any(
        event.operation == "COMMIT" or not event.apart for event in refused
    )


def variables(facts: Facts, project: Project) -> dict[Any, str]:
    """A variable for every row that there was or came to be."""
    before = {row.key: {} if row.why else row.values for row in facts.rows if row.key.label.lower() != SESSIONS}
    found = names.of_rows(before, project)
    new = {row.key: row.values for row in facts.born}
    found |= names.of_rows(new, project, tuple(found.values()))
    return found | {parent: found[child] for parent, child in facts.inherited.items() if child in found}


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


def said(exchange: Exchange) -> str:
    """The request and the answer as one text; of a page, without days that read like the recording's own."""
    text = exchange.text
    if "html" in exchange.header("Content-Type", of_response=True):
        for day in today(exchange):
            text = text.replace(day, "")
    return "\n".join([exchange.path, exchange.query, exchange.body.decode("utf-8", "replace"), text])


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
