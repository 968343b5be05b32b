"""Databases, companions' packages, and servers: each is made once, when the first test asks for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from instrumentation.serving import environment
from mariadb import mariadb  # noqa: F401 - a fixture

from .companions import Companion, install
from .features import FEATURES
from .forms import PROJECT
from .serving import Served, Start, serve
from .telemetry import COMPARED

DATABASES = ("sqlite", "postgresql", "mariadb")
AT_ONCE = 2
"""Servers that run at one time: starting them is what takes long."""


def manage(arguments: list[str], env: Mapping[str, str]) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment(env), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mapping[str, str]]:
    """The environment that makes the project use a database, with the project's tables and rows."""
    folder = tmp_path_factory.mktemp("databases")
    made: dict[str, Mapping[str, str]] = {}

    def named(name: str) -> Mapping[str, str]:
        if name == "sqlite":
            return {"SHOP_ENGINE": "sqlite3", "SHOP_NAME": str(folder / "shop.sqlite3")}
        port = str(request.getfixturevalue({"postgresql": "postgres"}.get(name, name)))
        if name == "postgresql":
            return {"SHOP_ENGINE": "postgresql", "SHOP_NAME": "postgres", "SHOP_USER": "postgres", "SHOP_PORT": port}
        return {"SHOP_ENGINE": "mysql", "SHOP_NAME": "shop", "SHOP_USER": "shop", "SHOP_PASSWORD": "shop", "SHOP_PORT": port}

    def get(name: str) -> Mapping[str, str]:
        if name not in made:
            env = named(name)
            manage(["migrate", "-v0"], env)
            manage(["loaddata", "-v0", "rows.json"], env)
            made[name] = env
        if name != "sqlite":
            return made[name]
        own = folder / f"{len(os.listdir(folder))}.sqlite3"
        shutil.copy(made[name]["SHOP_NAME"], own)
        return {**made[name], "SHOP_NAME": str(own)}

    return get


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Companion], list[Path]]:
    """Folders with what a companion brings."""
    folder = tmp_path_factory.mktemp("packages")
    made: dict[str, Path] = {}

    def get(companion: Companion) -> list[Path]:
        for package in companion.packages:
            if package not in made:
                made[package] = install(package, folder / package)
        return [made[package] for package in companion.packages]

    return get


class Servers:
    """Runs the servers that the collected tests want, in the order of the tests, a few ahead of them."""

    def __init__(
        self, wanted: dict[Start, set[str]], database: Callable[[str], Mapping[str, str]], packages: Callable[..., list[Path]]
    ) -> None:
        self._wanted, self._database, self._packages = list(wanted.items()), database, packages
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._running: dict[Start, Future[Served]] = {}
        self._baselines: dict[tuple[str, bool], Future[Served]] = {}

    def get(self, start: Start) -> Served:
        """What came of a start; the next ones are under way."""
        place = next(place for place, (one, _) in enumerate(self._wanted) if one == start)
        for one, names in self._wanted[place : place + 1 + AT_ONCE]:
            if one not in self._running:
                self._running[one] = self._submit(one, [feature for feature in FEATURES if feature.name in names])
        return self._running[start].result()

    def _submit(self, start: Start, features: list, **more: str) -> Future[Served]:
        return self._pool.submit(serve, start, features, self._packages(start.companion), self._database(start.database), **more)

    def without_us(self, start: Start) -> Served:
        """The same with nothing recorded, on SQLite."""
        key = start.companion.name, start.form.asynchronous
        if key not in self._baselines:
            plain = Start(start.form, start.companion, "sqlite", start.exported, start.elsewhere)
            self._baselines[key] = self._submit(plain, list(COMPARED), UNSPAN_ENABLED="0")
        return self._baselines[key].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def servers(
    request: pytest.FixtureRequest, database: Callable[[str], Mapping[str, str]], packages: Callable[[Companion], list[Path]]
) -> Iterator[Servers]:
    wanted: dict[Start, set[str]] = {}
    for item in request.session.items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if isinstance(start := params.get("start"), Start):
            always = COMPARED if start.companion.own else ()
            names = wanted.setdefault(start, {feature.name for feature in always})
            names |= {str(params["shows"])} if "shows" in params else {feature.name for feature in FEATURES}
    running = Servers(wanted, database, packages)
    yield running
    running.close()
