"""The commands as a person types them: what they print, write and exit with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from edge_projects import FAILING, PASSING, project, put
from edge_traces import PROJECT, TRACE, completing_a_todo, summary
from unspan_inverter.cli import COMMANDS, cli
from unspan_inverter.cli import generate as generate_module
from unspan_inverter.errors import Incomplete
from unspan_inverter.exporting import TraceFile
from unspan_inverter.generate import Generated
from unspan_inverter.trace import Trace
from unspan_proto.errors import NewerFormat
from unspan_proto.readapi.traces_pb2 import ListRequest

INVERTER = str(Path(sys.executable).parent / "inverter")


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Django project that the person stands in."""
    folder = project(tmp_path / "site")
    put(folder / "pyproject.toml", f'[tool.unspan]\npython = "{sys.executable}"\n')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def invert(monkeypatch: pytest.MonkeyPatch):
    """Puts a test in the place of what the inverter would make, and keeps what it was asked for."""

    def put_in_place(source: str = PASSING, **more: object) -> list[dict[str, object]]:
        asked: list[dict[str, object]] = []

        def made(traces: list[Trace], settings: object, here: Path, **options: object) -> Generated:
            asked.append({"traces": [one.id for one in traces], **options})
            if isinstance(error := more.get("error"), Exception):
                raise error
            return Generated(source, "todo_complete", more.get("files", {}), more.get("notes", ()), lambda there: source)  # type: ignore[arg-type]

        monkeypatch.setattr(generate_module, "customised", made)
        return asked

    return put_in_place


