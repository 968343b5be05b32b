"""The installer of the checkout: what it says on a machine that lacks something, and that it does nothing twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .sources import CHECKOUT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the installer, and lock files that name nothing."""
    folder = tmp_path / "checkout"
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(CHECKOUT / "requirements" / "install.py", folder / "requirements")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "empty"\nversion = "1"\n'
    )
    (folder / "backend.py").write_text(BACKEND)
    for name in ("test.in", "test.txt"):
        (folder / "requirements" / name).write_text("# nothing\n")
    return folder


BACKEND = """
import zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/empty-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("empty-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: empty\\nVersion: 1\\n")
        wheel.writestr("empty-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("empty-1.dist-info/RECORD", "")
    return "empty-1-py3-none-any.whl"
"""


def installed(checkout: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, checkout / "requirements" / "install.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})


def test_the_second_run_does_nothing_until_a_lock_file_changes(checkout: Path) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    first = installed(checkout, ".venv", "test")
    assert (first.returncode, first.stdout) == (
        0,
        f"==> making the virtual environment .venv with Python {version}\n==> installing the versions of requirements/test.txt\n",
    ), first.stderr
    assert installed(checkout, ".venv", "test").stdout == "==> .venv is up to date\n"
    (checkout / "requirements" / "test.txt").write_text("# something else\n")
    assert installed(checkout, ".venv", "test").stdout == "==> installing the versions of requirements/test.txt\n"


def test_an_environment_of_another_python_is_made_anew(checkout: Path) -> None:
    scripts = checkout / ".venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "python").write_text("#!/bin/sh\necho 3.9.1\n")
    (scripts / "python").chmod(0o755)
    assert installed(checkout, ".venv", "test").stdout.startswith("==> .venv belongs to Python 3.9.1: making it anew with ")


def test_a_machine_without_venv_is_told_what_to_install(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ensurepip.py").write_text("raise ImportError('Debian has it in python3-venv')\n")
    done = installed(checkout, ".venv", "test", PYTHONPATH=str(tmp_path / "without"))
    version = ".".join(map(str, sys.version_info[:3]))
    sentence = f"unspan: the Python {version} at {sys.executable} cannot make virtual environments.\n        On Debian and Ubuntu: apt-get install python3-venv\n"
    assert (done.returncode, done.stderr) == (1, sentence)


def test_what_cannot_be_installed_is_said_after_pip_s_own_words(checkout: Path) -> None:
    (checkout / "requirements" / "test.txt").write_text("no-such-thing-at-all @ file:///nowhere/no_such_thing-1-py3-none-any.whl\n")
    done = installed(checkout, ".venv", "test")
    assert done.returncode == 1
    assert "unspan: `" in done.stderr
    assert "failed with exit code 1; its own words stand above.\n        Is the package index reachable?\n" in done.stderr
    assert "Traceback" not in done.stderr
