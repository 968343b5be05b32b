"""Which command runs a file, with which Python, by which settings."""

import os
import sys
from pathlib import Path

import pytest
from edge_projects import project, put
from unspan_inverter import interpreters
from unspan_inverter.errors import InverterError, NoRunner, WrongSetting
from unspan_inverter.runners import Run, runner
from unspan_inverter.settings import SETTINGS, Endpoint, Settings, endpoint, for_tests, settings

PYTHON = sys.executable


def chosen(file: Path, here: Path, style: str = "django", **more: object) -> Run:
    return runner(file, style, Settings(here, **{"python": PYTHON, **more}), here, dict(os.environ))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "here", "words", "folder"),
    [
        ("site/polls/tests/test_a.py", "site", ["polls.tests.test_a"], "site"),
        ("site/polls/tests/test_a.py", ".", ["polls.tests.test_a"], "site"),
        ("site/polls/tests/test_a.py", "site/polls", ["polls.tests.test_a"], "site"),
        ("site/test_a.py", "site", ["test_a"], "site"),
        ("site/spaces/here/test_a.py", "site", ["spaces.here.test_a"], "site"),
        ("site/my-tests/test_a.py", "site", ["--pattern", "test_a.py", "{0}/site/my-tests"], "site"),
        ("site/class/test_a.py", "site", ["--pattern", "test_a.py", "{0}/site/class"], "site"),
        ("site/unittest/test_a.py", "site", ["--pattern", "test_a.py", "{0}/site/unittest"], "site"),
        ("elsewhere/test_[a].py", "site", ["--pattern", "test_[[]a].py", "{0}/elsewhere"], "site"),
        ("elsewhere/test_a.py", ".", ["--pattern", "test_a.py", "{0}/elsewhere"], "site"),
    ],
    ids=[
        "in the project", "from above", "from below", "beside manage.py", "namespace packages", "no identifier", "keyword", "shadowed namespace",
        "outside", "outside, from above",
    ],
)  # fmt: skip
def test_manage_py_runs_a_file_by_name_or_by_folder(tmp_path, file, here, words, folder):
    project(tmp_path / "site")
    path = put(tmp_path / file, "")

    expected = [word.format(tmp_path) for word in words]
    assert chosen(path, tmp_path / here) == Run((PYTHON, "manage.py", "test", "--noinput", *expected), tmp_path / folder, "django")


def test_the_project_of_the_file_comes_before_that_of_the_folder(tmp_path):
    for name in ("one", "two"):
        project(tmp_path / name)

    assert chosen(tmp_path / "two/polls/test_a.py", tmp_path / "one").folder == tmp_path / "two"


def test_several_projects_are_said(tmp_path):
    for name in ("one", "two"):
        project(tmp_path / name)
    (tmp_path / "tests").mkdir()

    with pytest.raises(NoRunner) as caught:
        chosen(tmp_path / "tests/test_a.py", tmp_path)

    assert str(caught.value) == (
        f"several projects are below {tmp_path}: one/manage.py, two/manage.py.\nRun inverter in the folder of the one that the test is for."
    )


def test_the_search_ends_at_the_repository(tmp_path):
    project(tmp_path)
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/tests").mkdir()

    run = chosen(tmp_path / "repository/tests/test_a.py", tmp_path / "repository/tests")

    assert run.kind == "pytest"  # which is installed here, and manage.py is another project's


@pytest.mark.parametrize(
    ("here", "folder"),
    [("site", "site"), (".", "."), ("elsewhere", "site")],
    ids=["in the project", "above it", "beside it"],
)
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", ""),
        ("pyproject.toml", "[tool.pytest.ini_options]\n"),
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
    ],
)
def test_pytest_runs_where_a_person_would_call_it(tmp_path, here, folder, file, text):
    project(tmp_path / "site")
    put(tmp_path / "site" / file, text)
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "site/polls/tests/test_a.py"

    assert chosen(path, tmp_path / here, "pytest") == Run((PYTHON, "-m", "pytest", str(path)), tmp_path / folder, "pytest")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("make test FILE={file}", Run(("make", "test", "FILE={0}/polls/tests/test_a.py"), Path("{0}"), "other")),
        ("A=1 B='x y' tox -- '{label}'", Run(("tox", "--", "polls.tests.test_a"), Path("{0}"), "other", {"A": "1", "B": "x y"})),
    ],
)
def test_the_projects_command_is_filled_in(tmp_path, command, expected):
    home = project(tmp_path)

    found = chosen(home / "polls/tests/test_a.py", home, test_command=command)

    assert found == Run(tuple(word.format(home) for word in expected.words), home, "other", expected.environ)
    assert str(found).endswith(("tests/test_a.py", "polls.tests.test_a"))


