"""The record of one value."""

import os
from functools import cache
from types import FrameType
from typing import Any, Final, NamedTuple

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.tapes import asking
from unspan_instrumentation.tapes.places import place

MOST_POSITIONS: Final = 1_000
"""Items of a sequence that are looked through for what was chosen of it."""


class Told(NamedTuple):
    """A value that the outside handed in. `found`: the objects by which the asking code may have named what it asked."""

    source: str
    value: Any
    found: tuple[Any, ...]
    always: bool = False
    """Whether it is recorded for every asker."""
    suffix: str = ""
    """What follows the place of the object: the method of an instance."""
    fallback: str = ""
    """The place where no name leads to the object."""
    positions: list[int] | None = None


def heard(recording: Recording, told: Told, asker: FrameType) -> bool:
    """Records a value for the code of the frame `asker`, or says that what this code asks is never recorded; never raises."""
    return quietly(recording, "a value from outside", note, recording, told, asker) is not False


def note(recording: Recording, told: Told, asker: FrameType) -> bool:
    code, space = asker.f_code, asker.f_globals
    module = str(space.get("__name__", ""))
    if not asking.recorded(told.source, module, code.co_filename, always=told.always):
        return False
    at = now()
    looked_up = place(code, asker.f_lasti, space, told.found, "" if told.suffix else told.source)
    attributes = {
        v.SOURCE: told.source,
        v.VALUE: freeze(told.value),
        v.FUNCTION: f"{module}.{code.co_qualname}",
        v.FILE: absolute(code.co_filename),
        v.LINE: asker.f_lineno or 0,
        v.LOOKED_UP: f"{looked_up}{told.suffix}" if looked_up else told.fallback,
    }
    if module == asking.DEFAULTS and (column := asking.column(code.co_name, module, asker.f_locals)):
        attributes[v.DEFAULT_OF] = column
    if told.positions is not None:
        attributes[v.POSITIONS] = told.positions
    recording.emit(v.TAPE, told.source, at, at, attributes)
    return True


absolute = cache(os.path.abspath)


def chosen(name: str, args: tuple[Any, ...], value: Any) -> list[int] | None:
    """The positions, in the list or tuple given, of what `choice`, `choices` or `sample` returned."""
    if name not in ("choice", "choices", "sample") or not args or type(args[0]) not in (list, tuple) or len(args[0]) > MOST_POSITIONS:
        return None
    return positions(args[0], [value] if name == "choice" else value)


def positions(given: Any, taken: Any) -> list[int] | None:
    """Where in `given` each of `taken` is, by identity; each place once as long as there is another."""
    where: dict[int, list[int]] = {}
    for position, item in enumerate(given):
        where.setdefault(id(item), []).append(position)
    found: list[int] = []
    for item in taken:
        places = where.get(id(item))
        if not places:
            return None
        found.append(places.pop(0) if len(places) > 1 else places[0])
    return found
