"""`python -m fuzzing --count 100000 [--first N]` in `tests/`: a tenth goes to the inverter, the rest to the receiver, in pieces, with the memory after each.

The exit code is 1 where the memory did not come to a level.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from collector.process import Process, memory
from hypothesis.configuration import set_hypothesis_home_dir

from .rounds import inverted, received

PIECES: Final = 20
ROOM: Final = 24 << 20
"""Bytes that the memory may rise in the second half over what it was in the first: what a request of some MiB leaves unused in the arenas of the C library."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--inverter", type=int, default=-1, help="how many go to the inverter instead of a tenth")
    told = parser.parse_args()
    set_hypothesis_home_dir(tempfile.gettempdir())
    traces = told.inverter if told.inverter >= 0 else told.count // 10
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder) / "traces.sqlite3", "--keep-traces", "500") as process:
        level = in_pieces(
            "receiver",
            lambda first, count: received(process.http, process.grpc, first, count),
            told.first,
            told.count - traces,
            process.popen.pid,
        )
        assert not any("Traceback" in line for line in process.said), process.said
    return 0 if in_pieces("inverter", inverted, told.first, traces, "self") and level else 1


def in_pieces(name: str, round_of: Callable[[int, int], Counter[str]], first: int, count: int, process: int | str) -> bool:
    """Whether the process of this id kept to a level."""
    outcomes: Counter[str] = Counter()
    held: list[int] = []
    for piece in range(PIECES):
        outcomes += round_of(first * PIECES + piece, count // PIECES)
        held.append(memory(process))
        print(f"{name}: {outcomes.total():,} inputs, {held[-1] >> 20} MiB", file=sys.stderr, flush=True)
    half = PIECES // 2
    level = max(held[half:]) <= max(held[:half]) + ROOM
    words = "keeps to a level" if level else "RISES"
    print(
        f"{name}: {outcomes.total():,} inputs: {dict(outcomes)}; memory {words}: {', '.join(str(one >> 20) for one in held)} MiB",
        flush=True,
    )
    return level


if __name__ == "__main__":
    sys.exit(main())
