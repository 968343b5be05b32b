"""PostgreSQL's sequences behind keys that a test writes out: they are left behind, and the request's next row would be given a key that is taken."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unspan_proto.project import Model, Project

from unspan_inverter.events import Event, RowsInserted, WriteRefused
from unspan_inverter.facts import Facts, Made
from unspan_inverter.plan.expressions import Call, Do, Import, Name, Statement

BEHIND: Final = ("postgresql",)
"""Vendors whose tables do not notice keys that are given to them."""
ADVANCE: Final = Name("advance_sequences")
ADVANCE_SEQUENCES: Final = '''
def advance_sequences(*models, using="default"):
    """Rows that were given their keys leave the sequences behind, from which the next rows get theirs."""
    with connections[using].cursor() as cursor:
        for statement in connections[using].ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
'''


def numbered(model: Model, project: Project) -> Iterator[Model]:
    """The models whose automatic keys a row of this one takes: its own, and those that it inherits."""
    if any(one.auto and one.primary_key for one in model.fields) and not model.inherits:
        yield model
    for label in model.parents:
        if (parent := project.model(label)) is not None:
            yield from numbered(parent, project)


def given_by_database(events: Sequence[Event], facts: Facts, project: Project) -> dict[str, str]:
    """Label → alias of the models in whose tables rows come to be whose keys a sequence gives: by the request, or as stand-ins."""
    found: dict[str, str] = {}
    for label, alias in [
        *((event.model, event.database) for event in events if isinstance(event, (RowsInserted, WriteRefused))),
        *((row.key.label, row.key.database) for row in facts.rows if isinstance(row.key.pk, Made)),
    ]:
        owner = project.owner(label)
        if owner is not None and str(project.databases.get(alias, {}).get("vendor")) in BEHIND:
            found |= {one.label: alias for one in numbered(owner, project)}
    return found


def advanced(model: Model, behind: Mapping[str, str], project: Project) -> list[Statement]:
    """What is done after the last row of a model whose rows are given their keys."""
    owners = {one.label: one for one in numbered(model, project) if one.label in behind}
    return [Do(Call(ADVANCE, (Import(one.module, one.name),), using(behind[label]))) for label, one in owners.items()]


def using(alias: str) -> tuple[tuple[str, Any], ...]:
    """The argument that names another database than the first."""
    return (("using", alias),) if alias != "default" else ()


def functions(statements: Sequence[Statement]) -> list[str]:
    """The function that these statements use."""
    return [ADVANCE_SEQUENCES] if any(isinstance(one, Do) and getattr(one.value, "function", None) == ADVANCE for one in statements) else []
