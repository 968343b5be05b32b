"""A unit of work that is no request: what ran, what it was given, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

from unspan_inverter.events.calls import Called, calls
from unspan_inverter.trace import Trace


@dataclass(frozen=True, slots=True)
class Worked:
    """A task or a management command. `call`: its function's own, as recorded, or one made of what is known of it; `outcome` as `vocabulary.WORK_OUTCOME` has it.

    `place`: the dotted name under which code finds it; `arguments`: by position and by name; `parameters`: the names of those by position.
    """

    kind: str
    name: str
    arguments: tuple[tuple[Any, ...], Mapping[str, Any]]
    call: Called
    outcome: str
    place: str = ""
    parameters: tuple[str, ...] = ()
    backend: str = ""
    package: str = ""
    task_id: str = ""
    retries: int = 0
    takes_context: bool = False
    positional: tuple[str, ...] | None = None
    """Of a command: the options that it takes by position; None in traces that do not say."""
    defaults: Mapping[str, Any] | None = None
    output: Any = None
    """Of a command: what it wrote to its standard output."""

    @property
    def of_django(self) -> bool:
        return self.backend == "django"


def worked(trace: Trace) -> Worked:
    """The unit of work of a trace that is one."""
    span = trace.request
    said = {
        name: span.attributes.get(name)
        for name in (v.WORK_KIND, v.WORK_NAME, v.WORK_OUTCOME, v.TASK_PLACE, v.TASK_BACKEND, v.TASK_WAY, v.TASK_ID)
    }
    kind, name, outcome, place, backend, package, task_id = ("" if one is None else str(one) for one in said.values())
    args, kwargs = span.value(v.WORK_ARGUMENTS, [[], {}])
    positional, defaults, output = span.value(v.WORK_POSITIONAL), span.value(v.WORK_DEFAULTS), span.value(v.WORK_OUTPUT)
    return Worked(
        kind, name, (tuple(args), {str(bare(key)): one for key, one in kwargs.items()}), ran(span, trace, place or name), outcome, place,
        tuple(str(bare(one)) for one in span.value(v.TASK_PARAMETERS, [])), backend, package, task_id, int(span.attributes.get(v.TASK_RETRIES, 0)),
        span.attributes.get(v.TASK_CONTEXT) is True, None if positional is None else tuple(str(bare(one)) for one in positional),
        None if defaults is None else {str(bare(key)): one for key, one in defaults.items()}, output[0] if isinstance(output, list) and output else None,
    )  # fmt: skip


def ran(span: Span, trace: Trace, place: str) -> Called:
    """The call that the unit of work was: the outermost of its function, else the work as a whole. What came of it is what came of the work."""
    failure = span.value(v.EXCEPTION)
    raised = (str(failure[0]), str(failure[1])) if failure else None
    own = next(
        (
            one
            for one in calls(trace)
            if one.within == span.span_id and (one.function == place or one.function == f"{place}.Command.handle")
        ),
        None,
    )
    args, kwargs = span.value(v.WORK_ARGUMENTS, [[], {}])
    named = [*(str(bare(one)) for one in span.value(v.TASK_PARAMETERS, [])), *(f"argument_{at}" for at in range(len(args)))]
    given = {**dict(zip(named, args, strict=False)), **{str(bare(key)): one for key, one in kwargs.items()}}
    return Called(
        own.span if own else span.span_id, place, given, v.WORK_RESULT in span.attributes, span.value(v.WORK_RESULT), raised, own.form if own else "", began=span.start, ended=span.end,
        within=span.span_id, role="function",
    )  # fmt: skip
