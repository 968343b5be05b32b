"""Coroutines and functions that are started in one place and run in another: by `async_to_sync`, by `sync_to_async`, as tasks of an event loop.

What they do belongs below the call that started them, which is open on another thread, or suspended. A loop that is no Python class (uvloop's) hands
its tasks over to nobody: what those do stands below the request.
"""

from asyncio import BaseEventLoop
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import wraps
from typing import Any

from unspan_instrumentation.calls.core import Core
from unspan_instrumentation.calls.threads import WORK, carried
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current, started_from


def watch(core: Core) -> None:
    """Wraps what starts them. Called once per process, before Django loads its middleware."""
    watch_returning(core)
    watch_waiting()
    watch_tasks()


@contextmanager
def starting() -> Generator[None]:
    """Contexts that are copied inside know the innermost call that is open here."""
    recording = current()
    if recording is None:
        yield
        return
    token = started_from.set((recording.root, recording.parent()))
    try:
        yield
    finally:
        started_from.reset(token)


def watch_returning(core: Core) -> None:
    """Wraps what `sync_to_async` inside `async_to_sync` comes to: the thread that waits for the coroutine runs it."""
    from asgiref.current_thread_executor import CurrentThreadExecutor

    submit = CurrentThreadExecutor.submit

    @wraps(submit)
    def carrying_submit(executor: CurrentThreadExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        recording = current()
        own = None if recording is None else quietly(recording, WORK, carried, core, recording, function)
        return submit(executor, own or function, *args, **kwargs)

    CurrentThreadExecutor.submit = carrying_submit  # type: ignore[method-assign]


def watch_waiting() -> None:
    """Wraps `async_to_sync`, which under an ASGI server has the coroutine run on the server's thread."""
    from asgiref.sync import AsyncToSync

    run: Any = AsyncToSync.__call__

    @wraps(run)
    def __call__(caller: Any, *args: Any, **kwargs: Any) -> Any:
        with starting():
            return run(caller, *args, **kwargs)

    AsyncToSync.__call__ = __call__  # type: ignore[method-assign]


def watch_tasks() -> None:
    """Wraps what `asyncio.create_task`, `gather` and task groups come to."""
    create: Any = BaseEventLoop.create_task

    @wraps(create)
    def create_task(loop: Any, coro: Any, **kwargs: Any) -> Any:
        with starting():
            return create(loop, coro, **kwargs)

    BaseEventLoop.create_task = create_task  # type: ignore[method-assign]
