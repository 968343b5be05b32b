"""What every core that watches calls can do; the cores are `monitoring` and `profiling`."""

from typing import Protocol

from unspan_instrumentation.recording import Recording


class Core(Protocol):
    """Watches calls of the project's own functions and hands each to the recording it happened in."""

    reason: str
    """An English sentence: why this core, and not the other."""

    def install(self) -> None:
        """Starts to watch, once per process, when Django loads its middleware."""
        ...

    def entered(self, recording: Recording) -> None:
        """This thread begins to work for a recording."""
        ...

    def left(self, recording: Recording) -> None:
        """This thread works no longer for it."""
        ...

    def finish(self, recording: Recording) -> None:
        """The recording is about to end: hands over what is still open."""
        ...


class Nothing:
    """Watches nothing."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def install(self) -> None:
        pass

    def entered(self, recording: Recording) -> None:
        pass

    def left(self, recording: Recording) -> None:
        pass

    def finish(self, recording: Recording) -> None:
        pass
