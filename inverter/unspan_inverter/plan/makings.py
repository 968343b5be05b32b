"""Recorded values as expressions that make them again: literals, rows with a variable, members of enumerations, classes and functions by name."""

from typing import Any, Final

from unspan_proto.values import Derived, Instance, ModelRef, Named, Opaque, Truncated, bare

from unspan_inverter.facts import Key
from unspan_inverter.facts.parents import elsewhere
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Call, Import, Name, call
from unspan_inverter.plan.session import label_of

SAFE: Final = ("django.utils.safestring.SafeString", "django.utils.safestring.SafeText")
PLAIN: Final = ("collections.OrderedDict",)
NESTED: Final = (Opaque, Truncated, Instance)
LONGEST: Final = 4_000
"""Characters of a value that have a place in a test."""


class Unmakable(Exception):
    """A value that nothing in the recording says how to make."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def made(value: Any, bindings: Bindings) -> Any:
    """The expression that makes a value again. Raises Unmakable."""
    if len(repr(value)) > LONGEST:
        raise Unmakable("a value too large for a test")
    return part(value, bindings)


def part(value: Any, bindings: Bindings) -> Any:
    if isinstance(value, ModelRef):
        return row(value, bindings)
    if isinstance(value, (Name, Call)):
        return value
    if isinstance(value, Instance) and value.remakes and "<" not in value.type:
        module, _, name = value.type.rpartition(".")
        return Call(Import(module, name), (), tuple((key, part(item, bindings)) for key, item in value.fields.items()))
    if isinstance(value, NESTED):
        raise Unmakable(value.type.rpartition(".")[2])
    if isinstance(value, Named):
        return named(value)
    if isinstance(value, Derived):
        return derived(value, bindings)
    if isinstance(value, (list, tuple)):
        return type(value)(part(item, bindings) for item in value)
    if isinstance(value, dict):
        return {part(key, bindings): part(item, bindings) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        if any(isinstance(item, (ModelRef, Derived, *NESTED, Named)) for item in value):
            raise Unmakable(type(value).__name__)
        return value
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        bindings.keep([str(value)])
    return value


def row(value: ModelRef, bindings: Bindings) -> Any:
    key = elsewhere(Key(label_of(value.label, bindings), bare(value.pk)), bindings.names, bindings.project)
    if value.pk is None or key not in bindings.names or key in bindings.unfetched:
        raise Unmakable(f"{value.label.rpartition('.')[2]} that is no row which the request found")
    return bindings.row(key)


def named(value: Named) -> Any:
    """A class or a function, by the name it was defined under."""
    module, _, name = value.name.rpartition(".")
    if value.kind not in ("class", "function") or not module or "<" in value.name:
        raise Unmakable(value.kind)
    return Import(module, name)


def derived(value: Derived, bindings: Bindings) -> Any:
    """A member of an enumeration by its value, a named tuple by its items; a safe text as one."""
    module, _, name = value.type.rpartition(".")
    if value.type in SAFE:
        return call(Import("django.utils.safestring", "mark_safe"), part(value.value, bindings))
    if value.type in PLAIN:
        return call(Import(module, name), part(value.value, bindings))
    if "<" in value.type or not module or module.partition(".")[0] == "django" or isinstance(value.value, (list, dict, set)):
        raise Unmakable(name or value.type)
    inner = part(value.value, bindings)
    return Call(Import(module, name), inner if isinstance(inner, tuple) else (inner,))
