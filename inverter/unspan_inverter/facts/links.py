"""Rows of automatic many-to-many tables as links between objects."""

from typing import Any

from unspan_proto.project import Field, Model, Project

from unspan_inverter.facts.kinds import Key, Linked


def as_link(between: Model, values: dict[str, Any], project: Project) -> Linked | None:
    """The many-to-many link that a row of an automatic table is."""
    for model in project.models:
        for one in model.fields:
            if one.kind == "many_to_many" and one.through and one.through.lower() == between.label.lower() and one.through_auto:
                sides = [side for side in between.fields if side.related]
                if len(sides) == 2 and all(side.attname in values for side in sides):
                    owner, target = sides
                    if (owner.related or "").lower() != model.label.lower():
                        owner, target = target, owner
                    return Linked(
                        Key(model.label, values[owner.attname]), one.name, Key(project_label(target, project), values[target.attname])
                    )
    return None


def project_label(side: Field, project: Project) -> str:
    related = project.model(side.related or "")
    return related.label if related else str(side.related)
