"""Databases, companions' packages, and what is started: each is made once, when the first test asks for it."""

import compileall
import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import unspan_instrumentation
import unspan_proto
from instrumentation.serving import environment
from mariadb import mariadb  # noqa: F401 - a fixture

from .companions import Companion, install
from .feature import Feature
from .features import FEATURES, everything
from .forms import PROJECT, Work
from .serving import Served, Start, serve
from .telemetry import COMPARED, COMPARED_ACTS
from .working import work

DATABASES = ("sqlite", "postgresql", "mariadb")
AT_ONCE = 3
"""Programs that run at one time: starting them is what takes long."""
Database = Callable[[str], Mapping[str, str]]
Packages = Callable[[Companion], list[Path]]


def manage(arguments: list[str], env: Mapping[str, str]) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment(env), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The environment that makes the project use a database, with the project's tables and rows; a test database of its own each time."""
    folder = tmp_path_factory.mktemp("databases")
    made: dict[str, Mapping[str, str]] = {}
    number = itertools.count()

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
            return {**made[name], "SHOP_TEST_NAME": f"test_{next(number)}"}
        own = folder / f"{next(number)}.sqlite3"
        shutil.copy(made[name]["SHOP_NAME"], own)
        return {**made[name], "SHOP_NAME": str(own)}

    return get


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Folders with what a companion brings."""
    folder = tmp_path_factory.mktemp("packages")
    made: dict[str, Path] = {}

    def get(companion: Companion) -> list[Path]:
        for package in companion.packages:
            if package not in made:
                made[package] = install(package, folder / package)
        return [made[package] for package in companion.packages]

    return get


def compared(start: Start) -> list[Feature]:
    """Those that the user's own telemetry tells of."""
    return [feature for feature in everything(start.form) if feature.name in (COMPARED_ACTS if isinstance(start.form, Work) else COMPARED)]


class Starts:
    """Starts what the collected tests want, in the order of the tests, a few ahead of them."""

    def __init__(self, wanted: dict[Start, set[str]], database: Database, packages: Packages, folder: Path) -> None:
        self._wanted, self._database, self._packages, self._folder = list(wanted.items()), database, packages, folder
        self._number = itertools.count()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._running: dict[Start, Future[Served]] = {}
        self._baselines: dict[tuple[str, str], Future[Served]] = {}

    def get(self, start: Start) -> Served:
        """What came of a start; the next ones are under way."""
        place = next(place for place, (one, _) in enumerate(self._wanted) if one == start)
        for one, names in self._wanted[place : place + 1 + AT_ONCE]:
            if one not in self._running:
                self._running[one] = self._submit(one, [feature for feature in FEATURES if feature.name in names])
        return self._running[start].result()

    def _submit(self, start: Start, features: list[Feature], **more: str) -> Future[Served]:
        folder = self._folder / str(next(self._number))
        folder.mkdir()
        way, packages = work if isinstance(start.form, Work) else serve, self._packages(start.companion)
        return self._pool.submit(way, start, features, packages, self._database(start.database), folder, **more)

    def without_us(self, start: Start) -> Served:
        """The same with nothing recorded, on SQLite. Servers of one kind have one in common, and so have other programs."""
        key = start.companion.name, start.form.sort
        if key not in self._baselines:
            plain = Start(start.form, start.companion, "sqlite", start.exported, start.elsewhere)
            self._baselines[key] = self._submit(plain, compared(start), UNSPAN_ENABLED="0")
        return self._baselines[key].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def compiled() -> None:
    """Programs are started without leave to write what they compile: the recorder would be compiled at each start, as no installed package is."""
    for package in (unspan_instrumentation, unspan_proto):
        compileall.compile_dir(Path(package.__file__).parent, quiet=2)


@pytest.fixture(scope="session")
def starts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Database, packages: Packages, compiled: None
) -> Iterator[Starts]:
    wanted: dict[Start, set[str]] = {}
    for item in request.session.items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if isinstance(start := params.get("start"), Start):
            names = wanted.setdefault(start, {feature.name for feature in compared(start) if start.companion.own})
            names |= {str(params["shows"])} if "shows" in params else {feature.name for feature in everything(start.form)}
    running = Starts(wanted, database, packages, tmp_path_factory.mktemp("starts"))
    yield running
    running.close()
