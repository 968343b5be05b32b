"""The door to one function: it is called with what it was given, and what it returned is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.facts.filled import Filled
from unspan_inverter.facts.units import ASKED_BY, PURE, STORED, Unit
from unspan_inverter.plan import forms, names, requests
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.cached import kept
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.doors import Answers
from unspan_inverter.plan.expressions import Assign, Attr, Call, Context, Do, Import, Name, Plan, SetAttr, Statement, call, method
from unspan_inverter.plan.makings import Unmakable, made, named
from unspan_inverter.plan.requests import Act
from unspan_inverter.plan.results import result, variable
from unspan_inverter.plan.signing import Signature
from unspan_inverter.plan.view import NO_ANSWER, REQUEST, View, argument, expected

VIEW = Name("view")


@dataclass(frozen=True, slots=True)
class Function:
    """Calls a function of the project. `asked`: the request that it was called in; `beside`: how the view of a method is made."""

    unit: Unit
    asked: Exchange
    beside: View | None = None
    objects: tuple[Statement, ...] = ()
    """What makes the objects that it is given."""
    filled: Filled | None = None
    """The form that it is given."""

    @property
    def by_client(self) -> bool:
        return False

    @property
    def level(self) -> str:
        return "unit"

    @property
    def answers(self) -> Answers:
        return {"cache": kept} if self.unit.call.raised is not None else {"result": partial(result, self.unit), "cache": kept}

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        before = tuple(self.around(bindings, traces, ignored)) if self.beside is not None else ()
        value = self.called(bindings)
        return Act(Do(value) if self.unit.call.raised is not None else Assign(variable(self.unit), value), before)

    def around(self, bindings: Bindings, traces: str, ignored: frozenset[str]) -> Iterator[Statement]:
        """The request, and an instance of the view as `View.setup()` makes it."""
        assert self.beside is not None
        asked = self.asked
        made_request = requests.act(asked, bindings, traces, None, ignored, requests.FACTORY_MAKES)
        yield from (*made_request.before, made_request.request, *self.beside.attributes(asked, bindings))
        if not self.unit.view:
            return
        module, _, name = self.unit.view.rpartition(".")
        options = tuple((key, bare(item)) for key, item in (asked.made_with or ({}, {}))[0].items() if not lossy(item))
        args, kwargs = asked.arguments
        yield Assign(VIEW, Call(Import(module, name), (), options))
        yield Do(
            Call(
                Attr(VIEW, "setup"), (REQUEST, *(argument("", value, bindings) for value in args)),
                tuple((key, argument(key, value, bindings)) for key, value in kwargs.items()),
            )
        )  # fmt: skip
        if self.unit.rest:
            yield from self.rest()

    def rest(self) -> Iterator[Statement]:
        """What REST framework does to its views before it calls their methods."""
        if actions := (self.asked.made_with or ({}, {}))[1]:
            yield SetAttr(VIEW, "action_map", dict(actions))
        yield SetAttr(VIEW, "request", method(VIEW, "initialize_request", REQUEST))
        yield SetAttr(VIEW, "format_kwarg", None)

    def called(self, bindings: Bindings) -> Any:
        """The call, or the property that is read."""
        unit = self.unit
        arguments = dict(unit.call.arguments)
        first = arguments.pop(next(iter(arguments)), None) if unit.bound and arguments else None
        function = self.function(first, bindings)
        if unit.call.role == "property":
            return function
        if isinstance(function, Attr) and function.name in ASKED_BY:
            return call(Name(ASKED_BY[function.name]), function.of)
        if unit.call.form == "coroutine":
            function = call(Import("asgiref.sync", "async_to_sync"), function)
        args, kwargs = spread({**arguments, **({unit.request: REQUEST} if unit.request else {})}, unit.call.spread, bindings)
        if unit.call.role == "wrapped" and unit.bound:
            args = [self.owner(first, bindings), *args]
        return Call(function, tuple(args), tuple(kwargs.items()))

    def function(self, first: Any, bindings: Bindings) -> Any:
        owner, _, name = self.unit.call.function.rpartition(".")
        if self.unit.call.role == "function":
            return Import(owner, name)
        if self.unit.call.role == "wrapped":
            held = Attr(imported(owner), name) if is_class(owner) else Import(owner, name)
            return call(Import("inspect", "unwrap"), held)
        return Attr(self.owner(first, bindings) if self.unit.bound else imported(owner), name)

    def owner(self, first: Any, bindings: Bindings) -> Any:
        """What the method or property is asked of."""
        if self.unit.view:
            return VIEW
        if self.unit.middleware:
            return call(imported(self.unit.middleware), NO_ANSWER)
        return named(first) if self.unit.call.role == "classmethod" and not isinstance(first, ModelRef) else made(first, bindings)

    def arranged(self, exchange: Exchange, bindings: Bindings) -> list[Statement]:
        return [*self.objects, *(forms.arranged(self.filled, bindings) if self.filled is not None else ())]

    def session(self, clock: Clock) -> Any:
        return Name("session")

    def after(self, exchange: Exchange, asserts: list[Statement], sessions: list[Statement], clock: Clock) -> tuple[Statement, ...]:
        return ()

    def contexts(self, exchange: Exchange, bindings: Bindings, project: Project) -> list[Context]:
        raised = self.unit.call.raised
        return [Context(expected(*raised, bindings))] if raised is not None else []

    def needs_database(self, facts: Facts, exchange: Exchange, otherwise: bool) -> bool:
        return self.unit.base == STORED or bool(facts.rows)


def is_class(owner: str) -> bool:
    return owner.rpartition(".")[2][:1].isupper()


def imported(owner: str) -> Import:
    """A class of a module; of a class inside of another there is nothing to be imported."""
    module, _, name = owner.rpartition(".")
    if is_class(module):
        raise Unmakable(f"the class {name} inside of another")
    return Import(module, name)


def spread(arguments: Mapping[str, Any], marks: tuple[str, ...], bindings: Bindings) -> tuple[list[Any], dict[str, Any]]:
    """The arguments by position and by name: the first by position, and all before those that `*args` took."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    rest = next((mark[1:] for mark in marks if mark.startswith("*") and not mark.startswith("**")), "")
    further = next((mark[2:] for mark in marks if mark.startswith("**")), "")
    by_place = bool(rest) and bool(arguments.get(rest))
    for at, (name, value) in enumerate(arguments.items()):
        if name == rest:
            args += list(made(value, bindings))
            by_place = False
        elif name == further:
            kwargs |= {str(key): item for key, item in made(value, bindings).items()}
        elif by_place or at == 0:
            args.append(made(value, bindings))
        else:
            kwargs[name] = made(value, bindings)
    return args, kwargs


