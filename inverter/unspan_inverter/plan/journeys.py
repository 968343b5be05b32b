"""Several requests of one client → one plan: an act each, on one client, with what earlier ones left not arranged again."""

from collections.abc import Sequence
from dataclasses import replace

from unspan_inverter.facts import Facts, Key
from unspan_inverter.plan import session
from unspan_inverter.plan.acting import Acted, Recorded, acted, mentions, route_name
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.doors import Client
from unspan_inverter.plan.expressions import Assign, Check, Context, Item, Name, Plan
from unspan_inverter.plan.handed_on import handed_on
from unspan_inverter.plan.mails import OUTBOX
from unspan_inverter.plan.names import LONGEST, cut
from unspan_inverter.plan.writing import arranged_for, asked_for, in_real_transactions, spoken, variables, with_kept_decoys


def journey(recorded: Sequence[Recorded], together: Facts, allow_gaps: bool = False) -> Plan:
    """The plan of requests in the order in which they were made. `together`: the facts of all as if they were one. Raises NoStub."""
    recorded = [replace(one, exchange=replace(one.exchange, asynchronous=False)) for one in recorded]
    bindings = bound(recorded, together)
    kept = with_kept_decoys(together, acted_in_turn(recorded, bindings, allow_gaps)[0], bindings)
    recorded = [replace(one, facts=replace(one.facts, decoys=kept.decoys)) for one in recorded]
    bindings = bound(recorded, kept)
    acts = acted_in_turn(recorded, bindings, allow_gaps)
    for _ in range(2):  # the first time it is not known which rows later acts speak of; the second time, which of those cannot be fetched
        lacking = never_fetched(recorded, acts, bindings)
        acts = acted_in_turn(recorded, bindings, allow_gaps)
        bindings.unfetched |= never_fetched(recorded, acts, bindings) & lacking
    acts = handed_on(with_own_mails(acted_in_turn(recorded, bindings, allow_gaps)), recorded)
    plan = arranged_for(recorded, acts, kept, bindings)
    return replace(plan, class_name=f"{acts[-1].plan.class_name.removesuffix('Tests')}JourneyTests", method_name=title(acts))


def bound(recorded: Sequence[Recorded], together: Facts) -> Bindings:
    """A variable for each row that there was or that an act makes."""
    project, born = recorded[0].project, [row for one in recorded for row in one.facts.born]
    return Bindings(project, together, variables(together, project, born), habits=recorded[0].habits)


def acted_in_turn(recorded: Sequence[Recorded], bindings: Bindings, allow_gaps: bool) -> list[Acted]:
    """The acts. None speaks of rows that are made after it."""
    real = any(map(in_real_transactions, recorded))
    carried, acts, hold = session.NEW, list[Acted](), tuple[Context, ...]()
    for at, one in enumerate(recorded):
        born = {row.key for row in one.facts.born}
        to_come = {row.key for later in recorded[at + 1 :] for row in later.facts.born} - born
        hints, asked = spoken(one.exchange, route_name(one)), asked_for(one.events, one.project)
        mine = replace(bindings, facts=one.facts, unfetched=bindings.unfetched | to_come, hints=hints, asked=asked, addressed=set())
        act = acted(replace(one, door=Client(carried, bool(hold))), mine, real, allow_gaps)
        if not act.hold:
            act = replace(act, plan=replace(act.plan, contexts=(*act.plan.contexts, *hold)))
        acts.append(act)
        hold = act.hold or hold
        bindings.unfetched |= mine.unfetched & born
        carried = carried.on(one.exchange)
    return acts


def with_own_mails(acts: Sequence[Acted]) -> list[Acted]:
    """The acts, of which each speaks of the messages that it sent itself: those of earlier ones stand before them."""
    found, before = list[Acted](), 0
    for one in acts:
        asserts = tuple(since(check, before) if isinstance(check, Check) else check for check in one.plan.asserts)
        found.append(replace(one, plan=replace(one.plan, asserts=asserts)) if before else one)
        before += len(one.facts.mails)
    return found


def since(check: Check, number: int) -> Check:
    """The assertion on those messages that come after so many."""
    if check.kind != "equal each" or check.args[1] != OUTBOX:
        return check
    name, _, *rest = check.args
    return replace(check, args=(name, Item(OUTBOX, slice(number, None)), *rest))


def never_fetched(recorded: Sequence[Recorded], acts: Sequence[Acted], bindings: Bindings) -> set[Key]:
    """Rows that an act makes and does not fetch, and that later ones speak of."""
    found: set[Key] = set()
    for at, (one, act) in enumerate(zip(recorded, acts, strict=True)):
        fetched = {statement.target.id for statement in act.plan.asserts if isinstance(statement, Assign)}
        later = [other.plan for other in acts[at + 1 :]]
        names = {row.key: bindings.names[row.key] for row in one.facts.born if row.key in bindings.names}
        found |= {key for key, name in names.items() if name not in fetched and mentions(later, Name(name))}
    return found


def title(acts: Sequence[Acted]) -> str:
    """What happens in turn; of a long way its beginning and its end."""
    said = [one.plan.method_name.removeprefix("test_") for one in acts]
    whole = f"test_{'_then_'.join(said)}"
    return whole if len(whole) <= LONGEST else cut(f"test_{said[0][: LONGEST // 2]}_and_so_on_until_{said[-1]}")
