"""What an application sees of the clock and of randomness, in a process with every seam installed as in one without: the very same."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unspan_proto import values

HERE = Path(__file__).parent


def seen(program: str, *arguments: str) -> Any:
    command = [sys.executable, "-W", "ignore", HERE / program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return values.decode(done.stdout)


def test_nothing_looks_different() -> None:
    plain, recorded = seen("tapes_looks.py"), seen("tapes_looks.py", "recorded")
    assert len(plain) > 100
    assert recorded == plain


@pytest.mark.parametrize("when", ["later", "first"])
@pytest.mark.parametrize("library", ["time_machine", "freezegun"])
def test_libraries_that_hold_the_clock_hold_it(library: str, when: str) -> None:
    """time-machine writes into the memory of what it finds under the clock's names: they have to be the interpreter's own."""
    plain, recorded = seen("tapes_travel.py", library, when), seen("tapes_travel.py", library, when, "recorded")
    assert plain[0][0]["timezone.now"] == "2020-01-02 03:04:05.000678+00:00"
    assert recorded == plain
