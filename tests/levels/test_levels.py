"""Tests below the system, of the example that shows them: what they look like, that they pass without what they claim not to need, that they notice faults."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from unspan_inverter.cli import cli as commands
from unspan_inverter.errors import NotAtLevel
from unspan_inverter.generate import generated, planned
from unspan_inverter.levels import considered
from unspan_inverter.offers import offers
from unspan_inverter.plan import NONE

from .making import ALONE, EXAMPLE, FILES, golden, made, trace

LEVELS = tuple(FILES)


@pytest.mark.parametrize("level", LEVELS)
def test_the_example_s_tests_are_what_its_recordings_become(level: str) -> None:
    assert made(level) == golden(level).read_text()


@pytest.mark.parametrize("level", LEVELS)
def test_in_pytest_s_style_they_are_functions_without_a_client(level: str) -> None:
    signatures = set(re.findall(r"^def test_\w+\((.*)\):$", made(level, "pytest"), re.MULTILINE))

    assert signatures == {"view": {""}, "unit": {"", "name, expected"}, "surroundings": {""}}[level]


def run(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    """The example's tests in a folder, by its own runner."""
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(
        [sys.executable, "manage.py", "test", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example."""
    return shutil.copytree(EXAMPLE, tmp_path / "hello")


WITHOUT = {
    "no routes": 'ROOT_URLCONF = "mysite.without_routes"',
    "no middleware": "MIDDLEWARE = []",
}


@pytest.mark.parametrize("setting", WITHOUT.values(), ids=list(WITHOUT))
def test_they_pass_without_what_is_not_theirs(setting: str, example: Path) -> None:
    with (example / "mysite" / "settings.py").open("a") as settings:
        settings.write(f"{setting}\n")
    (example / "mysite" / "without_routes.py").write_text("urlpatterns = []\n")

    code, said = run(example, "greetings.tests.test_views", "greetings.tests.test_functions")

    assert (code, "Ran 9 tests" in said) == (0, True), said


def test_a_route_that_leads_elsewhere_is_noticed(example: Path) -> None:
    urls = example / "mysite" / "urls.py"
    urls.write_text(urls.read_text().replace("private/", "secret/"))

    code, said = run(example, "greetings.tests.test_urls")

    assert (code, "FAILED (errors=1)" in said) == (1, True), said


def test_what_claims_to_need_no_database_makes_no_connection(example: Path) -> None:
    with (example / "mysite" / "settings.py").open("a") as settings:
        settings.write('DATABASES = {"default": {"ENGINE": "mysite.refusing"}}\n')
    (example / "mysite" / "refusing").mkdir()
    (example / "mysite" / "refusing" / "base.py").write_text(REFUSING)
    (example / "mysite" / "refusing" / "__init__.py").touch()

    code, said = run(example, "greetings.tests.test_functions", "greetings.tests.test_views.HelloTests")

    assert (code, "Ran 6 tests" in said) == (0, True), said


REFUSING = """
from django.db.backends.sqlite3 import base

class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, parameters):
        raise AssertionError("a connection was made")
"""

FAULTS = {
    "another text": ("phrases.py", 'f"Hello {name}{mark}"', 'f"Hello {name}?"'),
    "another default": ("phrases.py", "not name.strip()", "name.strip()"),
    "Waldo is found": ("views.py", 'name == "Waldo"', 'name == "Wally"'),
    "another exception": ("views.py", 'Http404("Where', 'PermissionError("Where'),
    "another message": ("views.py", "Where's Waldo?", "Who's Waldo?"),
    "no login asked": ("views.py", "@login_required", "@csrf_exempt"),
    "another mark": ("views.py", 'mark="."', 'mark=";"'),
    "an empty context": ("views.py", 'greeting=greeting(self.kwargs["name"]), ', ""),
}


@pytest.mark.parametrize(("file", "old", "new"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_noticed(file: str, old: str, new: str, example: Path) -> None:
    source = example / "greetings" / file
    text = source.read_text()
    assert old in text
    source.write_text(
        text.replace(old, new).replace(
            "from django.http import", "from django.views.decorators.csrf import csrf_exempt\nfrom django.http import"
        )
    )

    code, said = run(example)

    assert (code, "FAILED" in said) == (1, True), said


def test_what_can_be_made_and_needed_is_said_with_the_reason() -> None:
    recorded = trace("private")
    found = considered(recorded, "*", True, NONE, lambda: planned(recorded, level="view"))

    assert [(one.function, one.base, one.why) for one in found] == [
        ("greetings.views.private", "TestCase", "it is the view of the request"),
        ("greetings.phrases.greeting", "unittest.TestCase", "it depends on its arguments alone"),
    ]


def test_a_pattern_chooses_functions() -> None:
    text = generated([trace("hello")], level="unit", function="*.phrases.*").source

    assert re.findall(r"def (test_\w+)", text) == ["test_greeting"]


REFUSED = {
    "no function": ("stranger", "*", "no unit test from trace d209ab2f…: it called no function of the project."),
    "none that fits": ("hello", "shop.*", "no unit test from trace aaa5bf2b…: it called no function that fits shop.*."),
}


@pytest.mark.parametrize(("name", "function", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_made_is_said(name: str, function: str, said: str) -> None:
    with pytest.raises(NotAtLevel) as refused:
        generated([trace(name)], level="unit", function=function)

    assert str(refused.value).splitlines()[0] == said


def test_every_recording_has_a_test_of_its_view() -> None:
    assert set(ALONE["view"]) == {path.name.partition(".")[0] for path in (Path(__file__).parent / "traces").iterdir()}


TOGETHER = {
    "auto, the view alone": ("hello", "auto", ["test_hello_succeeds"]),
    "auto, behind a login": ("private", "auto", ["test_private_shows_the_user"]),
    "all": ("private", "all", ["test_private_shows_the_user", "test_private", "test_greeting"]),
    "all, a class": ("class_based", "all", ["test_hello_succeeds", "test_get_context_data", "test_hello_view", "test_greeting"]),
    "all, no functions": ("stranger", "all", ["test_private_redirects", "test_private"]),
}


@pytest.mark.parametrize(("name", "level", "names"), TOGETHER.values(), ids=list(TOGETHER))
def test_levels_are_chosen_or_put_together(name: str, level: str, names: list[str]) -> None:
    text = generated([trace(name)], level=level).source

    assert re.findall(r"def (test_\w+)", text) == names
    assert ("self.client" in text) == (name == "private" and level == "auto")


def test_the_levels_of_a_trace_are_those_in_the_manual() -> None:
    shown = [line for one in offers(trace("private")) for line in (f"{one.level:<12} {one.subject}", f"{'':<12} {one.base}: {one.why}")]

    assert "\n".join(shown) in (EXAMPLE.parents[1] / "docs" / "levels.md").read_text()


def test_what_speaks_against_a_level_is_said() -> None:
    assert [(one.level, one.possible, one.why) for one in offers(trace("stranger"))] == [
        ("integration", True, "it goes through URLs, middleware and the view"),
        ("view", True, "user_passes_test answered: this tests the decorator"),
        ("surroundings", True, "it leads to greetings.views.private"),
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_a_part_of_a_request_is_not_proved(level: str) -> None:
    proved = CliRunner().invoke(commands, ["prove", str(golden(level))])

    assert (proved.exit_code, proved.stdout) == (1, "")
    assert "test_" in proved.stderr
    assert "cannot be compared with a recording of the whole request" in proved.stderr
