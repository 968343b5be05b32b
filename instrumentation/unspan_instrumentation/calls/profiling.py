"""The core for Python 3.11: `sys.setprofile`, switched on for a thread while it works for a recording.

The interpreter does not say which exception unwinds a frame, so such calls wait until somebody handles it: then `sys.exc_info()` names it.
"""

import sys
from dis import opmap
from types import CodeType, FrameType
from typing import Any, Final

from unspan_instrumentation.calls import activations
from unspan_instrumentation.calls.activations import FRAME, RECORDING, described, ended, left, returned, started, suspended
from unspan_instrumentation.calls.disposition import Disposition, Project
from unspan_instrumentation.recording import Recording, Stack, current, open_calls

YIELDS: Final = frozenset(opmap[name] for name in ("YIELD_VALUE",) if name in opmap)
RETURNS: Final = frozenset(opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opmap)
UNKNOWN: Final = ("unknown", None)
"""Stands for an exception that was handled before anything could name it."""
REMEMBERED: Final = 100_000
"""Code objects whose decision is kept."""
UNDECIDED: Final = (None, None)

Unwound = tuple[list[Any], dict[str, Any]]
"""A call that an exception has left, and its locals."""


class Profiling:
    """Watches calls by `sys.setprofile`."""

    def __init__(self, project: Project, reason: str) -> None:
        self.project, self.reason = project, reason
        self.plans: dict[int, tuple[Disposition | None, CodeType | None]] = {}
        self.unwinding: list[Unwound] = []

    def install(self) -> None:
        """Nothing is switched on before a thread works for a recording."""

    def entered(self, recording: Recording) -> None:
        present = sys.getprofile()
        if present is None:
            sys.setprofile(self.profile(open_calls.stack))
        elif getattr(present, "core", None) is not self:
            recording.lose("function calls were not recorded: another profiler is active on the thread")

    def left(self, recording: Recording) -> None:
        if getattr(sys.getprofile(), "core", None) is self and all(call[RECORDING] is recording for call in open_calls.stack):
            sys.setprofile(None)

    def finish(self, recording: Recording) -> None:
        for one in [one for one in self.unwinding if one[0][RECORDING] is recording]:
            self.unwinding.remove(one)
            ended(*one, (), UNKNOWN)
        activations.finish(recording)

    def profile(self, stack: Stack) -> Any:
        """The profile function of a thread. Most events are of libraries and of built-in functions: these must cost next to nothing."""
        plans, unwinding, decided = self.plans, self.unwinding, self.decided

        def profile(frame: FrameType, event: str, arg: Any) -> None:
            try:
                if event == "return":
                    if stack and stack[-1][FRAME] == id(frame):
                        if unwinding:
                            self.name_exceptions()
                        self.returned(stack.pop(), frame, arg)
                elif event == "call":
                    if unwinding:
                        self.name_exceptions()
                    code = frame.f_code
                    plan, known = plans.get(id(code), UNDECIDED)
                    if known is None:
                        plan = decided(frame)
                    recording = current() if plan is not None else None
                    if plan is not None and recording is not None and not (plan.suspends and activations.resumed(recording, frame)):
                        started(recording, frame, plan, stack)
            except Exception as error:
                failed(error)

        profile.core = self  # type: ignore[attr-defined]
        return profile

    def returned(self, call: list[Any], frame: FrameType, arg: Any) -> None:
        """The call on top of the stack, taken from there, has returned, was suspended, or was left by an exception."""
        operation = frame.f_code.co_code[frame.f_lasti]
        if operation in YIELDS:
            suspended(call, frame)
        elif arg is not None or operation in RETURNS:
            returned(call, frame, arg)
        else:
            self.unwinding.append((call, left(call, frame)))

    def decided(self, frame: FrameType) -> Disposition | None:
        """The plan of a code object that has none yet, None when its calls are not recorded."""
        if len(self.plans) > REMEMBERED:
            self.plans.clear()
        code = frame.f_code
        found = self.project.disposition(code, str(frame.f_globals.get("__name__", "")))
        plan = found if found.recorded else None
        self.plans[id(code)] = plan, code  # the code is kept, so that its id stays its own
        return plan

    def name_exceptions(self) -> None:
        """Hands over the unwound calls whose exception is being handled now."""
        error = sys.exc_info()[1]
        if error is None:
            return
        frames: set[int] = set()
        step = error.__traceback__
        while step is not None:
            frames.add(id(step.tb_frame))
            step = step.tb_next
        for one in [one for one in self.unwinding if one[0][FRAME] in frames]:
            self.unwinding.remove(one)
            ended(*one, (), described(error))


def failed(error: Exception) -> None:
    recording = current()
    if recording is not None:
        recording.lose(f"a function call was not recorded because of {type(error).__name__} inside unspan")
