"""What a plugin may do: version 1 of the interface, which stays as it is. Everything that a plugin needs is imported from here.

A plugin is a `Plugin` that stands under an entry point of the group `unspan.plugins`, or as `plugin` in a file that `plugins` of `[tool.unspan]` names.
Each of its functions is pure: values in, values out; the types say which, and every one of them is frozen (`dataclasses.replace` makes another).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_proto.span import Span
from unspan_proto.values import Derived, Instance, Opaque

from unspan_inverter.code.code import Code, joined, needs
from unspan_inverter.code.expressions import Scope
from unspan_inverter.facts import Facts
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Context, Do, Import, Item, Name, Plan, call, method
from unspan_inverter.trace import Trace

VERSION: Final = 1
GROUP: Final = "unspan.plugins"

__all__ = [
    "GROUP", "VERSION", "Assign", "Attr", "Call", "Check", "Code", "Context", "Derived", "Do", "Facts", "Import", "Instance", "Item", "Name", "Opaque", "Plan",
    "Plugin", "Scope", "Span", "Trace", "call", "joined", "method", "needs",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a project, or a library for several, adds to the making of tests. `name` is for messages; `version` that of this interface.

    `facts`: what must hold before the request and what holds after it, changed by what the trace says besides. `plan`: the same for the finished plan of
    the test. `values`: dotted name of a type of the project's → the expression for a recorded value of it. `statements`: kind of an assertion (`redirects`)
    or name of a statement's class (`Do`) → its code, None where it is to be written as always. `context`: what the template of the file may use.
    """

    name: str
    version: int = VERSION
    facts: Callable[[Facts, Trace], Facts] | None = None
    plan: Callable[[Plan, Trace], Plan] | None = None
    values: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict[str, Callable[[Any], Any]])
    statements: Mapping[str, Callable[[Any, Scope], Code | None]] = field(default_factory=dict[str, Callable[[Any, Scope], Code | None]])
    context: Callable[[Sequence[Trace]], Mapping[str, Any]] | None = None