def given(unit: Unit) -> tuple[str, ...]:
    """The names of what a call may be given by position."""
    names = list(unit.call.arguments)
    return tuple(names[1:] if unit.bound and unit.call.role != "wrapped" else names)


def as_exchange(unit: Unit, asked: Exchange, reads: frozenset[str]) -> Exchange:
    """A call in the place of a request: what it returned is what was answered. `reads`: what it reads of the request that it is given."""
    user = asked.user if unit.request and "user" in reads else None
    said = repr([bare(value) for name, value in unit.call.arguments.items() if name != unit.request]) + repr(bare(unit.call.result))
    return replace(
        asked, method="GET", path="/", query="", headers=(), body=b"", user=user, session=None, session_after=None, view=unit.call.function,
        arguments=((), {}), status=200, response_headers=(), cookies={}, response_body=said.encode("utf-8", "replace"), charset="utf-8",
        exception=None, failures=(), templates=(), cookies_sent={}, form=None, answered_by="", deferred=False, csrf_refused=False, streaming=False,
        script_name="", made_with=None, language="", zone="",
    )  # fmt: skip


def named_after(plan: Plan, unit: Unit) -> Plan:
    """The plan under the names of what it tests."""
    owner, _, name = unit.call.function.rpartition(".")
    subject = (unit.view or owner).rpartition(".")[2] if unit.call.role != "function" and is_class(owner) else name
    spoken = [(key, value) for key, value in unit.call.arguments.items() if type(value) in (str, int) and value != ""]
    return replace(
        plan, class_name=(subject if subject[:1].isupper() else "".join(word.capitalize() for word in names.words(subject)))[:60] + "Tests", method_name=names.cut(f"test_{name.strip('_')}{outcome(unit)}"),
        plain=unit.base == PURE and not plan.needs_database, told_apart=tuple((f"argument {key}", f"with_{names.identifier(f'{key} {str(value)[:30]}')}") for key, value in spoken),
    )  # fmt: skip


def outcome(unit: Unit) -> str:
    """How the call ended, where that can be said in a word."""
    if unit.call.raised is not None:
        return f"_raises_{'_'.join(names.words(unit.call.raised[0].rpartition('.')[2]))}"
    return {True: "_is_true", False: "_is_false"}.get(unit.call.result, "") if isinstance(unit.call.result, bool) else ""
