"""Moments and time zones as JSON, for the codec: naive text, a zone, a fold.

A zone is its key (`Europe/Berlin`), an offset from UTC in microseconds, `[offset, name]` when it bears a name, or None. Zones of known
libraries are asked for their offset; a `tzinfo` class of the application's own is not, because asking would run its code.
"""

import zoneinfo
from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import Any, TypeGuard

from unspan_proto.errors import NotEncoded

KNOWN_LIBRARIES = ("pytz", "dateutil", "psycopg2", "psycopg", "tzlocal")
MICROSECOND = timedelta(microseconds=1)


class ZoneNotCarried(Exception):
    """The moment's zone is of a class that may not be asked; `naive` is the moment without it."""

    def __init__(self, naive: object) -> None:
        super().__init__()
        self.naive = naive


def datetime_json(value: datetime) -> list[object]:
    naive = datetime.replace(value, tzinfo=None, fold=0)
    text, zone = datetime.isoformat(naive), value.tzinfo
    if zone is None or standard(zone):
        return [text, zone and zone_json(zone), value.fold]
    offset = foreign_offset(zone, value)
    if offset is None:
        raise ZoneNotCarried(datetime.replace(naive, fold=value.fold))
    return [text, *keyed(zone, naive, offset, value.fold)]


def datetime_from(plain: Any) -> datetime:
    naive, zone, fold = plain
    return datetime.fromisoformat(naive).replace(tzinfo=zone_from(zone), fold=fold)


def time_json(value: time) -> list[object]:
    naive, zone = time.replace(value, tzinfo=None, fold=0), value.tzinfo
    if zone is None or standard(zone):
        return [time.isoformat(naive), zone and zone_json(zone), value.fold]
    offset = foreign_offset(zone, None)
    if offset is None:
        raise ZoneNotCarried(time.replace(naive, fold=value.fold))
    return [time.isoformat(naive), offset // MICROSECOND, value.fold]


def time_from(plain: Any) -> time:
    naive, zone, fold = plain
    return time.fromisoformat(naive).replace(tzinfo=zone_from(zone), fold=fold)


def standard(zone: tzinfo) -> TypeGuard[timezone | zoneinfo.ZoneInfo]:
    """Whether it is one of the standard library's zones that its key or offset says everything about."""
    return type(zone) is timezone or (type(zone) is zoneinfo.ZoneInfo and zone.key is not None)  # type: ignore[comparison-overlap]


def zone_json(zone: timezone | zoneinfo.ZoneInfo) -> object:
    """A zone of the standard library."""
    if type(zone) is zoneinfo.ZoneInfo:
        return zone.key
    offset, *name = timezone.__getinitargs__(zone)  # type: ignore[attr-defined]
    microseconds: int = offset // MICROSECOND
    return [microseconds, *name] if name else microseconds


def foreign_offset(zone: tzinfo, at: datetime | None) -> timedelta | None:
    """The offset that a known library's zone has at a moment; None for a class that may not be asked, or that does not know."""
    module = type.__dict__["__module__"].__get__(type(zone))
    if type(module) is not str or module.partition(".")[0] not in (*KNOWN_LIBRARIES, "zoneinfo"):
        return None
    try:
        return zone.utcoffset(at)
    except Exception:
        return None


def keyed(zone: tzinfo, naive: datetime, offset: timedelta, fold: int) -> tuple[object, int]:
    """The zone's key with the fold that gives this offset, else the offset: pytz hangs other offsets on one key and knows no fold."""
    key = getattr(zone, "zone", None)
    if type(key) is str:
        try:
            found = zoneinfo.ZoneInfo(key)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return offset // MICROSECOND, fold
        for side in (fold, 1 - fold):
            if found.utcoffset(naive.replace(fold=side)) == offset:
                return key, side
    return offset // MICROSECOND, fold


def zone_from(plain: Any) -> tzinfo | None:
    if plain is None:
        return None
    if isinstance(plain, str):
        try:
            return zoneinfo.ZoneInfo(plain)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise NotEncoded(f"time zone {plain[:40]!r} is unknown on this machine") from None
    if isinstance(plain, list):
        offset, name = plain
        return timezone(timedelta(microseconds=offset), name)
    return timezone.utc if plain == 0 else timezone(timedelta(microseconds=plain))


def zone_value(plain: Any) -> tzinfo:
    found = zone_from(plain)
    if found is None:
        raise NotEncoded("a time zone without a name or offset")
    return found
