"""One finished call as it is queued, and its span."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from unspan_proto import vocabulary as v

from unspan_instrumentation import wire
from unspan_instrumentation.recording import Record


class Call(NamedTuple):
    """A call that has ended. `result` is a tuple of one, empty when it raised; `error` the exception's type name and message."""

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    file: str
    line: int
    start: int
    end: int
    thread: int
    arguments: dict[str, Any]
    found: dict[str, Any]
    result: tuple[Any, ...]
    yielded: int
    error: tuple[str, str | None] | None

    @property
    def attributes(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            v.FUNCTION: self.name,
            v.FILE: self.file,
            v.LINE: self.line,
            v.THREAD: self.thread,
            v.ARGUMENTS: self.arguments,
        }
        if self.found:
            values[v.LOCALS] = self.found
        if self.result:
            values[v.RETURN] = self.result[0]
        if self.yielded:
            values[v.YIELDED] = self.yielded
        if self.error is not None:
            values[v.EXCEPTION_TYPE] = self.error[0]
            if self.error[1] is not None:
                values[v.EXCEPTION_MESSAGE] = self.error[1]
        return values

    def spans(self) -> Iterator[bytes]:
        return wire.record(
            Record(
                self.trace_id,
                self.span_id,
                self.parent_id,
                v.CALL,
                self.name,
                self.start,
                self.end,
                self.attributes,
                self.error is not None,
            )
        )
