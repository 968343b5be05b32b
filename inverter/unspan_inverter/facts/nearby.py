"""What a call may have found of what had been read before it: the rows that it was given, those that they point to, and those of the tables that it asks."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.events import Event, RowsRead, RowsSupported
from unspan_inverter.facts.kinds import Key
from unspan_inverter.facts.parents import target
from unspan_inverter.facts.reads import grouped
from unspan_inverter.facts.stirred import ANY, table_of, touched


def nearby(before: Sequence[Event], within: Sequence[Event], given: Sequence[ModelRef], project: Project) -> list[Event]:
    """The events before with those rows alone, and without what was asked for them: that is not asked again."""
    asked = {table for event in within for table in touched(event, project)}
    known: dict[Key, dict[str, Any]] = {}
    for key, values in (row for event in before for row in rows_of(event, project)):
        known.setdefault(key, {}).update(values)
    wanted = {key for key in known if ANY in asked or table_of(key.label, project) in asked} | {key_of(one, project) for one in given}
    todo = list(wanted)
    while todo:
        found = [key for key in pointed(todo.pop(), known, project) if key not in wanted]
        wanted.update(found)
        todo += found
    return [one for event in before for one in with_rows(event, wanted, project)]


def with_rows(event: Event, wanted: Set[Key], project: Project) -> Iterator[Event]:
    """The event with its rows among those that are wanted; of an event of another kind, itself."""
    if isinstance(event, RowsRead):
        rows = tuple(row for row in event.rows if any(key in wanted for key, _ in rows_of(replace(event, rows=(row,)), project)))
        if rows:
            yield replace(event, rows=rows, statement="", parameters=(), shape={}, supported=True)
    elif isinstance(event, RowsSupported):
        kept = tuple(
            (label, names, (row,))
            for label, names, rows in event.rows
            for row in rows
            if any(key in wanted for key, _ in rows_of(replace(event, rows=((label, names, (row,)),)), project))
        )
        if kept:
            yield replace(event, rows=kept)
    else:
        yield event


def rows_of(event: Event, project: Project) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows that an event tells of, as far as their keys are known."""
    for label, names, row in told(event):
        model = project.model(label)
        values = {name: value for name, value in zip(names, row, strict=False) if not lossy(value)}
        if model is not None and isinstance(event, (RowsRead, RowsSupported)) and values.get(model.pk) is not None:
            yield Key(model.owner, bare(values[model.pk]), event.database), values


def told(event: Event) -> Iterator[tuple[str, Sequence[str], Sequence[Any]]]:
    """Model, columns and values of each row."""
    if isinstance(event, RowsSupported):
        yield from ((label, names, row) for label, names, rows in event.rows for row in rows)
    elif isinstance(event, RowsRead):
        for label, places in grouped(event):
            yield from ((label, [name for _, name in places], [row[at] for at, _ in places if at < len(row)]) for row in event.rows)


def pointed(key: Key, known: dict[Key, dict[str, Any]], project: Project) -> Iterator[Key]:
    """The rows that a row points to."""
    model, values = project.model(key.label), known.get(key, {})
    for one in model.fields if model is not None else ():
        found = target(one, bare(values.get(one.attname)), project, key.database) if one.related and one.attname in values else None
        if found is not None:
            yield found


def key_of(one: ModelRef, project: Project) -> Key:
    model = project.model(one.label)
    return Key(model.owner if model is not None else one.label, bare(one.pk), "default")
