"""Everything that can go wrong in the collector, each with its sentence: what, about which thing, what to do now.

Three families: what stops the command (`CollectorError`), what refuses a sender's batch (`Refused`), what refuses a reader's question (`NoAnswer`).
The doors (gRPC, HTTP) translate the last two in one place each.
"""

from typing import Final

MOST_SAID: Final = 2_000
"""Characters of a sentence that is sent."""


class CollectorError(Exception):
    """Something the person at the terminal can act on; `str()` is the text for stderr, `code` the exit code."""

    code = 1


class WrongSetting(CollectorError):
    """A setting that has no meaning; `where` says whether it is a flag, a variable or a line of the file."""

    code = 2

    def __init__(self, where: str, value: object, why: str) -> None:
        super().__init__(f"{where} = {str(value)[:80]!r} is wrong: {why}.")


class CannotListen(CollectorError):
    """An address that cannot be bound."""

    def __init__(self, setting: str, address: str, why: str) -> None:
        super().__init__(f"cannot listen on {address} ({why}): stop what uses it, or choose another address with --{setting} HOST:PORT.")


class CannotOpen(CollectorError):
    """A store that cannot be used; `remedy` is what to do now."""

    def __init__(self, path: str, why: str, remedy: str) -> None:
        super().__init__(f"the store {path} cannot be used: {why}. {remedy}")


class Corrupted(CannotOpen):
    """A store's file of which nothing can be read."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the file is corrupted", "Move the file away, or choose another with --store sqlite:///PATH.")


class NotRunning(CollectorError):
    """Nothing, or something else, answers where a collector was expected."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"no collector answers at {address} ({why}). Start one with: unspan-collector serve, or name another with --grpc HOST:PORT."
        )


class NotPinned(CollectorError):
    """A trace that the collector does not know by this name."""

    def __init__(self, why: str) -> None:
        super().__init__(f"nothing was changed: {why}.")


class CannotRun(CollectorError):
    """A COMMAND that cannot be started; exit codes as a shell's."""

    def __init__(self, command: str, why: str, code: int) -> None:
        super().__init__(f"cannot run {command!r}: {why}.")
        self.code = code


class Refused(Exception):
    """A batch that was not taken. `retry_after`: seconds after which the sender should try again, None when it never should."""

    retry_after: float | None = None

    def __str__(self) -> str:
        """What may be sent: a sentence that quotes a sender is of a bounded length, and UTF-8 (half of a pair of surrogates is not)."""
        return super().__str__().encode("utf-8", "backslashreplace").decode()[:MOST_SAID]


class Undecodable(Refused):
    """Bytes that are no OTLP request."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the body is not an OTLP trace request: {why}")


class TooLarge(Refused):
    """A request over the limit; the sender must cut its batches smaller."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request is larger than {limit >> 20} MiB: send smaller batches")


class UnknownMedia(Refused):
    """A content type or encoding that is not spoken here."""


class Busy(Refused):
    """The queue in front of the store is full."""

    retry_after = 1.0

    def __init__(self) -> None:
        super().__init__("the collector is receiving faster than it can store: try again")


class Stopping(Refused):
    """The collector is about to end."""

    retry_after = 2.0

    def __init__(self) -> None:
        super().__init__("the collector is stopping: try again")


class StoreFull(Refused):
    """No room for more; nothing of the batch was kept."""

    retry_after = 5.0

    def __init__(self, path: str) -> None:
        super().__init__(f"the disk of the collector's store {path} is full: free some space")


class StoreBroken(Refused):
    """The store does not work; nothing of the batch was kept."""

    retry_after = 5.0

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"the collector's store {path} does not work: {why}")


class NoAnswer(Exception):
    """A question of a reader that has no answer."""


class NoSuchTrace(NoAnswer):
    """Nothing is stored under this name."""


class WrongQuestion(NoAnswer):
    """The question itself is malformed or ambiguous."""


class Damaged(NoAnswer):
    """A stored trace whose bytes can no longer be read."""

    def __init__(self, trace_id: str) -> None:
        super().__init__(f"trace {trace_id[:8]}… is damaged on the collector's disk: record it again")
