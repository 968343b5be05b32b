"""The core for Python 3.12 and later: `sys.monitoring`, switched on once per process and asked to forget all code that is not the project's.

Callbacks must not raise: an exception there would rise in the application. PY_UNWIND and PY_THROW cannot be disabled per function.
"""

import sys
from types import CodeType
from typing import Any

from unspan_instrumentation.calls import activations
from unspan_instrumentation.calls.disposition import Disposition, Project
from unspan_instrumentation.recording import Recording, current

if sys.version_info >= (3, 12):
    DISABLE = sys.monitoring.DISABLE
    EVENTS = sys.monitoring.events


class Monitoring:
    """Watches calls by `sys.monitoring`, under one tool id."""

    def __init__(self, project: Project, tool: int, reason: str) -> None:
        self.project, self.tool, self.reason = project, tool, reason
        self.plans: dict[int, Disposition] = {}
        self.foreign: set[str] = set()

    def install(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(self.tool, "unspan")
        callbacks = {
            EVENTS.PY_START: self._start, EVENTS.PY_RESUME: self._resume, EVENTS.PY_RETURN: self._return, EVENTS.PY_YIELD: self._yield,
            EVENTS.PY_UNWIND: self._unwind, EVENTS.PY_THROW: self._throw,
        }  # fmt: skip
        events = 0
        for event, callback in callbacks.items():
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

    def _start(self, code: CodeType, offset: int) -> Any:
        try:
            plan = self.plans.get(id(code)) or self._decided(code)
            if plan is None:
                return DISABLE
            recording = current()
            if recording is not None:
                activations.started(recording, sys._getframe(1), plan)
        except Exception as error:
            failed(error)

    def _return(self, code: CodeType, offset: int, result: Any) -> Any:
        try:
            if id(code) not in self.plans:
                return None if self._decided(code) else DISABLE
            activations.returned(sys._getframe(1), result)
        except Exception as error:
            failed(error)

    def _yield(self, code: CodeType, offset: int, value: Any) -> Any:
        try:
            if id(code) not in self.plans:
                return None if self._decided(code) else DISABLE
            activations.suspended(sys._getframe(1))
        except Exception as error:
            failed(error)

    def _resume(self, code: CodeType, offset: int) -> Any:
        try:
            if id(code) not in self.plans:
                return None if self._decided(code) else DISABLE
            recording = current()
            if recording is not None:
                activations.resumed(recording, sys._getframe(1))
        except Exception as error:
            failed(error)

    def _throw(self, code: CodeType, offset: int, thrown: BaseException) -> None:
        try:
            if id(code) in self.plans:
                recording = current()
                if recording is not None:
                    activations.resumed(recording, sys._getframe(1))
        except Exception as error:
            failed(error)

    def _unwind(self, code: CodeType, offset: int, error: BaseException) -> None:
        try:
            if id(code) in self.plans:
                activations.unwound(sys._getframe(1), error)
        except Exception as problem:
            failed(problem)

    def _decided(self, code: CodeType) -> Disposition | None:
        """The plan of a code object met for the first time; called by a callback, two frames above the code's."""
        if code.co_filename in self.foreign:
            return None
        module = str(sys._getframe(2).f_globals.get("__name__", ""))
        found = self.project.disposition(code, module)
        if found.recorded:
            self.plans[id(code)] = found
            return found
        if not self.project.include and not self.project.placed(code.co_filename)[0]:
            self.foreign.add(code.co_filename)
        return None


def failed(error: Exception) -> None:
    recording = current()
    if recording is not None:
        recording.lose(f"a function call was not recorded because of {type(error).__name__} inside unspan")
