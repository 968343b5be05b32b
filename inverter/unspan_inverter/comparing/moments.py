"""Times of two runs: whether one stands for the other, as a moment, a length of time, or a word that was written of one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from math import gcd
from typing import Final
from zoneinfo import ZoneInfo

SLACK: Final = 2.0
"""Seconds by which the same moment of two runs may be apart, beside their own length."""
ARRANGING: Final = 120.0
"""Seconds before its request in which a test makes its rows."""
TICK: Final = 0.05
"""Seconds by which a clock that a test holds may be beside the recorded one."""
EPOCH: Final = 1_000_000_000.0
"""Numbers above it are taken for seconds since 1970 (2001), or thousandths of them."""
WORDS: Final = ("%Y", "%y", "%m", "%d", "%H", "%I", "%M", "%S", "%b", "%B", "%a", "%A", "%p", "%j")
"""How `strftime` writes the parts of a moment."""


@dataclass(frozen=True, slots=True)
class Run:
    """When one run began and ended: seconds since 1970."""

    began: float
    ended: float

    @property
    def length(self) -> float:
        return max(self.ended - self.began, 0.0)


@dataclass(frozen=True, slots=True)
class Moments:
    """The times of two runs. A clock that the test holds shows the first run's time in the second."""

    first: Run
    second: Run
    zone: str = "UTC"

    def same_moment(self, a: float, b: float) -> bool:
        """Seconds since 1970: equally far from the beginning of both runs, or no further apart than the first run was long."""
        slack = max(self.first.length, self.second.length) + SLACK
        return abs((a - self.first.began) - (b - self.second.began)) <= slack or abs(a - b) <= self.first.length + TICK

    def same(self, a: object, b: object) -> bool:
        """Whether two values of one type are the same time of two runs."""
        if isinstance(a, datetime) and isinstance(b, datetime):
            return (a.tzinfo is None) == (b.tzinfo is None) and (self.same_moment(seconds(a), seconds(b)) or self.by_default(a, b))
        if isinstance(a, date) and isinstance(b, date) and not isinstance(a, datetime):
            days = (datetime.fromtimestamp(self.second.began, timezone.utc) - datetime.fromtimestamp(self.first.began, timezone.utc)).days
            return abs((b - a).days - days) <= 1 and days != 0
        if isinstance(a, timedelta) and isinstance(b, timedelta):
            return self.same_length(a.total_seconds(), b.total_seconds())
        if isinstance(a, float) and isinstance(b, float):
            return self.same_number(a, b)
        return isinstance(a, int) and isinstance(b, int) and a > EPOCH < b and self.same_number(float(a), float(b))

    def by_default(self, a: datetime, b: datetime) -> bool:
        """Whether `b` is when the second run's row was made, which was made long before the first: a test leaves times to their defaults that nothing hangs on."""
        held = abs(self.second.began - self.first.began) <= SLACK  # the request's clock; rows are made by the true one
        made = 0 <= self.second.began - seconds(b) <= ARRANGING or (held and seconds(b) > self.first.ended)
        return bool(b.microsecond) and seconds(a) < self.first.began and made

    def same_number(self, a: float, b: float) -> bool:
        for unit in (1.0, 1e3, 1e6, 1e9):
            if a > EPOCH * unit < b and (self.same_moment(a / unit, b / unit) or self.same_window(a / unit, b / unit)):
                return True
        return self.same_length(a, b) or self.same_length(a / 1e3, b / 1e3)

    def same_window(self, a: float, b: float) -> bool:
        """Whether both runs fell into windows of one length that begin at these whole seconds: what counts requests by the minute cuts times so."""
        if not (a.is_integer() and b.is_integer()):
            return False
        length = gcd(int(a), int(b))
        runs = ((a, self.first), (b, self.second))
        return all(at <= run.ended and run.began < at + length for at, run in runs)

    def same_length(self, a: float, b: float) -> bool:
        """Seconds that passed within each run."""
        return 0 <= a <= self.first.length and 0 <= b <= self.second.length and not (float(a).is_integer() and float(b).is_integer())

    def same_words(self, a: str, b: str) -> bool:
        """Whether two words write the same part of both beginnings: `Nov` and `Feb`, `14` and `09`."""
        zones = {"UTC", self.zone}
        return any((a, b) in written(self.first.began, self.second.began, zone) for zone in zones)


def seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def written(first: float, second: float, zone: str) -> set[tuple[str, str]]:
    """The parts of two moments as texts, part by part."""
    try:
        here = ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        here = ZoneInfo("UTC")
    one, other = (datetime.fromtimestamp(at, here) for at in (first, second))
    found = {(one.strftime(part), other.strftime(part)) for part in WORDS}
    return found | {(a.lstrip("0"), b.lstrip("0")) for a, b in found}
