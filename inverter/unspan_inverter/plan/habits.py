"""How a project's own tests look, as far as a plan depends on it: its base class, its factories, what it does not want asserted. Values only: who reads
the project's settings and sources makes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from unspan_inverter.plan.expressions import Import

OPT_IN: Final = frozenset({"queries"})
"""Kinds of assertions that a project has to ask for."""
LITERAL, RELATED, COMPUTED = "literal", "related", "computed"


@dataclass(frozen=True, slots=True)
class Given:
    """What a factory gives a field: `kind` is `literal` (this `value`), `related` (a row that it makes), or `computed` (anything else)."""

    kind: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Factory:
    """What makes rows of a model in the project's tests: `make`, called with the fields as keywords. `fields`: what it gives by itself.

    `first`: arguments before the keywords. `everything`: it gives every field that has to have a value, whatever that is. `unique`: fields by which it
    takes a row that is there already.
    """

    make: Any
    fields: Mapping[str, Given] = field(default_factory=dict[str, Given])
    first: tuple[Any, ...] = ()
    everything: bool = False
    unique: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Habits:
    """`base`: the class that test cases inherit from. `mocking`: the HTTP mocking library that it switches on. `factories`: by label, in lower case."""

    base: Import | None = None
    mocking: str = ""
    style: str = "django"
    factories: Mapping[str, Factory] = field(default_factory=dict[str, Factory])
    unasserted: frozenset[str] = OPT_IN
    ignored_headers: frozenset[str] = frozenset()
    """Names of request headers, in lower case, that a test does not send."""
    ignored_fields: tuple[str, ...] = ()
    """Patterns: `app.Model.field` for columns, a name without a dot for members of JSON documents. Their values are not compared."""

    def asserts(self, kind: str) -> bool:
        return kind not in self.unasserted

    def ignores(self, label: str, name: str) -> bool:
        """Whether a column is not compared."""
        return fits(f"{label}.{name}".lower(), (one for one in self.ignored_fields if "." in one))

    def ignores_member(self, name: str) -> bool:
        """Whether a member of a document is not compared."""
        return fits(name.lower(), (one for one in self.ignored_fields if "." not in one))


def fits(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, one.lower()) for one in patterns)


NONE: Final = Habits()
