"""The project's URL patterns: which one a path matches, and whether `reverse()` gives the path back."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from unspan_proto.project import Project, Route

PARAMETER = re.compile(r"<(?:(?P<converter>[^<>:]+):)?(?P<name>[^<>:]+)>")
CONVERTERS = {
    "int": "[0-9]+",
    "slug": "[-a-zA-Z0-9_]+",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "path": ".+",
    "str": "[^/]+",
}


@lru_cache(maxsize=2048)
def regex(pattern: str) -> re.Pattern[str] | None:
    """A `path()` pattern as a regular expression; None for one that is a regular expression already, or cannot be understood."""
    if "^" in pattern or "(?" in pattern or "\\" in pattern or pattern.endswith("$"):
        return None
    made, at = "", 0
    for found in PARAMETER.finditer(pattern):
        made += re.escape(pattern[at : found.start()]) + f"(?P<{found['name']}>{CONVERTERS.get(found['converter'] or 'str', '[^/]+')})"
        at = found.end()
    try:
        return re.compile(made + re.escape(pattern[at:]) + r"\Z")
    except re.error:
        return None


def resolved(path: str, project: Project) -> tuple[Route, Sequence[str]] | None:
    """The named route that this path (percent-decoded) leads to and the texts of its parameters in order, if `reverse()` can make it again."""
    prefix = "/"
    if not path.startswith(prefix):
        return None
    for route in project.routes:
        found = match(route, path[len(prefix) :])
        if found is not None:
            return (route, found) if usable(route, project) else None
    return None


def match(route: Route, path: str) -> Sequence[str] | None:
    """The texts of the parameters where the route's pattern is this path, else None."""
    pattern = regex(route.pattern)
    if pattern is not None:
        found = pattern.match(path)
        return None if found is None else [found[name] for name in route.parameters if name in found.groupdict()]
    plain = re.fullmatch(r"\^?([\w/.-]*?)\$?", route.pattern.replace("^", "").replace("\\Z", "").replace("\\.", "."))
    if plain is not None:
        return [] if plain[1] == path else None
    try:
        return None if not re.match(route.pattern.replace("^", ""), path) else ["?"]
    except re.error:
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
