"""Django's tasks framework (6.0 and later, and the package it came from): tasks that are enqueued, and tasks that a worker runs.

A task carries nothing but its arguments, so its trace cannot link back to who enqueued it; its id follows from the task's, so that whoever
enqueued it can name it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.works.handing import DJANGO, Handed, handed, of_text
from unspan_instrumentation.works.units import TASK, Work, Works

PACKAGES: Final = ("django.tasks", "django_tasks")
OPTIONS: Final = ("priority", "queue_name", "run_after", "backend")
HERE: Final = Handed(None, 0, 0)  # type: ignore[arg-type]
"""A task is enqueued where nothing is recorded."""
enqueueing: ContextVar[Handed | None] = ContextVar("unspan_enqueueing", default=None)
"""The task that is being enqueued: one that runs meanwhile runs in the place of being queued."""
started: ContextVar[Any] = ContextVar("unspan_started_task", default=None)
"""The result object of the task that a worker has announced to run next."""


class Tasks:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        for package in PACKAGES:
            yield f"{package}.base", self.watch
            yield f"{package}.signals", watch_signals

    def watch(self, module: Any) -> None:
        for name, wrapper in {"enqueue": enqueue, "aenqueue": aenqueue, "call": self.call, "acall": self.acall}.items():
            around(module.Task, name, wrapper)

    def call(self, original: Callable[..., Any], task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        work = self.work(task, args, kwargs)
        if work is None:
            return original(task, *args, **kwargs)
        with self.works.recorded(work) as recording:
            result = original(task, *args, **kwargs)
            if recording is not None:
                work.returned(result)
            return result

    async def acall(self, original: Callable[..., Any], task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        work = self.work(task, args, kwargs)
        if work is None:
            return await original(task, *args, **kwargs)
        with self.works.recorded(work) as recording:
            result = await original(task, *args, **kwargs)
            if recording is not None:
                work.returned(result)
            return result

    def work(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Work | None:
        """The unit of work, when a worker calls the task; None where it is a call like any other, or runs while it is enqueued."""
        one, result = enqueueing.get(), started.get()
        if one is not None:
            one.eager = True
            return None
        if result is not None and result.task.func is not task.func:
            result = None
        if result is not None:
            started.set(None)
            self.works.supersede("runs the tasks of a queue")
        if current() is not None:
            return None
        arguments = args[1:] if task.takes_context else args
        work = Work(TASK, name_of(task), arguments=[freeze(list(arguments)), freeze(kwargs)], more={v.TASK_BACKEND: DJANGO, **told(task)})
        if result is not None:
            work.more[v.TASK_ID] = str(result.id)
            work.trace_id = run_of(result.id) if len(result.worker_ids) < 2 else 0  # a repetition is a trace of its own
        return work


def enqueue(original: Callable[..., Any], task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Task.enqueue(*args, **kwargs)`."""
    with handing(task, args, kwargs) as one:
        if one is not None:
            one.more = quietly(one.recording, "where a task is found", reached, task) or {}
        token = enqueueing.set(one or HERE)
        try:
            result = original(task, *args, **kwargs)
        finally:
            enqueueing.reset(token)
        return known(one, result)


async def aenqueue(original: Callable[..., Any], task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Task.aenqueue(*args, **kwargs)`."""
    with handing(task, args, kwargs) as one:
        if one is not None:
            one.more = quietly(one.recording, "where a task is found", reached, task) or {}
        token = enqueueing.set(one or HERE)
        try:
            result = await original(task, *args, **kwargs)
        finally:
            enqueueing.reset(token)
        return known(one, result)


def handing(task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current()
    if recording is None:
        return nullcontext()
    options = {name: getattr(task, name) for name in OPTIONS if getattr(task, name, None) is not None}
    return handed(recording, DJANGO, name_of(task), args, kwargs, options)


def reached(task: Any) -> dict[str, Any]:
    """Where the application finds the task, and what its function takes."""
    module, name, code = task.func.__module__, task.func.__qualname__, task.func.__code__
    package = next((one for one in PACKAGES if any(cls.__module__ == f"{one}.base" for cls in type(task).__mro__)), "")
    found: dict[str, Any] = {
        v.TASK_WAY: package,
        v.TASK_PARAMETERS: list(code.co_varnames[int(bool(task.takes_context)) : code.co_argcount]),
    }
    held = getattr(sys.modules.get(module), "__dict__", {}).get(name)
    return {v.TASK_PLACE: f"{module}.{name}", **found} if getattr(held, "func", None) is task.func else found


def told(task: Any) -> dict[str, Any]:
    """The same of a task that runs; nothing where that cannot be told."""
    try:
        return {**reached(task), **({v.TASK_CONTEXT: True} if task.takes_context is True else {})}
    except Exception:
        return {}


def known(one: Handed | None, result: Any) -> Any:
    """The result of enqueueing, whose id names the trace of the task's run."""
    task_id = getattr(result, "id", None)
    if one is not None and task_id is not None:
        one.task_id, one.trace = str(task_id), run_of(task_id)
    return result


def run_of(task_id: object) -> int:
    return of_text(f"{DJANGO} {task_id}")


def name_of(task: Any) -> str:
    return f"{task.func.__module__}.{task.func.__qualname__}"


def watch_signals(module: Any) -> None:
    module.task_started.connect(announced, weak=False, dispatch_uid="unspan.task_started")


def announced(task_result: Any = None, **kwargs: Any) -> None:
    """A worker is about to call the task, and so is a backend that runs it while it is enqueued."""
    if enqueueing.get() is None:
        started.set(task_result)
