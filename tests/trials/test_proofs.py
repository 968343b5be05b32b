"""The trials of generated tests on the repository's own example: tests of its requests, faults in them, many runs of them."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the traces are kept between these tests."""
    return tmp_path_factory.mktemp("kept") / "traces"


def test_the_tests_of_the_example_do_the_same_as_their_recordings(
    example: Path, traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import replays

    before = {path: path.read_bytes() for path in sorted((example / "..").rglob("*.sqlite3*"))}
    code = replays.main([str(example), "--traces", str(traces), "--json", str(tmp_path / "out.json")])
    said = capsys.readouterr().out

    found = json.loads((tmp_path / "out.json").read_text())
    assert {one["name"]: one["verdict"] for one in found} == dict.fromkeys(
        ["list", "complete", "create", "upload", "refused", "nowhere"], "green, same"
    ), said
    assert (code, said.splitlines()[-1]) == (0, "replays: todo: 6 requests: 6 green, same")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.deep
def test_faults_in_the_tests_of_the_example_are_noticed_and_its_tests_are_stable(
    example: Path, traces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import minimal
    import seeded
    import stable

    smaller = tmp_path / "smaller.json"
    seeded.main([str(example), "--traces", str(traces), "--only", "list", "complete", "--json", str(smaller)])
    said = capsys.readouterr().out
    assert "seeded: todo: 2 tests: " in said
    assert [one["missed"] for one in json.loads(smaller.read_text())] == [[], []], said

    assert minimal.main([str(example), "--traces", str(traces), "--only", "list", "complete"]) == 0, capsys.readouterr().out
    assert "minimal: todo: 2 tests: " in capsys.readouterr().out

    assert stable.main([str(example), "--traces", str(traces), "--json", str(smaller), "--runs", "4"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "stable: todo: 2 tests, 4 runs: 0 failures"


@pytest.mark.parametrize("program", ["replays", "seeded", "minimal", "stable"])
def test_a_folder_without_a_description_is_refused_in_a_sentence(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __import__(program).main([str(tmp_path)]) == 2
    assert f"{program}: {tmp_path} describes no application" in capsys.readouterr().err
