"""Runs tests of an application again and again: in random order, in two processes, with the clock moved, with other hash seeds and timezones.

    python trials/stable.py FOLDER [--only NAME …] [--traces DIR] [--most N] [--runs N] [--json FILE]

`--json` names what `seeded.py --json` wrote: then its smaller tests are run, else those that the traces give. Exit code 1 when a test fails once.
"""

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from application import program
from making import Home, at_home, made, stem
from replays import arguments
from unspan_inverter.checking import Verdict, judged
from unspan_inverter.runners import Run

ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu")
SECONDS = 600.0


@program
def main(argv: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--most", type=int, default=20, help="so many tests")
    parser.add_argument("--runs", type=int, default=100)
    wanted = parser.parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        smaller = {one["name"]: one["source"] for one in json.loads(wanted.json.read_text())} if wanted.json else {}
        files = list(written(home, traces, smaller))[: wanted.most]
        failed = runs(home, files, wanted.runs)
    print(f"\nstable: {wanted.folder.name}: {len(files)} tests, {wanted.runs} runs: {failed.total()} failures")
    for what, number in failed.most_common():
        print(f"    {number} times: {what}")
    return 1 if failed or not files else 0


def written(home: Home, traces: dict[str, Path], smaller: dict[str, str]) -> Iterator[Path]:
    """The tests in their places, those that pass when run alone."""
    for name, source in smaller.items():
        file = home.tests / f"test_{stem(name)}.py"
        file.write_text(source, encoding="utf-8")
        yield file
    for one in made(home, traces) if not smaller else ():
        if one.verdict.startswith("green"):
            yield one.file
        else:
            one.file.unlink(missing_ok=True)


def runs(home: Home, files: Sequence[Path], number: int) -> Counter[str]:
    """What failed, how often."""
    failed: Counter[str] = Counter()
    for n in range(number):
        verdict = judged(varied(home, files, n), SECONDS, home.environ)
        for what in failures(verdict):
            failed[what] += 1
        if not verdict.passed or n % 10 == 9:
            print(f"run {n + 1} of {number}: {verdict.sentence}", *verdict.lines[:6], sep="\n    ", flush=True)
    return failed


def varied(home: Home, files: Sequence[Path], n: int) -> Run:
    """The n-th run: another order each time; every other in two processes, every third on another day, every fifth in another timezone."""
    run = home.run(files[0])
    labels = [f"{run.words[-1].rpartition('.')[0]}.{file.stem}" for file in files]
    options = [f"--shuffle={n}", *(["--parallel", "2"] if n % 2 else [])]
    words = (*run.words[:3], *options, *run.words[3:-1], *labels)
    faketime = shutil.which("faketime")
    if n % 3 == 0 and faketime:
        words = (faketime, "-f", f"{'+' if n % 2 else '-'}{n * 5 + 1}d", *words)
    zone = {"TZ": ZONES[n % len(ZONES)]} if n % 5 == 0 else {}
    return replace(run, words=words, environ={**run.environ, **zone, "PYTHONHASHSEED": str(n)})


def failures(verdict: Verdict) -> list[str]:
    found = [line for line in verdict.lines if re.match(r"(FAIL|ERROR): ", line)]
    return [] if verdict.passed else found or [verdict.sentence]


if __name__ == "__main__":
    sys.exit(main())
