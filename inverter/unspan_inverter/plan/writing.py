"""Facts → plan: everything decided about the test, nothing rendered. What one request adds to it is in `acting`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from unspan_proto.project import Project

from unspan_inverter.events import Event, Exchange, RowsRead, StatementFailed
from unspan_inverter.facts import Facts, Key, RowBorn
from unspan_inverter.facts.ledger import SESSIONS
from unspan_inverter.facts.reads import by_key
from unspan_inverter.plan import arrange, caching, charsets, decoys, factories, names, redacted, sequences, surroundings, tapes
from unspan_inverter.plan.acting import Acted, Recorded, acted, mentions, route_name
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import MOMENT
from unspan_inverter.plan.expressions import Assign, Plan, Statement
from unspan_inverter.plan.relevance import relevance
from unspan_inverter.plan.rows import functions as row_functions
from unspan_inverter.plan.shown import today


def http_request(recorded: Recorded, allow_gaps: bool = False) -> Plan:
    """The plan of a client test: the same request on the same rows, and what came of it. Raises NoStub."""
    bindings, act = tried(recorded, allow_gaps)
    kept = with_kept_decoys(recorded.facts, act, bindings)
    if kept.decoys != recorded.facts.decoys:  # what tells rows apart may have told them from a decoy that cannot be made
        bindings, act = tried(replace(recorded, facts=kept), allow_gaps)
    return arranged_for([recorded], [act], kept, bindings)


def tried(recorded: Recorded, allow_gaps: bool) -> tuple[Bindings, Acted]:
    """The act with these decoys beside, and what it speaks of. Raises NoStub."""
    facts, project = recorded.facts, recorded.project
    bindings = Bindings(
        project, facts, variables(facts, project), hints=spoken(recorded.exchange, route_name(recorded)), asked=asked_for(recorded.events, project),
        habits=recorded.habits,
    )  # fmt: skip
    return bindings, acted(recorded, bindings, in_real_transactions(recorded), allow_gaps)


def with_kept_decoys(facts: Facts, act: Acted, bindings: Bindings) -> Facts:
    """The facts with the decoys that can be made, as far as it is known by now which keys are written out."""
    arrange.keep_keys(facts, bindings)
    return decoys.kept(facts, bindings, act.answer.clock)


def arranged_for(recorded: Sequence[Recorded], acts: Sequence[Acted], facts: Facts, bindings: Bindings) -> Plan:
    """The plan of these acts, one after the other, on the rows that were there before the first. Call it when all variables are known that they use."""
    first, project, events = acts[0], recorded[0].project, [event for one in recorded for event in one.events]
    real = any(map(in_real_transactions, recorded))
    unchanging = not real and len(acts) == 1 and recorded[0].exchange.method in ("GET", "HEAD", "OPTIONS")
    shared = unchanging and sum(row.key in bindings.names for row in facts.rows) > 1
    told, passwords = "\n".join(said(one.exchange) for one in recorded), any(b"assword" in one.exchange.body for one in recorded)
    relevant = relevance(events, told, passwords, any(one.compared for one in acts), facts)
    arrange.keep_keys(facts, bindings)
    facts = decoys.kept(facts, bindings, first.answer.clock)
    beside = decoys.arranged(facts, bindings, relevant)
    made = arrange.created(facts, bindings, relevant, shared, sequences.given_by_database(events, facts, project))
    traces = "\n".join(one.traces for one in acts)
    rows = [*factories.preferred(made, facts, bindings, events, replace(relevant, text=f"{told}\n{traces}")), *beside]
    characters = charsets.widened(events, facts, project)
    plans = asserting(acts, facts)
    of_rows = (*sequences.functions(rows), *row_functions(rows), *charsets.functions(characters))
    plan = replace(
        plans[0], rows=tuple(rows), databases=tuple(sorted(facts.databases)) if facts.databases - {"default"} else (),
        needs_database=any(one.door.needs_database(one.facts, one.exchange, uses_database(one)) for one in recorded), before_class=characters, transactions=real, shareable=shared, notes=facts.notes,
        functions=tuple(dict.fromkeys([*(function for one in plans for function in one.functions), *of_rows])), then=tuple(plans[1:]),
        decorators=tuple(dict.fromkeys(one for plan in plans for one in plan.decorators)), strict_csrf=any(one.strict_csrf for one in plans),
    )  # fmt: skip
    caches = caching.settings(facts, bindings, f"{plan.method_name}-{plan.trace_id[:8]}")
    plan = redacted.marked(plan, *substitutes(recorded))
    of_acts = {name: value for one in plans for name, value in one.settings}
    return replace(plan, settings=(*caches.items(), *surroundings.settings(events, project).items(), *of_acts.items()))


SAID: Final = ("arrange", "act", "asserts")
"""The parts of a later act in which random values of an earlier one are spoken of."""


def asserting(acts: Sequence[Acted], facts: Facts) -> list[Plan]:
    """The acts' plans with what answers must not show of decoys, and without rows that nothing after speaks of."""
    found: list[Plan] = []
    for one in reversed(acts):
        hidden = decoys.hidden(replace(one.answer, facts=replace(one.facts, decoys=facts.decoys)))
        shown = [*one.plan.asserts, *(hidden if one.answer.bindings.habits.asserts("decoys") else ())]
        asserts = tapes.speaking(tuple(spoken_of(shown, found)), dict(one.tokens))
        found = [replace(later, **{name: tapes.speaking(getattr(later, name), dict(one.tokens)) for name in SAID}) for later in found]
        timed = mentions((one.plan.arrange, one.plan.contexts, asserts), MOMENT)
        constants = tuple(each for each in one.plan.constants if timed or not (isinstance(each, Assign) and each.target == MOMENT))
        found.insert(0, replace(one.plan, constants=constants, asserts=asserts))
    return found


