"""Decoys: rows beside those that the request asked for, each of which misses one condition that was recorded.

A test whose database holds only what a query returned cannot notice that a condition of it is dropped. With such a row it does. A decoy changes
nothing that the request does: none of the recorded statements may take it, and where that cannot be told there is none.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from unspan_proto.project import Project

from unspan_inverter.events import Event, Exchange, Executed, RowsDeleted, RowsRead, RowsUpdated
from unspan_inverter.facts import links
from unspan_inverter.facts.decoys import asking
from unspan_inverter.facts.decoys.known import Known, by_column, inserted, written
from unspan_inverter.facts.decoys.matching import OutOfSteps, Search, search
from unspan_inverter.facts.decoys.nearby import MOST_ROWS, Maker, Miss
from unspan_inverter.facts.decoys.scopes import shape
from unspan_inverter.facts.decoys.truth import Row
from unspan_inverter.facts.decoys.watching import Watch, keys_asked, watch
from unspan_inverter.facts.kinds import Decoy, Key, RowExists

MOST: Final = 5
"""Decoys of one test: more would hide what it is about."""
MOST_PATTERNS: Final = 3
MADE_BY_MIGRATE: Final = ("contenttypes.contenttype", "auth.permission", "sites.site", "sessions.session")
STATEMENTS = (RowsRead, RowsUpdated, RowsDeleted, Executed)


def decoys(
    events: Sequence[Event], exchange: Exchange, project: Project, rows: Mapping[Key, RowExists], gone: frozenset[Key]
) -> tuple[Decoy, ...]:
    """The decoys of a request, none where it has rows in several databases. `rows`: all that were there before it; `gone`: those that it deleted."""
    if len({key.database for key in rows}) > 1:
        return ()
    unknown = {model.table for model in project.models if model.seeded or model.label.lower() in MADE_BY_MIGRATE}
    known = Known(project, rows, gone, written(events, project), frozenset(unknown))
    watching = watch(known, (event for event in events if isinstance(event, STATEMENTS)))
    found: list[Decoy] = []
    try:
        for looking, event, number in conditions(events, asking.Request(exchange, project), known, watching):
            if len(found) == MOST:
                break
            if watching.there_anyway(looking, number) or (miss := chosen(looking, event, number, watching, len(found))) is None:
                continue
            watching.add(miss.rows)
            found.append(decoy(miss, project))
    except OutOfSteps:
        pass
    asked, grown = keys_asked(watching, project), inserted(events, project)
    labels = {row.key.label for one in found for row in one.rows}
    keys = {label: asked.get(label, frozenset()) - grown.get(label, frozenset()) for label in labels}
    return tuple(replace(one, asked=keys, grown=frozenset(grown) & labels) for one in found)


def decoy(miss: Miss, project: Project) -> Decoy:
    """A near miss with the rows of automatic many-to-many tables as links."""
    between = {row.key: model for row in miss.rows if (model := project.model(row.key.label)) is not None and model.auto_created}
    made = [links.as_link(between[row.key], dict(row.values), project, row.key.database) for row in miss.rows if row.key in between]
    return Decoy(tuple(row for row in miss.rows if row.key not in between), miss.what, tuple(link for link in made if link is not None))


def conditions(events: Sequence[Event], request: asking.Request, known: Known, watching: Watch) -> Iterator[tuple[Search, RowsRead, int]]:
    """Each condition of a query that somebody wrote down: the search of its scope, the query, and its place in the scope."""
    seen: set[str] = set()
    for event in events:
        if not isinstance(event, RowsRead) or not event.statement or event.statement in seen:
            continue
        seen.add(event.statement)
        made = shape(event.statement, event.system)
        scope = next((one for one in made.scopes if one.first), None) if made is not None else None
        if scope is None or not scope.tests:
            continue
        looking = search(scope, event.parameters, watching.rows, known.project, watching.budget)
        for number in asking.wanted(looking, request, event.own):
            yield looking, event, number


def chosen(looking: Search, event: RowsRead, number: int, watching: Watch, before: int) -> Miss | None:
    """A near miss that no statement takes."""
    test = looking.scope.tests[number]
    for pattern in itertools.islice(patterns(looking, event, watching.known), MOST_PATTERNS):
        maker = Maker(looking, watching.known, pattern, event.span, event.database, (before + 1) * 2 * MOST_ROWS)
        if miss := next((miss for miss in maker.misses(test) if not watching.met(miss.rows)), None):
            return miss
    return None


def patterns(looking: Search, event: RowsRead, known: Known) -> Iterator[Mapping[str, Row]]:
    """Rows that met all conditions, those that were there before all others; else one that is told by the conditions."""
    rows = {model.table: [row for _, row in known.standing(model.label)] for model in looking.models.values()}
    for model in looking.models.values():
        rows[model.table] += [by_column(model, values, None) for values in known.written.get(model.label, ())]
    there = replace(looking, rows=rows)
    yield from there.found({}, sure=True)
    yield from there.found({})
    told = asking.told(looking)
    if told is not None:
        yield told
