"""Rows of automatic many-to-many tables as links between objects."""

from typing import Any

from unspan_proto.project import Field, Model, Project

from unspan_inverter.facts.kinds import Key, Linked


def as_link(between: Model, values: dict[str, Any], project: Project, database: str) -> Linked | None:
    """The many-to-many link that a row of an automatic table is."""
    sides = [side for side in between.fields if side.related]
    if len(sides) != 2 or not all(side.attname in values for side in sides):
        return None
    for owner, target in (sides, reversed(sides)):
        model = project.model(owner.related or "")  # children and proxies have the field too, but the table names its owner
        for one in model.fields if model else ():
            if one.kind == "many_to_many" and one.through_auto and (one.through or "").lower() == between.label.lower():
                key = Key(project_label(owner, project), values[owner.attname], database)
                return Linked(key, one.name, Key(project_label(target, project), values[target.attname], database))
    return None


def project_label(side: Field, project: Project) -> str:
    """The label under which the rows go that a foreign key points to: of a proxy, the model's behind it."""
    related = project.model(side.related or "")
    return related.owner if related else str(side.related)
