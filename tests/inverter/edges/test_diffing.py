"""`inverter diff` from outside: its words, its JSON, its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from edge_traces import TRACE
from unspan_inverter.cli import cli


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def file(collector, tmp_path: Path) -> Path:
    """A trace that was exported."""
    path = tmp_path / "trace.json"
    run("export", "--trace-id", TRACE, "-o", path, "--endpoint", collector.address)
    return path


@pytest.fixture
def changed(file: Path) -> Path:
    """The same request after a change of the code: another title was read."""
    path = file.with_name("changed.json")
    path.write_text(file.read_text().replace("Give a talk", "Give two talks"))
    return path


def test_a_trace_is_the_same_as_itself(collector, file):
    done = run("diff", TRACE[:8], file, "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (0, "same: 6 steps, the response, and all that was read and written\n")


def test_the_first_departure_is_told(file, changed):
    done = run("diff", file, changed)

    assert done.exit_code == 1
    assert done.stdout.splitlines()[1].startswith("first, SELECT … FROM todo_todo WHERE todo_todo.id = %s: rows row 1 1 was 'Give a talk'")


def test_the_same_as_json(file, changed):
    done = run("diff", "--json", file, changed)

    document = json.loads(done.stdout)
    assert (done.exit_code, document["same"], document["first"], document["second"]) == (1, False, TRACE, TRACE)
    assert [(one["kind"], one["what"], one["aspect"], one["where"]) for one in document["differences"]] == [
        ("changed", "sql", "rows", "todo.views.complete")
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense", "latest"), 2, "is no trace id"),
        (("latest",), 2, "Missing argument 'SECOND'"),
        (("ab" * 16, "latest"), 1, "inverter: trace abababab… is not in the collector"),
    ],
    ids=["no id", "one trace", "an unknown trace"],
)
def test_bad_input_is_one_sentence(collector, words, code, said):
    done = run("diff", *words, "--endpoint", collector.address)

    assert (done.exit_code, done.stdout, said in done.stderr) == (code, "", True)
