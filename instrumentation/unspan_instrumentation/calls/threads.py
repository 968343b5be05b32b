"""Threads that a request starts work for it: they see no context variable of the request's, so the recording is carried to them."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any

from unspan_instrumentation.calls.core import Core
from unspan_instrumentation.recording import Recording, begin, current, finish, open_calls, started_from


@contextmanager
def working(core: Core, recording: Recording, parent: int) -> Generator[None]:
    """This thread works for a recording, under one of its spans."""
    stack = open_calls.stack
    size = len(stack)
    stack.append([recording, parent, 0])
    token = begin(recording)
    core.entered(recording)
    try:
        yield
    finally:
        core.left(recording)
        finish(token)
        del stack[size:]


def watch(core: Core) -> None:
    """Wraps what starts threads and what hands work to pooled ones. Called once per process."""
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    @wraps(start)
    def carrying_start(thread: threading.Thread) -> None:
        recording = current()
        if recording is not None:
            carry(core, thread, recording)
        start(thread)

    @wraps(submit)
    def carrying_submit(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        recording = current()
        if recording is None:
            return submit(pool, function, *args, **kwargs)
        token = begin(None)  # a worker that starts now outlives the request
        try:
            return submit(pool, carried(core, recording, function), *args, **kwargs)
        finally:
            finish(token)

    threading.Thread.start = carrying_start  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = carrying_submit  # type: ignore[method-assign]
    watch_here(core)
    watch_coroutines()


def watch_here(core: Core) -> None:
    """Wraps what `sync_to_async` inside `async_to_sync` comes to: the thread that waits for the coroutine runs it, as a call of the coroutine's."""
    from asgiref.current_thread_executor import CurrentThreadExecutor

    submit = CurrentThreadExecutor.submit

    @wraps(submit)
    def carrying_submit(executor: CurrentThreadExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        recording = current()
        return submit(executor, function if recording is None else carried(core, recording, function), *args, **kwargs)

    CurrentThreadExecutor.submit = carrying_submit  # type: ignore[method-assign]


def watch_coroutines() -> None:
    """Wraps `async_to_sync`, which under an ASGI server has the coroutine run on the server's thread."""
    from asgiref.sync import AsyncToSync

    run: Any = AsyncToSync.__call__

    @wraps(run)
    def __call__(caller: Any, *args: Any, **kwargs: Any) -> Any:
        recording = current()
        if recording is None:
            return run(caller, *args, **kwargs)
        token = started_from.set((recording.root, recording.parent()))
        try:
            return run(caller, *args, **kwargs)
        finally:
            started_from.reset(token)

    AsyncToSync.__call__ = __call__  # type: ignore[method-assign]


def carry(core: Core, thread: threading.Thread, recording: Recording) -> None:
    """Has the thread run for the recording, by an attribute that is gone when it runs."""
    run = carried(core, recording, thread.run)

    def once() -> None:
        thread.__dict__.pop("run", None)
        run()

    thread.run = once  # type: ignore[method-assign]


def carried(core: Core, recording: Recording, function: Callable[..., Any]) -> Callable[..., Any]:
    parent = recording.parent()

    def work(*args: Any, **kwargs: Any) -> Any:
        with working(core, recording, parent):
            return function(*args, **kwargs)

    return work
