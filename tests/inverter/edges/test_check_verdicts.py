"""Checks of test files in a real Django project: the verdict is the runner's own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from edge_projects import FAILING, PASSING, PYTEST_PASSING, SETTINGS, case, project, put
from unspan_inverter import checking
from unspan_inverter.checking import Verdict, check
from unspan_inverter.settings import Settings, for_tests

PYTHON = str(Path(sys.executable))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return project(tmp_path / "site")


def verdict(file: Path, here: Path, style: str = "django", **settings: object) -> Verdict:
    return check(file, style, Settings(**{"folder": here, "python": PYTHON, **settings}), here)  # type: ignore[arg-type]


def test_a_passing_test_passes(home):
    file = put(home / "polls/tests/test_hello.py", PASSING)

    assert verdict(file, home) == Verdict(True, "1 test passed", command=f"{PYTHON} manage.py test --noinput polls.tests.test_hello")


def test_a_file_that_discovery_would_not_find_is_run_by_its_name(home):
    file = put(home / "polls/tests/hello_again.py", PASSING)

    assert verdict(file, home).passed


def test_a_failing_test_shows_its_line_and_message(home):
    file = put(home / "polls/tests/test_hello.py", FAILING)

    assert verdict(file, home) == Verdict(
        False,
        "1 of 1 tests failed",
        (
            "FAIL: test_hello (polls.tests.test_hello.HelloTests.test_hello)",
            f"{file}:11: self.assertEqual(response.status_code, 200)",
            "AssertionError: 404 != 200",
        ),
        command=f"{PYTHON} manage.py test --noinput polls.tests.test_hello",
    )


@pytest.mark.parametrize(
    ("text", "sentence", "last"),
    [
        ("x = (\n", "the runner ended with exit code 1 before a test ran", "SyntaxError: '(' was never closed"),
        ("import nowhere\n", "1 of 1 tests failed", "ModuleNotFoundError: No module named 'nowhere'"),
        ("x = 1\n", "the runner found no test in it", None),
        (case("self.skipTest('not today')"), "1 of 1 tests were skipped", None),
        (case("self.fail('a\\x1b[31m\\nb')"), "1 of 1 tests failed", "b"),
        (case("raise SystemExit(0)"), "1 of 1 tests failed", "SystemExit: 0"),
        (case("import os; os._exit(0)"), "the runner found no test in it", None),
        (case("import os; os._exit(9)"), "the runner ended with exit code 9 before a test ran", None),
        (case("print('Ran 1 test in 0.001s\\n\\nOK'); self.fail('no')"), "1 of 1 tests failed", "AssertionError: no"),
    ],
    ids=["syntax", "import", "no test", "skipped", "escapes", "exits", "dies", "dies loudly", "pretends"],
)
def test_whatever_else_happens_is_no_pass(home, text, sentence, last):
    found = verdict(put(home / "polls/tests/test_hello.py", text), home)

    assert (found.passed, found.sentence) == (False, sentence)
    assert last is None or found.lines[-1] == last


def test_an_expected_failure_is_no_pass(home):
    text = PASSING.replace("    def test_hello", "    @unittest.expectedFailure\n    def test_hello").replace('b"hello"', 'b"bye"')

    assert not verdict(put(home / "polls/tests/test_hello.py", text), home).passed


def test_the_test_database_of_a_killed_run_is_replaced(home):
    put(home / "mysite/settings.py", SETTINGS + 'DATABASES["default"]["TEST"] = {"NAME": "test.sqlite3"}\n')
    put(home / "test.sqlite3", "left over")

    assert verdict(put(home / "polls/tests/test_hello.py", PASSING), home).passed


def test_settings_that_are_not_there_are_said(home):
    put(home / "manage.py", (home / "manage.py").read_text().replace("mysite.settings", "mysite.nowhere"))

    found = verdict(put(home / "polls/tests/test_hello.py", PASSING), home)

    assert (found.passed, found.sentence) == (False, "Django's settings module cannot be imported")
    assert found.lines[-1] == "ModuleNotFoundError: No module named 'mysite.nowhere'"
    assert found.remedy


def test_a_database_that_cannot_be_reached_is_said(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        database = f'{{"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": {port}, "NAME": "app", "USER": "app"}}'
        put(home / "mysite/settings.py", SETTINGS + f'DATABASES["default"] = {database}\n')

        found = verdict(put(home / "polls/tests/test_hello.py", PASSING), home)

    assert (found.passed, found.sentence) == (False, "the project's database cannot be reached")
    assert found.remedy == "Start the database, or run inverter where the tests run."


def test_a_hanging_test_is_stopped_with_all_that_it_started(home, tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "GRACE", 1)
    note = tmp_path / "pid"
    body = f"""
        import subprocess, time
        child = subprocess.Popen(["sleep", "600"])
        open({str(note)!r}, "w").write(str(child.pid))
        time.sleep(600)
        """
    file = put(home / "polls/tests/test_hello.py", case(body))

    found = verdict(file, home, test_timeout=4.0)

    assert (found.passed, found.sentence) == (False, "it did not end within 4 s and was stopped")
    assert found.remedy == "Raise test-timeout in [tool.unspan] if it is only slow."
    assert gone(int(note.read_text()))


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_test_that_leaves_a_process_behind_is_not_waited_for(home):
    file = put(home / "polls/tests/test_hello.py", case("import subprocess; subprocess.Popen(['sleep', '5'])"))

    assert verdict(file, home).passed


def test_nobody_is_asked_anything(home):
    found = verdict(put(home / "polls/tests/test_hello.py", case("input('really? ')")), home)

    assert found.lines[-1] == "EOFError: EOF when reading a line"


def test_the_tests_run_without_the_recorder(home, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "app")
    monkeypatch.setenv("UNSPAN_SQL", "lineage")
    hooks = home / "site-packages/opentelemetry/instrumentation/auto_instrumentation"
    put(hooks / "sitecustomize.py", "raise SystemExit('recorded')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(hooks), str(home / "extra")]))
    put(home / "extra/more.py", "x = 1")
    body = "import os, more; self.assertEqual([name for name in os.environ if name.startswith(('OTEL_', 'UNSPAN_'))], [])"

    found = check(put(home / "polls/tests/test_hello.py", case(body)), "django", Settings(home, PYTHON), home)

    assert found == Verdict(True, "1 test passed", command=f"{PYTHON} manage.py test --noinput polls.tests.test_hello")


def test_pytest_passes_in_its_style(home):
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n")
    file = put(home / "polls/tests/test_hello.py", PYTEST_PASSING)

    assert verdict(file, home, "pytest") == Verdict(True, "1 test passed", command=f"{PYTHON} -m pytest {file}")


@pytest.mark.parametrize(
    ("text", "sentence", "last"),
    [
        (PYTEST_PASSING.replace('b"hello"', 'b"bye"'), "1 of 1 tests failed", "Use -v to get more diff"),
        (PYTEST_PASSING.replace('assert response.content == b"hello"', "pytest.skip('not today')"), "1 of 1 tests were skipped", None),
        (PYTEST_PASSING.replace("@pytest", "@pytest.mark.xfail\n@pytest").replace('b"hello"', 'b"bye"'), "1 of 1 tests were skipped", None),
        ("x = 1\n", "the runner found no test in it", None),
        ("import nowhere\n", "1 of 1 tests failed", "ModuleNotFoundError: No module named 'nowhere'"),
        ("x = (\n", "1 of 1 tests failed", "SyntaxError: '(' was never closed"),
        (PYTEST_PASSING.replace("(client)", "(nobody)"), "1 of 1 tests failed", None),
    ],
    ids=["failing", "skipped", "expected", "no test", "import", "syntax", "fixture"],
)
def test_pytest_has_the_last_word_in_its_style(home, text, sentence, last):
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\naddopts = -q -q\n")

    found = verdict(put(home / "polls/tests/test_hello.py", text), home, "pytest")

    assert (found.passed, found.sentence) == (False, sentence)
    assert last is None or last in found.lines[-1]


def test_pytests_failure_shows_its_line_and_message(home):
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n")
    file = put(home / "polls/tests/test_hello.py", PYTEST_PASSING.replace('b"hello"', 'b"bye"'))

    assert verdict(file, home, "pytest").lines == (
        "FAILURE: test_hello",
        'polls/tests/test_hello.py:8: assert response.content == b"bye"',
        "AssertionError: assert b'hello' == b'bye'",
        "  At index 0 diff: b'h' != b'b'",
        "  Use -v to get more diff",
    )


def test_pytest_without_settings_is_said(home):
    (home / "manage.py").unlink()
    found = verdict(put(home / "polls/tests/test_hello.py", PYTEST_PASSING), home, "pytest")

    assert (found.passed, found.sentence) == (False, "Django's settings are not configured where the test ran")
    assert found.remedy == "Set DJANGO_SETTINGS_MODULE, in pytest's settings for style pytest."


def test_a_project_with_pytest_alone_is_checked_with_pytest(home):
    (home / "manage.py").unlink()
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\npythonpath = .\n")
    file = put(home / "polls/tests/test_hello.py", PASSING)

    assert verdict(file, home) == Verdict(True, "1 test passed", command=f"{PYTHON} -m pytest {file}")


@pytest.mark.parametrize(
    ("command", "sentence", "passed"),
    [
        (f"{PYTHON} manage.py test {{label}}", "1 test passed", True),
        (f"MORE=1 {PYTHON} -m pytest --ds=mysite.settings {{file}}", "1 test passed", True),
        ("true {file}", "the tests passed", True),
        ("false {file}", "the runner ended with exit code 1 before a test ran", False),
        (f"{PYTHON} manage.py test {{label}}.nothing", "1 of 1 tests failed", False),
        ("/nowhere/python {file}", "/nowhere/python could not be run (no such file or directory)", False),
    ],
)
def test_the_projects_own_command_decides(home, command, sentence, passed):
    found = verdict(put(home / "polls/tests/test_hello.py", PASSING), home, test_command=command)

    assert (found.sentence, found.passed) == (sentence, passed)


def test_the_verdict_is_that_of_the_runner_with_other_tests(home):
    """A file that passes or fails alone does so in a run of all; here through everything that the checks of this module wrote."""
    for name, text in {"test_a": PASSING, "test_b": FAILING, "test_c": PASSING}.items():
        put(home / f"polls/tests/{name}.py", text)
    labels = [f"polls.tests.test_{letter}" for letter in "abc"]
    done = subprocess.run(
        [PYTHON, "manage.py", "test", "-v", "2", *labels], cwd=home, env=for_tests(), capture_output=True, text=True, check=False
    )

    together = {letter: f"test_hello (polls.tests.test_{letter}.HelloTests.test_hello) ... ok" in done.stderr for letter in "abc"}
    alone = {letter: verdict(home / f"polls/tests/test_{letter}.py", home).passed for letter in "abc"}
    assert alone == together == {"a": True, "b": False, "c": True}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory):
    """A PostgreSQL of our own with a user who may not create databases; its port."""
    data = tmp_path_factory.mktemp("postgres")
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(data, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
        for above in data.parents:
            if above != Path("/"):
                os.chmod(above, os.stat(above).st_mode | 0o011)
    programs = Path(shutil.which("initdb") or "/usr/lib/postgresql/15/bin/initdb").resolve().parent
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run([*as_user, *words], check=True, capture_output=True, cwd="/")

    run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "owner")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(data / "log"), "start")
    try:
        sql = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "owner", "-d", "postgres", "-c"]
        run(*sql, "CREATE ROLE app LOGIN")
        run(*sql, "CREATE DATABASE app OWNER app")
        yield port
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def test_a_user_who_may_not_create_the_test_database_is_said(home, postgres):
    database = f'{{"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": {postgres}, "NAME": "app", "USER": "app"}}'
    put(home / "mysite/settings.py", SETTINGS + f'DATABASES["default"] = {database}\n')

    found = verdict(put(home / "polls/tests/test_hello.py", PASSING), home)

    assert (found.passed, found.sentence) == (False, "the database user may not create the test database")
    assert "ALTER ROLE … CREATEDB" in found.remedy
    assert "permission denied to create database" in "\n".join(found.lines)
