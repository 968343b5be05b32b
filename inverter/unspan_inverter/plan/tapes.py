"""Randomness in the test: the recorded values, handed out again under the name that the project's code asked."""

from collections.abc import Iterator
from typing import Any

from unspan_proto.values import bare, lossy

from unspan_inverter.facts import Facts
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import is_own
from unspan_inverter.plan.expressions import Attr, Call, Context, Import

REPLAYED = ("random.", "uuid.", "secrets.")


def contexts(facts: Facts, bindings: Bindings) -> Iterator[Context]:
    """One patch per source, with its values in order."""
    found: dict[str, list[Any]] = {}
    for tape in facts.tapes:
        if tape.source.startswith(REPLAYED) and is_own(tape.function) and not tape.default_of and not lossy(tape.value):
            found.setdefault(tape.source, []).append(bare(tape.value))
    for source, values in found.items():
        bindings.keep(str(value) for value in values if isinstance(value, int))
        how = ("return_value", values[0]) if len(values) == 1 else ("side_effect", values)
        yield Context(Call(Attr(Import("unittest", "mock"), "patch"), (source,), (how,)))
