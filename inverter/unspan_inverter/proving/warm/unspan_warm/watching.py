"""Which lines of some files run. Standard library only."""

import sys
import threading
import types
from collections.abc import Sequence
from typing import Any


class Watched:
    """Notes which lines of some files run."""

    def __init__(self, files: Sequence[str]) -> None:
        self.lines: dict[str, set[int]] = {file: set() for file in files}

    def __enter__(self) -> None:
        if self.lines:
            threading.settrace(self.trace)
            sys.settrace(self.trace)

    def __exit__(self, *error: object) -> None:
        if self.lines:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]

    def trace(self, frame: types.FrameType, event: str, arg: object) -> Any:
        lines = self.lines.get(frame.f_code.co_filename)
        if lines is None:
            return None
        if event == "line":
            lines.add(frame.f_lineno)
        return self.trace

    def found(self) -> dict[str, list[int]]:
        return {file: sorted(lines) for file, lines in self.lines.items()}
