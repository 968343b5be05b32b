"""Who asks for a value from outside, and whether that is recorded: decided once per module and file."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal

from unspan_instrumentation.calls.disposition import OURS, Project, matching, roots
from unspan_instrumentation.settings import active

Asker = Literal["project", "library", "django", "nobody"]
WATCHERS: Final = frozenset({*OURS, "opentelemetry", "wrapt", "grpc", "google"})
"""Packages that work for the recording, and ask for its sake."""
TELLS_TIME: Final = frozenset({"time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"})  # fmt: skip
"""The time of day: what libraries ask of it ends up in what the project stores, signs and shows. Other clocks measure how long something took."""
QUIET: Final = ("django.utils.timezone", "django.core.cache", "django.db.backends", "django.dispatch", "django.utils.autoreload")
"""Modules of Django's that ask for the time for their own sake; `timezone.now` is recorded itself."""
DEFAULTS: Final = "django.db.models.fields"


def recorded(source: str, module: str, filename: str, *, always: bool = False) -> bool:
    """Whether a value from `source` is recorded when code of this module, in this file, asks. `always`: whoever asks, but ourselves."""
    who = asker(module, filename)
    if who == "project":
        return True
    if who == "nobody":
        return always and module.partition(".")[0] not in WATCHERS
    if always or source in TELLS_TIME:
        return always or not module.startswith(QUIET)
    return not source.startswith("time.") and (who == "library" or module.startswith(DEFAULTS))


@cache
def asker(module: str, filename: str) -> Asker:
    """Whose code it is. The standard library, which asks on behalf of whom it cannot be told, is nobody's."""
    settings = active()
    package = module.partition(".")[0]
    if package in WATCHERS or matching(module, settings.exclude):
        return "nobody"
    if matching(module, settings.include) or project().placed(filename)[0]:
        return "project"
    if package == "django":
        return "django"
    return "nobody" if filename.startswith("<") or standard(os.path.dirname(os.path.abspath(filename))) else "library"


@cache
def standard(folder: str) -> bool:
    """Whether a folder is the standard library's."""
    paths = sysconfig.get_paths()
    roots = [os.path.abspath(paths[name]) for name in ("stdlib", "platstdlib")]
    inside = any(folder == root or folder.startswith(root + os.sep) for root in roots)
    return inside and not any(part in ("site-packages", "dist-packages") for part in folder.split(os.sep))


@cache
def project() -> Project:
    from django.conf import settings  # in the user's process Django comes when the application brings it

    given = active()
    folders = roots(getattr(settings, "SETTINGS_MODULE", None), sys.argv, getattr(settings, "BASE_DIR", None))
    return Project(folders, given.include, given.exclude)


def column(code_name: str, module: str, variables: Mapping[str, Any]) -> str:
    """`app.Model.attname` of the column whose default Django asks in this frame; empty in any other."""
    if module != DEFAULTS or code_name != "get_default":
        return ""
    state = object.__getattribute__(variables["self"], "__dict__")
    model = state.get("model")
    options = None if model is None else type.__dict__["__dict__"].__get__(model).get("_meta")
    return f"{options.label}.{state['attname']}" if options is not None else ""
