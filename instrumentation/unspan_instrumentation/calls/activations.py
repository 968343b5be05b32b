"""What happens at each event of a call, whichever core saw it: arguments are frozen at the start, locals and the result at the end.

An open call is a list on its thread's stack; a suspended generator or coroutine waits in its recording. This is the hot path: plain lists,
no method calls that can be spared.
"""

import time
from types import FrameType
from typing import Any, Final

from unspan_proto.values import Opaque, type_name

from unspan_instrumentation.calls.disposition import Disposition
from unspan_instrumentation.calls.record import Call
from unspan_instrumentation.freezing import ATOMS, SMALL, freeze
from unspan_instrumentation.recording import Recording, open_calls

RECORDING, SPAN, FRAME, PLAN, PARENT, START, ARGUMENTS, YIELDED, THREAD = range(9)
"""Places in the list of an open call."""
MAX_LOCALS: Final = 100
TOO_MANY: Final = "function calls beyond UNSPAN_MAX_CALLS were not recorded"


def started(recording: Recording, frame: FrameType, plan: Disposition) -> None:
    if recording.calls_left <= 0:
        recording.lose(TOO_MANY)
        return
    recording.calls_left -= 1
    stack = open_calls.stack
    values = frame.f_locals
    arguments: dict[str, Any] = {}
    for name in plan.arguments:
        value = values[name]
        kind = type(value)
        arguments[name] = value if kind in ATOMS or (kind is str and len(value) <= SMALL) else freeze(value)
    parent = stack[-1][SPAN] if stack and stack[-1][RECORDING] is recording else recording.parent()
    stack.append([recording, recording.span_id(), id(frame), plan, parent, time.time_ns(), arguments, 0, stack.thread])


def returned(frame: FrameType, result: Any) -> None:
    stack = open_calls.stack
    if stack and stack[-1][FRAME] == id(frame):
        ended(stack.pop(), frame, (freeze(result),), None)


def unwound(frame: FrameType, error: BaseException) -> None:
    stack = open_calls.stack
    if stack and stack[-1][FRAME] == id(frame):
        ended(stack.pop(), frame, (), described(error))


def suspended(frame: FrameType) -> None:
    stack = open_calls.stack
    if stack and stack[-1][FRAME] == id(frame):
        call = stack.pop()
        call[YIELDED] += 1
        call[RECORDING].suspended[id(frame)] = call


def resumed(recording: Recording, frame: FrameType) -> bool:
    """Whether the frame is a suspended call of this recording, which goes on."""
    call = recording.suspended.pop(id(frame), None)
    if call is None or call[PLAN].code is not frame.f_code:
        return False
    open_calls.stack.append(call)
    return True


def ended(call: list[Any], frame: FrameType, result: tuple[Any, ...], error: tuple[str, str | None] | None) -> None:
    hand_over(call, changed(call[PLAN], frame.f_locals, call[ARGUMENTS]), result, error)


def hand_over(call: list[Any], found: dict[str, Any], result: tuple[Any, ...], error: tuple[str, str | None] | None) -> None:
    recording, span_id, _, plan, parent, start, arguments, yielded, thread = call
    recording.take(
        Call(
            recording.trace_id, span_id, parent, plan.name, plan.file, plan.line, start, time.time_ns(), thread, arguments, found, result,
            yielded, error,
        )
    )  # fmt: skip


def changed(plan: Disposition, values: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The locals that are no arguments, and the arguments that are not what they were."""
    found: dict[str, Any] = {}
    for name in plan.others[:MAX_LOCALS]:
        if name in values:
            found[name] = freeze(values[name])
    for name, before in arguments.items():
        kind = type(before)
        if kind is Opaque and name in values:
            continue
        now = values.get(name, before)
        if now is not before:
            now = freeze(now)
            if now is not before and now != before:
                found[name] = now
    return found


def finish(recording: Recording) -> None:
    """Hands over the generators and coroutines that nobody will resume within the recording."""
    suspended, recording.suspended = recording.suspended, {}
    for call in suspended.values():
        hand_over(call, {}, (), None)


def described(error: BaseException) -> tuple[str, str | None]:
    """An exception's type, and its message where no code of the application is needed to know it."""
    parts = error.args
    plain = all(type(part) in (str, int, float) for part in parts)
    return type_name(type(error)), ", ".join(map(str, parts))[:2_000] if plain else None
