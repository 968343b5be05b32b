"""Generic foreign keys: the rows that they point to, by the content types that were met."""

from collections.abc import Iterable, Mapping
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.facts.kinds import Key

CONTENT_TYPES = "contenttypes.contenttype"
Rows = Mapping[Key, Mapping[str, Any]]


def pointing(rows: Rows, written: Rows, project: Project) -> dict[Key, dict[str, Key]]:
    """Row → attname of the column that holds the key → the row meant. `rows` and `written`: those that were met, and what was made of or added to them."""
    kinds = content_types({**rows, **written}.items(), project)
    found: dict[Key, dict[str, Key]] = {}
    for key in {**rows, **written} if kinds else ():
        model = project.model(key.label)
        values = {**rows.get(key, {}), **written.get(key, {})}
        for one in model.fields if model else ():
            other = meant(one, values, key.database, model, kinds) if model and len(one.pointer) == 2 else None
            if other is not None and model is not None and (other[1] in rows or other[1] in written):
                found.setdefault(key, {})[other[0]] = other[1]
    return found


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
    one: Field, values: Mapping[str, Any], database: str, model: Model, kinds: Mapping[tuple[str, Any], Model]
) -> tuple[str, Key] | None:
    """The column with the key, and the row that it means."""
    kind, pointer = (model.field(name) for name in one.pointer)
    value = values.get(pointer.attname) if pointer else None
    label = kinds.get((database, bare(values.get(kind.attname)))) if kind else None
    if pointer is None or label is None or value is None or lossy(value):
        return None
    pk, found = label.field("pk"), bare(value)
    if isinstance(found, str) and found.isdecimal() and pk is not None and (pk.auto or "Integer" in pk.type):
        found = int(found)
    return pointer.attname, Key(label.owner, found, database)
