"""Under which other circumstances a test is run again: one small function each, which gives the command, or says why it cannot be tried."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter import interpreters
from unspan_inverter.proving.probes import WARM
from unspan_inverter.runners import Run

ANOTHER_DATABASE: Final = "on another database"
MOVED: Final = "unspan_other_database"
"""The module of settings that puts the project on the other database."""
SPECIAL_APPS: Final = ("django.contrib.postgres", "django.contrib.gis")
SPECIAL_FIELDS: Final = frozenset(
    {
        "ArrayField",
        "HStoreField",
        "CICharField",
        "CIEmailField",
        "CITextField",
        "SearchVectorField",
        "RangeField",
        "IntegerRangeField",
        "DateTimeRangeField",
        "DateRangeField",
        "DecimalRangeField",
        "BigIntegerRangeField",
    }
)
SEED: Final = "271828"
LATER: Final = "+400 days"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of the run: the plain command, its variables, the file's generated neighbours, the project as it was recorded."""

    run: Run
    environ: Mapping[str, str]
    python: str
    neighbours: tuple[Path, ...] = ()
    project: Project | None = None


class NotTried(Exception):
    """Why a circumstance cannot be had here."""


def again(given: Given) -> Run:
    return given.run


def reverse(given: Given) -> Run:
    if given.run.kind == "django":
        return with_option(given.run, "--reverse")
    raise NotTried("only Django's own runner can run tests in reverse order")


def shuffled(given: Given) -> Run:
    if given.run.kind == "django":
        return with_option(beside(given), f"--shuffle={SEED}")
    if given.run.kind == "pytest" and interpreters.has(given.python, "pytest_randomly", given.environ, given.run.folder):
        return with_option(beside(given), "-p", "randomly", "-p", f"randomly_seed={SEED}")
    raise NotTried("pytest has no random order of its own, and pytest-randomly is not installed")


def beside(given: Given) -> Run:
    """All generated tests of the folder in one run."""
    if given.run.kind == "django" and given.neighbours:
        label = given.run.words[-1]
        if "/" in label or label.endswith(".py"):
            raise NotTried("the file has no dotted name")
        package = label.rpartition(".")[0]
        return replace(given.run, words=(*given.run.words, *(f"{package}.{one.stem}".lstrip(".") for one in given.neighbours)))
    if given.run.kind == "pytest" and given.neighbours:
        return replace(given.run, words=(*given.run.words, *map(str, given.neighbours)))
    if given.run.kind == "other":
        raise NotTried("the project's own test command takes one file")
    return given.run


def parallel(given: Given) -> Run:
    if given.run.kind == "django":
        return with_option(beside(given), "--parallel", "2")
    if given.run.kind == "pytest" and interpreters.has(given.python, "xdist", given.environ, given.run.folder):
        return with_option(beside(given), "-n2")
    raise NotTried("pytest runs tests in parallel with pytest-xdist only")


def another_day(given: Given) -> Run:
    faketime = shutil.which("faketime", path=given.environ.get("PATH"))
    if faketime is None:
        raise NotTried("the program faketime is not installed")
    return replace(given.run, words=(faketime, "-f", LATER.replace(" days", "d"), *given.run.words))


def another_zone(given: Given) -> Run:
    return replace(given.run, environ={**given.run.environ, "TZ": "Pacific/Kiritimati"})


def another_hash_seed(given: Given) -> Run:
    return replace(given.run, environ={**given.run.environ, "PYTHONHASHSEED": "4"})


def another_database(given: Given) -> Run:
    """SQLite in memory in the place of a server, PostgreSQL in the place of SQLite."""
    project = given.project
    settings = given.environ.get("DJANGO_SETTINGS_MODULE") or (project.settings_module if project else "")
    vendors = {str(one.get("vendor")) for one in project.databases.values()} if project else set[str]()
    if not project or not settings or not vendors:
        raise NotTried("the recording does not say which databases the project has")
    if "--settings" in " ".join(given.run.words):
        raise NotTried("the project's command names its settings")
    if own := only_there(project):
        raise NotTried(f"the project uses {own}, which only its own database has")
    engine = "sqlite3"
    if "sqlite" in vendors:
        engine = "postgresql"
        if not given.environ.get("PGHOST"):
            raise NotTried("PGHOST names no PostgreSQL that it could be tried on")
        if not any(interpreters.has(given.python, driver, given.environ, given.run.folder) for driver in ("psycopg", "psycopg2")):
            raise NotTried("the project's environment has no driver of PostgreSQL")
    folders = os.pathsep.join(filter(None, (str(WARM), given.environ.get("PYTHONPATH", ""))))
    moved = {
        "DJANGO_SETTINGS_MODULE": MOVED,
        "UNSPAN_SETTINGS": settings,
        "UNSPAN_ENGINE": f"django.db.backends.{engine}",
        "PYTHONPATH": folders,
    }
    return replace(given.run, environ={**given.run.environ, **moved})


def only_there(project: Project) -> str:
    """What of the project only its own kind of database has; empty for nothing that is known."""
    apps = project.settings.get("INSTALLED_APPS")
    found = [str(bare(app)) for app in apps] if isinstance(apps, (list, tuple)) else []
    special = next((app for app in found if app.startswith(SPECIAL_APPS)), "")
    return special or next(
        (f"{model.label}.{one.name}" for model in project.models for one in model.fields if one.type in SPECIAL_FIELDS), ""
    )


def with_option(run: Run, *words: str) -> Run:
    """Options stand before the tests: after `manage.py test`, or `-m pytest`."""
    at = 3
    return replace(run, words=(*run.words[:at], *words, *run.words[at:]))


CIRCUMSTANCES: Final[Mapping[str, Callable[[Given], Run]]] = {
    "again": again,
    "in reverse order": reverse,
    "beside the other generated tests": beside,
    "in random order": shuffled,
    "in parallel": parallel,
    "on another day": another_day,
    "in another timezone": another_zone,
    "with another hash seed": another_hash_seed,
    ANOTHER_DATABASE: another_database,
}


def neighbours(file: Path, marked: Callable[[str], bool]) -> Sequence[Path]:
    """The other generated tests of the file's folder."""
    return tuple(one for one in sorted(file.parent.glob("test_*.py")) if one != file and marked(one.read_text(errors="replace")))
