"""What is done at the start and at the end of each call, written as source for one function, as `dataclass` writes its methods.

This is the hot path. A loop over names would take twice as long, so there is none: each argument and each local has lines of its own. Values of the
commonest types are told apart in line, and kept as they are; all others go to `freezing`. Nothing is called that can be spared, and types are told by
identity: a hash of a type may be its metaclass's.
"""

from collections.abc import Callable
from decimal import Decimal
from time import time_ns
from types import FrameType
from typing import Any, Final, NamedTuple

from unspan_proto.values import Named, Opaque

from unspan_instrumentation.calls.disposition import Disposition
from unspan_instrumentation.freezing import ATOMS, NOTHING, SMALL, WHOLE, freeze, same
from unspan_instrumentation.recording import DROPPED, Recording, Stack

TOO_MANY: Final = "a function call was not recorded because there were more than UNSPAN_MAX_CALLS"
BLOCK: Final = 4_096
"""Values of ended calls that are handed to the exporter together."""

STARTED: Final = """
def started(recording, frame, stack):
    left = recording.calls_left
    if left <= 0:
        return refused(recording)
    recording.calls_left = left - 1
    top = stack[-1] if stack else nobody
    parent = top[1] if top[0] is recording else recording.parent()
    watched = {rebound}
{given}
    stack.append([recording, recording.span_id(), frame, plan, returned, parent, watched, 0, stack.thread, now(){arguments}])
"""
RETURNED: Final = """
def returned(call, frame, result):
    end = now()
    recording, span, _, _, _, parent, watched, yielded, thread, start{arguments} = call
    changes = None
{found}
    if watched:
        values = frame.f_locals
{watching}
{result}
    calls = recording.calls
    calls += (plan, span, parent, start, end, thread, yielded, None, changes, result{arguments}{locals})
    if len(calls) > {block}:
        recording.take_calls()
"""
RESULT: Final = """
    kind = type(result)
    if kind is str and len(result) <= {small} or kind is int or kind is none or kind is decimal or id(kind) in atoms:
        pass
{known}
    else:
        result = whole(id(kind), freeze)(result)
"""
GIVEN: Final = """
    a{n} = values[{name!r}]
    kind = type(a{n})
    if kind is str and len(a{n}) <= {small} or kind is int or kind is none or kind is decimal or id(kind) in atoms:
        pass
    else:
        a{n} = whole(id(kind), freeze)(a{n})
        kind = type(a{n})
        if kind is not opaque and kind is not named:
            watched |= {bit}
"""
FOUND: Final = """
    f{n} = v{n}
    kind = type(v{n})
    if kind is str and len(v{n}) <= {small} or kind is int or kind is none or kind is decimal or id(kind) in atoms:
        pass
    else:
        f{n} = whole(id(kind), freeze)(v{n})
"""
WATCHING: Final = """
        if watched & {bit}:
            value = values.get({name!r}, nothing)
            if value is not a{n} and value is not nothing:
                value = whole(id(type(value)), freeze)(value)
                if value is not a{n} and not same(value, a{n}):
                    changes = noted(changes, {name!r}, value)
"""


class Tailored(NamedTuple):
    """A function's plan, and what is done for its calls."""

    plan: Disposition
    started: Callable[[Recording, FrameType, Stack], None]
    """Puts the call on the stack."""
    returned: Callable[[list[Any], FrameType, Any], None]
    """Takes what the call, just taken off the stack, has come to; adds it to the calls of its recording."""


def tailored(plan: Disposition) -> Tailored:
    space: dict[str, Any] = {
        "plan": plan, "now": time_ns, "none": type(None), "decimal": Decimal, "opaque": Opaque, "named": Named, "nothing": NOTHING, "atoms": ATOMS,
        "whole": WHOLE.get, "freeze": freeze, "same": same, "noted": noted, "refused": refused, "nobody": (None, 0),
    }  # fmt: skip
    exec(source(plan), space)
    return Tailored(plan, space["started"], space["returned"])


def source(plan: Disposition) -> str:
    """The text of both functions."""
    arguments, places = list(enumerate(plan.arguments)), range(len(plan.others))
    given = "".join(GIVEN.format(n=n, name=name, bit=1 << n, small=SMALL) for n, name in arguments)
    watching = "".join(WATCHING.format(n=n, name=name, bit=1 << n) for n, name in arguments)
    known = "".join(f"    elif result is v{n}:\n        result = f{n}\n" for n in places)
    texts = {
        "arguments": "".join(f", a{n}" for n, _ in arguments),
        "locals": "".join(f", f{n}" for n in places),
        "rebound": sum(1 << place for place in plan.rebound),
        "given": f"    values = frame.f_locals\n{given}" if arguments else "",
        "found": found(plan.others),
        "watching": watching or "        pass",
        "result": RESULT.format(known=known, small=SMALL) if plan.values else "    result = nothing",
        "small": SMALL,
        "block": BLOCK,
    }
    return STARTED.format(**texts) + RETURNED.format(**texts)


def found(names: tuple[str, ...]) -> str:
    """What takes the locals; those that are not bound stand as NOTHING."""
    if not names:
        return ""
    bound = "".join(f"        v{n} = values[{name!r}]\n" for n, name in enumerate(names))
    maybe = "".join(f"        v{n} = values.get({name!r}, nothing)\n" for n, name in enumerate(names))
    frozen = "".join(FOUND.format(n=n, small=SMALL) for n in range(len(names)))
    return f"    values = frame.f_locals\n    try:\n{bound}    except KeyError:\n{maybe}{frozen}"


def noted(changes: dict[str, Any] | None, name: str, value: Any) -> dict[str, Any]:
    return {name: value} if changes is None else changes | {name: value}


def refused(recording: Recording) -> None:
    if not recording.closed:
        recording.lose(DROPPED if DROPPED in recording.lost else TOO_MANY)
