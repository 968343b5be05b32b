"""The clock of the test: whether the request depended on the time, which moment it is set to, and what that makes of recorded texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import Opaque, bare

from unspan_inverter.events import Event, Exchange, RowsDeleted, RowsRead, RowsUpdated, TapeRead
from unspan_inverter.facts import Facts
from unspan_inverter.facts.ledger import SESSIONS

NOW = "django.utils.timezone.now"


@dataclass(frozen=True, slots=True)
class Clock:
    """`moment`: what the clock is set to while the request is made, None when time does not matter. `readings`: all values it gave."""

    moment: datetime | None
    readings: tuple[datetime, ...]
    replacements: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    """Whether every way to the time is held, not only the lookup of Django's function."""

    def text(self, recorded: str) -> str:
        """A recorded text as it will be with the clock standing at the moment."""
        for old, new in self.replacements:
            recorded = recorded.replace(old, new)
        return recorded

    def reads(self, value: Any) -> bool:
        """Whether the value is what the clock said at some time of the request."""
        return isinstance(value, datetime) and value in self.readings

    def holds(self, one: Field) -> bool:
        """Whether a column gets its time by a way that the test holds: a default keeps Django's own function for itself."""
        return self.whole or not defaults_to_now(one)

    def guesses(self, value: Any) -> bool:
        """Whether the value is a date that the clock may have given."""
        return type(value) is date and any(value == reading.date() for reading in self.readings)


def clock(events: Sequence[Event], exchange: Exchange, facts: Facts, project: Project) -> Clock:
    """The clock that this request needs."""
    tapes = [event for event in events if isinstance(event, TapeRead) and event.source == NOW]
    readings = tuple(value for tape in tapes if isinstance(value := bare(tape.value), datetime))
    zones = spoken_zones(project)
    shown = [value for value in readings if any(form in exchange.text or in_headers(form, exchange) for form in forms(value, zones))]
    asked_for = {value for value in parameters(events) if isinstance(value, datetime)}
    bound = [value for value in readings if value in asked_for]
    written = [value for value in readings if value in set(datetimes(facts))]
    dated = [value for value in readings if any(value.date() == found for found in dates(facts))]
    asked = [value for tape in tapes if is_own(tape.function) and isinstance(value := bare(tape.value), datetime)]
    moment = next(iter([*shown, *asked, *written, *bound, *dated]), None)
    if moment is None:
        return Clock(None, readings)
    pairs = [pair for value in readings if value != moment for pair in zip(forms(value, zones), forms(moment, zones), strict=True)]
    return Clock(moment, readings, tuple(dict.fromkeys(pairs)), "time-machine" in project.packages)


def defaults_to_now(one: Field) -> bool:
    return isinstance(one.default, Opaque) and one.default.type == NOW


def shown_defaults(time: Clock, facts: Facts, text: str, project: Project) -> Iterator[tuple[Model, Field]]:
    """Columns with `default=timezone.now` whose time the answer shows."""
    zones = spoken_zones(project)
    done: set[tuple[str, str]] = set()
    for row in facts.born if time.moment is not None and not time.whole else ():
        model = project.model(row.label)
        for one in model.fields if model else ():
            value = bare(row.values.get(one.attname))
            if not (
                model and isinstance(value, datetime) and defaults_to_now(one) and (row.label, one.name) not in done and time.reads(value)
            ):
                continue
            if any(form in text for form in forms(value, zones)):
                done.add((row.label, one.name))
                yield model, one


def is_own(function: str) -> bool:
    """Whether the code that asked is the project's: Django asks for sessions' sake on every request."""
    return bool(function) and function.split(".", 1)[0] not in ("django", "rest_framework", "opentelemetry")


def in_headers(form: str, exchange: Exchange) -> bool:
    return any(form in value for _, value in exchange.response_headers)


def parameters(events: Iterable[Event]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, (RowsRead, RowsUpdated, RowsDeleted)) and (event.model or "").lower() != SESSIONS:
            for value in event.parameters:
                found = bare(value)
                yield parsed(found) if isinstance(found, str) else found


def parsed(value: str) -> Any:
    """A datetime that a backend binds as text (SQLite), in UTC."""
    if len(value) < 19 or not value[:4].isdigit():
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def datetimes(facts: Facts) -> Iterator[Any]:
    for values in after(facts):
        yield from (value for value in map(bare, values.values()) if isinstance(value, datetime))


def dates(facts: Facts) -> Iterator[Any]:
    for values in after(facts):
        yield from (value for value in map(bare, values.values()) if type(value) is date)


def after(facts: Facts) -> Iterator[Any]:
    yield from (row.values for row in facts.born)
    yield from (row.after for row in facts.changed)


def spoken_zones(project: Project) -> list[tzinfo]:
    """The zones in which the project writes times."""
    zones: list[tzinfo] = [timezone.utc]
    try:
        zones.append(ZoneInfo(str(project.settings.get("TIME_ZONE") or "UTC")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    return zones


def forms(value: datetime, zones: Sequence[tzinfo]) -> list[str]:
    """The texts in which software writes a moment precisely enough to know it again."""
    found: list[str] = []
    for zone in zones:
        local = value.astimezone(zone) if value.tzinfo else value
        iso = local.isoformat()
        found += [iso, iso.replace("+00:00", "Z"), str(local), iso[:26]]
        if local.microsecond:
            short = iso[:23] + iso[26:]
            found += [short, short.replace("+00:00", "Z"), iso[:23]]
    return found
