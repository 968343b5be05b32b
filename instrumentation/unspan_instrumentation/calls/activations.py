"""What happens at each event of a call, whichever core saw it: arguments are frozen at the start, locals and the result at the end.

An open call is a list on its thread's stack; a suspended generator or coroutine waits in its recording; what has ended is a run of values in
one flat list, in the places that the constants below give. No object is kept per call: objects that live until they are
sent make the garbage collector run through all of the application's, which cost more than recording itself.

Starts and returns, which are all that most calls have, are `tailored`; the rest is here.
"""

from time import time_ns
from types import FrameType
from typing import Any, Final

from unspan_proto.values import type_name

from unspan_instrumentation.calls.tailored import BLOCK
from unspan_instrumentation.freezing import NOTHING, WHOLE, freeze, same
from unspan_instrumentation.recording import Recording, open_calls

RECORDING, SPAN, FRAME, PLAN, RETURNED, PARENT, WATCHED, YIELDED, THREAD, START, ARGUMENTS = range(11)
"""Places in the list of an open call. RETURNED is what is done when it returns; WATCHED has a bit for each argument that may not be the same
at the end. From ARGUMENTS on: the frozen arguments, in the plan's order. What has ended is: plan, span, parent, start, end, thread, how often it
was suspended, exception, changed arguments (a dict, None for none), result, the arguments, the locals."""
ARGS: Final[Any] = BaseException.__dict__["args"]
"""Reads an exception's arguments, whatever its class makes of that name."""


def unwound(call: list[Any], frame: FrameType, error: BaseException) -> None:
    """The call on top of the stack, taken from there, was left by an exception. A generator that is closed has not failed."""
    if type(error) is GeneratorExit:
        ended(call, {}, None)
        return
    ended(call, left(call, frame), described(error))


def suspended(call: list[Any], frame: FrameType) -> None:
    call[YIELDED] += 1
    call[FRAME] = None  # what holds the frame of a generator that nobody resumes holds its locals
    waiting = call[RECORDING].suspended
    gone = waiting.pop(id(frame), None)
    if gone is not None:  # its generator is no more, without an event from Python 3.13 on, and the frame's place was given away
        ended(gone, {}, None)
    waiting[id(frame)] = call


def resumed(recording: Recording, frame: FrameType) -> bool:
    """Whether the frame is a suspended call of this recording, which goes on."""
    call = recording.suspended.pop(id(frame), None)
    if call is None or call[PLAN].code is not frame.f_code:
        return False
    call[FRAME] = frame
    open_calls.stack.append(call)
    return True


def left(call: list[Any], frame: FrameType) -> dict[str, Any]:
    """The locals that are no arguments, and the arguments that are not what they were."""
    values = frame.f_locals
    found = {name: freeze(values[name]) for name in call[PLAN].others if name in values}
    return found | changed(call, values)


def changed(call: list[Any], values: Any) -> dict[str, Any]:
    """The arguments that are not what they were: those that the function binds again, and those whose content can change."""
    found: dict[str, Any] = {}
    for place, name in enumerate(call[PLAN].arguments):
        if call[WATCHED] & 1 << place and name in values:  # or it is deleted
            now, before = values[name], call[ARGUMENTS + place]
            now = WHOLE.get(id(type(now)), freeze)(now)
            if not same(now, before):
                found[name] = now
    return found


def ended(call: list[Any], found: dict[str, Any], error: tuple[str, str | None] | None) -> None:
    """A call without a result; `found` are its locals, and its arguments that have changed."""
    recording, span, _, plan, _, parent, _, yielded, thread, start, *arguments = call
    changes = {name: value for name, value in found.items() if name not in plan.others} or None
    rest = [found.get(name, NOTHING) for name in plan.others]
    recording.calls.extend((plan, span, parent, start, time_ns(), thread, yielded, error, changes, NOTHING, *arguments, *rest))
    if len(recording.calls) > BLOCK:
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
