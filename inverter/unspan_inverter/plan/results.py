"""Assertions on what a function returned."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from unspan_proto.values import Derived, Instance, Truncated, bare

from unspan_inverter.facts.units import AMONG, Unit, hollow
from unspan_inverter.plan.answering import OBJECTS, Answer
from unspan_inverter.plan.ending import DIGEST, equal
from unspan_inverter.plan.expressions import Check, Item, Name, Statement, call
from unspan_inverter.plan.makings import Unmakable, made

LONGEST: Final = 2_000
MOST_KEYS: Final = 12
NOT_SENT: Final = "csrfmiddlewaretoken"
"""A field of forms that the tests do not send."""


def variable(unit: Unit) -> Name:
    """What the result is called."""
    return Name("context" if unit.gives_context else "result")


def result(unit: Unit, answer: Answer) -> Iterator[Statement]:
    """The result as it was, a context by its members. Raises Unmakable where nothing can be said of it."""
    value, name = unit.call.result, variable(unit)
    if isinstance(value, dict) and (hollow(value) or name.id == "context"):
        yield from members(value, name, answer)
    elif isinstance(value, Instance) and AMONG in value.fields:
        some: Any = value.fields[AMONG]
        yield from (Check("in", (made(row, answer.bindings), name)) for row in some)
    elif isinstance(value, Instance) and not value.remakes:
        yield Check("equal", (call(Name("list"), name), told(value.fields.get("rows"), answer)))
    else:
        yield equal(name, told(value, answer))


def members(value: dict[Any, Any], name: Name, answer: Answer) -> Iterator[Statement]:
    """Those members of a dict that are known by value."""
    checks: list[Statement] = []
    for key, item in value.items():
        if not isinstance(key, str) or len(checks) >= MOST_KEYS:
            continue
        try:
            if isinstance(item, Instance) and not item.remakes and not hollow(item):
                checks.append(Check("equal", (call(Name("list"), Item(name, key)), told(item.fields.get("rows"), answer))))
            elif not hollow(item):
                checks.append(equal(Item(name, key), told(item, answer)))
        except Unmakable:
            continue
    if not checks:
        raise Unmakable("a result of which nothing is known by value")
    yield from checks


def told(value: Any, answer: Answer) -> Any:
    """The expression that a result must equal; of the clock's moments what the test calls them."""
    plain = bare(value)
    if len(repr(plain)) > LONGEST:
        raise Unmakable("a result too large for a test")
    if isinstance(plain, Truncated) or (isinstance(plain, str) and OBJECTS.search(plain)):
        raise Unmakable("a result that tells of objects by their addresses")
    if isinstance(plain, str) and DIGEST.fullmatch(plain):  # it may be one of keys
        answer.bindings.explicit.update(key.label for key in answer.bindings.names)
    if isinstance(plain, datetime) and answer.clock.moment is not None and (found := answer.clock.expression(plain)) is not None:
        return found
    return made(compared(value), answer.bindings)


def compared(value: Any) -> Any:
    """A result as it is compared: a named tuple is its items, and a dict or list of a class of its own equals a plain one."""
    if isinstance(value, Derived) and isinstance(value.value, (list, tuple, dict, set)):
        return compared(value.value)
    if isinstance(value, (list, tuple)):
        return type(value)(compared(item) for item in value)
    if isinstance(value, dict):
        return {key: compared(item) for key, item in value.items() if key != NOT_SENT}
    return value
