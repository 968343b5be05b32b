"""Recorded calls as units of their own: which can be tested by themselves, how pure each was, and why the others cannot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unspan_proto.values import Derived, Instance, ModelRef, Named, Opaque, Truncated

from unspan_inverter.events import (
    CacheUsed,
    Event,
    FileUsed,
    HttpAnswered,
    MailSent,
    RowsDeleted,
    RowsInserted,
    RowsUpdated,
    SettingsRead,
    TapeRead,
)
from unspan_inverter.events.calls import Called

PURE, FREE, STORED = "unittest.TestCase", "SimpleTestCase", "TestCase"
"""Base classes by what a function needs: nothing, Django without its database, the database."""
REACHED: Final = ("function", "method", "staticmethod", "classmethod", "property", "wrapped")
AMONG: Final = "among"
"""The field of a queryset that holds rows which it selects, as far as they are known."""
REST: Final = "rest_framework.request.Request"
ASKED_BY: Final = {"__str__": "str", "__repr__": "repr", "__len__": "len", "__bool__": "bool", "__int__": "int", "__float__": "float"}
"""Methods that Python calls → the function by which anybody does."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A call to be made again by itself. `base`: what its test inherits from, `why`: the reason, as the end of a sentence."""

    call: Called
    base: str
    why: str
    view: str = ""
    """Of a method of the request's class-based view: the class."""
    request: str = ""
    """The argument that is the request."""
    middleware: str = ""
    """Of a method of middleware: the class."""
    rest: bool = False
    """Whether the view is one of REST framework."""

    @property
    def gives_context(self) -> bool:
        """Whether the result is the context of a template."""
        return is_context(self.call) and "context" in self.call.function.rpartition(".")[2]

    @property
    def bound(self) -> bool:
        """Whether the first argument is what the function is asked of."""
        return self.call.role in ("method", "property", "classmethod") or (
            self.call.role == "wrapped" and next(iter(self.call.arguments), "") in ("self", "cls")
        )


def unit(call: Called, within: Sequence[Event], view: str, middleware: Sequence[str] = ()) -> Unit | str:
    """The unit, or why there is none. `within`: what happened inside of the call; `view`: the class of the request's view, empty for another;
    `middleware`: the classes of the project's settings."""
    if why := excluded(call, view):
        return why
    around = owner_among(call, middleware)
    if (
        around
        and call.returned
        and call.result is None
        and not any(isinstance(event, (RowsInserted, RowsUpdated, RowsDeleted)) for event in within)
    ):
        return "it let the request pass"
    if saves_what_was_set(call, within):
        return "it saves an object on which something was set before, which was not recorded"
    base, why = purity(call, within)
    own = view if view and call.role == "method" and is_of_view(call, view) else ""
    request = requested(call)
    if base == PURE and (own or request):
        base, why = FREE, "it is given a request, and asks no database"
    first = next(iter(call.arguments.values()), None)
    return Unit(call, base, why, own, request, around, bool(own) and isinstance(first, Instance) and of_rest(first))


def owner_among(call: Called, classes: Sequence[str]) -> str:
    """The class among these whose method was called; empty for none."""
    owner = next(iter(call.arguments.values()), None)
    return owner.type if call.role == "method" and isinstance(owner, Instance) and owner.type in classes else ""


def requested(call: Called) -> str:
    """The argument that is the request; empty where there is none."""
    return next((name for name, value in call.arguments.items() if is_request(value)), "")


def is_request(value: Any) -> bool:
    """Whether a value is Django's request, or of a class that a server's handler makes in its place."""
    return isinstance(value, Instance) and value.type.endswith(("WSGIRequest", "ASGIRequest")) and {"method", "path"} <= set(value.fields)


def excluded(call: Called, view: str) -> str:
    """Why a call cannot be made by itself; empty where it can."""
    name = call.function.rpartition(".")[2]
    if call.role not in REACHED:
        return "no name leads to it: it is defined inside of another function, or replaced by a decorator that does not say what it wraps"
    if call.form in ("generator", "async_generator"):
        return "it is a generator, whose values were not recorded"
    if name.startswith("__") and name.endswith("__") and (name not in ASKED_BY or call.role != "method"):
        return "it is called by Python itself"
    if name.startswith("__") and name not in ASKED_BY:
        return "its name is its class's own"
    if not call.returned and call.raised is None:
        return "neither its result nor what it raised was recorded"
    if is_view(call):
        return "it takes a request and answers it: a test of level view makes that"
    if call.returned and (kind := hollow(call.result)) and not is_context(call) and not selects(call, view):
        return f"its result was not recorded by value: {kind}"
    return ""


