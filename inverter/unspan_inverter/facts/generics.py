"""Generic foreign keys: the rows that they point to, by the content types that were met."""

from collections.abc import Iterable, Mapping
from typing import Any

from unspan_proto.project import Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.facts.kinds import Key

CONTENT_TYPES = "contenttypes.contenttype"
CALLED = ("object_id", "object_pk")
"""How columns with a key are called beside a content type: the admin's log of changes has no generic foreign key."""
Rows = Mapping[Key, Mapping[str, Any]]


def pointing(rows: Rows, written: Rows, project: Project) -> dict[Key, dict[str, Key]]:
    """Row → attname of the column that holds the key → the row meant. `rows` and `written`: those that were met, and what was made of or added to them."""
    kinds = content_types({**rows, **written}.items(), project)
    found: dict[Key, dict[str, Key]] = {}
    for key in {**rows, **written} if kinds else ():
        model = project.model(key.label)
        values = {**rows.get(key, {}), **written.get(key, {})}
        for pair in pointers(model) if model else ():
            other = meant(pair, values, key.database, model, kinds) if model else None
            if other is not None and model is not None and (other[1] in rows or other[1] in written):
                found.setdefault(key, {})[other[0]] = other[1]
    return found


def pointers(model: Model) -> list[tuple[str, str]]:
    """The pairs of fields that hold a content type and a key: those of generic foreign keys, or, where there is none, what is called as if there were one."""
    declared = [(one.pointer[0], one.pointer[1]) for one in model.fields if len(one.pointer) == 2]
    kinds = [one.name for one in model.fields if (one.related or "").lower() == CONTENT_TYPES]
    return declared or [(kinds[0], name) for name in CALLED if len(kinds) == 1 and model.field(name) is not None]


def content_types(rows: Iterable[tuple[Key, Mapping[str, Any]]], project: Project) -> dict[tuple[str, Any], Model]:
    """Database and key of a content type's row → the model that it stands for."""
    found: dict[tuple[str, Any], Model] = {}
    for key, values in rows:
        if key.label.lower() == CONTENT_TYPES and "app_label" in values and "model" in values:
            model = project.model(f"{bare(values['app_label'])}.{bare(values['model'])}")
            if model is not None:
                found[key.database, key.pk] = model
    return found


def meant(
    pair: tuple[str, str], values: Mapping[str, Any], database: str, model: Model, kinds: Mapping[tuple[str, Any], Model]
) -> tuple[str, Key] | None:
    """The column with the key, and the row that it means."""
    kind, pointer = (model.field(name) for name in pair)
    value = values.get(pointer.attname) if pointer else None
    label = kinds.get((database, bare(values.get(kind.attname)))) if kind else None
    if pointer is None or label is None or value is None or lossy(value):
        return None
    pk, found = label.field("pk"), bare(value)
    if isinstance(found, str) and found.isdecimal() and pk is not None and (pk.auto or "Integer" in pk.type):
        found = int(found)
    return pointer.attname, Key(label.owner, found, database)
