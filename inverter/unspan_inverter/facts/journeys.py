"""Several requests of one client, one after the other: what must hold before the first, and what each of them found and left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from unspan_proto.project import Project

from unspan_inverter.events import Event, Exchange
from unspan_inverter.facts.gathering import facts
from unspan_inverter.facts.kinds import Decoy, Facts, Key, Made, RowExists

Happened = tuple[Sequence[Event], Exchange]
"""What happened during a request, and the request."""


def journey(parts: Sequence[Happened], project: Project, with_decoys: bool = False, whole: bool = True) -> tuple[Facts, tuple[Facts, ...]]:
    """The facts of all requests as if they were one, whose rows are those before the first; and each one's own, whose rows are those that it found."""
    everything = [event for events, _ in parts for event in events]
    exchanges = [exchange for _, exchange in parts]
    together = facts(everything, exchanges[0], project, with_decoys, whole, exchanges[1:])
    together = replace(together, decoys=placeable(together))
    there = {row.key: row for row in together.rows}
    found: list[Facts] = []
    for number, (events, exchange) in enumerate(parts):
        own = within(facts(events, exchange, project, False, whole), together, there, first=not number)
        found.append(own)
        there = after(own, there)
    return together, tuple(found)


def placeable(together: Facts) -> tuple[Decoy, ...]:
    """The decoys but those of models of which the requests make rows, and what points to them: later requests ask for the new ones by the keys that they get."""
    grown = {row.label for row in together.born}
    kept: list[Decoy] = []
    lost: set[object] = set()
    for one in together.decoys:
        pointed = {value for row in one.rows for value in row.values.values() if isinstance(value, Made)}
        if pointed & lost or any(row.key.label in grown for row in one.rows):
            lost |= {row.key.pk for row in one.rows}
        else:
            kept.append(one)
    return tuple(kept)


def within(own: Facts, together: Facts, there: Mapping[Key, RowExists], first: bool) -> Facts:
    """A request's facts among those of the journey: what the cache holds is arranged before the first."""
    return replace(
        own, rows=tuple(there.values()), decoys=together.decoys, inherited={**together.inherited, **own.inherited},
        numbered={**together.numbered, **own.numbered}, generic={**together.generic, **own.generic}, unordered=together.unordered,
        databases=together.databases, cache=together.cache if first else (), keys_seen={**own.keys_seen, **{key: row for key, row in together.keys_seen.items() if key not in own.keys_seen}},
    )  # fmt: skip


def after(own: Facts, there: Mapping[Key, RowExists]) -> dict[Key, RowExists]:
    """The rows that a request left for the next one."""
    gone = {row.key for row in own.gone}
    changed = {row.key: row.after for row in own.changed}
    left = {key: replace(row, values={**row.values, **changed.get(key, {})}) for key, row in there.items() if key not in gone}
    return left | {row.key: RowExists(row.key, row.values, row.span) for row in own.born}
