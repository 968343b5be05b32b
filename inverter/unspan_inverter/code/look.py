"""How a file looks besides its statements: the class that test cases inherit from, the project's own layout and ways to write statements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_inverter.code.code import Code
from unspan_inverter.code.expressions import Scope
from unspan_inverter.plan.expressions import Import

Write = Callable[[Any, Scope], Code | None]
"""Writes a statement, or gives None for one that is to be written as always."""


@dataclass(frozen=True, slots=True)
class Look:
    """`base`: of test cases. `template`: the text of the project's own layout, empty for ours. `writers`: by the kind of an assertion, or the name of a
    statement's class. `annotated`: functions say what they take and return. `context`: what the layout may use besides.
    """

    base: Import | None = None
    template: str = ""
    writers: Mapping[str, Write] = field(default_factory=dict[str, Write])
    annotated: bool = False
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])


PLAIN: Final = Look()
