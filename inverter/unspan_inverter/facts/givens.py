"""The rows that a call was given where it asks no database: all that it found was in memory, its own and what had been read by then."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unspan_proto.project import Model, Project
from unspan_proto.values import ModelRef, bare

from unspan_inverter.events import RowsRead
from unspan_inverter.events.calls import Called
from unspan_inverter.facts.kinds import Key
from unspan_inverter.facts.reads import grouped
from unspan_inverter.facts.units import rows

PREFETCHED: Final = "_prefetch_related_val_"
"""How the columns begin by which Django tells whose the rows of a prefetched many-to-many relation are."""
Known = Mapping[Key, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Given:
    """`rows`: as they were when the call began; `back`: those that it returned; `known`: what had been read of any."""

    rows: tuple[ModelRef, ...]
    back: tuple[ModelRef, ...]
    known: Known


def given(call: Called, read: Sequence[RowsRead], project: Project) -> Given | None:
    """None where it was given none, or where more may have been kept with them than is known. `read`: what had been read when it began."""
    mine = tuple(rows(dict(call.arguments)))
    if not mine or any(one.fields is None for one in mine) or prefetched(mine, read, project):
        return None
    return Given(mine, tuple(rows(call.result)), rows_of(read, project))


def rows_of(read: Sequence[RowsRead], project: Project) -> Known:
    """The rows that had been read, as far as they were."""
    found: dict[Key, dict[str, Any]] = {}
    for event in read:
        for label, places in grouped(event):
            model = project.model(label)
            for row in event.rows if model is not None else ():
                values = {attname: row[at] for at, attname in places if at < len(row)}
                if model is not None and values.get(model.pk) is not None:
                    found.setdefault(Key(model.owner, bare(values[model.pk]), "default"), {}).update(values)
    return found


def prefetched(mine: Sequence[ModelRef], read: Sequence[RowsRead], project: Project) -> bool:
    """Whether rows that point to these may have been kept with them: they were read for several at once."""
    for event in read:
        keys = {bare(one) for one in event.parameters if isinstance(bare(one), (int, str)) or hasattr(one, "hex")}
        model = project.model(event.model or "")
        for one in mine:
            if bare(one.pk) in keys and (PREFETCHED in event.statement or for_several(event, model, one, project)):
                return True
    return False


def for_several(event: RowsRead, model: Model | None, one: ModelRef, project: Project) -> bool:
    """Whether rows of a model were read by their relations to rows of another."""
    owner = project.model(one.label)
    return any(
        field.related is not None
        and field.column is not None
        and owner is not None
        and (related := project.model(field.related)) is not None
        and related.owner == owner.owner
        and re.search(rf'"{re.escape(field.column)}["`] IN \(', event.statement.replace("`", '"')) is not None
        for field in (model.fields if model is not None else ())
    )