def test_traces_are_listed(collector, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    collector.api.listed.append(summary("5" * 32, complete=False, status=0, method="GET", path="/\x1b[2J", lost=["a row"]))

    done = run("traces", "--endpoint", collector.address)

    assert (done.exit_code, done.output) == (
        0,
        "4f1c00000000  2023-11-14 22:13:20  302    41 ms      9 spans     2 sql    4.3 kB  POST /complete/50/?from=list\n"
        "555555555555  2023-11-14 22:13:20    -    41 ms      9 spans     2 sql    4.3 kB  GET /\\x1b[2J  incomplete: a row\n",
    )


def test_traces_are_listed_as_json(collector):
    done = run("traces", "--json", "--endpoint", collector.address)

    assert json.loads(done.stdout) == [
        {
            "trace_id": TRACE, "started_at": "2023-11-14T22:13:20.000000+00:00", "duration_ms": 41.2, "method": "POST",
            "path": "/complete/50/?from=list", "status": 302, "spans": 9, "sql": 2, "bytes": 4321, "complete": True,
        }
    ]  # fmt: skip


def test_filters_reach_the_collector(collector):
    before = time.time_ns()
    run("traces", "--limit", 3, "--path", "/a/*", "--method", "post", "--status", "4XX", "--since", "10m", "--endpoint", collector.address)

    asked = collector.api.asked[0]
    assert -1 < (asked.since_unix_nano - (before - 600 * 10**9)) / 1e9 < 60
    asked.since_unix_nano = 0
    assert asked == ListRequest(limit=3, path="/a/*", method="post", status="4xx")


def test_no_traces_is_not_an_error(collector):
    collector.api.listed = []

    plain, narrow, as_json = (run("traces", *more, "--endpoint", collector.address) for more in ([], ["--path", "/x"], ["--json"]))

    assert (plain.exit_code, plain.output) == (0, "inverter: nothing was recorded yet; `inverter doctor` says what is missing.\n")
    assert (narrow.exit_code, narrow.output) == (0, "inverter: no trace fits.\n")
    assert (as_json.exit_code, as_json.output) == (0, "[]\n")


@pytest.mark.parametrize("variable", ["UNSPAN_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_the_environment_names_the_collector(collector, variable):
    done = subprocess.run(
        [INVERTER, "traces", "--json"],
        env={**os.environ, variable: f"http://{collector.address}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout)[0]["trace_id"] == TRACE


def test_a_trace_is_shown(collector, tmp_path):
    run("export", "--trace-id", TRACE, "-o", tmp_path / "trace.json", "--endpoint", collector.address)

    ways = [run("show", "--trace-id", "4f1c00", "--endpoint", collector.address), run("show", "--from", tmp_path / "trace.json")]

    assert [way.exit_code for way in ways] == [0, 0]
    assert ways[0].output == ways[1].output
    assert ways[0].output.startswith(f"trace {TRACE}\nPOST /complete/50/?from=list → 302")


def test_a_trace_is_shown_as_json(collector):
    done = run("show", "--json", "--trace-id", TRACE, "--endpoint", collector.address)

    document = json.loads(done.output)
    assert document["trace_id"] == TRACE
    assert [span["kind"] for span in document["spans"]] == ["request", "call", "sql", "http", "tape", "sql", "mail", "cache", "end"]


def test_an_exported_trace_holds_its_project(collector, tmp_path):
    file = tmp_path / "trace.json"
    done = run("export", "--trace-id", "latest", "-o", file, "--endpoint", collector.address)

    assert (done.exit_code, done.output) == (0, "")
    assert TraceFile(file).fetched("").spans() == TraceFile(file).fetched(TRACE).spans()
    assert len(TraceFile(file).fetched("").project_spans()) == 1
    assert run("export", "--trace-id", TRACE, "--from", file).output == file.read_text()


def test_an_export_without_a_project_says_so(collector):
    del collector.api.traces[PROJECT]
    done = run("export", "--trace-id", TRACE, "--endpoint", collector.address)

    assert (done.exit_code, done.stderr) == (
        0,
        "inverter: the description of the project was not found beside this trace; no test can be generated from the file.\n",
    )


def test_a_test_is_written_and_checked(collector, home, invert):
    asked = invert(notes=("a note\nof two lines",))

    done = run("generate", "--trace-id", "4f1c00", "-o", "polls/tests/test_hello.py", "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines()[:5] == [
        "inverter: a note",
        "          of two lines",
        f"inverter: polls/tests/test_hello.py: 1 test passed, in: {sys.executable} manage.py test --noinput polls.tests.test_hello",
        "          different: the test departs from the recording in 11 places",
        "          first, the request: method was 'POST' in the recording and is 'GET' in the test",
    ]
    assert (home / "polls/tests/test_hello.py").read_text() == PASSING
    assert asked == [
        {
            "traces": [TRACE],
            "style": "django",
            "level": "integration",
            "function": "*",
            "journeys": [],
            "allow_gaps": False,
            "decoys": True,
            "files": True,
        }
    ]


def test_options_reach_the_inverter(collector, home, invert):
    asked = invert()
    collector.api.traces["5e" * 16] = completing_a_todo()
    arguments = [
        "--trace-id",
        TRACE,
        "--trace-id",
        "5e5e5e",
        "--trace-id",
        TRACE[:8],
        "--style",
        "pytest",
        "--level",
        "integration",
        "--allow-gaps",
        "--no-decoys",
        "--no-check",
    ]

    done = run("generate", *arguments, "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (0, PASSING)
    assert asked == [
        {
            "traces": [TRACE, TRACE],
            "style": "pytest",
            "level": "integration",
            "function": "*",
            "journeys": [],
            "allow_gaps": True,
            "decoys": False,
            "files": False,
        }
    ]


def test_the_style_may_be_a_setting(collector, home, invert):
    asked = invert()
    put(home / "pyproject.toml", '[tool.unspan]\nstyle = "pytest"\n')

    run("generate", "--trace-id", TRACE, "--no-check", "--endpoint", collector.address)

    assert asked[0]["style"] == "pytest"


def test_a_test_that_fails_its_check_stays(collector, home, invert):
    invert(FAILING)

    done = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == (
        "inverter: polls/tests/test_hello.py was written but did not pass its check: 1 of 1 tests failed.\n"
        "          FAIL: test_hello (polls.tests.test_hello.HelloTests.test_hello)\n"
        f"          {home}/polls/tests/test_hello.py:11: self.assertEqual(response.status_code, 200)\n"
        "          AssertionError: 404 != 200\n"
        f"          It was run with: {sys.executable} manage.py test --noinput polls.tests.test_hello\n"
    )
    assert (home / "polls/tests/test_hello.py").read_text() == FAILING


@pytest.mark.parametrize(("source", "code"), [(PASSING, 0), (FAILING, 3)])
def test_a_test_on_stdout_is_checked_and_leaves_nothing(collector, home, invert, source, code):
    invert(source)
    before = everything(home)

    done = run("generate", "--trace-id", TRACE, "--endpoint", collector.address)

    assert (done.exit_code, done.stdout) == (code, source)
    assert everything(home) == before
    assert ("inverter: the test: 1 test passed, in: " in done.stderr) == (code == 0)


def everything(folder: Path) -> set[Path]:
    return {one for one in folder.rglob("*") if "__pycache__" not in one.parts or "unspan" in one.name}


def test_a_folder_gets_a_file_with_a_good_name(collector, home, invert):
    invert()

    run("generate", "--trace-id", TRACE, "-o", "polls/tests", "--no-check", "--endpoint", collector.address)

    assert (home / "polls/tests/test_todo_complete.py").read_text() == PASSING


def test_all_that_was_recorded_gets_tests_of_its_views(collector, home):
    words = [
        "generate",
        "--all",
        "--path",
        "/complete/*",
        "-o",
        "polls/tests",
        "--no-check",
        "--allow-gaps",
        "--endpoint",
        collector.address,
    ]
    done = run(*words)

    assert (done.exit_code, done.stdout) == (0, "")
    assert [TRACE in one.read_text() for one in (home / "polls/tests").glob("test_*.py")] == [True]
    assert [one.path for one in collector.api.asked if isinstance(one, ListRequest)] == ["/complete/*"]


def test_data_files_stand_beside_the_test(collector, home, invert):
    invert(files={"data/body.bin": b"\0\1"})

    on_disk = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--no-check", "--endpoint", collector.address)
    on_stdout = run("generate", "--trace-id", TRACE, "--no-check", "--endpoint", collector.address)

    assert (on_disk.exit_code, (home / "polls/tests/data/body.bin").read_bytes()) == (0, b"\0\1")
    assert (on_stdout.exit_code, on_stdout.output) == (
        1,
        "inverter: the test was not written: data files belong beside it.\n          Give it a file with -o FILE.\n",
    )


@pytest.mark.parametrize("name", ["../body.bin", "/etc/body.bin", "a/../../b", "", "a\0b", "..\\b"])
def test_data_files_stay_beside_the_test(collector, home, invert, name):
    invert(files={name: b"x"})

    done = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--no-check", "--endpoint", collector.address)

    assert (done.exit_code, (home / "polls/tests/test_hello.py").exists()) == (1, False)
    assert "a data file must lie beside its test" in done.stderr


def test_a_persons_file_keeps_what_is_in_it(collector, home, invert):
    invert()
    file = put(home / "polls/tests/test_hello.py", "# mine\nMINE = 1\n")

    done = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--no-check", "--endpoint", collector.address)

    assert (done.exit_code, file.read_text()[:10], PASSING[PASSING.index("class ") :] in file.read_text()) == (0, "# mine\nimp", True)
    assert "MINE = 1\n" in file.read_text()


def test_a_persons_data_is_not_written_over(collector, home, invert):
    invert(files={"body.bin": b"new"})
    data = put(home / "polls/tests/body.bin", "mine")

    done = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--no-check", "--endpoint", collector.address)

    assert (done.exit_code, data.read_text(), (home / "polls/tests/test_hello.py").exists()) == (1, "mine", False)


def test_a_missing_folder_is_said(collector, home, invert):
    invert()
    done = run("generate", "--trace-id", TRACE, "-o", "nowhere/test_hello.py", "--no-check", "--endpoint", collector.address)

    assert (done.exit_code, done.stderr) == (
        1,
        "inverter: nowhere/test_hello.py was not written: there is no folder nowhere.\n          Make it, or choose another place with -o.\n",
    )


def test_a_link_stays_a_link(collector, home, invert):
    invert()
    real = put(home / "elsewhere.py", PASSING)
    link = home / "polls/tests/test_hello.py"
    link.symlink_to(real)
    real.chmod(0o640)

    run("generate", "--trace-id", TRACE, "-o", link, "--no-check", "--endpoint", collector.address)

    assert (link.is_symlink(), real.read_text(), real.stat().st_mode & 0o777) == (True, PASSING, 0o640)


def test_a_refusal_is_a_sentence_and_writes_nothing(collector, home, invert):
    invert(error=Incomplete(TRACE, ["3 rows were \x1b[2J not recorded"]))

    done = run("generate", "--trace-id", TRACE, "-o", "polls/tests/test_hello.py", "--endpoint", collector.address)

    assert (done.exit_code, done.output) == (
        1,
        "inverter: trace 4f1c0000… is not complete: 3 rows were \\x1b[2J not recorded.\n"
        "          Record it again, or accept a weaker test with --allow-gaps.\n",
    )
    assert not (home / "polls/tests/test_hello.py").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NewerFormat(9, 1), "inverter: this trace has format 9, this unspan reads formats up to 1: install a newer unspan to read it.\n"),
        (
            KeyError("x\x1b"),
            "inverter: a mistake inside unspan stopped this: KeyError: 'x\\x1b'.\n"
            "          Please report it with the output of the same command under UNSPAN_DEBUG=1.\n",
        ),
        (RecursionError(), None),
        (MemoryError(), None),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(collector, home, invert, error, said):
    invert(error=error)

    done = run("generate", "--trace-id", TRACE, "--endpoint", collector.address)

    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert said is None or done.output == said


def test_a_mistake_of_ours_has_its_traceback_when_asked(collector, home, invert, monkeypatch):
    invert(error=KeyError("x"))
    monkeypatch.setenv("UNSPAN_DEBUG", "1")

    done = run("generate", "--trace-id", TRACE, "--endpoint", collector.address)

    assert isinstance(done.exception, KeyError)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show"], "Missing option '--trace-id': give an id of `inverter traces`, or `latest`."),
        (["generate"], "Missing option '--trace-id'"),
        (["generate", "--all"], "name a folder that is there with -o."),
        (["generate", "--all", "-o", "x.py"], "name a folder that is there with -o."),
        (["generate", "--all", "-o", ".", "--trace-id", TRACE], "Option '--all' chooses the traces of a collector itself"),
        (["generate", "--path", "/polls/*", "--trace-id", TRACE], "Option '--path' goes with '--all'."),
        (["show", "--trace-id", "12345"], "'12345' is no trace id: give 32 hex digits, at least the first 6 of them, or `latest`."),
        (["show", "--trace-id", "g" * 32], "is no trace id"),
        (["show", "--trace-id", TRACE + "0"], "is no trace id"),
        (["traces", "--endpoint", "nope:port"], "'nope:port' must be HOST:PORT."),
        (["traces", "--endpoint", "host:99999"], "'host:99999' must be HOST:PORT."),
        (["traces", "--status", "999"], "'999' is no status: write 404 or 4xx."),
        (["traces", "--since", "yesterday"], "'yesterday' is no time span: write 90s, 10m, 2h, 3d or 1w."),
        (["traces", "--limit", "0"], "0 is not in the range"),
        (["generate", "--trace-id", TRACE, "--style", "nose"], "'nose' is not one of 'django', 'pytest'."),
        (
            ["generate", "--trace-id", TRACE, "--level", "all-of-it"],
            "is not one of 'integration', 'view', 'unit', 'surroundings', 'work', 'auto', 'all'.",
        ),
        (["generate", "--factories"], "No such option"),
        (["nothing"], "No such command 'nothing'."),
    ],
)
def test_wrong_arguments_exit_with_2(words, said):
    done = run(*words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[tool.unspan]\npythn = "x"',
            "the setting tool.unspan.pythn of {file} is unknown; there are: python, test-command, test-timeout, decoys, style, base-class, factories, template, output, "
            "plugins, ignore-headers, ignore-fields, data-over, test-lines, assert.",
        ),
        (
            '[tool.unspan]\ntest-timeout = "5"',
            "the setting tool.unspan.test-timeout of {file} is '5' and must be a number of seconds greater than 0.",
        ),
        ('[tool.unspan]\nstyle = "nose"', "the setting tool.unspan.style of {file} is 'nose' and must be django or pytest."),
        ("[tool]\nunspan = 5", "the setting [tool.unspan] of {file} must be a table."),
        (
            "[tool.unspan",
            "the setting [tool.unspan] of {file} cannot be read: Expected ']' at the end of a table declaration (at end of document).",
        ),
    ],
)
def test_wrong_settings_are_said(tmp_path, monkeypatch, text, said):
    put(tmp_path / "pyproject.toml", text)
    monkeypatch.chdir(tmp_path)

    done = run("generate", "--trace-id", TRACE)

    assert (done.exit_code, done.output) == (1, f"inverter: {said.format(file=tmp_path / 'pyproject.toml')}\n")


def test_a_wrong_variable_is_said(monkeypatch):
    monkeypatch.setenv("UNSPAN_ENDPOINT", "nonsense:x")

    done = subprocess.run([INVERTER, "traces"], env=dict(os.environ), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "inverter: the setting UNSPAN_ENDPOINT of the environment is 'nonsense:x' and must be HOST:PORT.\n",
    )


@pytest.mark.parametrize("words", [[], ["traces"], ["show"], ["export"], ["generate"], ["doctor"]], ids=" ".join)
def test_every_command_explains_itself(words):
    assert run(*words, "--help").exit_code == 0


def test_the_manual_names_every_option():
    page = (Path(__file__).parents[3] / "docs/inverter.md").read_text(encoding="utf-8")

    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command
        assert f"`inverter {name}" in page
        for parameter in command.params:
            assert all(f"{spelling}" in page for spelling in parameter.opts), (name, parameter.opts)


def test_the_library_of_the_manual_is_there():
    page = (Path(__file__).parents[3] / "docs/inverter.md").read_text(encoding="utf-8")

    exec(page.partition("```python\n")[2].partition("```")[0], {})


def test_what_a_command_does_not_need_is_not_imported():
    """Start-up is paid by every call: the help needs no gRPC, generating no terminal library."""
    code = (
        "import sys, unspan_inverter.cli\n"
        "print([name for name in ('grpc', 'rich', 'jinja2', 'google.protobuf') if name in sys.modules])\n"
        "import unspan_inverter.cli.generate\n"
        "print([name for name in ('rich', 'django', 'subprocess.Popen') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n[]\n"


def test_output_that_nobody_reads_to_its_end_is_no_error(collector):
    """As in `inverter show … | head -1`."""
    collector.api.listed = [summary() for _ in range(10_000)]
    process = subprocess.Popen(
        [INVERTER, "traces", "--limit", "10000", "--endpoint", collector.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.read(10)
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(30)


def test_a_terminated_check_takes_its_file_away(collector, home):
    slow = PASSING.replace('User.objects.create(username="ada")', "open('started', 'w').close(); import time; time.sleep(600)")
    code = (
        "from unspan_inverter import cli; from unspan_inverter.cli import generate as g; from unspan_inverter.generate import Generated\n"
        f"from types import SimpleNamespace; g.built = lambda *given: SimpleNamespace(spans=(), redacted=(), of_work=False); g.customised = lambda *given, **more: Generated({slow!r}, 'hello')\n"
        f"cli.cli(['generate', '--trace-id', {TRACE!r}, '--endpoint', {collector.address!r}])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if (home / "started").exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 128 + signal.SIGTERM
    assert not list(home.rglob("*unspan_check*"))


def test_the_doctor_finds_what_is_there(collector, home):
    done = run("doctor", "--json", "--endpoint", collector.address)

    found = {one["check"]: one for one in json.loads(done.output)}
    assert (done.exit_code, [name for name, one in found.items() if not one["ok"]]) == (0, [])
    assert list(found) == [
        "inverter", "python", "packages", "recorder", "wrapper", "environment", "settings module", "recorded modules", "collector", "traces", "test runner",
    ]  # fmt: skip
    assert found["settings module"]["detail"] == "mysite.settings"
    assert found["recorded modules"]["detail"] == f"5 of 5 modules below {home}: mysite, mysite.settings, mysite.urls, polls, polls.tests"
    assert found["collector"]["detail"] == f"answers at {collector.address}"
    assert found["traces"]["detail"] == "1, the newest 4f1c00000000: POST /complete/50/?from=list → 302, 9 spans, 2 sql"
    assert found["test runner"]["detail"] == f"{sys.executable} manage.py test --noinput test_example (in {home})"


def test_the_doctor_says_what_is_wrong(collector, home, monkeypatch):
    collector.api.listed = [summary(complete=False, lost=["a row"])]
    for name, value in {"OTEL_SDK_DISABLED": "true", "UNSPAN_INCLUDE": "polls.*", "UNSPAN_EXCLUDE": "polls.tests"}.items():
        monkeypatch.setenv(name, value)
    (home / "manage.py").unlink()

    done = run("doctor", "--endpoint", collector.address)

    problems = [line for line in done.output.splitlines() if not line.startswith("ok")]
    assert done.exit_code == 1
    assert problems == [
        "problem  environment       OTEL_SDK_DISABLED=true, UNSPAN_EXCLUDE=polls.tests, UNSPAN_INCLUDE=polls.*",
        "         → Unset OTEL_SDK_DISABLED: recording is switched off by it.",
        "problem  settings module   neither DJANGO_SETTINGS_MODULE nor a manage.py names one",
        "         → Run inverter in the folder of manage.py, or set DJANGO_SETTINGS_MODULE.",
        "problem  traces            1, the newest 4f1c00000000: POST /complete/50/?from=list → 302, 9 spans, 2 sql",
        "         → The newest is not complete:",
        "           a row: `inverter generate --allow-gaps` makes a test all the same, which names what is missing",
    ]


def test_the_doctor_goes_on_without_a_collector(home):
    put(home / "pyproject.toml", '[tool.unspan]\npython = "/nowhere/python"\n')

    done = run("doctor", "--endpoint", "127.0.0.1:1")

    problems = [line.split("  ")[1].strip() for line in done.output.splitlines() if line.startswith("problem")]
    assert (done.exit_code, problems) == (1, ["versions", "collector", "test runner"])
