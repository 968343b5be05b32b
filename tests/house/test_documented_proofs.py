"""The outputs of `inverter diff` and `inverter prove` that docs/inverter.md shows are what comes out, on the demo's own traces and tests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sources import CHECKOUT
from .test_readme import abridged, free_port, served

TEXT = (CHECKOUT / "docs" / "inverter.md").read_text()
BLOCKS = dict(re.findall(r"<!-- output: (\w+) -->\n```console\n(.*?)```", TEXT, re.DOTALL))
EXIT_CODES = {"diff": [1], "prove": [0], "departs": [0, 3, 0]}


@pytest.fixture(scope="module")
def project(demo: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of what the demo made, beside a collector that serves its traces."""
    folder, grpc, http = tmp_path_factory.mktemp("proofs") / "demo", free_port(), free_port()
    shutil.copytree(demo[0], folder)
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8"}
    command = f"unspan-collector serve --grpc 127.0.0.1:{grpc} --http 127.0.0.1:{http} --store sqlite:///{folder}/traces.sqlite3"
    with served(command, env, folder, grpc):
        yield folder / "todo", {**env, "UNSPAN_ENDPOINT": f"127.0.0.1:{grpc}"}


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a block with its output."""
    found = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("name", EXIT_CODES)
def test_a_command_prints_what_is_shown(project: tuple[Path, dict[str, str]], name: str) -> None:
    home, env = project
    if name == "diff":
        exported(home, env)

    for (command, output), code in zip(commands(BLOCKS[name]), EXIT_CODES[name], strict=True):
        done = subprocess.run(["bash", "-c", command], cwd=home, env=env, capture_output=True, text=True)

        assert done.returncode == code, done.stderr
        assert pattern(output).fullmatch(done.stdout), f"shown is\n{output}\nbut it printed\n{done.stdout}"


def pattern(output: str) -> re.Pattern[str]:
    """As in the README; `…` in a statement is the product's own."""
    return abridged(output.replace("passes again, […]", "passes again, …"))


def exported(home: Path, env: dict[str, str]) -> None:
    """The list's trace, and the same after a title has changed."""
    trace_id = re.findall(r"trace ([0-9a-f]{32})", (home / "todos/tests/test_todo_list.py").read_text())[0]
    subprocess.run(["inverter", "export", "--trace-id", trace_id, "-o", "before.json"], cwd=home, env=env, check=True)
    (home / "after.json").write_text((home / "before.json").read_text().replace("Take over the world", "Take over"))


def test_every_output_is_tried() -> None:
    assert set(BLOCKS) == set(EXIT_CODES)


def test_every_option_of_prove_is_described() -> None:
    done = subprocess.run([Path(sys.executable).with_name("inverter"), "prove", "--help"], capture_output=True, text=True, check=True)
    section = TEXT.partition("## prove\n")[2].partition("\n## ")[0]
    options = set(re.findall(r"--[a-z][a-z-]+", done.stdout)) - {"--help", "--endpoint"}
    assert {option for option in options if option not in section} == set()
