"""What a spy's file provides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.expressions import Context, Statement


@dataclass(frozen=True, slots=True)
class Spy:
    """The contexts around the request, and what is asserted of what they saw. `functions`, `settings`: what the test needs besides."""

    contexts: tuple[Context, ...]
    asserts: tuple[Statement, ...] = ()
    functions: tuple[str, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def without_asserts(self) -> "Spy":
        return replace(self, asserts=())


Spies = Callable[[Answer, str], Iterator[Spy]]
