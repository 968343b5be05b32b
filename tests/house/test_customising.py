"""docs/customising.md: each worked example, done in the poll of the examples, gives what the page says."""

import re
import shutil
from pathlib import Path

import pytest

from .sources import CHECKOUT
from .test_poll import generated
from .voting import Vote

PAGE = (CHECKOUT / "docs" / "customising.md").read_text()
BLOCKS = re.findall(r"<!-- (pyproject|gives|without|file): ([^\n]+?) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [name for kind, name, _ in BLOCKS if kind == "pyproject"]
FILES = {name: text for kind, name, text in BLOCKS if kind == "file"}


@pytest.fixture
def project(vote: Vote, tmp_path: Path) -> Path:
    return shutil.copytree(vote.project, tmp_path / "poll", ignore=shutil.ignore_patterns("__pycache__", "test_*.py"))


def lines(kind: str, name: str) -> list[str]:
    """The lines that the page shows for an example."""
    return [line.strip() for which, of, text in BLOCKS if (which, of) == (kind, name) for line in text.splitlines()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_what_the_page_says(project: Path, vote: Vote, name: str) -> None:
    base = '[tool.unspan]\nbase-class = "polls.tests.base.SlackTestCase"\n'
    text = next(text for kind, of, text in BLOCKS if (kind, of) == ("pyproject", name))
    settings = text if "base-class" in text or "[tool.unspan]" not in text else text.replace("[tool.unspan]\n", base)
    (project / "pyproject.toml").write_text(settings)
    for file, content in FILES.items():
        (project / file).write_text(content)

    done = generated(project, vote, *([] if name == "output" else ["-o", "polls/tests/test_slack_interactions.py"]))

    assert done.returncode == 0, done.stderr
    written = (project / "polls/tests/test_slack_interactions.py").read_text()
    found = [line.strip() for line in written.splitlines()]
    assert [line for line in lines("gives", name) if line not in found] == []
    assert [line for line in lines("without", name) if line in written] == []
    assert "1 test passed" in done.stderr


WRONG = {
    "a base class that is nowhere": ('base-class = "polls.tests.base.Slack"', "polls.tests.base has no class Slack"),
    "a base class of no module": ('base-class = "polls.tests.nowhere.Slack"', "there is no module polls.tests.nowhere"),
    "a base class that is no name": ('base-class = "Slack case"', "must be the dotted name of a class"),
    "factories that are no list": ('factories = "polls.tests.factories"', "must be a list of modules"),
    "a template that is not there": ('template = "nowhere.jinja"', "no such file"),
    "a template that is none": ('template = "broken.jinja"', "the template of [tool.unspan] does not work: line 1"),
    "a template with a name that there is not": ('template = "unknown.jinja"', "'author' is undefined"),
    "an output without a name": ('output = "tests/test.py"', "must be a path with {name}"),
    "an assertion that there is not": ("assert = {colour = false}", "must be a table of true and false"),
    "a plugin that is not there": ('plugins = ["nowhere.py"]', "the plugin nowhere.py failed: there is no file"),
    "a plugin that is none": ('plugins = ["manage.py"]', "it has no `plugin`"),
    "a plugin of another version": ('plugins = ["newer.py"]', "it speaks version 2 of the interface, and this is 1"),
    "a plugin that raises": ('plugins = ["raising.py"]', "the plugin raising failed: ValueError: no"),
    "a plugin that gives nothing": ('plugins = ["silent.py"]', "it gave NoneType where a Plan was expected"),
}
PLUGIN = "from unspan_inverter.plugins import Plugin\n"
BROKEN = {
    "broken.jinja": "{% block",
    "unknown.jinja": "{{ author }}",
    "newer.py": f"{PLUGIN}plugin = Plugin('newer', version=2)\n",
    "raising.py": f"{PLUGIN}def facts(found, trace):\n    raise ValueError('no')\nplugin = Plugin('raising', facts=facts)\n",
    "silent.py": f"{PLUGIN}plugin = Plugin('silent', plan=lambda plan, trace: None)\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_answered_by_a_sentence(project: Path, vote: Vote, name: str) -> None:
    setting, sentence = WRONG[name]
    (project / "pyproject.toml").write_text(f"[tool.unspan]\n{setting}\n")
    for file, content in BROKEN.items():
        (project / file).write_text(content)

    done = generated(project, vote, "--no-check")

    assert done.returncode == 1
    assert sentence in done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def test_data_files_are_replaced_with_their_test_unless_they_were_edited(project: Path, vote: Vote) -> None:
    folder, found = project / "polls" / "tests", list[set[str]]()
    for over in (100, 4000, 100, 4000):
        (project / "pyproject.toml").write_text(f"[tool.unspan]\ndata-over = {over}\n")
        done = generated(project, vote, "--no-check", "-o", "polls/tests/test_slack_interactions.py")
        assert done.returncode == 0, done.stderr
        found.append({one.name for one in folder.glob("*.json")})
        if len(found) == 3:
            edited = sorted(found[0])[0]
            (folder / edited).write_text("[]")

    assert (len(found[0]) > 1, found[1:]) == (True, [set(), found[0], {edited}])
