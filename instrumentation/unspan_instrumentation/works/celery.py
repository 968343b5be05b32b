"""Celery: tasks that are handed to it, and tasks that a worker of it runs. By its own signals, beside OpenTelemetry's instrumentor.

The message carries, under a header of ours, what W3C's `traceparent` says of the span that handed the task over: the task's trace links back
to it, and its id follows from it, so that the span can name the trace before it begins.
"""

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.works.handing import CELERY, Handed, handed, header, run_of, sender
from unspan_instrumentation.works.units import DONE, FAILED, RETRIED, TASK, Work, Works

HEADER: Final = "unspan-traceparent"
ENDED: Final = {"SUCCESS": DONE, "FAILURE": FAILED, "RETRY": RETRIED}
FLUSH_SECONDS: Final = 2.0
"""How long a worker's process that ends waits for its traces to leave."""
PLUMBING: Final = frozenset({"producer", "connection", "router", "publisher", "result_cls", "task_type", "add_to_parent", "headers", "task_id", "args", "kwargs", "name"})  # fmt: skip
"""Arguments of `send_task` that are no options of the task."""
WAYS: Final = ("apply_async", "delay")
"""Methods of a task by which an application hands it over, in the order in which one calls the other."""
FRAMES: Final = 12
"""How far above `send_task` such a method is looked for."""
publishing: ContextVar[Handed | None] = ContextVar("unspan_publishing", default=None)


class Tasks:
    def __init__(self, works: Works) -> None:
        self.works = works
        self.running: dict[str, Recording] = {}

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "celery.app.base", lambda module: around(module.Celery, "send_task", send)
        yield "celery.app.task", lambda module: around(module.Task, "apply", apply)
        yield "celery.signals", self.watch

    def watch(self, module: Any) -> None:
        receivers = {
            "before_task_publish": publish, "task_prerun": self.begins, "task_postrun": self.ends, "worker_init": self.worker,
            "worker_process_shutdown": self.leaves,
        }  # fmt: skip
        for name, receiver in receivers.items():
            getattr(module, name).connect(receiver, weak=False, dispatch_uid=f"unspan.{name}")

    def worker(self, **kwargs: Any) -> None:
        self.works.supersede("runs the tasks of a queue")

    def leaves(self, **kwargs: Any) -> None:
        """A child of the pool ends by `os._exit`."""
        self.works.opens.outbox.leave(FLUSH_SECONDS)

    def begins(self, task: Any = None, task_id: Any = None, args: Any = (), kwargs: Any = None, **rest: Any) -> None:
        """Before a task runs, here or in a worker. One that runs eagerly belongs to whoever called it."""
        request = task.request
        if request.is_eager or request.called_directly:
            return
        redelivered = bool((request.delivery_info or {}).get("redelivered"))
        link = sender(getattr(request, HEADER, None))
        work = Work(TASK, str(task.name), arguments=[freeze(list(args)), freeze(kwargs or {})], link=link)
        work.more = {v.TASK_ID: str(task_id), v.TASK_BACKEND: CELERY, **told(task)}
        work.trace_id = run_of(*link) if link and not redelivered else 0
        recording = self.works.begin(work)
        if recording is not None:
            self.running[str(task_id)] = recording

    def ends(self, task: Any = None, task_id: Any = None, retval: Any = None, state: Any = None, **rest: Any) -> None:
        recording = None if task.request.is_eager else self.running.pop(str(task_id), None)
        if recording is None:
            return
        work, outcome = recording.work, ENDED.get(str(state), DONE)
        if isinstance(retval, BaseException):
            work.raised(retval, outcome)
        else:
            work.returned(retval)
        work.outcome = outcome
        self.works.end(recording)


def told(task: Any) -> dict[str, Any]:
    """Where a task that runs is found, and how often it was tried before; nothing where that cannot be told."""
    try:
        retries = task.request.retries
        return {**found(task), **({v.TASK_RETRIES: retries} if type(retries) is int and retries else {})}
    except Exception:
        return {}


def publish(headers: Any = None, **kwargs: Any) -> None:
    """Before a message leaves: the span that it comes from goes with it."""
    one = publishing.get()
    if one is not None and isinstance(headers, dict):
        headers[HEADER] = header(one)


def send(original: Callable[..., Any], app: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Celery.send_task(name, args, kwargs, …)`: what `delay`, `apply_async` and every part of a canvas come to."""
    recording = current()
    if recording is None:
        return original(app, *args, **kwargs)
    given = dict(zip(("name", "args", "kwargs", "countdown", "eta", "task_id"), args, strict=False)) | kwargs
    options = quietly(recording, "a task's options", said, given) or {}
    with handed(recording, CELERY, str(given.get("name")), given.get("args"), given.get("kwargs"), options) as one:
        one.more = quietly(recording, "how a task was handed over", reached, given.get("task_type")) or {}
        token = publishing.set(one)
        try:
            result = original(app, *args, **kwargs)
        finally:
            publishing.reset(token)
        one.task_id = str(getattr(result, "id", "") or given.get("task_id") or "")
        return result


def apply(original: Callable[..., Any], task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Task.apply(args, kwargs, …)`: the task runs here and now, by itself or because `task_always_eager` says so."""
    recording = current()
    if recording is None:
        return original(task, *args, **kwargs)
    given = dict(zip(("args", "kwargs"), args, strict=False)) | kwargs
    options = quietly(recording, "a task's options", said, given) or {}
    with handed(recording, CELERY, str(task.name), given.get("args"), given.get("kwargs"), options) as one:
        one.eager = True
        result = original(task, *args, **kwargs)
        one.task_id = str(getattr(result, "id", "") or "")
        return result


def reached(task: Any) -> dict[str, Any]:
    """Where the application finds the task, what its function takes, and by which method it was handed over."""
    return {v.TASK_WAY: way(), **(found(task) if task is not None else {})}


def found(task: Any) -> dict[str, Any]:
    """Where the application finds a task, and what its function takes."""
    module, name, run = type(task).__module__, type(task).__name__, type(task).__dict__.get("run")
    known: dict[str, Any] = {v.TASK_PLACE: f"{module}.{name}"} if held_there(task, module, name) else {}
    alone = isinstance(run, staticmethod)  # one that is bound gets the task first
    code = getattr(run.__func__ if alone else run, "__code__", None)
    if code is not None:
        known[v.TASK_PARAMETERS] = list(code.co_varnames[0 if alone else 1 : code.co_argcount])
    return known


def held_there(task: Any, module: str, name: str) -> bool:
    """Whether a module has the task under this name; Celery may put a stand-in there."""
    held = getattr(sys.modules.get(module), "__dict__", {}).get(name)
    return held is task or (type(held).__module__.startswith("celery.") and getattr(held, "_get_current_object", lambda: None)() is task)


def way() -> str:
    """The outermost of Celery's methods that are under way."""
    frame, found = sys._getframe(1), "send_task"
    for _ in range(FRAMES):
        if frame.f_globals.get("__name__") == "celery.app.task" and frame.f_code.co_name in WAYS:
            found = frame.f_code.co_name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return found


def said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in PLUMBING and value is not None}
