"""Other circumstances as the commands that make them, for each runner; or why there is none."""

import sys
from pathlib import Path
from typing import Any

import pytest
from edge_projects import put
from edge_proofs import TEST, members
from unspan_inverter.checking import judged
from unspan_inverter.proving.circumstances import ANOTHER_DATABASE, CIRCUMSTANCES, Given, NotTried, neighbours
from unspan_inverter.proving.probes import WARM
from unspan_inverter.runners import Run, runner
from unspan_inverter.settings import Settings, for_tests
from unspan_proto import FORMAT
from unspan_proto.project import Project

HOME = Path("/p")
RUNS = {
    "django": Run(("python", "manage.py", "test", "--noinput", "shop.tests.test_a"), HOME, "django"),
    "django, no dotted name": Run(("python", "manage.py", "test", "--noinput", "--pattern", "test_a.py", "/p/x-y"), HOME, "django"),
    "pytest": Run(("python", "-m", "pytest", "/p/test_a.py"), HOME, "pytest"),
    "other": Run(("make", "test"), HOME, "other", {"CI": "1"}),
}
BESIDE = (Path("/p/shop/tests/test_b.py"), Path("/p/shop/tests/test_c.py"))
START = "python manage.py test"
COMMANDS = {
    ("again", "django"): f"{START} --noinput shop.tests.test_a",
    ("in reverse order", "django"): f"{START} --reverse --noinput shop.tests.test_a",
    ("beside the other generated tests", "django"): f"{START} --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("in random order", "django"): f"{START} --shuffle=271828 --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("in parallel", "django"): f"{START} --parallel 2 --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("on another day", "django"): f"faketime -f +400d {START} --noinput shop.tests.test_a",
    ("in another timezone", "django"): f"TZ=Pacific/Kiritimati {START} --noinput shop.tests.test_a",
    ("with another hash seed", "django"): f"PYTHONHASHSEED=4 {START} --noinput shop.tests.test_a",
    ("beside the other generated tests", "django, no dotted name"): "the file has no dotted name",
    ("in random order", "django, no dotted name"): "the file has no dotted name",
    ("in reverse order", "pytest"): "only Django's own runner can run tests in reverse order",
    ("beside the other generated tests", "pytest"): "python -m pytest /p/test_a.py /p/shop/tests/test_b.py /p/shop/tests/test_c.py",
    ("in random order", "pytest"): "pytest has no random order of its own, and pytest-randomly is not installed",
    ("in parallel", "pytest"): "pytest runs tests in parallel with pytest-xdist only",
    ("on another day", "pytest"): "faketime -f +400d python -m pytest /p/test_a.py",
    ("again", "other"): "CI=1 make test",
    ("in reverse order", "other"): "only Django's own runner can run tests in reverse order",
    ("beside the other generated tests", "other"): "the project's own test command takes one file",
    ("in another timezone", "other"): "CI=1 TZ=Pacific/Kiritimati make test",
    ("with another hash seed", "other"): "CI=1 PYTHONHASHSEED=4 make test",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: faketime, and a Python without any plugin of pytest."""
    for name, text in {"faketime": "#!/bin/sh\n", "python": f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), COMMANDS)
def test_a_circumstance_is_a_command(machine: Path, tmp_path: Path, name: str, kind: str) -> None:
    given = Given(RUNS[kind], {"PATH": str(machine)}, str(machine / "python"), BESIDE)
    try:
        found = str(CIRCUMSTANCES[name](given))
    except NotTried as why:
        found = str(why)

    assert found.replace(f"{machine}/", "") == COMMANDS[name, kind]


def recorded_on(vendor: str, **settings: Any) -> Project:
    databases = {"default": {"engine": f"django.db.backends.{vendor}", "vendor": vendor, "atomic_requests": False}}
    return Project(
        format=FORMAT, django="5.2", python="3.12", settings_module="mysite.settings", root="/p", settings=settings, databases=databases,
        packages={}, models=(), routes=(),
    )  # fmt: skip


MOVED = "DJANGO_SETTINGS_MODULE=unspan_other_database UNSPAN_SETTINGS=mysite.settings UNSPAN_ENGINE=django.db.backends"
DATABASES: dict[str, tuple[Project | None, dict[str, str], str]] = {
    "a server": (recorded_on("postgresql"), {}, f"{MOVED}.sqlite3 PYTHONPATH={WARM} {START} --noinput shop.tests.test_a"),
    "settings of the environment": (
        recorded_on("mysql"), {"DJANGO_SETTINGS_MODULE": "mysite.ci", "PYTHONPATH": "/lib"},
        f"{MOVED}.sqlite3 PYTHONPATH={WARM}:/lib {START} --noinput shop.tests.test_a".replace("mysite.settings", "mysite.ci"),
    ),
    "no server": (recorded_on("sqlite"), {}, "PGHOST names no PostgreSQL that it could be tried on"),
    "no driver": (recorded_on("sqlite"), {"PGHOST": "db"}, "the project's environment has no driver of PostgreSQL"),
    "only on PostgreSQL": (
        recorded_on("postgresql", INSTALLED_APPS=["shop", "django.contrib.postgres"]), {},
        "the project uses django.contrib.postgres, which only its own database has",
    ),
    "nothing known": (None, {}, "the recording does not say which databases the project has"),
}  # fmt: skip


@pytest.mark.parametrize("name", DATABASES)
def test_another_database_is_another_module_of_settings(machine: Path, name: str) -> None:
    project, variables, expected = DATABASES[name]
    given = Given(RUNS["django"], {"PATH": str(machine), **variables}, str(machine / "python"), (), project)
    try:
        found = str(CIRCUMSTANCES[ANOTHER_DATABASE](given))
    except NotTried as why:
        found = str(why)

    assert found == expected


def test_a_project_on_sqlite_is_tried_on_postgresql(tmp_path: Path, postgres: int) -> None:
    home = members(tmp_path / "site")
    asking = TEST.replace(
        "        response =",
        '        from django.db import connection\n\n        self.assertEqual(connection.vendor, "postgresql")\n        response =',
    )
    file = put(home / "polls/tests/test_members.py", asking)
    variables = for_tests() | {"PGHOST": "127.0.0.1", "PGPORT": str(postgres), "PGUSER": "postgres"}
    run = runner(file, "django", Settings(folder=home, python=sys.executable), home, variables)
    moved = CIRCUMSTANCES[ANOTHER_DATABASE](Given(run, variables, sys.executable, (), recorded_on("sqlite")))

    assert (judged(run, 60, variables).passed, judged(moved, 60, variables).sentence) == (False, "1 test passed")


def test_another_day_needs_a_program() -> None:
    with pytest.raises(NotTried, match="the program faketime is not installed"):
        CIRCUMSTANCES["on another day"](Given(RUNS["django"], {"PATH": "/nowhere"}, sys.executable))


def test_the_neighbours_are_the_other_generated_tests(tmp_path: Path) -> None:
    for name in ("test_a", "test_b", "test_mine", "b_test", "test_c"):
        (tmp_path / f"{name}.py").write_text("mine" if name == "test_mine" else "generated")
    (tmp_path / "test_d.py").write_bytes(b"generated \xff")

    found = neighbours(tmp_path / "test_b.py", lambda text: text.startswith("generated"))

    assert [one.name for one in found] == ["test_a.py", "test_c.py", "test_d.py"]
