"""What happens at each event of a call, whichever core saw it: arguments are frozen at the start, locals and the result at the end.

An open call is a list on its thread's stack; a suspended generator or coroutine waits in its recording. This is the hot path: plain lists,
nothing called that can be spared.
"""

from time import time_ns
from types import FrameType
from typing import Any, Final

from unspan_proto.values import Opaque, type_name

from unspan_instrumentation.calls.disposition import Disposition
from unspan_instrumentation.freezing import AT_ONCE, ATOMS, SMALL, freeze
from unspan_instrumentation.recording import Recording, Stack, open_calls

RECORDING, SPAN, FRAME, PLAN, PARENT, START, ARGUMENTS, WATCHED, THREAD, YIELDED, END, LOCALS, RESULT, ERROR = range(14)
"""Places in the list of a call; the last four are added when it ends. WATCHED names the arguments that may not be the same at the end; RESULT is
NOTHING when the call raised."""
NOTHING: Final = object()
TOO_MANY: Final = "a function call was not recorded because there were more than UNSPAN_MAX_CALLS"
BLOCK: Final = 256
"""Calls that are handed to the exporter together."""


def started(recording: Recording, frame: FrameType, plan: Disposition, stack: Stack) -> None:
    if recording.calls_left <= 0:
        recording.lose(TOO_MANY)
        return
    recording.calls_left -= 1
    arguments: dict[str, Any] = {}
    watched = plan.rebound
    if plan.arguments:
        values = frame.f_locals
        for name in plan.arguments:
            value = values[name]
            kind = type(value)
            if kind in ATOMS or (kind is str and len(value) <= SMALL):
                arguments[name] = value
            else:
                at_once = AT_ONCE.get(kind)
                frozen = at_once(value) if at_once is not None else None
                arguments[name] = frozen = freeze(value) if frozen is None else frozen
                if type(frozen) is not Opaque:
                    watched = (*watched, name)
    parent = recording.root if not stack else stack[-1][SPAN] if stack[-1][RECORDING] is recording else recording.parent()
    stack.append([recording, recording.span_id(), id(frame), plan, parent, time_ns(), arguments, watched, stack.thread, 0])


def returned(call: list[Any], frame: FrameType, result: Any) -> None:
    """The call on top of the stack, taken from there, has returned."""
    found: dict[str, Any] = {}
    answer = NOTHING
    names, watched = call[PLAN].others, call[WATCHED]
    if names or watched:
        values = frame.f_locals
        for name in names:
            try:
                value = values[name]
            except KeyError:  # not bound
                continue
            kind = type(value)
            if kind in ATOMS or (kind is str and len(value) <= SMALL):
                found[name] = value
            else:
                at_once = AT_ONCE.get(kind)
                frozen = at_once(value) if at_once is not None else None
                found[name] = frozen = freeze(value) if frozen is None else frozen
                if value is result:
                    answer = frozen
        if watched:
            changed(call, values, found)
    if answer is NOTHING:
        kind = type(result)
        if kind in ATOMS or (kind is str and len(result) <= SMALL):
            answer = result
        else:
            at_once = AT_ONCE.get(kind)
            frozen = at_once(result) if at_once is not None else None
            answer = freeze(result) if frozen is None else frozen
    call += (time_ns(), found, answer, None)
    calls = call[RECORDING].calls
    calls.append(call)
    if len(calls) >= BLOCK:
        call[RECORDING].take_calls()


def unwound(call: list[Any], frame: FrameType, error: BaseException) -> None:
    """The call on top of the stack, taken from there, was left by an exception. A generator that is closed has not failed."""
    if type(error) is GeneratorExit:
        ended(call, {}, None)
        return
    ended(call, left(call, frame), described(error))


def suspended(call: list[Any], frame: FrameType) -> None:
    call[YIELDED] += 1
    call[RECORDING].suspended[id(frame)] = call


def resumed(recording: Recording, frame: FrameType) -> bool:
    """Whether the frame is a suspended call of this recording, which goes on."""
    call = recording.suspended.pop(id(frame), None)
    if call is None or call[PLAN].code is not frame.f_code:
        return False
    open_calls.stack.append(call)
    return True


def left(call: list[Any], frame: FrameType) -> dict[str, Any]:
    """The locals that are no arguments, and the arguments that are not what they were."""
    values = frame.f_locals
    found = {name: freeze(values[name]) for name in call[PLAN].others if name in values}
    changed(call, values, found)
    return found


def changed(call: list[Any], values: Any, found: dict[str, Any]) -> None:
    """Adds the arguments that are not what they were: those that the function binds again, and those whose content can change."""
    arguments = call[ARGUMENTS]
    for name in call[WATCHED]:
        try:
            now = values[name]
        except KeyError:  # deleted
            continue
        before = arguments[name]
        if now is not before:
            at_once = AT_ONCE.get(type(now))
            frozen = at_once(now) if at_once is not None else None
            now = freeze(now) if frozen is None else frozen
            if now is not before and now != before:
                found[name] = now


def ended(call: list[Any], found: dict[str, Any], error: tuple[str, str | None] | None) -> None:
    """A call without a result."""
    call += (time_ns(), found, NOTHING, error)
    recording = call[RECORDING]
    recording.calls.append(call)
    if len(recording.calls) >= BLOCK:
        recording.take_calls()


def finish(recording: Recording) -> None:
    """Hands over the generators and coroutines that nobody will resume within the recording."""
    waiting, recording.suspended = recording.suspended, {}
    for call in waiting.values():
        ended(call, {}, None)


def described(error: BaseException) -> tuple[str, str | None]:
    """An exception's type, and its message where no code of the application is needed to know it."""
    parts = error.args
    plain = all(type(part) in (str, int, float) for part in parts)
    return type_name(type(error)), ", ".join(map(str, parts))[:2_000] if plain else None
