"""Rows that `migrate` leaves in an empty database: which are looked up, set right, or taken away before a test makes its own."""

from collections.abc import Sequence
from typing import Any

from unspan_proto.project import Model

from unspan_inverter.facts import Key, RowExists
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Attr, Do, Import, Statement, method
from unspan_inverter.plan.relevance import Relevance, plain
from unspan_inverter.plan.rows import manager, rows_of

MIGRATED = "migrations leave rows here that the recorded database does not have like this"


def emptied(bindings: Bindings, relevance: Relevance) -> list[Statement]:
    """Takes away the rows that migrations made in the tables that the request read: the recording shows which were left of them."""
    tables = sorted({(key.label, key.database) for key in bindings.names} | relevance.read)
    found: list[tuple[Model, str]] = []
    for alias in sorted({alias for _, alias in tables}):
        models = [model for label, there in tables if there == alias and (model := bindings.project.model(label))]
        seeded = [model for model in models if model.seeded and model.label.lower() not in SPECIAL]
        found += [(model, alias) for model in pointing_first(with_pointing(seeded, bindings.project.models))]
    return [Do(method(method(rows_of(model, alias), "all"), "delete"), "" if i else MIGRATED) for i, (model, alias) in enumerate(found)]


def with_pointing(seeded: Sequence[Model], models: Sequence[Model]) -> list[Model]:
    """These models, and others with rows of migrations that point to theirs: those would go too, or stand in the way."""
    found = list(seeded)
    rest = [one for one in models if one.seeded and one not in found and one.label.lower() not in SPECIAL and not one.proxy]
    while more := [one for one in rest if any(points(one, other) for other in found)]:
        found += more
        rest = [one for one in rest if one not in more]
    return found


def pointing_first(models: Sequence[Model]) -> list[Model]:
    """The models in an order in which their rows can be deleted: those that point to others before those."""
    waiting, found = list(models), list[Model]()
    while waiting:
        free = [one for one in waiting if not any(points(other, one) for other in waiting if other is not one)] or waiting[:1]
        found += free
        waiting = [one for one in waiting if one not in free]
    return found


def points(model: Model, other: Model) -> bool:
    return any(one.kind == "column" and (one.related or "").lower() == other.label.lower() for one in model.fields)


def content_type(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """Content types are made by `migrate`: they are looked up by what they stand for."""
    known: Any = Attr(Import(model.module, model.name), "objects")
    manager = known if row.key.database == "default" else method(known, "db_manager", row.key.database)
    return method(manager, "get_by_natural_key", plain(row.values.get("app_label", "")), plain(row.values.get("model", "")))


def permission(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """Permissions are made by `migrate` too."""
    values = row.values
    key = Key("contenttypes.ContentType", values.get("content_type_id"), row.key.database)
    chosen: dict[str, Any] = {"codename": plain(values.get("codename", ""))}
    kind = next((row.values for row in bindings.facts.rows if row.key == key), {})
    if "app_label" in kind and "model" not in kind:
        chosen["content_type__app_label"] = plain(kind["app_label"])
    elif key in bindings.names:
        chosen["content_type"] = bindings.row(key)
    return method(manager(model, row.key.database), "get", **chosen)


def site(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """`migrate` makes the default site."""
    values = row.values
    given = {name: plain(values[name]) for name in ("domain", "name") if name in values}
    return method(manager(model, row.key.database), "update_or_create", pk=values.get("id", 1), defaults=given)


SPECIAL = {"contenttypes.contenttype": content_type, "auth.permission": permission, "sites.site": site}
"""Models whose rows `migrate` makes: label → how a row is had."""
LOOKED_UP = {"contenttypes.contenttype", "auth.permission"}
"""Those whose rows are never made or changed, so that what nobody uses need not be looked up."""
