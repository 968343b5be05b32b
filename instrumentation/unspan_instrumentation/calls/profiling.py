"""The core for Python 3.11: `sys.setprofile`, switched on for a thread while it works for a recording.

The interpreter does not say which exception unwinds a frame, so such calls wait until somebody handles it: then `sys.exc_info()` names it.
"""

import sys
from dis import opmap
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

from unspan_instrumentation.calls import activations
from unspan_instrumentation.calls.activations import FRAME, RECORDING, RETURNED, YIELDED, described, ended, left, suspended
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.calls.tailored import Tailored, tailored
from unspan_instrumentation.recording import Recording, Stack, current, open_calls

YIELDS: Final = frozenset(opmap[name] for name in ("YIELD_VALUE",) if name in opmap)
RETURNS: Final = frozenset(opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opmap)
RESUME: Final = opmap["RESUME"]
UNKNOWN: Final = ("unknown", None)
"""Stands for an exception that was handled before anything could name it."""
REMEMBERED: Final = 100_000
"""Code objects whose decision is kept."""
MAX_CHAIN: Final = 20
"""Exceptions that led to one another."""
UNDECIDED: Final = (None, None)


class Unwound(NamedTuple):
    """A call that an exception has left, and its locals. `doubtful`: or it has yielded None where it stood before, and is suspended."""

    call: list[Any]
    frame: int
    """The frame's id: what holds the frame holds its locals."""
    found: dict[str, Any]
    doubtful: bool


class Profiling:
    """Watches calls by `sys.setprofile`."""

    def __init__(self, project: Project, reason: str) -> None:
        self.project, self.reason = project, reason
        self.plans: dict[int, tuple[Tailored | None, CodeType | None]] = {}
        self.unwinding: list[Unwound] = []
        self.standing: dict[int, int] = {}
        """The frames that an exception may have been thrown into, with the instruction at which they stand."""

    def install(self) -> None:
        """Nothing is switched on before a thread works for a recording."""

    def entered(self, recording: Recording) -> None:
        stack, present = open_calls.stack, sys.getprofile()
        stack.working += 1
        if present is None:
            sys.setprofile(self.profile(stack))
        elif getattr(present, "core", None) is not self:
            recording.lose("function calls were not recorded: another profiler is active on the thread")

    def left(self, recording: Recording) -> None:
        stack = open_calls.stack
        stack.working -= 1
        if stack.working <= 0 and getattr(sys.getprofile(), "core", None) is self:
            sys.setprofile(None)

    def finish(self, recording: Recording) -> None:
        for one in [one for one in self.unwinding if one.call[RECORDING] is recording]:
            self.unwinding.remove(one)
            if not one.doubtful:
                ended(one.call, one.found, UNKNOWN)
        activations.finish(recording)

    def profile(self, stack: Stack) -> Any:
        """The profile function of a thread. Most events are of libraries and of built-in functions: these must cost next to nothing."""
        plans, unwinding, decided = self.plans, self.unwinding, self.decided

        def profile(frame: FrameType, event: str, arg: Any) -> None:
            try:
                if event == "return":
                    if stack and stack[-1][FRAME] is frame:
                        if unwinding:
                            self.name_exceptions()
                        self.returned(stack.pop(), frame, arg)
                elif event == "call":
                    if unwinding:
                        self.name_exceptions()
                    code = frame.f_code
                    own, known = plans.get(id(code), UNDECIDED)
                    if known is None:
                        own = decided(frame)
                    recording = current() if own is not None else None
                    if own is not None and recording is not None:
                        if not own.plan.suspends or begins(frame):
                            own.started(recording, frame, stack)
                        elif activations.resumed(recording, frame):
                            self.resumed(frame)
                elif unwinding:
                    self.name_exceptions()
            except Exception as error:
                failed(error)

        profile.core = self  # type: ignore[attr-defined]
        return profile

    def resumed(self, frame: FrameType) -> None:
        """A suspended call goes on, or an exception is raised where it stands: then nothing of it will have run at its next event."""
        for one in [one for one in self.unwinding if one.frame == id(frame)]:
            self.unwinding.remove(one)
            one.call[YIELDED] += 1
        if frame.f_code.co_code[frame.f_lasti] != RESUME or sys.version_info >= (3, 13):
            self.standing[id(frame)] = frame.f_lasti

    def returned(self, call: list[Any], frame: FrameType, arg: Any) -> None:
        """The call on top of the stack, taken from there, has returned, was suspended, or was left by an exception."""
        code, at = frame.f_code.co_code, frame.f_lasti
        stood_at = self.standing.pop(id(frame), None) if self.standing else None
        if code[at] in YIELDS or (code[at] == RESUME and code[at + 1] & 3):
            suspended(call, frame)
            if arg is None and stood_at == at:
                call[YIELDED] -= 1
                self.unwinding.append(Unwound(call, id(frame), left(call, frame), True))
        elif arg is not None or code[at] in RETURNS:
            call[RETURNED](call, frame, arg)
        else:
            call[FRAME] = None
            self.unwinding.append(Unwound(call, id(frame), left(call, frame), False))

    def decided(self, frame: FrameType) -> Tailored | None:
        """The plan of a code object that has none yet, None when its calls are not recorded."""
        if len(self.plans) > REMEMBERED:
            self.plans.clear()
        code = frame.f_code
        found = self.project.disposition(code, str(frame.f_globals.get("__name__", "")))
        own = tailored(found) if found.recorded else None
        self.plans[id(code)] = own, code  # the code is kept, so that its id stays its own
        return own

    def name_exceptions(self) -> None:
        """Hands over the unwound calls whose exception is being handled now."""
        errors: list[BaseException] = []
        error = sys.exc_info()[1]
        while error is not None and len(errors) < MAX_CHAIN:
            errors.append(error)
            error = error.__cause__ or error.__context__
        for error in errors:
            frames = frames_of(error)
            for one in [one for one in self.unwinding if one.frame in frames]:
                self.unwinding.remove(one)
                one.call[RECORDING].suspended.pop(one.frame, None)
                ended(one.call, one.found, described(error))


def frames_of(error: BaseException) -> set[int]:
    """The frames that an exception has passed."""
    found: set[int] = set()
    step = error.__traceback__
    while step is not None:
        found.add(id(step.tb_frame))
        step = step.tb_next
    return found


def begins(frame: FrameType) -> bool:
    """Whether a generator's or coroutine's frame runs for the first time."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at] == RESUME and code[at + 1] & 3 == 0


def failed(error: Exception) -> None:
    recording = current()
    if recording is not None:
        recording.lose(f"a function call was not recorded because of {type(error).__name__} inside unspan")
