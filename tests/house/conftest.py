"""The demo, run once for all tests of this folder that look at what it made."""

import subprocess
import sys
from pathlib import Path

import pytest

from .sources import CHECKOUT
from .voting import Vote, voted


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the demo worked in, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / ".demo"
    done = subprocess.run([sys.executable, CHECKOUT / "examples" / "demo.py", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.fixture(scope="session")
def vote(tmp_path_factory: pytest.TempPathFactory) -> Vote:
    """The poll with its recorded vote, made once: it takes five seconds."""
    return voted(tmp_path_factory.mktemp("vote"))
