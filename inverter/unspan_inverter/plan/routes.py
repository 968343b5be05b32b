"""The project's URL patterns: which one a path matches, and whether `reverse()` gives the path back."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from unspan_proto.project import Project, Route

PARAMETER = re.compile(r"<(?:(?P<converter>[^<>:]+):)?(?P<name>[^<>:]+)>")
ANCHOR = re.compile(r"(?<![\[\\])\^")
"""Not the `^` of `[^/]`."""
CONVERTERS = {
    "int": "[0-9]+",
    "slug": "[-a-zA-Z0-9_]+",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "path": ".+",
    "str": "[^/]+",
}


@lru_cache(maxsize=2048)
def regex(pattern: str) -> re.Pattern[str] | None:
    """A route's pattern, of `path()` parts, `re_path()` parts or both, as a regular expression; None where it cannot be understood."""
    plain = not any(mark in pattern for mark in ("^", "(?", "\\", "$"))
    made, at = "", 0
    for found in PARAMETER.finditer(pattern):
        if pattern[: found.start()].endswith("(?P"):
            continue
        between = pattern[at : found.start()]
        made += (re.escape(between) if plain else between) + f"(?P<{found['name']}>{CONVERTERS.get(found['converter'] or 'str', '[^/]+')})"
        at = found.end()
    made += re.escape(pattern[at:]) if plain else pattern[at:]
    try:
        return re.compile(ANCHOR.sub("", made).replace(r"\Z", "").removesuffix("$"))
    except re.error:
        return None


def resolved(path: str, project: Project) -> tuple[Route, Sequence[str]] | None:
    """The named route that this path (percent-decoded) leads to and the texts of its parameters in order, if `reverse()` can make it again."""
    if not path.startswith("/"):
        return None
    for route in project.routes:
        pattern = regex(route.pattern)
        found = pattern.fullmatch(path[1:]) if pattern is not None else None
        if found is not None:
            texts = [found[name] for name in route.parameters if name in found.groupdict()]
            unnamed = pattern is not None and pattern.groups > 0 == len(pattern.groupindex)
            return (route, texts) if usable(route, project) and None not in texts and not unnamed else None
    return None


def usable(route: Route, project: Project) -> bool:
    """Whether `reverse(name)` means this pattern: named, and no other one of that name and number of parameters."""
    if not route.name or (regex(route.pattern) is None and "(" in route.pattern):
        return False
    same = [other for other in project.routes if other.name == route.name and len(other.parameters) == len(route.parameters)]
    return len(same) == 1


def as_argument(text: str, converter: str) -> Any:
    """A parameter's text as the value a developer would write for it."""
    return int(text) if converter == "int" and text.isdecimal() and str(int(text)) == text else text
