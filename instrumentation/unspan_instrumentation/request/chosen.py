"""Which requests are recorded: by their path, by a header of theirs, and how many of the rest."""

from fnmatch import fnmatchcase
from typing import Any, Final

from unspan_instrumentation.settings import OFF, Settings

ALL: Final = 1 << 64


def chosen(request: Any, trace_id: int, settings: Settings) -> bool:
    """Whether a request is to be recorded. A header that asks for it, or against it, decides before all else."""
    if settings.header:
        asked = request.META.get("HTTP_" + settings.header.upper().replace("-", "_"))
        if type(asked) is str:
            return asked.strip().lower() not in OFF
    return fits(str(request.path), settings.paths) and (settings.sample >= 1 or (trace_id & ALL - 1) < settings.sample * ALL)


def fits(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a path is among those of `globs`: not of one that begins with `!`, and of one of the others where there are any."""
    wanted = [one for one in globs if not one.startswith("!")]
    if any(fnmatchcase(path, one[1:]) for one in globs if one.startswith("!")):
        return False
    return not wanted or any(fnmatchcase(path, one) for one in wanted)
