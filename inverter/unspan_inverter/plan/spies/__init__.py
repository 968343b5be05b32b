"""What looks on while the request is made: log records that are caught, tasks that are taken before they leave, queries that are counted. One file a kind."""

from collections.abc import Iterator, Mapping
from typing import Final

from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.expressions import Context, Statement
from unspan_inverter.plan.spies import celery_tasks, django_tasks, logs, queries
from unspan_inverter.plan.spies.kinds import Spies, Spy

SPIES: Final[Mapping[str, tuple[Spies, ...]]] = {
    "logs": (logs.spies,), "tasks": (celery_tasks.spies, django_tasks.spies), "queries": (queries.spies,),
}  # fmt: skip
"""By the kind of what they assert; tasks are taken also where nothing is asserted of them."""


def spying(answer: Answer, traces: str = "") -> list[Spy]:
    """Those that the test needs, outermost first. `traces`: everything that the request left behind."""
    wanted = [(kind, make) for kind, some in SPIES.items() for make in some]
    return [
        spy if answer.bindings.habits.asserts(kind) else spy.without_asserts
        for kind, make in wanted
        if kind == "tasks" or answer.bindings.habits.asserts(kind)
        for spy in make(answer, traces)
    ]


def asserted(answer: Answer) -> Iterator[Statement]:
    for spy in spying(answer):
        yield from spy.asserts


def contexts(spies: list[Spy]) -> tuple[Context, ...]:
    return tuple(context for spy in spies for context in spy.contexts)
