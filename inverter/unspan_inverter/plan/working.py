"""The door to a unit of work: a task is run as its worker does, a command as `manage.py` does, and what came of it is looked at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from unspan_proto.project import Project
from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.events.works import Worked
from unspan_inverter.facts import Facts
from unspan_inverter.facts.units import hollow
from unspan_inverter.plan import names, spoken, titles
from unspan_inverter.plan.answering import Answer, canonical
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.doors import Answers
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Context, Do, Format, Import, Item, Name, Plan, Statement, call
from unspan_inverter.plan.function import Function
from unspan_inverter.plan.mails import mail
from unspan_inverter.plan.makings import Unmakable, made
from unspan_inverter.plan.requests import Act
from unspan_inverter.plan.results import result
from unspan_inverter.plan.signing import Signature
from unspan_inverter.plan.steadiness import steady
from unspan_inverter.plan.view import argument, expected

WORK: Final = "work"
"""The level of its tests."""
RESULT, STDOUT = Name("result"), Name("stdout")
SURROUNDING: Final = frozenset({"settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"})
"""Options that every command has, and that say how its process runs."""
STYLED: Final = re.compile("\x1b\\[[0-9;]*m")
LONGEST, MOST_LINES = 2_000, 5


@dataclass(frozen=True, slots=True)
class Working(Function):
    """Does a recorded task or command again."""

    worked: Worked = field(kw_only=True)

    @property
    def level(self) -> str:
        return WORK

    @property
    def answers(self) -> Answers:
        """The first is what the work gives back."""
        return {"result": self.told, "mail": mail}

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        worked = self.worked
        if worked.kind == "command":
            value: Call = self.command(bindings)
        elif worked.of_django:
            value = self.of_django(bindings)
        else:
            value = self.of_celery(bindings, bool(worked.task_id) and worked.task_id in traces)
        before = (Assign(STDOUT, call(Import("io", "StringIO"))),) if self.prints else ()
        return Act(Assign(RESULT, value) if self.gives else Do(value), before)

    @property
    def by_backend(self) -> bool:
        """Whether only a backend can run it, which hands it the task's context and keeps what it raises."""
        return self.worked.takes_context

    @property
    def prints(self) -> bool:
        return self.worked.output is not None

    @property
    def gives(self) -> bool:
        """Whether something is said of what the call returns."""
        value = self.unit.call.result
        returns = self.unit.call.returned and value is not None and not hollow(value)
        ended = self.unit.call.raised is None and self.worked.outcome != "retried"
        return self.by_backend or (returns and ended and not self.prints)

    def of_celery(self, bindings: Bindings, by_id: bool) -> Call:
        """The task called as the function that it is; where its id or its being a repetition tells, by Celery's own means."""
        worked, task = self.worked, imported(self.worked)
        args, kwargs = given(worked, bindings)
        if not worked.retries and not by_id:
            return Call(task, args, tuple(kwargs.items()))
        said: dict[str, Any] = {"args": args, "kwargs": kwargs, "task_id": worked.task_id if by_id else "", "retries": worked.retries}
        return call(Attr(Call(Attr(task, "apply"), (), tuple((name, value) for name, value in said.items() if value)), "get"))

    def of_django(self, bindings: Bindings) -> Call:
        args, kwargs = given(self.worked, bindings)
        return Call(Attr(imported(self.worked), "enqueue" if self.by_backend else "call"), args, tuple(kwargs.items()))

    def command(self, bindings: Bindings) -> Call:
        worked = self.worked
        by_place, options = worked.positional, dict(worked.arguments[1])
        if by_place is None or worked.defaults is None:
            raise Unmakable("options of which the recording does not say how they are given")
        options |= {"args": list(worked.arguments[0])} if "args" in by_place else {}
        args = [(name, options[name]) for name in by_place if options.get(name) not in (None, [])]
        kwargs = {
            name: options[name]
            for name, default in worked.defaults.items()
            if name in options and name not in SURROUNDING and options[name] != default
        }
        said = [
            part for name, one in args for part in (value(name, one, bindings) if isinstance(one, list) else [value(name, one, bindings)])
        ]
        stdout = (("stdout", STDOUT),) if self.prints else ()
        called = [(name, value(name, one, bindings)) for name, one in kwargs.items()]
        return Call(Import("django.core.management", "call_command"), (worked.name.rpartition(".")[2], *said), (*called, *stdout))

    def told(self, answer: Answer) -> Iterator[Statement]:
        """What the work gave back, or printed."""
        if self.by_backend:
            yield from self.kept(answer)
        elif self.prints:
            yield from printed(self.worked.output, answer)
        elif self.gives:
            yield from result(self.unit, answer)

    def kept(self, answer: Answer) -> Iterator[Statement]:
        """What the backend keeps of a task."""
        raised = self.unit.call.raised
        if raised is not None:
            kind = expected(raised[0], "", answer.bindings).exception
            yield Check("equal", (Attr(Item(Attr(RESULT, "errors"), 0), "exception_class"), kind))
        elif not hollow(self.unit.call.result):
            answer.bindings.keep([str(bare(self.unit.call.result))])
            yield Check("equal", (Attr(RESULT, "return_value"), made(self.unit.call.result, answer.bindings)))

    def contexts(self, exchange: Exchange, bindings: Bindings, project: Project) -> list[Context]:
        worked, raised = self.worked, self.unit.call.raised
        if self.by_backend:
            backend = {"default": {"BACKEND": f"{worked.package}.backends.immediate.ImmediateBackend"}}
            return [Context(Call(Import("django.test", "override_settings"), (), (("TASKS", backend),)))]
        if worked.outcome == "retried":
            patch = Attr(Attr(Import("unittest", "mock"), "patch"), "object")
            retry = Import("celery.exceptions", "Retry")
            return [
                Context(Call(patch, (imported(worked), "retry"), (("side_effect", retry),))),
                Context(expected("celery.exceptions.Retry", "", bindings)),
            ]
        return [Context(expected(*raised, bindings))] if raised is not None else []

    def needs_database(self, facts: Facts, exchange: Exchange, otherwise: bool) -> bool:
        return otherwise


