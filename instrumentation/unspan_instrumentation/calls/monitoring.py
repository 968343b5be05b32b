"""The core for Python 3.12 and later: `sys.monitoring`, switched on once per process and asked to forget all code that is not the project's.

Callbacks must not raise: an exception there would rise in the application. PY_UNWIND and PY_THROW cannot be disabled per function.
"""

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from unspan_instrumentation.calls import activations
from unspan_instrumentation.calls.activations import FRAME, RETURNED, suspended, unwound
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.calls.tailored import Tailored, tailored
from unspan_instrumentation.recording import Recording, _current, current, open_calls

if sys.version_info >= (3, 12):
    DISABLE = sys.monitoring.DISABLE
    EVENTS = sys.monitoring.events


class Monitoring:
    """Watches calls by `sys.monitoring`, under one tool id."""

    def __init__(self, project: Project, tool: int, reason: str) -> None:
        self.project, self.tool, self.reason = project, tool, reason
        self.plans: dict[int, Tailored] = {}
        self.foreign: set[str] = set()

    def install(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(self.tool, "unspan")
        events = 0
        for event, callback in callbacks(self.plans, self.decided).items():
            monitoring.register_callback(self.tool, event, callback)
            events |= event
        monitoring.set_events(self.tool, events)

    def uninstall(self) -> None:
        sys.monitoring.set_events(self.tool, 0)
        sys.monitoring.free_tool_id(self.tool)

    def entered(self, recording: Recording) -> None:
        pass

    def left(self, recording: Recording) -> None:
        pass

    def finish(self, recording: Recording) -> None:
        activations.finish(recording)

    def decided(self, code: CodeType) -> Tailored | None:
        """The plan of a code object that has none yet, None when its calls are not recorded; asked by a callback, two frames above the code's."""
        if code.co_filename in self.foreign:
            return None
        found = self.project.disposition(code, str(sys._getframe(2).f_globals.get("__name__", "")))
        if found.recorded:
            self.plans[id(code)] = made = tailored(found)
            return made
        if not self.project.include and not self.project.placed(code.co_filename)[0]:
            self.foreign.add(code.co_filename)
        return None


def callbacks(plans: dict[int, Tailored], decided: Callable[[CodeType], Tailored | None]) -> dict[int, Callable[..., Any]]:
    """What is called at each event. Closures: an attribute lookup is felt 3,000 times a request."""
    known, recording_now, frame_at, report = plans.get, _current.get, sys._getframe, failed

    def start(code: CodeType, offset: int) -> Any:
        try:
            own = known(id(code)) or decided(code)
            if own is None:
                return DISABLE
            recording = recording_now()
            if recording is not None:
                own[1](recording, frame_at(1), open_calls.stack)
        except Exception as error:
            report(error)
        return None

    def end(code: CodeType, offset: int, result: Any) -> Any:
        try:
            stack = open_calls.stack
            if stack:
                call, frame = stack[-1], frame_at(1)
                if call[FRAME] is frame:
                    del stack[-1]
                    call[RETURNED](call, frame, result)
                    return None
            if id(code) not in plans and decided(code) is None:
                return DISABLE
        except Exception as error:
            report(error)
        return None

    def pause(code: CodeType, offset: int, value: Any) -> Any:
        try:
            if id(code) not in plans and decided(code) is None:
                return DISABLE
            stack, frame = open_calls.stack, frame_at(1)
            if stack and stack[-1][FRAME] is frame:
                suspended(stack.pop(), frame)
        except Exception as error:
            report(error)
        return None

    def resume(code: CodeType, offset: int) -> Any:
        try:
            if id(code) not in plans and decided(code) is None:
                return DISABLE
            if (recording := current()) is not None:
                activations.resumed(recording, frame_at(1))
        except Exception as error:
            report(error)
        return None

    def throw(code: CodeType, offset: int, thrown: BaseException) -> None:
        try:
            if id(code) in plans and (recording := current()) is not None:
                activations.resumed(recording, frame_at(1))
        except Exception as error:
            report(error)

    def unwind(code: CodeType, offset: int, error: BaseException) -> None:
        try:
            if id(code) in plans:
                stack, frame = open_calls.stack, frame_at(1)
                if stack and stack[-1][FRAME] is frame:
                    unwound(stack.pop(), frame, error)
        except Exception as problem:
            report(problem)

    return {
        EVENTS.PY_START: start, EVENTS.PY_RETURN: end, EVENTS.PY_YIELD: pause, EVENTS.PY_RESUME: resume, EVENTS.PY_THROW: throw,
        EVENTS.PY_UNWIND: unwind,
    }  # fmt: skip


def failed(error: Exception, now: Callable[[], Recording | None] = current) -> None:
    try:
        recording = now()
    except Exception:  # the interpreter is shutting down, and has emptied our modules
        return
    if recording is not None:
        recording.lose(f"a function call was not recorded because of {type(error).__name__} inside unspan")
