"""The three programs on the repository's own example: real servers, a real collector, its own tests."""

import json
import os
from pathlib import Path

import pytest

NAMES = ["list", "complete", "create", "upload", "refused", "nowhere"]


def test_the_example_is_the_same_under_the_recorder(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import harmless

    home = Path(os.environ["UNSPAN_APPS"], "todo", "app")
    before = {path: path.read_bytes() for path in sorted(home.rglob("*.sqlite3*"))}
    code = harmless.main([str(example), "--json", str(tmp_path / "out.json")])
    said = capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    assert [(one["name"], one["requests"], one["statements"], one["different"], one["unsteady"]) for one in found] == [
        ("list", 1, 1, {}, []),
        ("complete", 2, 5, {}, []),
        ("create", 2, 3, {}, []),
        ("upload", 2, 2, {}, []),
        ("refused", 1, 0, {}, []),
        ("nowhere", 1, 0, {}, []),
    ], said
    assert (code, said.splitlines()[-1]) == (0, "harmless: todo: 6 of 6 requests are the same, 0 differ, 0 vary by themselves")
    assert [path.name for path in before] == ["db.sqlite3", "db.sqlite3.seed"]
    assert {path: path.read_bytes() for path in sorted(home.rglob("*.sqlite3*"))} == before


def test_everything_of_the_example_is_recorded(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import recorded

    code = recorded.main([str(example), "--json", str(tmp_path / "out.json")])
    said = capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    assert [(one["name"], one["expected"], one["gaps"], one["missing"]) for one in found] == [(name, True, [], []) for name in NAMES], said
    assert (code, said.splitlines()[-1]) == (0, "recorded: todo: 6 of 6 traces are complete and hold everything that was sent and received")
    for shown in ("url.query = 'a=1&a=%C3%A9'", "todos.views.todo_list", "UPDATE", "a.bin", "Naïve", "a.bin"):
        assert shown in said


@pytest.mark.deep
def test_the_example_s_own_tests_pass_under_the_recorder(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import suites

    suite = """{python} -c "import django.test.utils as u, sys; print('Ran 1 test in 0.1s', file=sys.stderr)" """
    assert suites.main([str(example), "--command", suite]) == 0
    assert suites.main([str(example), "--command", "{python} -c pass"]) == 1
    assert "suites: todo: 0 tests" in capsys.readouterr().out


@pytest.mark.parametrize("program", ["harmless", "recorded", "suites"])
def test_a_folder_without_a_description_is_refused_in_a_sentence(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = __import__(program)
    assert module.main([str(tmp_path)]) == 2
    assert f"{program}: {tmp_path} describes no application (FileNotFoundError" in capsys.readouterr().err
