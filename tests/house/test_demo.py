"""`make demo`'s script: the whole way on the example, and that nothing is left behind, also when it is stopped half-way."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .sources import CHECKOUT

SCRIPT = CHECKOUT / "examples" / "demo.py"


def left_running(folder: Path) -> list[str]:
    """Command lines of the processes that work in the demo's folder."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended meanwhile, or is another user's
            continue
    return found


def test_every_request_becomes_a_test_that_passes(demo: tuple[Path, str]) -> None:
    folder, text = demo
    assert sorted(path.name for path in (folder / "todo" / "todos" / "tests").glob("test_*.py")) == [
        "test_complete.py",
        "test_create.py",
        "test_todo_list.py",
    ]
    assert re.findall(r"^    (Ran 3 tests|OK)", text, re.MULTILINE) == ["Ran 3 tests", "OK"]
    assert re.search(r"3 requests became 3 tests, and they pass", text)


def test_it_leaves_nothing_running(demo: tuple[Path, str]) -> None:
    assert left_running(demo[0]) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
@pytest.mark.parametrize("moment", ["starting the application", "GET /:"], ids=["while a server starts", "while a test is generated"])
def test_stopped_half_way_it_leaves_nothing_running(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, SCRIPT, tmp_path / "made"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if moment in line:
                break
        os.kill(process.pid, number)
        rest = process.stdout.read()
    assert "Traceback" not in rest
    assert process.returncode not in (0, None)
    assert left_running(tmp_path) == []
