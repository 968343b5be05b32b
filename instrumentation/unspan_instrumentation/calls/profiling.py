"""The core for Python 3.11: `sys.setprofile`, switched on for a thread while it works for a recording.

The interpreter does not say which exception unwinds a frame, so such calls wait until somebody handles it: then `sys.exc_info()` names it.
"""

import sys
from dis import opmap
from types import CodeType, FrameType
from typing import Any, Final

from unspan_instrumentation.calls import activations
from unspan_instrumentation.calls.activations import FRAME, RECORDING, described, hand_over, open_calls
from unspan_instrumentation.calls.disposition import Disposition, Project
from unspan_instrumentation.recording import Recording, current

YIELDS: Final = frozenset(opmap[name] for name in ("YIELD_VALUE",) if name in opmap)
RETURNS: Final = frozenset(opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opmap)
UNKNOWN: Final = ("unknown", None)
"""Stands for an exception that was handled before anything could name it."""
REMEMBERED: Final = 100_000


class Profiling:
    """Watches calls by `sys.setprofile`."""

    def __init__(self, project: Project, reason: str) -> None:
        self.project, self.reason = project, reason
        self.plans: dict[int, tuple[Disposition | None, CodeType]] = {}
        self.unwinding: list[tuple[list[Any], dict[str, Any]]] = []

    def install(self) -> None:
        self.profile = self._profile

    def entered(self, recording: Recording) -> None:
        present = sys.getprofile()
        if present is None:
            sys.setprofile(self.profile)
        elif present is not self.profile:
            recording.lose("function calls were not recorded: another profiler is active on the thread")

    def left(self, recording: Recording) -> None:
        if sys.getprofile() is self.profile and not any(call[RECORDING] is not recording for call in open_calls.stack):
            sys.setprofile(None)

    def finish(self, recording: Recording) -> None:
        for entry in [entry for entry in self.unwinding if entry[0][RECORDING] is recording]:
            self.unwinding.remove(entry)
            hand_over(*entry, (), UNKNOWN)
        activations.finish(recording)

    def _profile(self, frame: FrameType, event: str, arg: Any) -> None:
        try:
            if event == "call":
                self._called(frame)
            elif event == "return":
                self._left(frame, arg)
        except Exception as error:
            self._failed(error)

    def _called(self, frame: FrameType) -> None:
        if self.unwinding:
            self._name_exceptions()
        known = self.plans.get(id(frame.f_code))
        plan = known[0] if known is not None else self._decided(frame)
        if plan is not None and (recording := current()) is not None and not (plan.suspends and activations.resumed(recording, frame)):
            activations.started(recording, frame, plan)

    def _left(self, frame: FrameType, arg: Any) -> None:
        stack = open_calls.stack
        if not stack or stack[-1][FRAME] != id(frame):
            return
        if self.unwinding:
            self._name_exceptions()
        operation = frame.f_code.co_code[frame.f_lasti]
        if operation in YIELDS:
            activations.suspended(frame)
        elif arg is not None or operation in RETURNS:
            activations.returned(frame, arg)
        else:
            call = stack.pop()
            found = activations.changed(call[activations.PLAN], frame.f_locals, call[activations.ARGUMENTS])
            self.unwinding.append((call, found))

    def _decided(self, frame: FrameType) -> Disposition | None:
        if len(self.plans) > REMEMBERED:
            self.plans.clear()
        code = frame.f_code
        found = self.project.disposition(code, str(frame.f_globals.get("__name__", "")))
        plan = found if found.recorded else None
        self.plans[id(code)] = plan, code  # the code is kept, so that its id stays its own
        return plan

    def _name_exceptions(self) -> None:
        """Hands over the unwound calls whose exception is being handled now."""
        error = sys.exc_info()[1]
        if error is None:
            return
        frames: set[int] = set()
        step = error.__traceback__
        while step is not None:
            frames.add(id(step.tb_frame))
            step = step.tb_next
        for entry in [entry for entry in self.unwinding if entry[0][FRAME] in frames]:
            self.unwinding.remove(entry)
            hand_over(*entry, (), described(error))

    def _failed(self, error: Exception) -> None:
        recording = current()
        if recording is not None:
            recording.lose(f"a function call was not recorded because of {type(error).__name__} inside unspan")
