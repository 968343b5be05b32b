"""Threads that a request starts work for it: they see no context variable of the request's, so the recording is carried to them."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

from unspan_instrumentation.calls.core import Core
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, begin, current, finish, open_calls, started_from

CALLS: Final = "function calls of a thread"
WORK: Final = "what a thread does for the request"


@contextmanager
def working(core: Core, recording: Recording, parent: int, in_loop: bool = False) -> Generator[None]:
    """This thread works for a recording, under one of its spans. In an event loop only contexts know under which: tasks have different ones."""
    stack = open_calls.stack
    size = len(stack)
    if not in_loop:
        stack.append([recording, parent, 0])
    token, place = begin(recording), started_from.set((recording.root, parent))
    quietly(recording, CALLS, core.entered, recording)
    try:
        yield
    finally:
        quietly(recording, CALLS, core.left, recording)
        started_from.reset(place)
        finish(token)
        del stack[size:]


def watch(core: Core) -> None:
    """Wraps what starts threads and what hands work to pooled ones. Called once per process."""
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    @wraps(start)
    def carrying_start(thread: threading.Thread) -> None:
        recording = current()
        if recording is not None:
            quietly(recording, WORK, carry, core, thread, recording)
        start(thread)

    @wraps(submit)
    def carrying_submit(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        recording = current()
        if recording is None:
            return submit(pool, function, *args, **kwargs)
        token = begin(None)  # a worker that starts now outlives the request
        try:
            return submit(pool, quietly(recording, WORK, carried, core, recording, function) or function, *args, **kwargs)
        finally:
            finish(token)

    threading.Thread.start = carrying_start  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = carrying_submit  # type: ignore[method-assign]


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
        with working(core, recording, parent, in_loop=function is asyncio.run):
            return function(*args, **kwargs)

    return work