@pytest.mark.parametrize(
    ("command", "error"),
    [("make test", "must contain {file} or {label}"), ("make 'test {file}", "is no command")],
)
def test_a_command_that_cannot_be_right_is_said(tmp_path, command, error):
    with pytest.raises(WrongSetting, match=error):
        chosen(project(tmp_path) / "test_a.py", tmp_path, test_command=command)


def test_a_file_without_a_name_has_no_label(tmp_path):
    with pytest.raises(NoRunner, match=r"has no dotted name that \{label\} of test-command could stand for"):
        chosen(project(tmp_path) / "my-tests/test_a.py", tmp_path, test_command="tox {label}")


def environment(folder: Path, django: bool = True) -> Path:
    """What looks like a virtual environment: a Python that says whether it has Django."""
    put(folder / "pyvenv.cfg", "")
    python = put(folder / "bin/python", f"#!/bin/sh\nexit {0 if django else 1}\n")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(
    ("made", "active", "first", "expected"),
    [
        ([], None, None, None),
        (["site/.venv"], None, None, "site/.venv"),
        (["site/venv"], None, None, "site/venv"),
        (["site/.venv", "other"], "other", None, "other"),
        (["site/.venv", "other"], "other", "other", "other"),
        (["other", "tox"], "other", "tox", "tox"),
        (["site/.venv", "empty-of-django"], "empty-of-django", None, "site/.venv"),
    ],
    ids=["none", ".venv", "venv", "active", "activated", "first on PATH", "without Django"],
)
def test_the_python_is_the_one_a_person_would_use(tmp_path, made, active, first, expected):
    for name in made:
        environment(tmp_path / name, django=not name.startswith("empty"))
    path = os.pathsep.join([str(tmp_path / first / "bin"), "/usr/bin"] if first else ["/bin"])
    environ = {"PATH": path, **({"VIRTUAL_ENV": str(tmp_path / active)} if active else {})}

    found = interpreters.python(Settings(tmp_path), (tmp_path / "site",), environ)

    assert found == (str(tmp_path / expected / "bin/python") if expected else sys.executable)


def test_the_python_of_the_settings_is_relative_to_them(tmp_path):
    python = environment(tmp_path / "env")

    assert interpreters.python(Settings(tmp_path, python="env/bin/python"), (), {}) == str(python)
    with pytest.raises(WrongSetting, match="is 'env/bin/nothing', which cannot be run"):
        interpreters.python(Settings(tmp_path, python="env/bin/nothing"), (), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("[tool.unspan]", {}),
        ('[tool.unspan]\npython = "p"\ntest-command = "t {file}"\ntest-timeout = 1.5\nstyle = "pytest"', {"python": "p", "test_command": "t {file}", "test_timeout": 1.5, "style": "pytest"}),
        ("[tool.ruff]\nx = [", {}),
    ],
    ids=["none", "empty", "all", "another tool's broken file"],
)  # fmt: skip
def test_settings_are_those_of_the_nearest_table(tmp_path, text, expected):
    put(tmp_path / "pyproject.toml", text)
    put(tmp_path / "inner/pyproject.toml", "[tool.ruff]")

    found = settings(tmp_path / "inner")

    assert found == Settings(tmp_path if "[tool.unspan]" in text else tmp_path / "inner", **expected)


@pytest.mark.parametrize(
    ("flag", "environ", "expected"),
    [
        (None, {}, Endpoint("localhost:4317")),
        ("here:1", {"UNSPAN_ENDPOINT": "there:2"}, Endpoint("here:1")),
        (None, {"UNSPAN_ENDPOINT": "there:2", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:3"}, Endpoint("there:2")),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:3/"}, Endpoint("otel:3")),
        (
            None,
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:3", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces"},
            Endpoint("traces:4317", True),
        ),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, Endpoint("otel:4317")),
        ("[::1]:5", {}, Endpoint("[::1]:5")),
        ("::1", {}, None),
        ("a b:5", {}, None),
        ("host:0", {}, None),
        ("ftp://host:5", {}, None),
        (":5", {}, None),
        (None, {"UNSPAN_ENDPOINT": "host:x"}, None),
    ],
)
def test_the_collector_is_where_flag_or_environment_say(flag, environ, expected):
    if expected is None:
        with pytest.raises(InverterError, match="must be HOST:PORT"):
            endpoint(flag, environ)
    else:
        assert endpoint(flag, environ) == expected


def test_tests_run_in_the_same_environment_without_the_recorder():
    hooks = "/x/site-packages/opentelemetry/instrumentation/auto_instrumentation"
    environ = {"A": "1", "OTEL_X": "1", "UNSPAN_Y": "1", "PYTHONPATH": os.pathsep.join([hooks, "/mine"])}

    assert for_tests(environ) == {"A": "1", "PYTHONPATH": "/mine"}


def test_the_manual_lists_every_setting():
    page = (Path(__file__).parents[3] / "docs/inverter.md").read_text(encoding="utf-8")

    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.default} | {setting.meaning} |" in page
