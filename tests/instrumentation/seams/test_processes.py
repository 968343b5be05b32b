"""Programs that are started, by every way that Python has: whole records compared."""

import asyncio
import asyncio.subprocess
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from unspan_instrumentation import processes, told
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v

ECHO = "import sys; data = sys.stdin.read(); print('out', data, end=''); print('err', end='', file=sys.stderr); sys.exit(3)"
PYTHON = [sys.executable, "-c", ECHO]
SHELL = "echo hello"


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in processes.PATCHES:
        patch(import_module(name))


def seen(records: Any) -> list[dict[str, Any]]:
    """The records without the process's number, but for one that was not started."""
    found = []
    for record in records.of(v.PROCESS):
        attributes = dict(record.attributes)
        assert type(attributes.pop(v.PROCESS_ID, 0)) is int
        place = [attributes.pop(name) for name in (v.FUNCTION, v.FILE, v.LINE)]
        assert place[1] == __file__
        found.append(attributes | ({"failed": True} if record.failed else {}))
    return found


def program(arguments: Any, exit_code: int | None, shell: bool = False, **more: Any) -> dict[str, Any]:
    names = {"stdin": v.STDIN, "stdout": v.STDOUT, "stderr": v.STDERR}
    name = "echo" if shell else os.path.basename(sys.executable)
    found: dict[str, Any] = {v.PROGRAM: name, v.COMMAND_ARGUMENTS: arguments, v.SHELL: shell}
    return found | ({} if exit_code is None else {v.EXIT_CODE: exit_code}) | {names[key]: value for key, value in more.items()}


def by_popen() -> Any:
    one = subprocess.Popen(PYTHON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return one.communicate(b"in")


async def by_asyncio() -> Any:
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    one = await asyncio.create_subprocess_exec(*PYTHON, **pipes)
    return await one.communicate(b"in")


WAYS: list[Any] = [
    pytest.param(
        lambda: subprocess.run(PYTHON, input="in", capture_output=True, text=True), program(PYTHON, 3, stdin="in", stdout="out in", stderr="err"), id="run"
    ),
    pytest.param(by_popen, program(PYTHON, 3, stdin=b"in", stdout=b"out in", stderr=b"err"), id="Popen"),
    pytest.param(lambda: subprocess.check_output(SHELL, shell=True), program(SHELL, 0, shell=True, stdout=b"hello\n"), id="check_output by a shell"),
    pytest.param(lambda: subprocess.call(["echo"], stdout=subprocess.DEVNULL), {**program(["echo"], 0), v.PROGRAM: "echo"}, id="call"),
    pytest.param(lambda: os.system(f"{SHELL} > {os.devnull}"), program(f"{SHELL} > {os.devnull}", 0, shell=True), id="os.system"),
    pytest.param(lambda: asyncio.run(by_asyncio()), program(PYTHON, 3, stdin=b"in", stdout=b"out in", stderr=b"err"), id="asyncio"),
]  # fmt: skip


@pytest.mark.parametrize(("run", "expected"), WAYS)
def test_a_program(run: Callable[[], Any], expected: dict[str, Any], recorded: Recording, records: Any) -> None:
    run()
    assert seen(records) == [expected]
    assert recorded.lost == {}


def test_one_that_is_not_there(recorded: Recording, records: Any) -> None:
    with pytest.raises(FileNotFoundError):
        subprocess.run(["/no/such/program", "x"], capture_output=True)
    (found,) = seen(records)
    assert (found[v.PROGRAM], found[v.COMMAND_ARGUMENTS], found[v.EXCEPTION_TYPE], found["failed"]) == (
        "program", ["/no/such/program", "x"], "FileNotFoundError", True,
    )  # fmt: skip
    assert recorded.lost == {}


def test_pipes_that_are_read_otherwise_are_a_gap(recorded: Recording, records: Any) -> None:
    one = subprocess.Popen(["echo", "hello"], stdout=subprocess.PIPE)
    assert one.stdout is not None
    assert (one.stdout.read(), one.wait()) == (b"hello\n", 0)
    one.stdout.close()
    recorded.settle()
    assert seen(records) == [{**program(["echo", "hello"], 0), v.PROGRAM: "echo"}]
    assert recorded.lost == {"what went through the pipes of the program echo (stdout) was not recorded": 1}


def test_what_a_module_starts_as_it_is_imported_is_no_part_of_the_request(
    recorded: Recording, records: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "asks_at_import.py").write_text(
        "import subprocess\nSAID = subprocess.Popen(['echo', 'hi'], stdout=subprocess.PIPE).stdout.read()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert import_module("asks_at_import").SAID == b"hi\n"
    recorded.settle()
    assert (seen(records), recorded.lost) == ([], {})


def test_one_that_outlives_the_request(recorded: Recording, records: Any) -> None:
    one = subprocess.Popen(["sleep", "60"])
    recorded.settle()
    one.kill(), one.wait()
    assert seen(records) == [{**program(["sleep", "60"], None), v.PROGRAM: "sleep"}]


def test_time_that_runs_out(recorded: Recording, records: Any) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "60"], timeout=0.01)
    assert seen(records) == [{**program(["sleep", "60"], -9), v.PROGRAM: "sleep"}]


def test_what_another_record_tells_of_has_none(recorded: Recording, records: Any) -> None:
    with told.telling():
        subprocess.run(["true"], check=True)
    assert seen(records) == []


@pytest.mark.parametrize("where", ["of_popen", "Program.__init__", "Program.talked_to", "Program.emit"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(where: str, recorded: Recording, monkeypatch: Any) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.processes.{where}", broken)
    assert subprocess.check_output(["echo", "hello"]) == b"hello\n"
    recorded.settle()
    assert recorded.lost
