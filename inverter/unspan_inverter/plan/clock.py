"""The clock of the test: whether the request depended on the time, which moment it is set to, and what that makes of recorded values and texts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import Opaque, bare

from unspan_inverter.events import Event, Exchange, RowsDeleted, RowsRead, RowsUpdated, TapeRead
from unspan_inverter.facts import Facts
from unspan_inverter.facts.ledger import SESSIONS
from unspan_inverter.plan.expressions import Name, Sum, method
from unspan_inverter.plan.packed import expires
from unspan_inverter.plan.readings import (
    DATETIME,
    NOW,
    STAMPS,
    TODAY,
    Reading,
    aware,
    away,
    forms,
    measuring,
    own,
    readings,
    spoken_zones,
    texts,
)

MOMENT = Name("moment")
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.(?:\d{6}|\d{3})(?:Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class Clock:
    """`moment`: what the clock is set to while the request is made, None when time does not matter. `readings`: all that it said."""

    moment: datetime | None
    readings: tuple[Reading, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    library: str = ""
    """The project's own library that holds every way to the time: `time-machine`, `freezegun`, or none."""
    zones: tuple[tzinfo, ...] = (timezone.utc,)
    mattering: tuple[Reading, ...] = ()
    """Those that the request depended on."""
    moving: bool = False
    """Whether the clock has to go on as it did, and not stand still: rows that are told apart by their times were made one after the other."""

    compared: bool = False
    """Whether the project's code asked for the time and did not show, store or look for what it was told: it compared or reckoned with it."""

    stored: bool = False
    """Whether all that was done with it was to store it in rows: where nothing says so in the test, any time is as good."""

    @property
    def kept(self) -> str:
        """The function that asks for the time by no name that a test could patch; empty where there is none."""
        lost = (
            one
            for one in self.mattering
            if one.tape.looked_up == "" and one.source not in (NOW, TODAY, DATETIME[2]) and not one.tape.default_of
        )
        return next((one.tape.function for one in lost if not self.library), "")

    @property
    def whole(self) -> bool:
        """Whether every way to the time is held, not only the lookup of Django's function."""
        return bool(self.library)

    @property
    def at(self) -> datetime:
        """The moment, with its zone."""
        assert self.moment is not None
        return aware(self.moment, self.zones[-1])

    def text(self, recorded: str) -> str:
        """A recorded text as it will be with the clock standing at the moment."""
        if self.moment is None or self.moving:
            return recorded
        for old, new in self.replacements:
            recorded = recorded.replace(old, new)
        return MOMENTS.sub(lambda found: self.reckoned(found[0]), recorded)

    def reckoned(self, text: str) -> str:
        """A moment as it is written, where it was reckoned from another reading than the one that the clock stands at."""
        found = parsed(text)
        if not isinstance(found, datetime):
            return text
        zoned = found if found.tzinfo and re.search(r"(Z|[+-]\d\d:?\d\d)$", text) else None
        for reading in self.readings:
            at = reading.at if zoned else reading.at.astimezone(self.zones[-1]).replace(tzinfo=None)
            moment = self.at if zoned else self.at.astimezone(self.zones[-1]).replace(tzinfo=None)
            value = zoned or found.replace(tzinfo=None)
            digits = 6 if re.search(r"\.\d{6}", text) else 3
            step = 10 ** (6 - digits)
            if value.microsecond // step == at.microsecond // step not in (0, moment.microsecond // step):
                fraction = f".{moment.microsecond // step:0{digits}d}"
                whole = value.replace(microsecond=0) + (moment.replace(microsecond=0) - at.replace(microsecond=0))
                return f"{whole:%Y-%m-%d}{text[10]}{whole:%H:%M:%S}{fraction}{text[20 + digits :]}"
        return text

    def reads(self, value: Any) -> bool:
        """Whether the value is what the clock said at some time of the request."""
        return isinstance(value, datetime) and any(
            same(value, one.value) or same(aware(value, self.zones[-1]), one.at) for one in self.readings
        )

    def expression(self, value: datetime) -> Any:
        """What a value is in the test that the clock said, or that was reckoned from what it said; None for any other."""
        if self.moment is None:
            return None
        plain = (value.tzinfo is None) == (self.moment.tzinfo is None)
        zoned = aware(value, self.zones[-1])
        for one in self.readings:
            if same(zoned, one.at):
                apart = zoned - self.at if self.moving else timedelta(0)
            else:
                apart = away(zoned, self.at if self.moving else one.at)
            if apart is not None and plain:
                return Sum(MOMENT, apart) if apart else MOMENT
            if apart is not None:
                return value + (self.at + apart - zoned)
            if plain and zoned == one.at.replace(microsecond=0):
                return method(MOMENT, "replace", microsecond=0)
        return None

    def holds(self, one: Field) -> bool:
        """Whether a column gets its time by a way that the test holds: a default keeps Django's own function for itself."""
        return self.whole or not keeps_the_clock(one)

    def guesses(self, value: Any) -> bool:
        """Whether the value is a date that the clock may have given."""
        return type(value) is date and any(value == one.value or value == one.at.date() for one in self.readings)


def same(one: Any, other: Any) -> bool:
    """Whether two moments are the same; one with a zone is none without."""
    return isinstance(other, datetime) and (one.tzinfo is None) == (other.tzinfo is None) and one == other


