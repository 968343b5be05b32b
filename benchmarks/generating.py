"""How long it takes to make a test of a trace of many statements and rows, and that twice the rows take no more than twice as long.

    python benchmarks/generating.py

One request of the benchmark's project reads seven books from each of 150, 750 and 3,000 shelves, a statement each. The collector gives the trace to
`inverter generate --no-check`, whose whole process is timed, interpreter included; the quickest of RUNS. The exit code is 1 when the largest takes
MOST seconds, or more than its share of the one before it, by a quarter.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from servers import OURS, PROJECT, clean, collecting, environment, prepared, serving

SHELVES, BOOKS = (150, 750, 3_000), 7
RUNS, MOST, TOLERANCE = 3, 5.0, 1.25
INVERTER = Path(sys.executable).with_name("inverter")


def main() -> int:
    where = environment(sys.executable)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = prepared(where.ours, folder, max(SHELVES), BOOKS)
        with collecting(where.ours, folder) as collector:
            with serving(where.ours, OURS, database, collector, folder, UNSPAN_MAX_ROWS="100000", UNSPAN_SQL="lineage") as port:
                for shelves in SHELVES:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/browse/{shelves}/", timeout=600).read()
                found = list(measured(collector))
            return report(found)


def measured(collector: str) -> Iterator[tuple[int, float, int]]:
    """Of each trace: the rows, the seconds, and the lines of the test."""
    for shelves in SHELVES:
        trace = whole(collector, f"/browse/{shelves}/")
        command = [INVERTER, "generate", "--no-check", "--endpoint", collector, "--trace-id", trace]
        seconds, lines = float("inf"), 0
        for _ in range(RUNS):
            begun = time.perf_counter()
            done = subprocess.run(command, cwd=PROJECT, env=clean({}), capture_output=True, text=True)
            seconds = min(seconds, time.perf_counter() - begun)
            if done.returncode:
                raise SystemExit(f"no test was made: {done.stderr[-2000:]}")
            lines = done.stdout.count("\n")
        yield shelves * BOOKS, seconds, lines


def whole(collector: str, path: str) -> str:
    """The id of the complete trace of a path; it is waited for."""
    for _ in range(120):
        command = [INVERTER, "traces", "--endpoint", collector, "--json"]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, env=clean({}), check=True).stdout)
        for one in found:
            if one["path"] == path and one["complete"]:
                return str(one["trace_id"])
        time.sleep(0.5)
    raise SystemExit(f"no complete trace of {path} arrived")


def report(found: list[tuple[int, float, int]]) -> int:
    broken = found[-1][1] >= MOST
    for place, (rows, seconds, lines) in enumerate(found):
        share = ""
        if place:
            before, took, _ = found[place - 1]
            share = f", ×{seconds / took:.2f} for ×{rows / before:.2f} the rows"
            broken |= seconds / took > TOLERANCE * rows / before
        print(f"{rows // BOOKS:6,} statements, {rows:6,} rows: {seconds:5.2f} s{share}; a test of {lines:,} lines")
    if broken:
        print(f"BROKEN: {MOST} s or more, or more than the rows' share")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