def substitutes(recorded: Sequence[Recorded]) -> tuple[dict[str, str], dict[str, str]]:
    """What stands in the place of secrets in all recordings, and those of them that the application had signed."""
    return {k: v for one in recorded for k, v in one.redacted.items()}, {k: v for one in recorded for k, v in one.signed.items()}


def spoken(exchange: Exchange, route: str | None) -> frozenset[str]:
    """The words in which the request speaks of its subject, plural and singular."""
    found = [*names.words(route or ""), *names.words(exchange.path), *names.words(exchange.view)]
    return frozenset(found) | {word.removesuffix("s") for word in found}


def asked_for(events: Sequence[Event], project: Project) -> frozenset[Key]:
    """The rows that the project's code asked for by their primary key."""
    return frozenset(key for event in events if isinstance(event, RowsRead) and event.own for key in by_key(event, project))


def spoken_of(statements: Sequence[Statement], after: Any = ()) -> list[Statement]:
    """Without the variables of which nothing is said, here or after: their rows are not asserted."""
    return [
        one
        for at, one in enumerate(statements)
        if not isinstance(one, Assign) or any(mentions(later, one.target) for later in (*statements[at + 1 :], after))
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


def variables(facts: Facts, project: Project, born: Iterable[RowBorn] | None = None) -> dict[Any, str]:
    """A variable for every row that there was or came to be; `born`: other rows that came to be than those of the facts."""
    before = {row.key: {} if row.why else row.values for row in facts.rows if row.key.label.lower() != SESSIONS}
    found = names.of_rows(before, project)
    new = {row.key: row.values for row in (facts.born if born is None else born)}
    found |= names.of_rows(new, project, tuple(found.values()))
    return found | {parent: found[child] for parent, child in facts.inherited.items() if child in found}


def said(exchange: Exchange) -> str:
    """The request and the answer as one text; of a page, without days that read like the recording's own."""
    text = exchange.text
    if "html" in exchange.header("Content-Type", of_response=True):
        for day in today(exchange):
            text = text.replace(day, "")
    return "\n".join([exchange.path, exchange.query, exchange.body.decode("utf-8", "replace"), text])
