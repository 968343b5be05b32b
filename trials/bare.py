"""Runs tests of views and functions without what they claim not to need: middleware, the resolving of URLs, the URLconf, the database.

    python trials/bare.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Tests that pass as they are run again with a handler that loads no middleware; with a resolver that finds no view (a name's path is still told: views and templates ask for those); with
an empty URLconf, those that pass although; and those that inherit from no `TestCase` of Django's with a database that refuses connections. Exit code 1 when a
test fails without what its level goes without.
"""

import contextlib
import json
import sys
from collections.abc import Generator, Mapping, Sequence

from application import program, scratch
from functions import Function, functions, judged, run, written
from making import Home, at_home
from replays import arguments

SETTINGS = """
import os
from importlib import import_module

from django.core.handlers.base import BaseHandler
from django.db.backends.base.base import BaseDatabaseWrapper
from django.urls import resolvers

_real = import_module(os.environ["BARE_SETTINGS"])
globals().update({name: getattr(_real, name) for name in dir(_real) if name.isupper()})
_without = os.environ["BARE_WITHOUT"]
if _without == "middleware":
    def _load(self, is_async=False):
        raise AssertionError("middleware was loaded")
    BaseHandler.load_middleware = _load
if _without == "URLconf":
    ROOT_URLCONF = "bare_urls"
if _without == "resolving":
    def _resolve(self, path):
        raise AssertionError("a URL was resolved")
    resolvers.URLResolver.resolve = _resolve
if _without == "database":
    def _connect(self):
        raise AssertionError("a connection was made")
    BaseDatabaseWrapper.connect = _connect
"""
STRICT = ("middleware", "resolving", "database")
"""What no test that claims so may need; a URLconf is also asked for the path of a name."""


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(__doc__ or "").parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        passed = [one for one in judged(home, functions(traces)) if one.verdict == "passed"]
        for one in home.tests.glob("test_*.py"):
            if one.stem not in {each.stem for each in passed}:
                one.unlink()
        found = {what: without(home, what, some) for what, some in claims(passed).items() if some}
    if wanted.json:
        wanted.json.write_text(json.dumps(found, indent=1))
    for what, (number, failed) in found.items():
        print(
            f"without {what:10}  {number - len(failed)} of {number} files pass",
            *(f"    {name}: {why}" for name, why in failed.items()),
            sep="\n",
        )
    bad = sum(len(failed) for what, (_, failed) in found.items() if what in STRICT)
    print(f"\nbare: {wanted.folder.name}: {len(passed)} functions and views with a test; {bad} need what they claim to go without")
    return 0 if passed and not bad else 1


def claims(passed: Sequence[Function]) -> Mapping[str, list[Function]]:
    """What is taken away → whose tests claim not to need it."""
    free = [one for one in passed if not any(plan.needs_database for plan in one.plans)]
    return {
        "middleware": list(passed),
        "resolving": [one for one in passed if not resolves(one)],
        "URLconf": list(passed),
        "database": free,
    }


def resolves(one: Function) -> bool:
    """Whether its test says that it needs `request.resolver_match`."""
    return "resolver_match" in repr(one.plans)


def without(home: Home, what: str, some: Sequence[Function]) -> tuple[int, dict[str, str]]:
    """How many files were run, and which failed with what."""
    with taken(home, what) as environ:
        ran = run(home, written(home, some), **environ)
    return len(some), {name: " / ".join(lines[-3:])[:300] for name, lines in ran.failed.items()}


@contextlib.contextmanager
def taken(home: Home, what: str) -> Generator[dict[str, str], None, None]:
    """The variables with which the application's runner goes without something."""
    with scratch() as folder:
        (folder / "bare_settings.py").write_text(SETTINGS)
        (folder / "bare_urls.py").write_text("urlpatterns = []\n")
        real = home.environ["DJANGO_SETTINGS_MODULE"]
        yield {"PYTHONPATH": str(folder), "BARE_SETTINGS": real, "BARE_WITHOUT": what, "DJANGO_SETTINGS_MODULE": "bare_settings"}


if __name__ == "__main__":
    sys.exit(main())
