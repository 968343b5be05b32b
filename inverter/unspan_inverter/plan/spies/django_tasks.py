"""Django's tasks: those that the request enqueues go to the backend that only keeps them. Where the queue is the database its rows say it all."""

from collections.abc import Iterator
from typing import Final

from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.expressions import Attr, Check, Import, Listed, Name, reached
from unspan_inverter.plan.spies.arguments import told
from unspan_inverter.plan.spies.kinds import Spy

DJANGO: Final = "django"
PACKAGES: Final = ("django.tasks", "django_tasks")


def spies(answer: Answer, traces: str) -> Iterator[Spy]:
    tasks = [one for one in answer.facts.tasks if one.backend == DJANGO]
    if (
        not tasks
        or tasks[0].way not in PACKAGES
        or any("task" in row.label.lower() for row in answer.facts.born if row.label.split(".")[0].startswith("django_tasks"))
    ):
        return
    package = tasks[0].way
    settings = {"TASKS": {"default": {"BACKEND": f"{package}.backends.dummy.DummyBackend"}}}
    result, done = Name("result"), Attr(Import(package, "default_task_backend"), "results")
    enqueued = Listed((reached(result, "task.name"), Attr(result, "args"), Attr(result, "kwargs")), (result.id,), done)
    expected = [(one.name.rpartition(".")[2], list(args), kwargs) for one in tasks for args, kwargs in [told(one, answer)]]
    yield Spy((), (Check("equal", (enqueued, expected)),), (), tuple(settings.items()))
