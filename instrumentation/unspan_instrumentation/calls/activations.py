"""What happens at each event of a call, whichever core saw it: arguments are frozen at the start, locals and the result at the end.

An open call is a list on its thread's stack; a suspended generator or coroutine waits in its recording; what has ended is a run of values in
one flat list, in the places that the constants below give. No object is kept per call: objects that live until they are
sent make the garbage collector run through all of the application's, which cost more than recording itself.

This is the hot path: nothing is called that can be spared. Types are told by their id: a hash of a type may be its metaclass's.
"""

from decimal import Decimal
from time import time_ns
from types import FrameType
from typing import Any, Final

from unspan_proto.values import Named, Opaque, type_name

from unspan_instrumentation.calls.disposition import Disposition
from unspan_instrumentation.freezing import NOTHING, SMALL, WHOLE, freeze, same
from unspan_instrumentation.recording import Recording, Stack, open_calls

RECORDING, SPAN, FRAME, PLAN, PARENT, START, WATCHED, THREAD, YIELDED, ARGUMENTS = range(10)
"""Places in the list of an open call. WATCHED are the arguments (0, 1, …) that may not be the same at the end. From ARGUMENTS on: the frozen
arguments, in the plan's order; when the call has ended its end, exception, changed arguments (a dict, None for none), result, and the locals."""
NONE: Final = type(None)
TOO_MANY: Final = "a function call was not recorded because there were more than UNSPAN_MAX_CALLS"
ARGS: Final[Any] = BaseException.__dict__["args"]
"""Reads an exception's arguments, whatever its class makes of that name."""
BLOCK: Final = 4_096
"""Values of ended calls that are handed to the exporter together."""


def started(recording: Recording, frame: FrameType, plan: Disposition, stack: Stack) -> None:
    if recording.calls_left <= 0:
        recording.lose(TOO_MANY)
        return
    recording.calls_left -= 1
    parent = recording.root if not stack else stack[-1][SPAN] if stack[-1][RECORDING] is recording else recording.parent()
    watched = plan.rebound
    call = [recording, recording.span_id(), id(frame), plan, parent, 0, watched, stack.thread, 0]
    if plan.arguments:
        for value in plan.given(frame.f_locals):
            kind = type(value)
            if kind is int or kind is NONE or kind is Decimal or (kind is str and len(value) <= SMALL):
                call.append(value)
            else:
                frozen = WHOLE.get(id(kind), freeze)(value)
                kind = type(frozen)
                if kind is not Opaque and kind is not Named:
                    call[WATCHED] = watched = (*watched, len(call) - ARGUMENTS)
                call.append(frozen)
    call[START] = time_ns()
    stack.append(call)


def returned(call: list[Any], frame: FrameType, result: Any) -> None:
    """The call on top of the stack, taken from there, has returned."""
    plan, watched, answer = call[PLAN], call[WATCHED], NOTHING
    call += (time_ns(), None, None, NOTHING)
    if plan.others or watched:
        values = frame.f_locals
        try:
            found = plan.found(values)
        except KeyError:  # some are not bound
            found = [values.get(name, NOTHING) for name in plan.others]
        if watched:
            call[plan.changes] = changed(call, watched, values)
        for value in found:
            kind = type(value)
            if kind is int or kind is NONE or kind is Decimal or (kind is str and len(value) <= SMALL):
                call.append(value)
            else:
                frozen = WHOLE.get(id(kind), freeze)(value)
                call.append(frozen)
                if value is result:
                    answer = frozen
    if answer is NOTHING:
        kind = type(result)
        if kind is int or kind is NONE or kind is Decimal or (kind is str and len(result) <= SMALL):
            answer = result
        else:
            answer = WHOLE.get(id(kind), freeze)(result)
    call[plan.changes + 1] = answer
    recording = call[RECORDING]
    calls = recording.calls
    calls.extend(call)
    if len(calls) >= BLOCK:
        recording.take_calls()


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
    return found | (changed(call, call[WATCHED], values) or {})


def changed(call: list[Any], watched: tuple[int, ...], values: Any) -> dict[str, Any] | None:
    """The arguments that are not what they were: those that the function binds again, and those whose content can change."""
    found: dict[str, Any] | None = None
    names = call[PLAN].arguments
    for place in watched:
        name = names[place]
        try:
            now = values[name]
        except KeyError:  # deleted
            continue
        before = call[ARGUMENTS + place]
        if now is not before:
            now = WHOLE.get(id(type(now)), freeze)(now)
            if now is not before and not same(now, before):
                if found is None:
                    found = {}
                found[name] = now
    return found


def ended(call: list[Any], found: dict[str, Any], error: tuple[str, str | None] | None) -> None:
    """A call without a result; `found` are its locals, and its arguments that have changed."""
    names, recording = call[PLAN].others, call[RECORDING]
    changes = {name: value for name, value in found.items() if name not in names} or None
    call += (time_ns(), error, changes, NOTHING, *(found.get(name, NOTHING) for name in names))
    recording.calls.extend(call)
    if len(recording.calls) >= BLOCK:
        recording.take_calls()


def finish(recording: Recording) -> None:
    """Hands over the generators and coroutines that nobody will resume within the recording."""
    waiting, recording.suspended = recording.suspended, {}
    for call in waiting.values():
        ended(call, {}, None)


def described(error: BaseException) -> tuple[str, str | None]:
    """An exception's type, and its message where no code of the application is needed to know it."""
    parts: tuple[Any, ...] = ARGS.__get__(error)
    plain = all(type(part) is str or type(part) is int or type(part) is float for part in parts)
    return type_name(type(error)), ", ".join(map(str, parts))[:2_000] if plain else None