def is_view(call: Called) -> bool:
    """Whether a function takes the request and answers it, as views and decorated ones do, or refuses to."""
    answers = call.raised is not None or (isinstance(call.result, Instance) and call.result.type.endswith("Response"))
    return answers and any(isinstance(value, Instance) and value.type.endswith("Request") for value in call.arguments.values())


def is_of_view(call: Called, view: str) -> bool:
    own = next(iter(call.arguments.values()), None)
    return isinstance(own, Instance) and own.type == view and (isinstance(own.fields.get("request"), Instance) or of_rest(own))


def of_rest(own: Instance) -> bool:
    """Whether it is a view of REST framework, which has made a request of its own."""
    held = own.fields.get("request")
    return isinstance(held, Opaque) and held.type == REST


def selects(call: Called, view: str) -> bool:
    """Whether it says which rows the request's class-based view is about: what it returned was not fetched yet."""
    found = call.result
    named = call.function.rpartition(".")[2] == "get_queryset" and is_of_view(call, view)
    return named and isinstance(found, Instance) and found.fields.get("evaluated") is False


def is_context(call: Called) -> bool:
    """Whether the result is a dict with texts for keys, of which some values are known."""
    found = call.result
    return isinstance(found, dict) and any(isinstance(key, str) and not hollow(value) for key, value in found.items())


def hollow(value: Any) -> str:
    """The type of what stands for something that was not carried whole, anywhere in a value; empty where all of it was. A queryset whose rows are known is
    its rows."""
    if isinstance(value, Instance) and value.remakes:
        return hollow(value.fields)
    if isinstance(value, Instance):
        rows = value.fields.get("rows") if value.fields.get("evaluated") is True else None
        return hollow(rows) if rows is not None else value.type.rpartition(".")[2]
    if isinstance(value, (Opaque, Truncated)):
        return value.type.rpartition(".")[2]
    if isinstance(value, Named):
        return value.kind
    if isinstance(value, Derived):
        return hollow(value.value)
    items = (
        [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, (list, tuple, set, frozenset)) else []
    )
    return next((found for item in items if (found := hollow(item))), "")


def by_value(call: Called) -> bool:
    """Whether what a call was given, and what it returned, if it did, was recorded by value. A row is, by its key, and so are the request and its view."""
    given = [
        value
        for value in call.arguments.values()
        if not is_request(value) and not (isinstance(value, Instance) and isinstance(value.fields.get("request"), Instance))
    ]
    return (call.raised is not None or (call.returned and not hollow(call.result))) and not any(map(hollow, given))


def purity(call: Called, within: Sequence[Event]) -> tuple[str, str]:
    """The base class that the call's test needs, and why."""
    if any(hasattr(event, "database") for event in within):
        return STORED, "it reads or writes the database"
    if refers((call.arguments, call.result)):
        return STORED, "it is given rows"
    outside = next((word for kind, word in OUTSIDE if any(isinstance(event, kind) for event in within)), "")
    if outside:
        return FREE, f"it {outside}, and asks no database"
    return PURE, "it depends on its arguments alone"


OUTSIDE: Final = (
    (HttpAnswered, "calls a service"), (TapeRead, "asks the clock or for a random value"), (CacheUsed, "uses a cache"), (MailSent, "sends mail"),
    (FileUsed, "uses a storage"), (SettingsRead, "reads settings"),
)  # fmt: skip


def refers(value: Any) -> bool:
    """Whether a row stands anywhere in a value."""
    return next(rows(value), None) is not None


def rows(value: Any) -> Iterator[ModelRef]:
    """The rows in a value."""
    if isinstance(value, ModelRef):
        yield value
    elif isinstance(value, Derived):
        yield from rows(value.value)
    elif isinstance(value, Instance):
        yield from rows(value.fields if value.remakes else value.fields.get("rows"))
    elif isinstance(value, dict):
        yield from (row for pair in value.items() for item in pair for row in rows(item))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (row for item in value for row in rows(item))


def saves_what_was_set(call: Called, within: Sequence[Event]) -> bool:
    """Whether an object was saved on which something had been set before: only its key was recorded."""
    own = next(iter(call.arguments.values()), None)
    return (
        call.function.rpartition(".")[2] == "save" and isinstance(own, ModelRef) and any(isinstance(event, RowsUpdated) for event in within)
    )
