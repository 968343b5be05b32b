"""Where plugins come in: their functions called on the facts, the plan and the look, in order, and what to say of one that fails."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from unspan_proto.values import Derived, Instance, Opaque

from unspan_inverter.code import Look
from unspan_inverter.errors import InverterError, PluginFailed
from unspan_inverter.facts import Facts
from unspan_inverter.plan import Plan
from unspan_inverter.plugins import Plugin
from unspan_inverter.trace import Trace


@contextmanager
def answering_for(name: str) -> Generator[None]:
    """Says of a plugin that it failed. Raises PluginFailed."""
    try:
        yield
    except InverterError:
        raise
    except Exception as error:
        raise PluginFailed(name, f"{type(error).__name__}: {error}") from error


def of_type(value: Any, kind: type[Any], name: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"it gave {type(value).__name__} where {name} was expected")
    return value


def with_facts(found: Facts, trace: Trace, plugins: Sequence[Plugin]) -> Facts:
    for one in plugins:
        with answering_for(one.name):
            found = of_type(one.facts(found, trace), Facts, "Facts") if one.facts is not None else found
            found = translated(found, one.values) if one.values else found
    return found


def with_plan(plan: Plan, trace: Trace, plugins: Sequence[Plugin]) -> Plan:
    for one in plugins:
        if one.plan is not None:
            with answering_for(one.name):
                plan = of_type(one.plan(plan, trace), Plan, "a Plan")
    return plan


def with_look(look: Look, traces: Sequence[Trace], plugins: Sequence[Plugin]) -> Look:
    """The later of two plugins writes a kind of statement that both want to write."""
    writers, context = dict(look.writers), dict(look.context)
    for one in plugins:
        with answering_for(one.name):
            writers |= {kind: guarded(one.name, write) for kind, write in one.statements.items()}
            context |= one.context(traces) if one.context is not None else {}
    return replace(look, writers=writers, context=context)


def guarded(name: str, write: Callable[..., Any]) -> Callable[..., Any]:
    def written(statement: Any, scope: Any) -> Any:
        with answering_for(name):
            return write(statement, scope)

    return written


def translated(facts: Facts, writers: Mapping[str, Callable[[Any], Any]]) -> Facts:
    """The facts with the project's own values in rows as the expressions that make them."""

    def told(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: writers[value.type](value) if is_own(value) and value.type in writers else value for name, value in values.items()}

    return replace(
        facts,
        rows=tuple(replace(row, values=told(row.values)) for row in facts.rows),
        born=tuple(replace(row, values=told(row.values)) for row in facts.born),
        changed=tuple(replace(row, before=told(row.before), after=told(row.after)) for row in facts.changed),
    )


def is_own(value: Any) -> bool:
    return isinstance(value, (Derived, Instance, Opaque))
