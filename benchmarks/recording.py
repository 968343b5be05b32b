"""What recording costs: one request, served by `manage.py runserver` under each recorder and under none, alternating in one run.

    python benchmarks/recording.py                                            with this interpreter
    python benchmarks/recording.py --python python3.12 --python python3.13    with others, one after the other

Prints how long the client waited and what the request's own thread took of the processor's time; ratios to the untraced request; and what unspan
adds relative to what the peer adds. Asks the collector whether every call arrived, and says what a trace weighs on the wire and in the store. The
exit code is 1 when a call was lost, a trace weighs too much, or unspan adds more than MOST times what the peer adds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from servers import (
    KOLO,
    OURS,
    RECORDERS,
    SPANS,
    UNTRACED,
    Environment,
    Recorder,
    answered,
    collecting,
    environment,
    output,
    prepared,
    serving,
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the calls of the project's functions that it makes."""

    name: str
    path: str
    calls: int


CASES = (Case("301 calls", "/report/1/", 301), Case("3,001 calls", "/report/11/", 3_001))
MOST = 1.3
"""Of the processor's time that the peer adds in the quickest tenths, which other work on the machine disturbs least."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of the requests of one kind."""

    waited: list[float]
    """By the client, from the connection to the last byte."""
    spent: list[float]
    """By the request's own thread, of the processor's time."""


Times = dict[Recorder, Taken]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="an interpreter to make environments for; may be given again")
    parser.add_argument("--requests", type=int, default=100, help="requests of each kind (100)")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests (0.05); 0 keeps the exporter working")
    parser.add_argument("--only", action="append", default=[], help="a recorder to measure beside `untraced` (all)")
    options = parser.parse_args()
    chosen = tuple(one for one in RECORDERS if one is UNTRACED or not options.only or one.name.split()[0] in options.only)
    return max(measured(environment(python), chosen, options.requests, options.pause) for python in options.python or [sys.executable])


def measured(where: Environment, recorders: tuple[Recorder, ...], requests: int, pause: float) -> int:
    """Serves, asks, prints; 1 when a bound is broken."""
    versions = output(
        [str(where.ours), "-c", "import platform, django; print(f'Python {platform.python_version()}, Django {django.get_version()}')"]
    )
    print(f"{versions}: {requests} requests of each kind, {pause} s apart", flush=True)
    lost = 0
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        database = prepared(where.ours, folder)
        collector = stack.enter_context(collecting(where.ours, folder))
        ports = {
            one: stack.enter_context(serving(python, one, database, collector, folder))
            for one in recorders if (python := where.python(one)) is not None
        }  # fmt: skip
        for case in CASES:
            alternate(case, ports, 10, pause)
            lost += show(case, alternate(case, ports, requests, pause))
            if OURS in ports:
                lost += subprocess.run([where.ours, Path(__file__).with_name("kept.py"), collector, folder / "traces.sqlite3", case.path, str(case.calls), str(requests + 10)]).returncode  # fmt: skip
    return 1 if lost else 0


def alternate(case: Case, ports: dict[Recorder, int], requests: int, pause: float) -> Times:
    """Each request on a connection of its own: on a kept one, TCP's delayed acknowledgement hides all."""
    taken: Times = {recorder: Taken([], []) for recorder in ports}
    order = list(ports.items())
    for number in range(requests):
        for recorder, port in order[number % len(order) :] + order[: number % len(order)]:
            waited, spent = asked(port, case.path)
            taken[recorder].waited.append(waited)
            taken[recorder].spent.append(spent)
            time.sleep(pause)
    return taken


def asked(port: int, path: str) -> tuple[float, float]:
    """Milliseconds that the answer took, and that the server's thread had spent on the one before."""
    took, headers = answered(port, path)
    return took, int(headers["X-Spent-Before"]) / 1e6


def show(case: Case, times: Times) -> int:
    """Prints medians, and in brackets the quickest tenths; 1 when unspan adds too much."""
    broken = 0
    print(f"  {case.name}, 30 queries")
    for what, values in (("the client waited", lambda one: one.waited), ("its thread spent", lambda one: one.spent)):
        numbers = {recorder: (statistics.median(values(one)), quickest(values(one))) for recorder, one in times.items()}
        median, tenth = numbers[UNTRACED]
        print(f"    {what:18} {UNTRACED.name:20} {median:7.1f} ms        ({tenth:.1f} ms)")
        for recorder in times:
            if recorder is not UNTRACED:
                own, best = numbers[recorder]
                print(
                    f"    {'':18} {recorder.name:20} {own:7.1f} ms  ×{own / median:.2f} ({best:.1f} ms, ×{best / tenth:.2f}){relative(recorder, numbers)}"
                )
        if what == "its thread spent" and {OURS, KOLO} <= numbers.keys() and added(OURS, numbers)[1] > MOST:
            print(f"    BROKEN: unspan adds more than {MOST} times what {KOLO.name} adds")
            broken = 1
    sys.stdout.flush()
    return broken


def quickest(values: list[float]) -> float:
    return sorted(values)[len(values) // 10]


def added(recorder: Recorder, numbers: dict[Recorder, tuple[float, float]]) -> tuple[float, float]:
    """What a recorder adds, in what the peer adds: by medians, and by the quickest tenths."""
    median, best = ((numbers[recorder][n] - numbers[UNTRACED][n]) / (numbers[KOLO][n] - numbers[UNTRACED][n]) for n in (0, 1))
    return median, best


def relative(recorder: Recorder, numbers: dict[Recorder, tuple[float, float]]) -> str:
    if KOLO not in numbers or recorder not in (OURS, SPANS):
        return ""
    median, best = added(recorder, numbers)
    return f"  adds {median:.2f} of what kolo adds ({best:.2f})"


if __name__ == "__main__":
    sys.exit(main())
