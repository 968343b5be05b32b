"""Multi-table inheritance: the rows that are one object, which a test makes, names and compares as the child."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter.facts.kinds import Key, RowBorn, RowChanged, RowExists


def children(rows: Mapping[Key, Mapping[str, Any]], project: Project) -> dict[Key, Key]:
    """Key of a parent's row → key of the row, among these, that inherits from it; of several generations the youngest."""
    found: dict[Key, Key] = {}
    for key, values in rows.items():
        model = project.model(key.label)
        for one in model.fields if model else ():
            if one.parent_link and one.related:
                above = project.model(one.related)
                pk = bare(values.get(one.attname, key.pk if model and one.attname == model.pk else None))
                found[Key(above.label if above else one.related, pk, key.database)] = key
    return {parent: youngest(key, found) for parent, key in found.items()}


def youngest(key: Key, found: Mapping[Key, Key]) -> Key:
    while key in found:
        key = found[key]
    return key


def folded(rows: Mapping[Key, RowExists], inherited: Mapping[Key, Key]) -> dict[Key, RowExists]:
    """The children take their parents' values in, and the parents' own rows are not created apart."""
    found = dict(rows)
    for parent, child in inherited.items():
        if parent in found and child in found:
            found[child] = replace(found[child], values={**found.pop(parent).values, **found[child].values})
    return found


def born(rows: tuple[RowBorn, ...], inherited: Mapping[Key, Key]) -> tuple[RowBorn, ...]:
    """The same of rows that the request made."""
    found = {row.key: row for row in rows}
    for parent, child in inherited.items():
        if parent in found and child in found:
            found[child] = replace(found[child], values={**found.pop(parent).values, **found[child].values})
    return tuple(found.values())


def changed(rows: tuple[RowChanged, ...], inherited: Mapping[Key, Key]) -> tuple[RowChanged, ...]:
    """Changes of a parent's row are those of the child."""
    found: dict[Key, RowChanged] = {}
    for row in rows:
        key = inherited.get(row.key, row.key)
        other = found.get(key)
        found[key] = replace(
            row, key=key, before={**(other.before if other else {}), **row.before}, after={**(other.after if other else {}), **row.after}
        )
    return tuple(found.values())
