"""A plugin of pytest's: what its session has set up, databases above all, serves many versions of one file. Needs pytest, pytest-django and Django.

The first test is run once as it is, so that fixtures of the session are there. The children of the session leave them set up: their last test is
followed by one that is never run.
"""

import contextlib
from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from .keeping import kept
from .serving import Result, serve


class Version(pytest.Module):
    """A module of tests that was made already."""

    made: ModuleType

    def _getobj(self) -> ModuleType:
        return self.made


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.testsfailed or not session.items:
        return None
    first = session.items[0]
    file = first.getparent(pytest.Module)
    if file is None:
        return None
    never = versions(file, file.obj)[0]
    first.ihook.pytest_runtest_protocol(item=first, nextitem=never)
    serve(partial(ran, file, never))
    return True


def versions(file: pytest.Module, made: ModuleType) -> list[pytest.Item]:
    """The tests of another version of a file."""
    version: Version = Version.from_parent(file.parent, path=file.path)
    version.made = made
    return list(file.session.genitems(version))


def ran(file: pytest.Module, never: pytest.Item, module: ModuleType) -> Result:
    items = versions(file, module)
    reports: list[pytest.TestReport] = []
    emptying = any(map(transactional, items))
    with unblocked(file.config) if emptying else contextlib.nullcontext(), kept(emptying):
        for item, following in zip(items, [*items[1:], never], strict=True):
            reports += runtestprotocol(item, log=False, nextitem=following)
    bad = [str(one.longrepr) for one in reports if one.failed]
    return Result(len(items), sum(one.skipped for one in reports), bad)


def transactional(item: pytest.Item) -> bool:
    marks = item.iter_markers("django_db")
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return "transactional_db" in names or any(mark.kwargs.get("transaction") or mark.args[:1] == (True,) for mark in marks)


def unblocked(config: pytest.Config) -> contextlib.AbstractContextManager[Any]:
    """pytest-django lets nothing outside of a test reach the databases."""
    plugin = config.pluginmanager.get_plugin("django")
    key = getattr(plugin, "blocking_manager_key", None)
    return config.stash[key].unblock() if key is not None else contextlib.nullcontext()
