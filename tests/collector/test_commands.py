"""`run`, `status`, settings and their errors, as a person at a terminal meets them."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unspan_collector import settings
from unspan_collector.errors import WrongSetting
from unspan_collector.settings import Address, Settings

from .making import recording, trace_id
from .process import COMMAND, Process, command, environment, eventually

SENDING = """
import os, sys
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("child").start_as_current_span("from the command") as span:
    print(f"{span.get_span_context().trace_id:032x}", os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"], "TRACES" in str(os.environ))
provider.shutdown()
sys.exit(7)
"""


def running(store: Path, *arguments: str, **named: Any) -> "subprocess.CompletedProcess[str]":
    return command("run", "--store", f"sqlite:///{store}", "--", *arguments, **named)


def test_run_points_the_command_at_its_collector_and_exits_with_its_code(store_path: Path) -> None:
    wrong = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    ended = running(store_path, sys.executable, "-c", SENDING, env=wrong)
    trace, protocol, narrower = ended.stdout.split()
    assert (ended.returncode, protocol, narrower, ended.stderr.count("\n")) == (7, "grpc", "False", 1), ended.stderr
    assert ended.stderr.startswith("unspan-collector: listening on grpc 127.0.0.1:")
    with Process(store_path) as process:
        assert [one.name for one in process.get(trace)[1]] == ["from the command"]


ENDS = {
    "success": (["true"], 0),
    "failure": (["false"], 1),
    "its own code": (["sh", "-c", "exit 42"], 42),
    "a signal": (["sh", "-c", "kill -9 $$"], 137),
    "flags of its own": (["sh", "-c", 'test "$1" = --store && exit 3', "--", "--store", "--", "--help"], 3),
}


@pytest.mark.parametrize(("arguments", "code"), ENDS.values(), ids=ENDS)
def test_run_exits_with_the_commands_code(store_path: Path, arguments: list[str], code: int) -> None:
    assert running(store_path, *arguments).returncode == code


UNSTARTABLE = {
    "unknown": ("no-such-program-here", 127, "cannot run 'no-such-program-here': there is no such program."),
    "not executable": ("/", 126, "cannot run '/': permission denied."),
}


@pytest.mark.parametrize(("program", "code", "sentence"), UNSTARTABLE.values(), ids=UNSTARTABLE)
def test_a_command_that_cannot_start_is_one_sentence(store_path: Path, program: str, code: int, sentence: str) -> None:
    ended = running(store_path, program)
    assert (ended.returncode, ended.stderr.splitlines()[1:]) == (code, [f"unspan-collector: {sentence}"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_run_hands_signals_on_and_waits_for_the_command(store_path: Path, tmp_path: Path, number: int) -> None:
    script = f"""
import signal, sys, time, pathlib
def stop(number, frame):
    pathlib.Path({str(tmp_path / "got")!r}).write_text(str(int(number)))
    sys.exit(5)
signal.signal(signal.SIGTERM, stop); signal.signal(signal.SIGINT, stop)
pathlib.Path({str(tmp_path / "up")!r}).write_text("")
while True: time.sleep(0.01)
"""
    arguments = [*COMMAND, "run", "--store", f"sqlite:///{store_path}", "--", sys.executable, "-c", script]
    popen = subprocess.Popen(arguments, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually(lambda: (tmp_path / "up").exists())
    popen.send_signal(number)
    _, said = popen.communicate(timeout=20)
    assert (popen.returncode, (tmp_path / "got").read_text(), said.count(b"\n")) == (5, str(int(number)), 1)


def test_run_without_a_command_is_a_wrong_argument() -> None:
    assert command("run").returncode == 2


def test_status_of_a_running_collector(collector: Process) -> None:
    trace = trace_id()
    collector.send(recording(trace))
    told = json.loads(command("status", "--grpc", collector.grpc, "--json").stdout)
    size = sum(one.bytes for one in collector.list(limit=10_000, all_kinds=True))
    traces = len(collector.list(limit=10_000, all_kinds=True))
    assert told == {
        "running": True, "store": f"sqlite:///{collector.store}", "healthy": True, "detail": "", "traces": traces, "bytes": size,
        "disk_bytes": told["disk_bytes"], "pinned": 0, "grpc": collector.grpc, "http": collector.http, "pid": collector.popen.pid,
    }  # fmt: skip
    ended = command("status", env={"UNSPAN_COLLECTOR_GRPC": collector.grpc})
    first, second = ended.stdout.splitlines()
    assert (ended.returncode, first, second.startswith(f"{traces} traces, ")) == (0, f"{collector.grpc} running", True)


def test_status_when_nothing_runs() -> None:
    ended = command("status", "--grpc", "127.0.0.1:1")
    why = "no collector answers at 127.0.0.1:1 (nothing listens there)."
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"unspan-collector: {why} Start one with: unspan-collector serve, or name another with --grpc HOST:PORT.\n"
    ended = command("status", "--grpc", "127.0.0.1:1", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["running"]) == (1, False)


def test_settings_come_from_flags_then_the_environment_then_the_file(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_text('grpc = "127.0.0.1:1"\nhttp = "127.0.0.1:1"\nstore = "sqlite:////of/the/file"\nkeep_days = 1.5\nqueue_bytes = "8M"\n')
    environment = {"UNSPAN_COLLECTOR_GRPC": "127.0.0.1:2", "UNSPAN_COLLECTOR_HTTP": "[::1]:2", "UNSPAN_COLLECTOR_CONFIG": str(file)}
    expected = Settings(Address("localhost", 3), Address("::1", 2), "sqlite:////of/the/file", 1.5, 0, 8 << 20)
    assert settings.read({"grpc": "localhost:3"}, environment, None) == expected


def test_usual_settings(tmp_path: Path) -> None:
    expected = Settings(
        Address("127.0.0.1", 4317), Address("127.0.0.1", 4318), f"sqlite:///{tmp_path}/unspan/traces.sqlite3", 0.0, 0, 256 << 20
    )
    assert settings.read({}, {"XDG_STATE_HOME": str(tmp_path)}, None) == expected
    assert settings.default_store({"XDG_STATE_HOME": "relative"}) == f"sqlite:///{Path.home()}/.local/state/unspan/traces.sqlite3"


WRONG = {
    "a flag": ({"grpc": "4317"}, {}, "", "--grpc = '4317' is wrong: it must be HOST:PORT, for instance 127.0.0.1:4317."),
    "a port": ({"http": "localhost:99999"}, {}, "", "--http = 'localhost:99999' is wrong: it must be HOST:PORT, for instance 127.0.0.1:4317."),
    "a store": (
        {"store": "clickhouse://x"}, {}, "",
        "--store = 'clickhouse://x' is wrong: it must be sqlite:///PATH (four slashes before an absolute path).",
    ),
    "a store without a path": (
        {"store": "sqlite:///"}, {}, "", "--store = 'sqlite:///' is wrong: it must be sqlite:///PATH (four slashes before an absolute path).",
    ),
    "a variable": (
        {}, {"UNSPAN_COLLECTOR_KEEP_DAYS": "soon"}, "", "UNSPAN_COLLECTOR_KEEP_DAYS = 'soon' is wrong: it must be a number of days, 0 for no limit.",
    ),
    "a negative number": ({"keep_days": "-1"}, {}, "", "--keep-days = '-1' is wrong: it must be a number of days, 0 for no limit."),
    "no number": ({"keep_days": "nan"}, {}, "", "--keep-days = 'nan' is wrong: it must be a number of days, 0 for no limit."),
    "a small queue": ({"queue_bytes": "1k"}, {}, "", "--queue-bytes = '1k' is wrong: it must be 1M or more."),
    "an empty text": ({"grpc": ""}, {}, "", "--grpc = '' is wrong: it must be HOST:PORT, for instance 127.0.0.1:4317."),
    "the file": ({}, {}, "keep_bytes = -1", "keep_bytes in FILE = '-1' is wrong: it must be a whole number of bytes, with k, M, G or T for units of 1024, 0 for no limit."),
    "an unknown name in the file": (
        {}, {}, 'stoer = "x"', "stoer in FILE = 'x' is wrong: there is no such setting; there are certificate, grpc, http, ingest_token, insecure, keep_bytes, keep_days, keep_traces, key, "
        "queue_bytes, read_token, store.",
    ),
    "a list in the file": ({}, {}, "grpc = []", "grpc in FILE = '[]' is wrong: it must be a text or a number."),
    "no TOML": (
        {}, {}, "grpc", "--config or UNSPAN_COLLECTOR_CONFIG = 'FILE' is wrong: the file is no TOML (Expected '=' after a key in a key/value pair (at end of document)).",
    ),
    "a misspelt variable": (
        {}, {"UNSPAN_COLLECTOR_STOER": "x"}, "",
        "UNSPAN_COLLECTOR_STOER = 'x' is wrong: there is no such setting; there are UNSPAN_COLLECTOR_CERTIFICATE, UNSPAN_COLLECTOR_CONFIG, UNSPAN_COLLECTOR_GRPC, "
        "UNSPAN_COLLECTOR_HTTP, UNSPAN_COLLECTOR_INGEST_TOKEN, UNSPAN_COLLECTOR_INSECURE, UNSPAN_COLLECTOR_KEEP_BYTES, UNSPAN_COLLECTOR_KEEP_DAYS, "
        "UNSPAN_COLLECTOR_KEEP_TRACES, UNSPAN_COLLECTOR_KEY, UNSPAN_COLLECTOR_QUEUE_BYTES, UNSPAN_COLLECTOR_READ_TOKEN, UNSPAN_COLLECTOR_STORE.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("flags", "variables", "file", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: dict[str, str], variables: dict[str, str], file: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text(file)
    with pytest.raises(WrongSetting) as wrong:
        settings.read(flags, variables, "FILE" if file else None)
    assert (str(wrong.value), wrong.value.code) == (sentence, 2)


def test_a_wrong_setting_at_the_terminal() -> None:
    ended = command("serve", "--http", "nowhere")
    sentence = "--http = 'nowhere' is wrong: it must be HOST:PORT, for instance 127.0.0.1:4317."
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"unspan-collector: {sentence}\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ended = command("serve", "--config", str(tmp_path / "none.toml"))
    sentence = f"--config or UNSPAN_COLLECTOR_CONFIG = {str(tmp_path / 'none.toml')!r} is wrong: the file cannot be read (no such file or directory)."
    assert (ended.returncode, ended.stderr) == (2, f"unspan-collector: {sentence}\n")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["run", "--help"], ["status", "--help"], ["--version"]], ids=" ".join
)
def test_help(arguments: list[str]) -> None:
    ended = command(*arguments)
    assert (ended.returncode, ended.stderr, bool(ended.stdout)) == (0, "", True)


def test_the_documentation_has_every_setting_with_its_default_and_unit() -> None:
    page = (Path(__file__).parents[2] / "docs" / "collector.md").read_text("utf-8")
    for one in settings.SETTINGS:
        variable = f"{settings.PREFIX}{one.name.upper()}"
        assert f"| `{settings.flag(one.name)}` | `{variable}` | `{one.name}` | `{one.default}` | {one.unit} | {one.meaning} |" in page


def test_without_the_packages_of_the_extra_the_command_names_it() -> None:
    script = "import sys; sys.modules['zstandard'] = None; from unspan_collector.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=False)
    sentence = "unspan-collector: the package zstandard is not installed. Install the collector with: pip install 'unspan[collector]'\n"
    assert (ended.returncode, ended.stderr) == (1, sentence)


def test_a_trace_is_pinned_and_unpinned_by_a_prefix(store_path: Path) -> None:
    trace = trace_id()
    with Process(store_path, "--keep-traces", "1") as process:
        process.send(recording(trace))
        at = ("--grpc", process.grpc)
        pinned = command("pin", *at, trace[:8], "latest")
        assert (pinned.returncode, pinned.stdout, pinned.stderr) == (0, f"{trace} is kept\n" * 2, "")
        told = json.loads(command("status", *at, "--json").stdout)
        assert (told["traces"], told["pinned"]) == (1, 1)
        assert "1 traces (1 pinned), " in command("status", *at).stdout
        unpinned = command("unpin", *at, trace)
        assert (unpinned.returncode, unpinned.stdout) == (0, f"{trace} is kept no longer than others\n")
        unknown = command("pin", *at, trace, "abcdef")
        sentence = "nothing was changed: trace abcdef is not stored here: it may not have arrived yet, or was sent elsewhere."
        assert (unknown.returncode, unknown.stderr) == (1, f"unspan-collector: {sentence}\n")
        assert json.loads(command("status", *at, "--json").stdout)["pinned"] == 0
