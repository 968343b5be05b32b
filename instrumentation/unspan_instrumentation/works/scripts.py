"""Plain scripts: from `django.setup()` to the end of the process, when a file of the project's own is what Python was started with.

A process that SIGTERM or SIGKILL ends leaves a trace without its root. No handler is set for SIGTERM: one of Python's own waits for the
call that the main thread is in, and a script in a long query would no longer stop when it is told to.
"""

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.works.units import SCRIPT, Work, Works, apart, wrapped


class Scripts:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "django", self.watch

    def watch(self, module: Any) -> None:
        wrapped(module, "setup", self.setup)

    def setup(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if current() is None and not apart.get() and not by_django(sys._getframe(2)):
            name = self.script()
            if name:
                recording = self.works.begin(Work(SCRIPT, name, arguments=[freeze(sys.argv[1:]), {}]))
                if recording is not None:
                    atexit.register(self.ended, recording)
        return result

    def script(self) -> str:
        """The script that Python was started with, where it is the project's own: its path below the folder, or its module; else nothing."""
        main = sys.modules.get("__main__")
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        if not isinstance(file, str) or not self.works.opens.project().placed(file)[0]:
            return ""
        if spec is not None:
            return str(spec.name)
        path = os.path.relpath(file)
        return file if path.startswith("..") else path

    def ended(self, recording: Recording) -> None:
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if isinstance(error, BaseException):
            recording.work.raised(error)
        self.works.end(recording)


def by_django(frame: FrameType | None) -> bool:
    """Whether Django itself asks to be set up: for a management command, to serve, to test."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in ("django", "celery", "pytest_django"):
            return True
        frame = frame.f_back
    return False
