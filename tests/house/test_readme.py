"""The README's blocks: commands run as they stand, outputs are what comes out, tables are the settings of the code."""

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from unspan_collector import settings as collector
from unspan_instrumentation import settings as recorder
from unspan_inverter import settings as inverter

from .shown import scrubbed, shown
from .sources import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
SHOWN = shown(README)
SCRIPTS = Path(sys.executable).parent


def block(mark: str) -> str:
    """The code block after `<!-- mark -->`."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no block {mark!r}"
    return found[1]


def table(mark: str) -> list[list[str]]:
    """The rows of the table after `<!-- mark -->`, without the head."""
    lines = README.partition(f"<!-- {mark} -->\n")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in (line.replace("| |", "|  |") for line in lines)]


def abridged(text: str) -> re.Pattern[str]:
    """`…` stands for something within a line, a line `[…]` for any number of lines."""
    lines = [r"(?:.*\n)*?" if line == "[…]" else ".*?".join(map(re.escape, line.split("…"))) + r"\n" for line in text.splitlines()]
    return re.compile("".join(lines))


def test_the_demo_prints_what_is_shown(demo: tuple[Path, str]) -> None:
    command, *installing, rest = re.split(r"(?<=\n)", block("output: demo"), maxsplit=3)
    assert command == "$ make demo\n"
    assert [line.split()[1] for line in installing] == ["making", "installing"]
    assert abridged(rest).fullmatch(demo[1]), f"README shows\n{rest}\nbut it printed\n{demo[1]}"


@pytest.mark.parametrize("path", SHOWN)
def test_the_generated_tests_are_those_shown(demo: tuple[Path, str], path: str) -> None:
    """`make demo readme` writes them anew; look at the difference before you commit it."""
    assert SHOWN[path] == scrubbed((demo[0].parent / path).read_text())


def test_every_generated_test_is_shown(demo: tuple[Path, str]) -> None:
    assert set(SHOWN) == {path.relative_to(demo[0].parent).as_posix() for path in demo[0].rglob("test_*.py")}


def test_the_test_command_prints_what_is_shown() -> None:
    """The suite cannot run inside itself: its lines are compared with those that the Makefile, the installer and pytest print."""
    command, making, installing, running, cut, summary = block("output: test").splitlines()
    assert (command, running, cut) == ("$ make test", "==> running the tests", "[…]")
    assert 'echo "==> running the tests"' in (CHECKOUT / "Makefile").read_text()
    installer = (CHECKOUT / "requirements" / "install.py").read_text()
    assert making.startswith("==> making the virtual environment") and "making the virtual environment" in installer  # noqa: PT018
    assert installing == "==> installing the versions of requirements/test.txt"
    assert re.fullmatch(r"\d+ passed in \d+\.\d\ds \(\d:\d\d:\d\d\)", summary)


@contextmanager
def served(command: str, env: dict[str, str], folder: Path, port: int) -> Iterator[None]:
    """A server of the README's, from when it listens."""
    process = subprocess.Popen(
        command, shell=True, cwd=folder, env=env, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            assert process.poll() is None, f"{command} stopped with exit code {process.returncode}"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def own_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the example, served and recorded by the README's commands; ports and home are of this test's own."""
    folder = tmp_path_factory.mktemp("own")
    project = shutil.copytree(CHECKOUT / "examples" / "todo", folder / "todo", ignore=shutil.ignore_patterns("test_*.py", "db.sqlite3"))
    grpc, http, port = free_port(), free_port(), free_port()
    env = {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8",
        "UNSPAN_COLLECTOR_GRPC": f"127.0.0.1:{grpc}", "UNSPAN_COLLECTOR_HTTP": f"127.0.0.1:{http}", "UNSPAN_ENDPOINT": f"127.0.0.1:{grpc}",
    }  # fmt: skip
    subprocess.run("python manage.py migrate -v0 && python manage.py loaddata -v0 article", shell=True, cwd=project, env=env, check=True)
    application = block("run: application").strip()
    with served(block("run: collector").strip(), env, project, grpc), served(f"{application} 127.0.0.1:{port}", env, project, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as response:
            assert response.status == 200
        yield project, env


def shell(commands: str, project: Path, env: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-euc", commands], cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_steps_on_ones_own_project_end_in_a_test_that_passes(own_project: tuple[Path, dict[str, str]]) -> None:
    project, env = own_project
    assert "todos/tests/test_latest.py: 1 test passed" in shell(block("run: inverter"), project, env)
    assert "Ran 1 test" in shell("python manage.py test", project, env)


def test_the_doctor_is_content_with_a_project_set_up_like_this(own_project: tuple[Path, dict[str, str]]) -> None:
    assert "problem" not in shell(block("run: doctor"), *own_project)


def test_the_store_is_where_uninstalling_removes_it(own_project: tuple[Path, dict[str, str]]) -> None:
    project, env = own_project
    assert list(Path(env["HOME"], ".local/state/unspan").iterdir())
    pip, remove = block("run: uninstall").splitlines()
    assert pip == "pip uninstall -y unspan"
    shell(remove, project, env)
    assert not Path(env["HOME"], ".local/state/unspan").exists()


def read_by_the_recorder() -> set[str]:
    """Every variable that the recorder's settings name."""
    tree = ast.parse(Path(recorder.__file__).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"(UNSPAN|OTEL)_[A-Z_]+", text)}


def test_the_table_of_the_recorder_names_every_variable() -> None:
    named = [name.strip(" `") for row in table("settings: recorder") for name in row[0].split(",")]
    assert sorted(named) == sorted(read_by_the_recorder())


@pytest.mark.parametrize(
    "row", [row for row in table("settings: recorder") if row[0].startswith("`UNSPAN_")], ids=lambda row: row[0].strip("`")
)
def test_a_default_of_the_recorder_is_the_one_shown(row: list[str]) -> None:
    """Setting a variable to its default changes nothing."""
    name, default = (cell.strip("`") for cell in row[:2])
    assert recorder.read({name: default}) == recorder.read({})


def test_the_table_of_the_inverter_is_its_settings() -> None:
    assert table("settings: inverter") == [[f"`{one.name}`", one.default, one.meaning] for one in inverter.SETTINGS]


def test_the_table_of_the_collector_is_its_settings() -> None:
    assert table("settings: collector") == [
        [f"`{collector.flag(one.name)}`", f"`{one.default}`", one.unit, one.meaning] for one in collector.SETTINGS
    ]


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (CHECKOUT / link).exists()] == []


def test_no_line_promises_what_is_not_there() -> None:
    """Every `inverter …` and `unspan-collector …` in the text is a command that exists."""
    said = set(re.findall(r"\b(inverter|unspan-collector) ([a-z]+)\b(?=[ `\n])", " ".join(re.findall(r"`([^`\n]+)`", README))))
    for script, command in sorted(said):
        done = subprocess.run([SCRIPTS / script, command, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, f"{script} {command}: {done.stderr}"
