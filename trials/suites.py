"""Runs an application's own test suite plain and under the recorder, with a collector and without: what passed before must pass under it.

    python trials/suites.py FOLDER [LABEL …]           the command is the folder's own, with these labels
    python trials/suites.py FOLDER --command 'COMMAND'

What fails there only is run once more by itself, plain and recorded: tests that measure time fail on a busy machine.
Exit code 1 when a test failed that passes plain, or fewer tests ran.
"""

import argparse
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from application import Application, program, read, scratch
from folders import State
from processes import collecting, free_port

BROKEN = re.compile(r"^(?:FAIL|ERROR|FAILED|UNEXPECTED SUCCESS):? ([^\s(].*?)(?: - .*)?$", re.MULTILINE)
RAN = re.compile(r"^Ran (\d+) tests? in|(\d+) (?:passed|failed|errors?|skipped|xfailed|xpassed)\b", re.MULTILINE)
ID = re.compile(r"\(([\w.]+)\)$")
TAIL = 3_000


@dataclass
class Run:
    """One run of the suite. `broken` are the tests that failed or could not run."""

    label: str
    seconds: float
    cpu: float
    exit: int
    ran: int
    broken: list[str] = field(default_factory=list)
    tail: str = ""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("labels", nargs="*", metavar="LABEL")
    parser.add_argument("--command", default="", help="instead of the folder's command; `{python}` stands for the application's")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(argv)


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    with scratch() as folder:
        runs = trial(wanted, folder)
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(run) for run in runs], indent=1))
    return report(runs, read(wanted.folder).name)


def trial(wanted: argparse.Namespace, scratch: Path) -> list[Run]:
    application = read(wanted.folder)
    application.prepare()
    state = State(application.home, scratch / "state")
    command = (wanted.command or application.suite).replace("{python}", str(application.python)).replace("{bin}", str(application.scripts))
    wrapper = [str(application.scripts / "opentelemetry-instrument")]

    def words(labels: Sequence[str]) -> list[str]:
        return shlex.split(command.replace("{labels}", " ".join(labels)))

    def both(kind: str, labels: Sequence[str]) -> list[Run]:
        plain = ran(f"plain{kind}", words(labels), application, "")
        with collecting(scratch) as endpoint:
            return [plain, ran(f"recorded{kind}", [*wrapper, *words(labels)], application, endpoint)]

    try:
        runs = both("", wanted.labels)
        runs.append(ran("recorded without a collector", [*wrapper, *words(wanted.labels)], application, f"127.0.0.1:{free_port()}"))
        doubtful = [test for run in runs[1:] for test in spoiled(run, runs[0])]
        return runs + (both(", those alone", ids(doubtful)) if doubtful and "{labels}" in command else [])
    finally:
        state.restore()


def spoiled(run: Run, plain: Run) -> list[str]:
    return sorted(set(run.broken) - set(plain.broken))


def ids(tests: Sequence[str]) -> list[str]:
    """How the runner is asked for these tests: unittest names a test's id in brackets behind its name."""
    return sorted({found[1] if (found := ID.search(test)) else test for test in tests})


def ran(label: str, words: Sequence[str], application: Application, endpoint: str) -> Run:
    print(f"==> {label}: {' '.join(words)}", file=sys.stderr, flush=True)
    ours = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{endpoint}", **application.record_env} if endpoint else {}
    begun, worked = time.monotonic(), children()
    done = subprocess.run(
        words, cwd=application.workdir, env=application.environ(**ours), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    return outcome(label, time.monotonic() - begun, children() - worked, done.returncode, done.stdout)


def children() -> float:
    """Seconds of processor time that ended children have used: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def outcome(label: str, seconds: float, cpu: float, code: int, output: str) -> Run:
    """What a runner's output says: unittest's last lines, or pytest's."""
    counted = [int(one or other) for one, other in RAN.findall(output)]
    return Run(label, seconds, cpu, code, sum(counted), sorted(set(BROKEN.findall(output))), output[-TAIL:])


def report(runs: Sequence[Run], name: str) -> int:
    whole, alone = runs[:3], runs[3:]
    for run in runs:
        plain = alone[0] if run in alone else runs[0]
        took = f"{run.seconds:7.1f} s ×{run.seconds / max(plain.seconds, 0.1):.2f}, processor {run.cpu:6.1f} s ×{run.cpu / max(plain.cpu, 0.1):.2f}"
        print(f"{run.label:30} exit {run.exit}  {run.ran:5} tests  {len(run.broken):4} broken  {took}")
        print("".join(f"    broken under the recorder only: {one}\n" for one in spoiled(run, plain)), end="")
        if run.exit != plain.exit or run.ran != plain.ran:
            print(f"{run.tail}{os.linesep}")
    wrong = any(unlike(run, runs[0], alone) for run in whole[1:])
    if not runs[0].ran:
        print(runs[0].tail)
    verdict = "NOT the same" if wrong else "the same"
    print(f"suites: {name}: {runs[0].ran} tests, {len(runs[0].broken)} broken plain, {verdict} under the recorder")
    return 1 if wrong or not runs[0].ran else 0


def unlike(run: Run, plain: Run, alone: Sequence[Run]) -> bool:
    """Whether the recorder did harm; what failed only there counts when it does so again by itself, where that could be tried."""
    if run.ran != plain.ran:
        return True
    if not alone or not spoiled(run, plain):
        return run.exit != plain.exit or bool(spoiled(run, plain))
    return alone[1].ran != alone[0].ran or alone[1].exit != alone[0].exit or bool(spoiled(alone[1], alone[0]))


if __name__ == "__main__":
    sys.exit(main())
