"""What an application sees of the clock and of randomness, in a process with every seam installed as in one without: the very same."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from unspan_proto import values

PROGRAM = Path(__file__).with_name("tapes_looks.py")


def seen(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-W", "ignore", PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    found: dict[str, Any] = values.decode(done.stdout)
    return found


def test_nothing_looks_different() -> None:
    plain, recorded = seen(), seen("recorded")
    assert len(plain) > 100
    assert recorded == plain
