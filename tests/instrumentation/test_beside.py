"""Calls are recorded the same, and whole, beside other tools that watch them; and the tools find what they find without us."""

import json
import os
import pstats
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unspan_instrumentation.calls import choosing
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.settings import Settings

from . import functions

HERE = Path(__file__).parent
PROGRAM = HERE / "beside.py"
SYSMON = sys.version_info >= (3, 12)
TAKEN = ["function calls were not recorded: another profiler is active on the thread"]
PYTEST = """
import sys
sys.path.insert(0, {here!r})
import beside
def test(): beside.main({out!r})
"""


def run(*words: object, given: str = "", **env: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "UNSPAN", "OTEL"))} | env
    done = subprocess.run([sys.executable, *map(str, words)], env=environment, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def covered(folder: Path) -> list[int]:
    """The lines of `functions.py` that coverage says were run."""
    run(
        "-m",
        "coverage",
        "json",
        "-q",
        f"--data-file={folder / '.coverage'}",
        "-o",
        folder / "coverage.json",
        f"--include={functions.__file__}",
    )
    [found] = json.loads((folder / "coverage.json").read_text())["files"].values()
    lines: list[int] = found["executed_lines"]
    return lines


def coverage(core: str) -> Callable[[Path, Path], None]:
    def under(folder: Path, out: Path) -> None:
        data = f"--data-file={folder / '.coverage'}"
        run("-m", "coverage", "run", data, f"--include={functions.__file__}", PROGRAM, out, COVERAGE_CORE=core)
        body = functions.nested.__code__.co_firstlineno + 1
        assert body in covered(folder)
        assert functions.swallows.__code__.co_firstlineno + 1 not in covered(folder)

    return under


def pytest_cov(folder: Path, out: Path) -> None:
    (folder / "test_it.py").write_text(PYTEST.format(here=str(HERE), out=str(out)))
    options = ("--rootdir", folder, "-p", "no:cacheprovider", f"--cov={HERE}", "--cov-report=")
    run("-m", "pytest", "-q", *options, folder / "test_it.py", COVERAGE_FILE=str(folder / ".coverage"))
    assert functions.nested.__code__.co_firstlineno + 1 in covered(folder)


def cprofile(folder: Path, out: Path) -> None:
    run("-m", "cProfile", "-o", folder / "profile", PROGRAM, out)
    stats: Any = pstats.Stats(str(folder / "profile"))
    counts = {name: count for (file, _, name), (_, count, *_) in stats.stats.items() if file == functions.__file__}
    assert (counts["plain"], counts["recursive"]) == (2, 4)


def pdb(folder: Path, out: Path) -> None:
    """With a breakpoint inside of what is recorded; it is met, twice."""
    line = functions.plain.__code__.co_firstlineno + 1
    commands = (
        f"b {functions.__file__}:{line}\ncommands 1\nimport pathlib; pathlib.Path({str(folder)!r}, str(a + b)).touch()\nc\nend\nc\nq\n"
    )
    run("-m", "pdb", PROGRAM, out, given=commands)
    assert {"7", "10"} <= {file.name for file in folder.iterdir()}


def debugpy(folder: Path, out: Path) -> None:
    run("-Xfrozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:0", PROGRAM, out)


BESIDE: dict[str, Callable[[Path, Path], None]] = {
    **({"coverage, sys.monitoring": coverage("sysmon")} if SYSMON else {}),
    "coverage, its tracer in C": coverage("ctrace"), "pytest-cov": pytest_cov, "cProfile": cprofile, "pdb": pdb, "debugpy": debugpy,
}  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("alone") / "calls.json"
    run(PROGRAM, out)
    found: dict[str, Any] = json.loads(out.read_text())
    assert (len(found["calls"]), found["lost"]) == (30, [])
    return found


def without_ends(found: dict[str, Any]) -> dict[str, Any]:
    """Without how generators ended: one that is abandoned ends when Python lets go of it, which on 3.11 may be after the next has its address."""
    return found | {"calls": [call[:2] if call[0] == "functions.generator" else call for call in found["calls"]]}


@pytest.mark.parametrize("tool", BESIDE)
def test_calls_beside(tool: str, alone: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "calls.json"
    BESIDE[tool](tmp_path, out)
    lost = tool == "cProfile" and not SYSMON  # both need `sys.setprofile` there, and ours gives way and says so
    found = json.loads(out.read_text())
    assert without_ends(found) == without_ends(alone | {"calls": [], "lost": TAKEN} if lost else alone)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [((0, 1, 2, 3), 4), ((4,), 3), ((3, 4), None)] if SYSMON else [((), None)],
    ids=["a debugger, coverage, a profiler and kolo", "one with our id", "both of our ids"] if SYSMON else ["none to have"],
)
def test_ids_of_sys_monitoring_that_others_have(taken: tuple[int, ...], expected: int | None) -> None:
    monitoring: Any = getattr(sys, "monitoring", None)
    mine = [tool for tool in taken if monitoring.get_tool(tool) is None]
    for tool in mine:
        monitoring.use_tool_id(tool, "another")
    try:
        core: Any = choosing.choose(Settings(), Project(()))
    finally:
        for tool in mine:
            monitoring.free_tool_id(tool)
    assert (getattr(core, "tool", None), "sys.setprofile" in core.reason) == (expected, expected is None)
