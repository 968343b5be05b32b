"""The calls of the project's functions: what each was given and returned, and which events happened inside of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

from unspan_inverter.events.kinds import Event, RowsRead, RowsSupported, TestCharset
from unspan_inverter.trace import Trace


@dataclass(frozen=True, slots=True)
class Called:
    """One call. `arguments`: in the signature's order, as recorded; `raised`: type and message of the exception that left it.

    `form`: `coroutine`, `generator`, `async_generator` or nothing. `asked`: attributes that its code reads of a request; None in traces that do not say.
    `began`, `ended`: nanoseconds since 1970. `within`: the span of the call that it was made in, else the request's.
    """

    span: str
    function: str
    arguments: Mapping[str, Any]
    returned: bool = False
    result: Any = None
    raised: tuple[str, str] | None = None
    form: str = ""
    asked: tuple[str, ...] | None = None
    file: str = ""
    line: int = 0
    began: int = 0
    ended: int = 0
    within: str = ""
    role: str = ""
    """How its name leads to it: `function`, `method`, or as `vocabulary.CALL_ROLE` has it."""
    spread: tuple[str, ...] = ()
    """The arguments that take all further ones, with their marks."""


def calls(trace: Trace) -> tuple[Called, ...]:
    """In the order in which they began."""
    return tuple(called(span, trace) for span in trace.spans if span.what == v.CALL)


def called(span: Span, trace: Trace) -> Called:
    raised = span.attributes.get(v.EXCEPTION_TYPE)
    arguments = span.value(v.ARGUMENTS, {})
    asked = span.value(v.REQUEST_ASKED, []) if v.VIEW_OWN in trace.request.attributes else None
    return Called(
        span.span_id, str(span.attributes.get(v.FUNCTION, "")), arguments if isinstance(arguments, dict) else {}, v.RETURN in span.attributes,
        span.value(v.RETURN), None if raised is None else (str(raised), str(span.attributes.get(v.EXCEPTION_MESSAGE, ""))),
        str(span.attributes.get(v.CALL_FORM, "")), None if asked is None else tuple(str(bare(one)) for one in asked),
        str(span.attributes.get(v.FILE, "")), int(span.attributes.get(v.LINE, 0)), span.start, span.end, span.parent_id,
        role(span), tuple(str(bare(one)) for one in span.value(v.CALL_SPREAD, [])),
    )  # fmt: skip


def role(span: Span) -> str:
    """A plain function's owner is a module, a plain method's a class."""
    owner = str(span.attributes.get(v.FUNCTION, "")).rpartition(".")[0]
    return str(span.attributes.get(v.CALL_ROLE, "")) or ("method" if owner.rpartition(".")[2][:1].isupper() else "function")


def inside(trace: Trace, call: str) -> frozenset[str]:
    """The spans of everything that happened inside of a call, itself included."""
    found = {call}
    below = trace.children()
    todo = [call]
    while todo:
        some = [span.span_id for span in below.get(todo.pop(), ()) if span.span_id not in found]
        found.update(some)
        todo += some
    return frozenset(found)


def of_call(happened: Sequence[Event], spans: frozenset[str]) -> tuple[Event, ...]:
    """What happened inside of a call; of what happened around it only what was read, which may be what it was given."""
    return tuple(event for event in happened if event.span in spans or isinstance(event, (RowsRead, RowsSupported, TestCharset)))
