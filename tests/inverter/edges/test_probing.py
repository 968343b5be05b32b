"""One warm process serves many versions of a test: each runner, SQLite in memory and PostgreSQL, and every way in which a version can go wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_projects import SETTINGS, put
from edge_proofs import PYTEST, TEST, members
from unspan_inverter.proving.mutating import faults
from unspan_inverter.proving.probes import NotWarm, Prober, served_as
from unspan_inverter.runners import Run, runner
from unspan_inverter.settings import Settings, for_tests
from unspan_proto import vocabulary as v

POSTGRES = """
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "NAME": "members", "USER": "postgres", "HOST": "127.0.0.1", "PORT": {port}
}}}}
"""
MIGRATION = """
    from django.db import migrations


    def filled(apps, schema_editor):
        apps.get_model("auth", "Group").objects.create(name="from a migration")


    class Migration(migrations.Migration):
        dependencies = [("auth", "__latest__")]
        operations = [migrations.RunPython(filled)]
"""
KINDS = ["django", "pytest", "postgresql"]


def started(home: Path, test: str, style: str) -> Prober:
    file = put(home / "polls/tests/test_members.py", test)
    return Prober(file, runner(file, style, Settings(folder=home, python=sys.executable), home, for_tests()), for_tests())


@pytest.fixture(scope="module")
def port(request: pytest.FixtureRequest) -> int:
    return request.getfixturevalue("postgres")


@pytest.fixture(scope="module", params=KINDS)
def probing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prober, str]]:
    """A prober, and the test that its project has on disk."""
    kind = request.param
    more = POSTGRES.format(port=request.getfixturevalue("port")) if kind == "postgresql" else ""
    home = members(
        tmp_path_factory.mktemp(kind) / "site",
        settings=SETTINGS.replace('"django.contrib.auth"]', '"django.contrib.auth", "polls"]') + more,
    )
    put(home / "polls/migrations/__init__.py", "")
    put(home / "polls/migrations/0001_initial.py", MIGRATION)
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\naddopts = -ra\n")
    style, test = ("pytest", PYTEST) if kind == "pytest" else ("django", TEST)
    with started(home, test, style) as prober:
        yield prober, test


VERSIONS = {
    "as it is": ("", "", (True, 1), ""),
    "another answer": ("Bob, Ada", "Bob and Ada", (False, 1), "AssertionError"),
    "an error": ('username="bob"', "nickname=1", (False, 1), "nickname"),
    "no Python": ("import", "import import", (False, 0), "SyntaxError"),
    "no such name": ("import Group", "import Groups", (False, 0), "ImportError: cannot import name 'Groups'"),
    "no test": ("def test_members", "def members", (False, 0), ""),
    "its process ends": ("response =", "import os; os._exit(0); response =", (False, 0), "the process ended in the test"),
    "as it is again": ("", "", (True, 1), ""),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_is_run_as_if_the_file_held_it(probing: tuple[Prober, str], name: str) -> None:
    prober, test = probing
    old, new, (passed, ran), said = VERSIONS[name]
    before = prober.file.read_bytes()

    found = prober.probe(test.replace(old, new) if old else test)

    assert (found.passed, found.ran, said in found.message) == (passed, ran, True), found.message
    assert prober.file.read_bytes() == before


def test_each_run_is_recorded_apart(probing: tuple[Prober, str]) -> None:
    prober, test = probing

    for expected in (2, 3, 2):
        found = prober.probe(test if expected == 2 else test.replace(", is_active=False", ""))

        read = [span for spans in found.traces.values() for span in spans if span.what == v.SQL and span.value(v.ROWS)]
        assert [len(span.value(v.ROWS)) for span in read if "ORDER BY" in str(span.attributes[v.STATEMENT])] == [expected]


def test_a_process_that_has_run_a_test_runs_others_and_says_the_same(probing: tuple[Prober, str]) -> None:
    prober, test = probing

    for version, read in ((test, 2), (test.replace(", is_active=False", ""), 3), (test, 2)):
        found = prober.probe(version, used=True)

        rows = [span for spans in found.traces.values() for span in spans if span.what == v.SQL and span.value(v.ROWS)]
        assert [len(span.value(v.ROWS)) for span in rows if "ORDER BY" in str(span.attributes[v.STATEMENT])] == [read]
        assert [span.what for spans in found.traces.values() for span in spans].count(v.PROJECT) == 1
    assert not prober.probe(test.replace("Bob, Ada", "Bob and Ada"), used=True).passed


COMMANDS = {
    "manage.py": (("python", "src/manage.py", "test", "--noinput", "shop.tests"), "django"),
    "django-admin": (("/venv/bin/django-admin", "test", "shop.tests"), "django"),
    "pytest": (("uv", "run", "pytest", "-x", "test_a.py"), "pytest"),
    "python -m pytest": (("python", "-m", "pytest", "test_a.py"), "pytest"),
    "another command of Django's": (("python", "manage.py", "check"), ""),
    "make": (("make", "test"), ""),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_the_project_is_served_as_what_it_is(name: str) -> None:
    words, kind = COMMANDS[name]
    assert served_as(Run(words, Path("/p"), "other")) == kind


def test_a_command_of_the_project_is_kept_running(tmp_path: Path) -> None:
    home = members(tmp_path / "site")
    file = put(home / "polls/tests/test_members.py", TEST)
    settings = Settings(folder=home, python=sys.executable, test_command=f"{sys.executable} manage.py test -v 0 {{label}}")
    with Prober(file, runner(file, "django", settings, home, for_tests()), for_tests(), python=sys.executable) as prober:
        assert [prober.probe(TEST).passed, prober.probe(TEST.replace("Bob, Ada", "Bob and Ada")).passed] == [True, False]


EMPTIED = {
    "django": (
        TEST.replace("TestCase", "TransactionTestCase").replace("    @classmethod\n    def setUpTestData(cls):\n", "    def setUp(self):\n        cls = self\n"),
        'self.assertEqual(list(Group.objects.values_list("name", flat=True)), ["from a migration"])',
    ),
    "pytest": (
        PYTEST.replace("django_db", "django_db(transaction=True)"),
        'assert list(Group.objects.values_list("name", flat=True)) == ["from a migration"]',
    ),
}  # fmt: skip


def test_a_test_that_empties_the_tables_leaves_the_rows_of_the_migrations_to_the_next(probing: tuple[Prober, str]) -> None:
    prober, test = probing
    style = "pytest" if test == PYTEST else "django"
    source, assertion = EMPTIED[style]
    emptying = source.replace("response =", "Group.objects.exclude(name='red').get(); response =")
    asking = (test.partition("    User.objects" if style == "pytest" else "    @classmethod")[0]) + (
        f"    {assertion}\n" if style == "pytest" else f"    def test_members(self):\n        {assertion}\n"
    )

    for version in (asking, emptying, emptying, asking):
        found = prober.probe(version)
        assert (found.passed, found.message) == (True, "")


def test_an_endless_version_is_ended(probing: tuple[Prober, str]) -> None:
    prober, test = probing
    prober.probe(test)
    before, prober.limit = prober.limit, lambda seconds: min(seconds, 1.0)
    try:
        found = prober.probe(test.replace("response = ", "response = [0 for one in iter(int, 1)] or "))
    finally:
        prober.limit = before

    assert (found.passed, found.message) == (False, "it did not end within 1 s")
    assert prober.probe(test).passed


def test_the_lines_that_run_and_each_fault_on_them(probing: tuple[Prober, str]) -> None:
    prober, test = probing
    views = str(prober.run.folder / "mysite/urls.py")
    before = Path(views).read_bytes()

    ran = prober.probe(test, watched=[views]).lines
    found = faults(ran)
    noticed = {
        one.mutation.said: not prober.probe(test, mutant={"file": one.file, "lines": list(one.lines), "number": one.number}).passed
        for one in found
    }

    assert ran == {views: [8, 12, 13, 14, 15]}
    assert noticed == {
        "nothing returned": True,
        "a condition turned round": True,
        "a comparison turned round": True,
        "the condition is_active left out": False,  # `assertContains` is content with a name more
        "`order_by` left out": True,
        "`exclude` for `filter`": True,
        "another constant for True": True,
        "another constant for 'X-Team'": True,
        "another constant for 'red'": True,
        "another constant for 'username'": True,
        "another constant for ', '": True,
        "`reverse` left out": True,
    }
    assert Path(views).read_bytes() == before
    assert prober.probe(test).passed


def test_a_fault_reaches_code_that_is_imported_in_the_test(probing: tuple[Prober, str]) -> None:
    prober, test = probing
    late = put(prober.run.folder / "polls/late.py", "def named(user):\n    return user\n")
    importing = test.replace("response =", "from polls.late import named; assert named(1) == 1; response =")

    assert prober.probe(importing).passed
    assert not prober.probe(importing, mutant={"file": str(late), "lines": [2], "number": 0}).passed


BROKEN = {
    "settings that raise": ("mysite/settings.py", "raise RuntimeError('no settings today')\n", "RuntimeError: no settings today"),
    "a migration that fails": (
        "polls/migrations/0001_initial.py", MIGRATION.replace("migrations.RunPython(filled)", "1 / 0"), "ZeroDivisionError: division by zero",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_project_that_cannot_be_started_is_a_sentence(tmp_path: Path, name: str) -> None:
    home = members(tmp_path / "site", settings=SETTINGS.replace('"django.contrib.auth"]', '"django.contrib.auth", "polls"]'))
    put(home / "polls/migrations/__init__.py", "")
    put(home / "polls/migrations/0001_initial.py", MIGRATION)
    path, text, said = BROKEN[name]
    prober = started(home, TEST, "django")
    put(home / path, text)

    with pytest.raises(NotWarm) as found, prober:
        pass

    assert str(found.value) == (
        f"the project's test runner could not be kept running for many probes: {said}.\nRun the test itself to see more."
    )
