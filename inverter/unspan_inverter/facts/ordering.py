"""The order in which rows are made: what a row cannot be without comes first, automatic keys grow as they did, and then what it merely points to."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

from unspan_proto.project import Project
from unspan_proto.values import bare, lossy

from unspan_inverter.facts.kinds import Key, RowExists
from unspan_inverter.facts.parents import NO_KEYS, elsewhere, kin, pointed_by_another, sortable, target

Needs = Mapping[Key, dict[Key, "Need"]]


class Need(IntEnum):
    """How much one row has to be made after another. Where the needs go round in a circle, the least of them gives way."""

    POINTS = 1
    """A foreign key that may be empty, and be set later."""
    FOLLOWS = 2
    """The database has to give it the greater key."""
    MUST = 3
    """A foreign key that may not be empty."""


NO_GENERIC: Mapping[Key, Mapping[str, Key]] = {}


def in_order(
    rows: Iterable[RowExists],
    project: Project,
    inherited: Mapping[Key, Key] = NO_KEYS,
    generic: Mapping[Key, Mapping[str, Key]] = NO_GENERIC,
) -> list[RowExists]:
    """The rows as they are to be made; by model and key, each after what it needs."""
    waiting = {row.key: row for row in sorted(rows, key=lambda row: (row.key.label, sortable(row.key.pk)))}
    needs = needed(waiting, project, inherited)
    for key in waiting:
        for other in generic.get(key, {}).values():
            if other in waiting and other != key:
                needs[key].setdefault(other, Need.MUST)
    place = {key: at for at, key in enumerate(possible(needs))}
    done: dict[Key, RowExists] = {}
    for first in waiting:
        above = [(first, iter(needs[first]))]
        while above:
            key, others = above[-1]
            other = next((one for one in others if one not in done and place[one] < place[key]), None)
            if other is not None:
                above.append((other, iter(needs[other])))
            else:
                done[above.pop()[0]] = waiting[key]
    return list(done.values())


def needed(rows: Mapping[Key, RowExists], project: Project, inherited: Mapping[Key, Key]) -> Needs:
    """What each row needs: the row before it in its table, and those that it points to."""
    found: dict[Key, dict[Key, Need]] = {key: {} for key in rows}
    last: dict[str, Key] = {}
    counting = tables({key.label for key in rows}, project)
    for key in sorted(rows, key=lambda key: sortable(key.pk)):
        table = counting.get(key.label) if isinstance(key.pk, int) else None
        if table and table in last:
            found[key][last[table]] = Need.FOLLOWS
        if table:
            last[table] = key
    columns: dict[tuple[str, str], dict[object, Key]] = {}
    for key, row in rows.items():
        for other, need in pointing(row, rows, columns, project, inherited):
            if other != key:
                found[key][other] = max(need, found[key].get(other, need))
    return found


def tables(labels: Iterable[str], project: Project) -> dict[str, str]:
    """Label → the table that numbers the model's rows, of models with automatic keys."""
    return {label: table for label in labels if (table := numbering(label, project))}


def numbering(label: str, project: Project) -> str:
    """The table whose automatic keys a model's rows have: of one that inherits, that of the first parent. Empty where keys are the rows' own."""
    model = project.model(label)
    while model is not None and (link := next((one for one in model.fields if one.parent_link and one.attname == model.pk), None)):
        model = project.model(link.related or "")
    pk = model.field("pk") if model else None
    return model.table if model and pk and pk.auto else ""


def pointing(
    row: RowExists,
    rows: Mapping[Key, RowExists],
    columns: dict[tuple[str, str], dict[object, Key]],
    project: Project,
    inherited: Mapping[Key, Key],
) -> Iterator[tuple[Key, Need]]:
    """The rows among these that a row's foreign keys point to. `columns`: rows by the value of a column, filled as they are asked for."""
    model = project.model(row.key.label)
    for one in model.fields if model else ():
        value = row.values.get(one.attname)
        key = (
            target(one, bare(value), project, row.key.database)
            if one.related and one.kind == "column" and not one.parent_link and not lossy(value)
            else None
        )
        key = elsewhere(inherited.get(key, key), rows, project) if key else None
        if key is not None and key in rows:
            yield key, Need.POINTS if one.null else Need.MUST
    for label, column, value in pointed_by_another(row.values, model, project) if model else ():
        if (label, column) not in columns:
            family = kin(label, project)
            columns[label, column] = {row.values.get(column): key for key, row in rows.items() if key.label in family}
        if value in columns[label, column]:
            yield columns[label, column][value], Need.MUST


def possible(needs: Needs) -> list[Key]:
    """An order that leaves as few needs unmet, and as little ones, as circles allow."""
    unmet = {key: dict(some) for key, some in needs.items()}
    waited: dict[Key, list[Key]] = {key: [] for key in needs}
    place = {key: at for at, key in enumerate(needs)}
    for key, some in needs.items():
        for other in some:
            waited[other].append(key)
    ready = [(max(some.values(), default=0), place[key], key) for key, some in unmet.items()]
    heapq.heapify(ready)
    done: dict[Key, None] = {}
    while ready:
        level, _, key = heapq.heappop(ready)
        if key in done or level != max(unmet[key].values(), default=0):  # told anew since
            continue
        done[key] = None
        for other in waited[key]:
            if other not in done:
                del unmet[other][key]
                heapq.heappush(ready, (max(unmet[other].values(), default=0), place[other], other))
    return list(done)


def out_of_order(rows: Iterable[RowExists], counting: Mapping[str, str]) -> frozenset[str]:
    """Labels of models whose rows are made in another order than that of their automatic keys."""
    last: dict[str, int] = {}
    found: set[str] = set()
    for row in rows:
        table = counting.get(row.key.label)
        if table and isinstance(row.key.pk, int):
            if row.key.pk < last.get(table, row.key.pk):
                found.add(row.key.label)
            last[table] = max(row.key.pk, last.get(table, row.key.pk))
    return frozenset(found)
