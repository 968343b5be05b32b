"""Decoys → the statements that make them, below all other rows, and what the answer must not show of them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from unspan_proto.project import Model

from unspan_inverter.facts import Decoy, Facts, Key, Made, RowExists
from unspan_inverter.facts.kinds import plain_key
from unspan_inverter.plan import arrange, names
from unspan_inverter.plan.answering import RESPONSE, Answer
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.expressions import Assign, Check, Do, Statement
from unspan_inverter.plan.relevance import Relevance
from unspan_inverter.plan.rows import creation, in_bulk, update
from unspan_inverter.plan.shown import is_page

OTHER: Final = ("Another ", "other-")
"""How the texts of decoys begin."""
NOTE: Final = "not asked for: "
"""How the comment above a decoy begins."""


def kept(facts: Facts, bindings: Bindings, time: Clock) -> Facts:
    """The facts with those decoys alone for which there are keys that nothing else takes, and that no clock which goes on brings in."""
    left: list[Decoy] = []
    lost: set[Made] = set()
    for one in facts.decoys:
        keyless = any(written_key(row, one, facts, bindings) is None for row in one.rows)
        if keyless or (time.readings and time.moment is None and dated(one)) or pointed(one) & lost:
            lost |= {row.key.pk for row in one.rows}
        else:
            left.append(one)
    return replace(facts, decoys=tuple(left))


def dated(decoy: Decoy) -> bool:
    return any(isinstance(value, date) for row in decoy.rows for value in row.values.values())


def pointed(decoy: Decoy) -> set[Made]:
    """The keys of decoys' rows that it points to."""
    held = [value for row in decoy.rows for value in row.values.values()]
    return {value for value in (*held, *(key.pk for link in decoy.linked for key in (link.owner, link.target))) if isinstance(value, Made)}


def written_key(row: RowExists, decoy: Decoy, facts: Facts, bindings: Bindings) -> Mapping[str, int] | None:
    """The key to be written out, nothing where the database may choose it; None where each could be another row's."""
    model = bindings.project.model(row.key.label)
    one = model.field("pk") if model is not None else None
    if one is None or not one.auto or model is None:
        return {}
    family = kindred(model, facts)
    asked = frozenset(key for label in family for key in decoy.asked.get(label, ()))
    others = [other.key.pk for other in facts.rows if other.key.label in family]
    there = {pk for pk in others if isinstance(pk, int)}
    explicit = bool(family & bindings.explicit) or model.seeded
    if not explicit and {plain_key(value) for value in asked} <= {plain_key(key) for key in there}:
        return {}
    place = [other for one in facts.decoys for other in one.rows if other.key.label in family].index(row)
    numbers = {int(text) for text in asked if text.isdecimal() and len(text) < 18}
    free = free_keys(there, numbers, bool(family & decoy.grown or len(there) < len(others) or (others and not explicit)), explicit)
    return next(({one.name: pk} for pk in itertools.islice(free, place, None)), None)


def kindred(model: Model, facts: Facts) -> frozenset[str]:
    """Labels of the models whose rows have their numbers from one table: it, and those that inherit from it."""
    table = facts.numbered.get(model.label)
    return frozenset({model.label, *(label for label, other in facts.numbered.items() if other == table)})


def free_keys(there: set[int], asked: set[int], given: bool, explicit: bool) -> Iterator[int]:
    """Keys that are nobody's, above all others. `given`: the database gives some, which it does above those that are written out."""
    if not given:
        yield from itertools.count(max(there | asked, default=0) + 1)
    elif explicit:
        yield from (key for key in range(max(there, default=0) - 1, 0, -1) if key not in there | asked)


def arranged(facts: Facts, bindings: Bindings, relevance: Relevance) -> list[Statement]:
    """The statements that make all decoys. Call it before those of the other rows: some of them get a variable by it."""
    rows = [row for decoy in facts.decoys for row in decoy.rows]
    named = replace(bindings, names={**bindings.names, **variables(rows, bindings)})
    spoken = {key for decoy in facts.decoys for key in pointed(decoy)}
    place = arrange.places([*arrange.arranged(facts, bindings), *rows])
    return [statement for decoy in facts.decoys for statement in of_decoy(decoy, facts, named, relevance, place, spoken)]


def of_decoy(
    decoy: Decoy, facts: Facts, bindings: Bindings, relevance: Relevance, place: Mapping[Key, int], spoken: set[Made]
) -> Iterator[Statement]:
    """Its rows and links; the comment that says what it is stands above the first."""
    note = f"{NOTE}{decoy.what}"
    for row in decoy.rows:
        yield from made(row, decoy, facts, bindings, relevance, place, note, row.key.pk in spoken)
        note = ""
    for link in decoy.linked:
        yield replace(arrange.link_statement(link.owner, link.field, [link.target], bindings), note=note)
        note = ""


def variables(rows: Sequence[RowExists], bindings: Bindings) -> dict[Key, str]:
    found: dict[Key, str] = {}
    taken = set(bindings.names.values())
    for row in rows:
        model = bindings.project.model(row.key.label)
        name = wished = names.identifier(f"other {' '.join(names.words(model.name))}" if model else "other row")
        number = 2
        while name in taken:
            name, number = f"{wished}_{number}", number + 1
        taken.add(name)
        found[row.key] = name
    return found


def made(
    row: RowExists, decoy: Decoy, facts: Facts, bindings: Bindings, relevance: Relevance, place: Mapping[Key, int], note: str, spoken: bool
) -> Iterator[Statement]:
    """The statements of one row. `spoken`: others point to it."""
    model = bindings.project.model(row.key.label)
    if model is None:
        return
    now, later, _ = arrange.fields(row, model, place, bindings, relevance)
    value = creation(model, {**(written_key(row, decoy, facts, bindings) or {}), **now}, row.key.database)
    if spoken or later:
        yield Assign(bindings.row(row.key), value, note, "only" if in_bulk(model) else "plain")
    else:
        yield Do(value, note)
    if later:
        yield Do(update(model, row.key, bindings.pk(row.key), later))


def hidden(answer: Answer) -> Iterator[Statement]:
    """A page is recognised by what it shows; that it does not show a decoy, where it shows rows of the kind, has to be said."""
    if not answer.about_body or not is_page(answer):
        return
    kwargs: tuple[tuple[str, Any], ...] = (("status_code", answer.exchange.status),) if answer.exchange.status != 200 else ()
    found = list(dict.fromkeys(text for decoy in answer.facts.decoys for text in texts(decoy, answer)))
    for text in (text for text in found if not any(text.startswith(other) and text != other for other in found)):
        yield Check("not contains", (RESPONSE, text), kwargs)


def texts(decoy: Decoy, answer: Answer) -> Iterator[str]:
    """The texts by which one would recognise a decoy among the rows of its kind."""
    for row in decoy.rows:
        shown = any(
            is_shown(value, answer) for other in answer.facts.rows if other.key.label == row.key.label for value in other.values.values()
        )
        for value in row.values.values():
            if shown and isinstance(value, str) and value.startswith(OTHER) and value.lower() not in answer.text.lower():
                yield value


def is_shown(value: Any, answer: Answer) -> bool:
    return isinstance(value, str) and len(value) > 2 and value in answer.text
