"""Handing a task to a queue: its record, and what leads from it to the task's own trace and back."""

import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, now, open_calls
from unspan_instrumentation.request.exchange import message

CELERY, DJANGO = "celery", "django"
WRITTEN: Final = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-01")


@dataclass(slots=True)
class Handed:
    """A task on its way: the span that hands it over, the trace that its run will have, whether it ran at once instead."""

    recording: Recording
    span_id: int
    trace: int
    task_id: str = ""
    eager: bool = False
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    """What else the record says: where the application finds the task, and the like."""


@contextmanager
def handed(recording: Recording, backend: str, name: str, args: Any, kwargs: Any, options: dict[str, Any]) -> Generator[Handed]:
    """What runs inside hands the task over, or runs it; what it does is below this span."""
    one = Handed(recording, span := recording.span_id(), run_of(recording.trace_id, span))
    attributes: dict[str, Any] = {v.TASK_NAME: name, v.TASK_BACKEND: backend}
    attributes[v.TASK_ARGUMENTS] = [freeze(list(args) if type(args) is tuple else args or []), freeze(kwargs or {})]
    attributes[v.TASK_OPTIONS] = freeze(options)
    parent, start, stack = recording.parent(), now(), open_calls.stack
    stack.append(here := [recording, span, 0])
    error: BaseException | None = None
    try:
        yield one
    except BaseException as raised:
        error = raised
        raise
    finally:
        stack[:] = [call for call in stack if call is not here]
        quietly(recording, "a task", noted, one, attributes, parent, start, error)


def noted(one: Handed, attributes: dict[str, Any], parent: int, start: int, error: BaseException | None) -> None:
    attributes |= {v.TASK_EAGER: one.eager, **one.more}
    if one.task_id:
        attributes[v.TASK_ID] = one.task_id
    if error is not None:
        attributes |= {v.EXCEPTION_TYPE: type_name(type(error)), v.EXCEPTION_MESSAGE: message(error)}
    elif not one.eager:
        attributes[v.TASK_TRACE] = f"{one.trace:032x}"
    name, end = f"task {attributes[v.TASK_NAME]}", now()
    one.recording.emit(
        v.TASK, name, start, end, attributes, span_id=one.span_id, parent=parent, failed=error is not None, span_kind=1 if one.eager else 4
    )


def header(one: Handed) -> str:
    """W3C's `traceparent` of the span."""
    return f"00-{one.recording.trace_id:032x}-{one.span_id:016x}-01"


def sender(text: object) -> tuple[int, int] | None:
    """Trace id and span id of a header; None for anything else."""
    found = WRITTEN.fullmatch(text) if type(text) is str else None
    return (int(found[1], 16), int(found[2], 16)) if found else None


def run_of(trace_id: int, span_id: int) -> int:
    """The trace id of the run of a task that this span handed over: the same for whoever knows the span."""
    return of_text(f"{trace_id:032x}{span_id:016x}")


def of_text(text: str) -> int:
    return int.from_bytes(hashlib.sha256(b"unspan task " + text.encode()).digest()[:16], "big")
