"""Which fields of a row a test writes out: those that differ from what the model gives, and of the incidental ones those that decided something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from unspan_proto.project import Field, Model
from unspan_proto.values import Opaque, bare, lossy

from unspan_inverter.events import Event, RowsRead
from unspan_inverter.facts import Facts

EMPTY = {"dict": {}, "list": [], "builtins.dict": {}, "builtins.list": []}
"""What a callable default of this name returns."""
TELLING = (datetime, UUID)
"""Values that are hardly the same by chance."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """What decides whether an incidental field is written out."""

    text: str
    """Everything that the request and the answer said, without the day of the recording."""
    deciding: Mapping[str, frozenset[str]] | None
    """As in the facts: the columns on which it hung what statements did, None where that is not known."""
    password: bool
    """Whether a password was checked."""
    read: frozenset[tuple[str, str]] = frozenset()
    """Labels of the models that were queried, each with its database."""
    timed: bool = False
    """Whether the project's code compared or reckoned with the time: moments in its rows decided what it did."""

    copied: frozenset[Any] = frozenset()
    """Moments and random keys in rows that the request made: those that stood in a row before were copied from there."""

    def matters(self, value: Any, one: Field, model: Model) -> bool:
        if isinstance(value, TELLING) and value in self.copied:
            return True
        if self.timed and one.type in ("DateTimeField", "DateField") and one.name != "last_login":
            return True
        return self.decides(one, model) or appears(value, self.text)

    def decides(self, one: Field, model: Model) -> bool:
        return self.deciding is None or one.attname in self.deciding.get(model.label, ())


def relevance(events: Sequence[Event], text: str, password: bool, timed: bool, facts: Facts) -> Relevance:
    queries = [event for event in events if isinstance(event, RowsRead)]
    read = frozenset((event.model, event.database) for event in queries if event.model)
    read |= {
        (str(label), event.database) for event in queries if event.supported for label in event.shape.get("tables", ())
    }  # of these all rows are known
    copied = {found for row in facts.born for value in row.values.values() if isinstance(found := bare(value), TELLING)}
    return Relevance(text, facts.deciding, password, read, timed, frozenset(copied))


def appears(value: Any, text: str) -> bool:
    """Whether a value can be recognised in a text."""
    if isinstance(value, datetime):
        return any(shown in text for shown in ways(value.date()))
    found = str(value)
    return len(found) > 2 and (found in text or found.replace("-", "") in text)


@lru_cache(maxsize=10_000)
def ways(day: date) -> tuple[str, ...]:
    """How pages show a day."""
    return tuple(day.strftime(form) for form in ("%Y-%m-%d", "%b. %d", "%B %d", "%-d %b"))


def worth(one: Field, value: Any, model: Model, relevance: Relevance) -> bool:
    """Whether a field is written out: it differs from what the model would give it, and is not incidental."""
    if one.kind != "column" or one.generated or lossy(value) or (one.parent_link and value is not None):
        return False
    found = bare(value)
    if "password" in one.name and model.field("last_login") is not None:
        return relevance.password
    if (
        one.auto_now
        or one.auto_now_add
        or (isinstance(one.default, Opaque) and one.type in ("DateTimeField", "DateField", "UUIDField"))
        or one.name == "last_login"
    ):
        return found is not None and relevance.matters(found, one, model)
    if isinstance(one.default, Opaque) and one.default.type in EMPTY:
        return found != EMPTY[one.default.type]
    if one.has_default:
        return type(bare(one.default)) is not type(found) or bare(one.default) != found
    return found is not None and not (found == "" and not one.unique and not one.null)


def plain(value: Any) -> Any:
    """A column's value as one writes it."""
    found = bare(value)
    return bytes(found) if isinstance(found, (memoryview, bytearray)) else found
