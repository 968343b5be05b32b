"""What the clocks told in either run, and which of its times stand for which: what lies between two of them differs as they do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded
from unspan_proto.span import Span

CLOCKS: Final = ("time.", "datetime.", "django.utils.timezone.")
MOST: Final = 20_000
"""So many pairs of times are kept."""


@dataclass(slots=True)
class Clocks:
    """`read`: all that clocks told in the first, in the second run; a clock that a test holds tells in the second what it told in the first."""

    read: tuple[frozenset[Any], frozenset[Any]]
    pairs: dict[datetime, datetime] = field(default_factory=dict[datetime, datetime])

    def note(self, a: datetime, b: datetime) -> None:
        """These two stand for each other."""
        if len(self.pairs) < MOST:
            self.pairs.setdefault(aware(a), aware(b))

    def told(self, a: object, b: object) -> bool:
        """Whether two numbers are what a clock told: `perf_counter()` counts from anywhere."""
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and a in self.read[0] and b in self.read[1]

    def same_length(self, a: timedelta, b: timedelta) -> bool:
        """Whether both are how long a time that stands for the other lies before, or after, what the clock told."""
        for sign in (1, -1):
            for now in self.read[0]:
                then = self.pairs.get(now - sign * a) if isinstance(now, datetime) and within(now, a) else None
                if then is not None and within(then, b) and then + sign * b in self.read[1]:
                    return True
        return False


def within(moment: datetime, length: timedelta) -> bool:
    """Whether a moment so long before or after can be told."""
    return abs(length) < min(moment - FIRST, LAST - moment)


FIRST: Final = datetime.min.replace(tzinfo=timezone.utc)
LAST: Final = datetime.max.replace(tzinfo=timezone.utc)


def clocks(first: Iterable[Span], second: Iterable[Span]) -> Clocks:
    before, after = frozenset(readings(first)), frozenset(readings(second))
    return Clocks((before, before | after))


def readings(spans: Iterable[Span]) -> Iterable[Any]:
    for span in spans:
        if span.what == v.TAPE and str(span.attributes.get(v.SOURCE, "")).startswith(CLOCKS):
            try:
                told = span.value(v.VALUE)
            except NotEncoded:
                continue
            if isinstance(told, datetime):
                yield aware(told)
            elif isinstance(told, (int, float)):
                yield told


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