def imported(worked: Worked) -> Import:
    """The task under the name that a module has it by."""
    module, _, name = (worked.place or worked.name).rpartition(".")
    if not module or "<" in worked.place or not (worked.place or worked.call.within != worked.call.span):
        raise Unmakable("a task that no name leads to")
    return Import(module, name)


def given(worked: Worked, bindings: Bindings) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a task is given, by position and by name."""
    args, kwargs = worked.arguments
    called = [*worked.parameters, *[""] * len(args)]
    return tuple(value(name, one, bindings) for name, one in zip(called, args, strict=False)), {
        name: value(name, one, bindings) for name, one in kwargs.items()
    }


def value(name: str, one: Any, bindings: Bindings) -> Any:
    """One argument; a number that certainly means a row is that row's key."""
    if isinstance(one, (list, tuple)):
        return type(one)(value(name.removesuffix("s"), item, bindings) for item in one)
    if isinstance(one, dict):
        return {key: value(str(key), item, bindings) for key, item in one.items()}
    plain = isinstance(one, (int, str)) or type(one).__module__ == "uuid"
    return argument(name, one, bindings) if plain and not lossy(one) and not isinstance(one, ModelRef) else made(one, bindings)


def printed(output: Any, answer: Answer) -> Iterator[Statement]:
    """What a command wrote: all of it, or those lines that are the same each time."""
    if not isinstance(output, str):
        return
    text = canonical(STYLED.sub("", output), answer)
    said = call(Attr(STDOUT, "getvalue"))
    if (whole := same(text, answer)) is not None:
        answer.bindings.keep([part for part in (whole.parts if isinstance(whole, Format) else [whole]) if isinstance(part, str)])
        yield Check("equal", (said, whole))
        return
    lines = [found for line in text.splitlines() if line.strip() and (found := same(line, answer)) is not None]
    for line in lines[:MOST_LINES]:
        answer.bindings.keep([part for part in (line.parts if isinstance(line, Format) else [line]) if isinstance(part, str)])
        yield Check("in", (line, said))


def same(text: str, answer: Answer) -> Any | None:
    """The text as it is in the test; None where it is too long, or is another each time."""
    found = spoken.bound(text, answer.bindings)
    left = "".join(part for part in (found.parts if isinstance(found, Format) else [found]) if isinstance(part, str))
    return found if len(text) <= LONGEST and steady(left, answer) else None


def named(plan: Plan, worked: Worked, facts: Facts, project: Project) -> Plan:
    """The plan under the names of what it does."""
    name = (worked.place or worked.name).rpartition(".")[2]
    said = [(key, one) for key, one in worked.call.arguments.items() if type(one) in (str, int) and one != ""]
    return replace(
        plan, class_name=("".join(word.capitalize() for word in names.words(name)))[:60] + "Tests", method_name=names.cut(f"test_{name}_{ending(worked, facts, project)}"),
        told_apart=tuple((f"argument {key}", f"with_{names.identifier(f'{key} {str(one)[:30]}')}") for key, one in said),
    )  # fmt: skip


def ending(worked: Worked, facts: Facts, project: Project) -> str:
    """What came of it, in a word or two."""
    if worked.outcome == "retried":
        return "is_retried"
    if worked.call.raised is not None:
        return "_".join(["raises", *names.words(worked.call.raised[0].rpartition(".")[2])])
    effect = titles.effect(facts, project, names.words(worked.name))
    return effect or ("sends_mail" if facts.mails else "succeeds")
