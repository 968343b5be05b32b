"""Celery: tasks that the request hands over are taken before they leave. By `delay` where that was called, else where all of Celery's ways come together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unspan_inverter.events import TaskHanded
from unspan_inverter.plan import names
from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Name, call
from unspan_inverter.plan.spies.arguments import told
from unspan_inverter.plan.spies.kinds import Spy

CELERY: Final = "celery"
FUNCTION: Final = '''
@contextlib.contextmanager
def queue(*task_ids):
    """Takes the tasks that are handed to Celery: their names and arguments. Nothing is sent."""
    ids, queued = iter(task_ids), []

    def send_task(app, name, args=None, kwargs=None, **options):
        queued.append((name, list(args or ()), dict(kwargs or {})))
        return app.AsyncResult(options.get("task_id") or next(ids, str(uuid.uuid4())))

    with mock.patch.object(Celery, "send_task", send_task):
        yield queued
'''


def spies(answer: Answer, traces: str) -> Iterator[Spy]:
    tasks = [one for one in answer.facts.tasks if one.backend == CELERY]
    if not tasks:
        return
    if all(one.way == "delay" and one.place and "<" not in one.place for one in tasks):
        by_place: dict[str, list[TaskHanded]] = {}
        for one in tasks:
            by_place.setdefault(one.place, []).append(one)
        yield from (delayed(place, some, len(by_place) == 1, answer, traces) for place, some in by_place.items())
    else:
        yield together(tasks, answer, traces)


def delayed(place: str, tasks: Sequence[TaskHanded], alone: bool, answer: Answer, traces: str) -> Spy:
    """One task's `delay`."""
    module, _, name = place.rpartition(".")
    spy = Name("delay" if alone else names.identifier(f"delay {name}"))
    results = [call(Import("celery.result", "AsyncResult"), one.task_id) for one in tasks] if shows(tasks, traces) else []
    given: Mapping[str, Any] = {} if not results else {"return_value": results[0]} if len(results) == 1 else {"side_effect": results}
    patch = Call(Attr(Attr(Import("unittest", "mock"), "patch"), "object"), (Import(module, name), "delay"), tuple(given.items()))
    return Spy((Context(patch, spy.id),), (called(spy, [told(one, answer) for one in tasks]),))


def called(spy: Name, arguments: Sequence[tuple[tuple[Any, ...], dict[str, Any]]]) -> Check:
    if len(arguments) == 1:
        args, kwargs = arguments[0]
        return Check("called once", (spy, *args), tuple(kwargs.items()))
    calls = [Call(Attr(Import("unittest", "mock"), "call"), args, tuple(kwargs.items())) for args, kwargs in arguments]
    return Check("equal", (Attr(spy, "call_args_list"), calls))


def together(tasks: Sequence[TaskHanded], answer: Answer, traces: str) -> Spy:
    """All of them in one list."""
    queued = Name("queued")
    expected = [(one.name, list(args), kwargs) for one in tasks for args, kwargs in [told(one, answer)]]
    ids = [one.task_id for one in tasks] if shows(tasks, traces) else []
    return Spy((Context(call(Name("queue"), *ids), queued.id),), (Check("equal", (queued, expected)),), (FUNCTION,))


def shows(tasks: Sequence[TaskHanded], traces: str) -> bool:
    """Whether an id that Celery gave was answered, stored or sent."""
    return any(one.task_id and one.task_id in traces for one in tasks)
