"""What the clock said, whatever way it was asked: one reading a tape, and the texts in which software writes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter.events import TapeRead

NOW: Final = "django.utils.timezone.now"
DATETIME: Final = ("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today")
TODAY: Final = "datetime.date.today"
CALENDAR: Final = ("time.localtime", "time.gmtime", "time.ctime", "time.asctime", "time.strftime")
STAMPS: Final = {"time.time": 1, "time.time_ns": 1_000_000_000}
"""Functions that count time since 1970, and how many to a second."""
WALL: Final = frozenset({NOW, *DATETIME, TODAY, *CALENDAR, *STAMPS})
"""What tells the time of day; other clocks measure how long something took."""
PAGES: Final = ("django.template.", "django.utils.timesince", "django.contrib.humanize.")
"""Django asks here for what the project's templates show."""
LOCAL: Final = ("django.utils.timezone.localtime", "django.utils.timezone.localdate", "django.views.generic.dates.")
"""Django asks here on behalf of whoever called."""
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Reading:
    """A moment that the clock told. `value` as it was told; `at` is the same with a zone, as exactly as is known."""

    tape: TapeRead
    value: Any
    at: datetime

    @property
    def source(self) -> str:
        return self.tape.source

    @property
    def local(self) -> bool:
        """Whether it was told in local time, and reads otherwise in UTC."""
        utc = self.at.astimezone(timezone.utc)
        if isinstance(self.value, datetime):
            return self.value.tzinfo is None and self.value != utc.replace(tzinfo=None)
        if self.source == TODAY:
            return self.value != utc.date()
        return self.source in CALENDAR and self.source != "time.gmtime"

    @property
    def zoned(self) -> bool:
        return isinstance(self.value, datetime) and self.value.tzinfo is not None


def readings(tapes: Iterable[TapeRead], project: Project) -> tuple[Reading, ...]:
    """All that the clock said, in order."""
    zone = spoken_zones(project)[-1]
    found = [(tape, bare(tape.value)) for tape in tapes if tape.source in WALL]
    return tuple(Reading(tape, value, at) for tape, value in found if (at := moment_of(tape, value, zone)) is not None)


def moment_of(tape: TapeRead, value: Any, zone: tzinfo) -> datetime | None:
    """When it was; of a value that does not say it exactly, when it was recorded. None for what no clock tells."""
    if isinstance(value, datetime):
        return aware(value, timezone.utc if tape.source.endswith("utcnow") else zone)
    if tape.source in STAMPS:
        if type(value) not in (int, float) or not 0 <= value / STAMPS[tape.source] < 1e11:
            return None
        return datetime.fromtimestamp(value / STAMPS[tape.source], timezone.utc)
    if tape.source == NOW or not isinstance(value, (date, str, tuple, list)):
        return None
    return datetime.fromtimestamp(tape.at / 1e9, timezone.utc)


def aware(value: datetime, zone: tzinfo) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=zone)


def own(tape: TapeRead) -> bool:
    """Whether the code that asked is the project's, or writes its pages: Django asks for sessions' sake on every request."""
    if tape.default_of:
        return False
    if tape.function.startswith((*PAGES, *LOCAL)):
        return True
    if tape.file:
        folders = tape.file.split("/")
        return "site-packages" not in folders and "dist-packages" not in folders and not tape.function.startswith("django.")
    return bool(tape.function) and tape.function.split(".", 1)[0] not in ("django", "rest_framework", "opentelemetry")


def measuring(told: Sequence[Reading]) -> set[str]:
    """The functions that ask for the time in seconds twice: at the beginning and the end of something, to log how long it took."""
    asked = [one.tape.function for one in told if one.source in STAMPS]
    return {function for function in asked if asked.count(function) == 2}


def spoken_zones(project: Project) -> list[tzinfo]:
    """The zones in which the project writes times."""
    zones: list[tzinfo] = [timezone.utc]
    try:
        zones.append(ZoneInfo(str(project.settings.get("TIME_ZONE") or "UTC")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    return zones


def texts(reading: Reading, at: datetime, zones: Sequence[tzinfo]) -> list[str]:
    """The texts in which software writes what this reading would have been at another time, `at`."""
    if isinstance(reading.value, datetime):
        return forms(at if reading.value.tzinfo else at.astimezone(zones[-1]).replace(tzinfo=None), zones)
    if reading.source in STAMPS:
        return stamps(at.timestamp(), exact=reading.value if at == reading.at else None)
    if type(reading.value) is date:
        return [at.astimezone(zones[-1]).date().isoformat()]
    return [reading.value] if isinstance(reading.value, str) and at == reading.at and len(reading.value) > 3 else []


def stamps(seconds: float, exact: int | float | None = None) -> list[str]:
    """Seconds since 1970 as software writes them: whole or not, in milliseconds, and in the letters of Django's signatures."""
    return [repr(exact if type(exact) is float else seconds), str(int(seconds)), f":{letters(int(seconds))}:"]


def letters(number: int) -> str:
    found = ""
    while number > 0:
        number, digit = divmod(number, 62)
        found = DIGITS[digit] + found
    return found


def forms(value: datetime, zones: Sequence[tzinfo]) -> list[str]:
    """The texts in which software writes a moment precisely enough to know it again."""
    found: list[str] = []
    for zone in zones if value.tzinfo else zones[:1]:
        local = value.astimezone(zone) if value.tzinfo else value
        iso = local.isoformat()
        found += [iso, iso.replace("+00:00", "Z"), str(local), iso[:26]]
        if local.microsecond:
            short = iso[:23] + iso[26:]
            found += [short, short.replace("+00:00", "Z"), iso[:23]]
    return found


def away(value: datetime, at: datetime) -> timedelta | None:
    """How far a moment is from a reading when it was reckoned from it: by whole seconds, the fraction the same."""
    return value - at if value.microsecond == at.microsecond != 0 else None
