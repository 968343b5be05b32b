"""`inverter prove` from outside, on a real project with a real test database: the file that it leaves, its words, its JSON, its exit codes."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from edge_projects import put
from edge_proofs import PYTEST, SMALLEST, SMALLEST_PYTEST, TEST, generated, generated_from, mark, members
from unspan_inverter.cli import cli
from unspan_inverter.proving.circumstances import ANOTHER_DATABASE, CIRCUMSTANCES
from unspan_inverter.proving.verdicts import trace_ids

UNTRIED = {ANOTHER_DATABASE: "PGHOST names no PostgreSQL that it could be tried on"}
UNTRIED |= {} if shutil.which("faketime") else {"on another day": "the program faketime is not installed"}
ELSEWHERE = {name: True for name in CIRCUMSTANCES if name not in UNTRIED}


def prove(home: Path, *words: object) -> Result:
    """The command as a person in the project's folder calls it."""
    here = Path.cwd()
    os.chdir(home)
    try:
        return CliRunner().invoke(cli, ["prove", *map(str, words)])
    finally:
        os.chdir(here)


def body(file: Path) -> str:
    """The file without its header and the marks of its tests."""
    return body_of(file.read_text())


def body_of(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# ") and "Recorded in trace" not in line)


def verdict(file: Path) -> str:
    return file.read_text().splitlines()[1].partition("): ")[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return members(tmp_path_factory.mktemp("prove") / "site")


@pytest.fixture(scope="module")
def recording(home: Path) -> tuple[Path, Path]:
    """The file and its trace."""
    return generated(home)


@pytest.fixture
def file(recording: tuple[Path, Path]) -> Path:
    """The test as it was generated."""
    file = recording[0]
    file.write_text(generated_from(json.loads(recording[1].read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"], TEST))
    return file


@pytest.fixture
def trace(recording: tuple[Path, Path]) -> Path:
    return recording[1]


def test_a_proved_test_is_as_small_as_it_can_be_and_says_how_good_it_is(home: Path, file: Path, trace: Path) -> None:
    done = prove(home, file, "--from", trace, "--json")

    [found] = json.loads(done.stdout)
    mutants = found.pop("mutants")
    assert (done.exit_code, done.stderr) == (0, "")
    assert found == {
        "file": str(file), "holds": True, "passed": True, "same": True, "whole": True, "replay": ["it did the same as the recording"],
        "circumstances": ELSEWHERE, "untried": UNTRIED, "dropped": {"field": 1, "header": 1, "row": 1, "statement": 1},
        "repaired": [], "unasserted": [], "notes": [],
    }  # fmt: skip
    assert body(file) == SMALLEST
    assert mutants["queries"] == {"tried": 4, "noticed": 3}
    assert mutants["noticed"] == sum(mutants["by"].values()) == mutants["tried"] - len(mutants["survived"])
    assert verdict(file) == (
        f"does the same as the recording; passes in {len(ELSEWHERE)} other circumstances; lost 1 field, 1 header, 1 row, 1 statement; "
        f"notices {mutants['noticed']} of {mutants['tried']} faults."
    )

    again = prove(home, file, "--from", trace)
    assert (again.exit_code, again.stdout, again.stderr) == (
        0, "", f"{file}: proved already, and not changed since; --again proves it once more\n",
    )  # fmt: skip


def test_the_budget_is_kept_and_the_next_run_goes_on(home: Path, file: Path, trace: Path) -> None:
    before = body(file)

    for _ in range(2):
        done = prove(home, file, "--from", trace, "--seconds", 1)

        assert (done.exit_code, body(file)) == (0, before)
        assert file.read_text().splitlines()[1].startswith("# Tried by unspan (")
        assert verdict(file) == "does the same as the recording; not all was tried for want of time."
        assert done.stdout.splitlines() == [
            f"{file}: does the same as the recording; not all was tried for want of time",
            *(f"not tried {name}: there was no more time" for name in CIRCUMSTANCES),
            "the budget of 1 s was used up: the next run goes on, or give more with --seconds",
        ]


CHANGED = {
    "red": (
        ("_code, 200", "_code, 201"),
        "does not pass (1 of 1 tests failed)",
        "AssertionError: 200 != 201",
    ),
    "different": (
        ('username="ada"', 'username="Ada"'),
        "passes, but does not do the same as the recording",
        "was 'ada' in the recording and is 'Ada' in the test",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_does_not_hold_is_said_with_the_reason_and_tried_again_next_time(home: Path, file: Path, trace: Path, name: str) -> None:
    (old, new), sentence, why = CHANGED[name]
    file.write_text(file.read_text().replace(old, new))

    for _ in range(2):
        done = prove(home, file, "--from", trace, "--no-repair", "--seconds", 1)

        assert (done.exit_code, done.stdout.splitlines()[0].partition(": ")[2].partition(";")[0]) == (3, sentence)
        assert why in done.stdout
        assert file.read_text().splitlines()[1].startswith("# Tried by unspan (")


def test_a_project_that_cannot_start_is_a_sentence(home: Path, file: Path, trace: Path) -> None:
    broken = put(home / "mysite/broken.py", "raise RuntimeError('no settings today')\n")
    urls = (home / "mysite/settings.py").read_text()
    put(home / "mysite/settings.py", f"import mysite.broken\n{urls}")
    try:
        done = prove(home, file, "--from", trace)
    finally:
        put(home / "mysite/settings.py", urls)
        broken.unlink()

    assert done.exit_code == 3
    assert done.stdout.startswith(f"{file}: does not pass (")
    assert "RuntimeError: no settings today" in done.stdout


NOT_OURS = {
    "no file": (None, 2, "Error: Invalid value for 'FILES...': File 'x.py' does not exist."),
    "a folder": (Path(), 2, "Error: Invalid value for 'FILES...': File 'x.py' is a directory."),
    "a person's file": (b"import django\n", 1, "inverter: x.py does not say from which trace it was generated."),
    "no Python": (f"{mark('a' * 32)}\ndef\n".encode(), 1, "inverter: x.py cannot be read as Python (SyntaxError)."),
    "no text": (b"\xff\xfe\x00", 1, "inverter: x.py cannot be read as Python (UnicodeDecodeError)."),
    "a trace that nobody has": (
        generated_from("ab" * 16, TEST).encode(), 1, "inverter: trace abababab… is not in the collector at 127.0.0.1:…",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_OURS)
def test_bad_input_is_one_sentence_and_changes_nothing(tmp_path: Path, collector, name: str) -> None:
    content, code, said = NOT_OURS[name]
    if isinstance(content, bytes):
        (tmp_path / "x.py").write_bytes(content)
    elif content is not None:
        (tmp_path / "x.py").mkdir()

    done = prove(tmp_path, "x.py", "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (code, "")
    assert said in re.sub(r"127\.0\.0\.1:\d+\.?", "127.0.0.1:…", done.stderr)
    assert not isinstance(content, bytes) or (tmp_path / "x.py").read_bytes() == content


def test_all_files_are_looked_at_before_the_first_is_proved(home: Path, file: Path, trace: Path) -> None:
    before = file.read_bytes()

    done = prove(home, file, put(home / "mine.py", "x = 1\n"), "--from", trace)

    assert (done.exit_code, done.stdout, file.read_bytes()) == (1, "", before)


def test_a_terminal_shows_how_far_it_is(home: Path, file: Path, trace: Path) -> None:
    above, below = pty.openpty()
    words = [Path(sys.executable).with_name("inverter"), "prove", file, "--from", trace, "--seconds", "1"]
    seen: list[bytes] = []

    def read() -> None:
        while True:
            try:
                seen.append(os.read(above, 4096))
            except OSError:  # the other side is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        words, cwd=home, stdout=subprocess.PIPE, stderr=below, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"}, text=True
    )
    os.close(below)
    reader.join(10)
    os.close(above)

    assert f"{file}: replaying" in re.sub(r"\x1b\[[0-9;?]*\w|\s*\r?\n", "", b"".join(seen).decode()).replace("\r", "")
    assert done.stdout.startswith(f"{file}: does the same as the recording")


@pytest.mark.deep
def test_a_pytest_function_is_proved_too(home: Path, file: Path, trace: Path) -> None:
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n")
    function = put(home / "polls/tests/test_function.py", generated_from(trace_ids(file.read_text())[0], PYTEST))

    done = prove(home, function, "--from", trace, "--json")

    assert done.stderr == ""
    [found] = json.loads(done.stdout)
    assert (done.exit_code, found["same"], found["whole"], found["dropped"]) == (
        0,
        True,
        True,
        {"field": 1, "header": 1, "row": 1, "statement": 1},
    )
    assert found["circumstances"] == {name: True for name in ELSEWHERE if name not in found["untried"]}
    assert found["untried"]["in reverse order"] == "only Django's own runner can run tests in reverse order"
    assert found["mutants"]["queries"] == {"tried": 4, "noticed": 3}
    assert body(function) == SMALLEST_PYTEST
    function.unlink()


@pytest.fixture
def as_generated(home: Path, trace: Path) -> Path:
    """The test that the recording gives."""
    file = home / "polls/tests/test_generated.py"
    file.unlink(missing_ok=True)
    done = CliRunner().invoke(cli, ["generate", "--from", str(trace), "-o", str(file), "--no-check"])
    assert done.exit_code == 0, done.output
    return file


@pytest.fixture
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """No other circumstances: they have tests of their own. The words for a proof that is a replay and its repair."""
    monkeypatch.setattr("unspan_inverter.proving.prover.CIRCUMSTANCES", {})
    return ("--json", "--no-minimise", "--no-mutate")


REPAIRED = {
    "a missing row": (
        lambda text: text.replace('        User.objects.create(username="bob")\n', ""),
        ['restored: User.objects.create(username="bob")'],
    ),
    "another value of a row, and one of a header": (
        lambda text: text.replace('username="ada"', 'username="Ada"').replace('"red"', '"blue"'),
        [
            'restored: User.objects.create(username="ada")',
            'restored: response = self.client.get("/", headers={"X-Team": "red", "X-Other": "yes"})',
        ],
    ),
    "a row too many": (
        lambda text: text.replace("    def test", '        User.objects.create(username="eve")\n\n    def test'),
        ['restored: User.objects.create(username="eve")'],
    ),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_a_test_is_repaired_from_its_recording(
    home: Path, as_generated: Path, trace: Path, nowhere_else: tuple[str, ...], name: str
) -> None:
    change, said = REPAIRED[name]
    before = as_generated.read_text()
    as_generated.write_text(change(before))

    done = prove(home, as_generated, "--from", trace, *nowhere_else)

    [found] = json.loads(done.stdout)
    assert (done.exit_code, found["same"], found["repaired"], found["unasserted"]) == (0, True, said, [])
    assert body(as_generated).replace("\n", "") == body_of(before).replace("\n", "")


def test_an_assertion_on_what_varies_is_weakened_and_named(
    home: Path, as_generated: Path, trace: Path, nowhere_else: tuple[str, ...]
) -> None:
    """The same was done, and the assertion fails nevertheless."""
    before = as_generated.read_text()
    as_generated.write_text(
        before + '        self.assertEqual({"name": cls_name(self), "at": 5}, {"name": "MembersTests", "at": 6})\n'
        "        self.assertGreater(5, 6)\n"
        "\n\ndef cls_name(one):\n    return type(one).__name__\n"
    )

    done = prove(home, as_generated, "--from", trace, *nowhere_else)

    [found] = json.loads(done.stdout)
    assert (done.exit_code, found["same"], found["repaired"]) == (
        0, True,
        [
            "weakened, 6 may be anything: self.assertEqual({'name': cls_name(self), 'at': 5}, {'name': 'MembersTests', 'at': 6})",
            "left out, what it asserts varies: self.assertGreater(5, 6)",
        ],
    )  # fmt: skip
    assert '{"name": "MembersTests", "at": mock.ANY}' in as_generated.read_text()
    assert verdict(as_generated) == "does the same as the recording; repaired in 2 places."


@pytest.mark.deep
@pytest.mark.skipif("on another day" in UNTRIED, reason="faketime is not installed")
def test_an_assertion_that_fails_on_another_day_is_weakened(home: Path, as_generated: Path, trace: Path) -> None:
    today = f"        self.assertLess(time.time(), {int(time.time()) + 86_400})\n"
    as_generated.write_text(as_generated.read_text().replace("from django.test", "import time\nfrom django.test") + today)

    done = prove(home, as_generated, "--from", trace, "--json", "--no-minimise", "--no-mutate")

    [found] = json.loads(done.stdout)
    assert (done.exit_code, found["circumstances"]["on another day"]) == (0, True)
    assert found["repaired"] == [f"left out, what it asserts varies: {today.strip()}"]


def test_what_is_not_to_be_repaired_stays_as_it_is(home: Path, as_generated: Path, trace: Path) -> None:
    as_generated.write_text(as_generated.read_text().replace('username="ada"', 'username="Ada"'))
    before = body(as_generated)

    done = prove(home, as_generated, "--from", trace, "--no-repair", "--seconds", 1)

    assert (done.exit_code, body(as_generated)) == (3, before)
