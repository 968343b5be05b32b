"""Whole generated files as a person would review them: the same bytes from the same traces, and nothing for a linter to find."""

import subprocess
import sys
from pathlib import Path

import pytest

from .making import NAMES, STYLES, golden, made

RUFF = str(Path(sys.executable).with_name("ruff"))
RULES = {"django": "F,I,E501,DJ,W,B,UP", "pytest": "F,I,E501,DJ,PT,W,B,UP"}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", NAMES)
def test_a_trace_gives_the_golden(name: str, style: str) -> None:
    """`make goldens` writes them anew; look at the difference before you commit it."""
    assert made(name, style) == golden(name, style).read_text()


@pytest.mark.parametrize("style", STYLES)
def test_a_linter_finds_nothing(style: str) -> None:
    own = 'lint.isort.known-first-party = ["core", "accounts"]'
    words = [RUFF, "check", "--isolated", "--line-length", "120", "--select", RULES[style], "--config", own, "--target-version", "py310"]
    done = subprocess.run([*words, *(str(golden(name, style)) for name in NAMES)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "All checks passed!\n")
