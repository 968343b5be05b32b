"""How the clock is held while the request is made: by the project's own library, else at the names under which the request asked for the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from unspan_proto.project import Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan.clock import MOMENT, Clock, shown_defaults
from unspan_inverter.plan.expressions import Attr, Call, Context, Function, Import, Name, call, method
from unspan_inverter.plan.readings import DATETIME, NOW, TODAY, Reading, own

PATCH: Final = Attr(Import("unittest", "mock"), "patch")
MODULE: Final = "django.utils.timezone.datetime"
"""What `timezone.now` itself asks: held here, it is held for those too who keep the function for themselves."""
CLOCK: Final = Name("clock_at")
CLOCK_AT: Final = '''
def clock_at(moment):
    """Makes a `datetime` that is the real one in everything but the time that it tells."""

    class Kind(type):
        def __instancecheck__(cls, instance):
            return isinstance(instance, datetime)

    class Clock(datetime, metaclass=Kind):
        def __new__(cls, *args, **kwargs):
            return datetime(*args, **kwargs)

        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz) if tz else moment.astimezone().replace(tzinfo=None)

        @classmethod
        def utcnow(cls):
            return cls.now(timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls):
            return cls.now()

    return Clock
'''


@dataclass(frozen=True, slots=True)
class Held:
    """The contexts in which the clock is held, and the functions that they use."""

    contexts: tuple[Context, ...] = ()
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """A name under which the time is asked, and what is there in the test: another object, or the same that returns this."""

    place: str
    value: Any
    replaced: bool = False


def held(time: Clock, facts: Facts, exchange: Exchange, project: Project) -> Held:
    if time.moment is None:
        return Held()
    if time.library:
        going_on = [moving(NOW, time)] if time.moving else []
        return Held((Context(travel(time)), *going_on, *columns(time, facts, exchange, project)))
    found = {door.place: door for door in reversed(list(doors(time)))}
    contexts = [patched(door, time) for door in reversed(list(found.values()))]
    functions = (CLOCK_AT,) if any(door.replaced for door in found.values()) else ()
    return Held((*contexts, *columns(time, facts, exchange, project)), functions)


def travel(time: Clock) -> Call:
    """The library's own context. time-machine takes on the zone of a moment in UTC, but none of one in local time; freezegun knows no zones:
    the distance of local time is told.
    """
    assert time.moment is not None
    local = any(one.local for one in time.mattering)
    if time.library == "time-machine":
        moment = MOMENT if time.moment.tzinfo and not local else method(MOMENT, "astimezone")
        return Call(Attr(Import("time_machine"), "travel"), (moment,), (("tick", False),))
    offset = time.moment.astimezone(time.zones[-1]).utcoffset() if time.moment.tzinfo else None
    return Call(Import("freezegun", "freeze_time"), (MOMENT,), (("tz_offset", offset),) if offset and local else ())


def doors(time: Clock) -> Iterator[Door]:
    """Where the request asked for the time."""
    for one in time.mattering:
        place = one.tape.looked_up
        if one.tape.default_of and one.source not in (TODAY, DATETIME[2]):
            continue
        if one.source == NOW:
            yield Door(MODULE, call(CLOCK, MOMENT), True) if place == "" and own(one.tape) else Door(place or NOW, MOMENT)
        elif one.source in (TODAY, DATETIME[2]):  # written in C, they ask the function `time.time`
            yield Door("time.time", method(MOMENT, "timestamp"))
        elif place and one.source == "time.strftime":  # the format stays the application's
            local = method(method(MOMENT, "astimezone"), "timetuple")
            yield Door(place, Function("form", call(Import("time", "strftime"), Name("form"), local), "when"), True)
        elif place:
            yield Door(place, call(CLOCK, MOMENT), True) if one.source in DATETIME else Door(place, told(one, time))


def told(one: Reading, time: Clock) -> Any:
    """What a function of `time` returns at the moment."""
    if one.source == "time.time":
        return method(MOMENT, "timestamp")
    if one.source == "time.time_ns":
        return (time.at - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1) * 1000
    return one.value if isinstance(one.value, str) else call(Import("time", "struct_time"), tuple(one.value))


def patched(door: Door, time: Clock) -> Context:
    if time.moving and door.value == MOMENT:
        return moving(door.place, time)
    return Context(Call(PATCH, (door.place, door.value)) if door.replaced else Call(PATCH, (door.place,), (("return_value", door.value),)))


def moving(place: str, time: Clock) -> Context:
    """The clock tells what it told, one after the other, and the last one from then on."""
    values = [one for one in time.readings if one.source == NOW and not one.tape.default_of and (one.tape.looked_up or NOW) == place]
    return Context(Call(PATCH, (place,), (("side_effect", one_by_one(values, time)),)))


def one_by_one(values: list[Reading], time: Clock) -> Any:
    said = [time.expression(one.value) for one in values] or [MOMENT]
    return call(Import("itertools", "chain"), said, call(Import("itertools", "repeat"), said[-1]))


def columns(time: Clock, facts: Facts, exchange: Exchange, project: Project) -> Iterator[Context]:
    """Columns that keep Django's function as their default."""
    for model, one in shown_defaults(time, facts, exchange.text, project):
        column = method(Attr(Import(model.module, model.name), "_meta"), "get_field", one.name)
        values = [found for found in time.readings if found.tape.default_of == f"{model.label}.{one.attname}"] if time.moving else []
        how = ("side_effect", one_by_one(values, time)) if values else ("return_value", MOMENT)
        yield Context(Call(Attr(PATCH, "object"), (column, "get_default"), (how,)))