def clock(events: Sequence[Event], exchange: Exchange, facts: Facts, project: Project) -> Clock:
    """The clock that this request needs."""
    told = readings((event for event in events if isinstance(event, TapeRead)), project)
    zones = tuple(spoken_zones(project))
    matter = Mattering(events, exchange, facts, zones, measuring(told))
    ranked = [
        [one for one in told if test(one)]
        for test in (matter.shown, matter.asked, matter.written, matter.bound, matter.dated, matter.expires)
    ]
    first = next((one for some in ranked for one in some), None)
    if first is None:
        return Clock(None, told, zones=zones)
    moment = first.value if first.source == NOW else settled(first.at, zones, bool(project.settings.get("USE_TZ", True)))
    at = aware(moment, zones[-1])
    others = [one for one in told if one.at != at]
    pairs = [pair for one in others for pair in zip(texts(one, one.at, zones), texts(one, at, zones), strict=False) if pair[0] != pair[1]]
    mattering = tuple(one for one in told if any(one in some for some in ranked))
    shown, asked, _, bound, dated, expiring = ranked
    stored = not (shown or asked or bound or dated or expiring)
    early = before_rows(events)
    compared = any(
        not (matter.shown(one) or matter.written(one) or matter.bound(one) or (one.source in STAMPS and one.tape.span in early))
        for one in asked
    )
    return Clock(
        moment, told, tuple(dict.fromkeys(pairs)), library(project, mattering), zones, mattering, apart(facts, told), compared, stored
    )


def before_rows(events: Iterable[Event]) -> set[str]:
    """The spans of readings that the code took before it had any row: a number of seconds told by then was compared with what came in."""
    found: set[str] = set()
    for event in events:
        if isinstance(event, RowsRead) and event.own:
            break
        if isinstance(event, TapeRead):
            found.add(event.span)
    return found


def library(project: Project, mattering: Iterable[Reading]) -> str:
    """freezegun adds the distance of local time to zoned readings too: it cannot hold both."""
    told = list(mattering)
    mixed = any(one.local for one in told) and any(one.zoned for one in told)
    return next((name for name in ("time-machine", *(() if mixed else ("freezegun",))) if name in project.packages), "")


def settled(at: datetime, zones: Sequence[tzinfo], with_zone: bool) -> datetime:
    """A moment as the project has them: with a zone, or in its own one."""
    return at.astimezone(timezone.utc) if with_zone else at.astimezone(zones[-1]).replace(tzinfo=None)


class Mattering:
    """Why a reading of the clock may have mattered to a request."""

    def __init__(self, events: Sequence[Event], exchange: Exchange, facts: Facts, zones: Sequence[tzinfo], measured: set[str]) -> None:
        self.exchange, self.zones, self.measured = exchange, zones, measured
        self.parameters = {value for value in parameters(events) if isinstance(value, datetime)}
        self.moments = set(datetimes(facts))
        self.days = set(dates(facts))
        self.expiring = expires("\n".join([*(value for _, value in exchange.headers), exchange.body.decode("utf-8", "replace")]))

    def shown(self, one: Reading) -> bool:
        if type(one.value) is date and not own(one.tape):
            return False
        return any(form in self.exchange.text or in_headers(form, self.exchange) for form in texts(one, one.at, self.zones))

    def asked(self, one: Reading) -> bool:
        mine = own(one.tape) or one.tape.function == self.exchange.view  # what a test calls is the project's, wherever it lies
        return mine and one.tape.function not in self.measured

    def written(self, one: Reading) -> bool:
        return not self.moments.isdisjoint(moments_of(one))

    def bound(self, one: Reading) -> bool:
        return not self.parameters.isdisjoint(moments_of(one))

    def dated(self, one: Reading) -> bool:
        return (one.value if type(one.value) is date else one.value.date() if isinstance(one.value, datetime) else None) in self.days

    def expires(self, one: Reading) -> bool:
        """Whether a library asked that may have looked whether a token which came with the request is still good."""
        return self.expiring and bool(one.tape.looked_up) and not one.tape.function.startswith("django.")


def moments_of(one: Reading) -> set[datetime]:
    """A reading as it may stand in a column."""
    return {one.at, one.value} if isinstance(one.value, datetime) else {one.at}


def apart(facts: Facts, told: Sequence[Reading]) -> bool:
    """Whether several rows of a model got different times in the same column: with the clock standing, any order of them were right."""
    said = {one.at for one in told}
    seen: dict[tuple[str, str], set[datetime]] = {}
    for row in facts.born:
        for name, value in row.values.items():
            found = bare(value)
            if isinstance(found, datetime) and aware(found, timezone.utc) in said:
                seen.setdefault((row.label, name), set()).add(found)
    return any(len(times) > 1 for times in seen.values())


def keeps_the_clock(one: Field) -> bool:
    """Whether a column has a function of the clock for its default, and keeps it."""
    return isinstance(one.default, Opaque) and one.default.type in (NOW, *DATETIME[:2])


def shown_defaults(time: Clock, facts: Facts, text: str, project: Project) -> Iterator[tuple[Model, Field]]:
    """Columns with `default=timezone.now` whose time the answer shows, or that has to go on."""
    zones = spoken_zones(project)
    done: set[tuple[str, str]] = set()
    for row in facts.born if time.moment is not None and (time.moving or not time.whole) else ():
        model = project.model(row.label)
        for one in model.fields if model else ():
            value = bare(row.values.get(one.attname))
            if not (
                model and isinstance(value, datetime) and keeps_the_clock(one) and (row.label, one.name) not in done and time.reads(value)
            ):
                continue
            if time.moving or any(form in text for form in forms(value, zones)):
                done.add((row.label, one.name))
                yield model, one


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
