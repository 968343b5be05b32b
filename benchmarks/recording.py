"""What recording costs: one request, served by `manage.py runserver` under each recorder and under none, alternating in one run.

    python benchmarks/recording.py                                            with this interpreter
    python benchmarks/recording.py --python python3.12 --python python3.13    with others, one after the other

Prints medians, ratios to the untraced request, and what unspan adds relative to what the peer adds; asks the collector whether every call
arrived, and says what a trace weighs on the wire and in the store. The exit code is 1 when a call was lost.
"""

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from servers import KOLO, OURS, RECORDERS, SPANS, UNTRACED, Environment, Recorder, collecting, environment, output, prepared, serving


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the calls of the project's functions that it makes."""

    name: str
    path: str
    calls: int


CASES = (Case("301 calls", "/report/1/", 301), Case("3,001 calls", "/report/11/", 3_001))
Times = dict[Recorder, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="an interpreter to make environments for; may be given again")
    parser.add_argument("--requests", type=int, default=60, help="requests of each kind (60)")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests (0.05); 0 keeps the exporter working")
    parser.add_argument("--only", action="append", default=[], help="a recorder to measure beside `untraced` (all)")
    options = parser.parse_args()
    chosen = tuple(one for one in RECORDERS if one is UNTRACED or not options.only or one.name.split()[0] in options.only)
    return max(measured(environment(python), chosen, options.requests, options.pause) for python in options.python or [sys.executable])


def measured(where: Environment, recorders: tuple[Recorder, ...], requests: int, pause: float) -> int:
    """Serves, asks, prints; 1 when calls were lost."""
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
            show(case, alternate(case, ports, requests, pause))
            if OURS in ports:
                lost += subprocess.run([where.ours, Path(__file__).with_name("kept.py"), collector, folder / "traces.sqlite3", case.path, str(case.calls), str(requests + 10)]).returncode  # fmt: skip
    return 1 if lost else 0


def alternate(case: Case, ports: dict[Recorder, int], requests: int, pause: float) -> Times:
    """Seconds of each request, each on a connection of its own (on a kept one, TCP's delayed acknowledgement hides all)."""
    taken: Times = {recorder: [] for recorder in ports}
    order = list(ports.items())
    for number in range(requests):
        for recorder, port in order[number % len(order) :] + order[: number % len(order)]:
            taken[recorder].append(asked(port, case.path))
            time.sleep(pause)
    return taken


def asked(port: int, path: str) -> float:
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 200, response.status
    return time.perf_counter() - start


def show(case: Case, times: Times) -> None:
    """Medians and their ratios; in brackets the quickest tenths, which other work on the machine disturbs least."""
    medians = {recorder: statistics.median(one) * 1e3 for recorder, one in times.items()}
    quick = {recorder: sorted(one)[len(one) // 10] * 1e3 for recorder, one in times.items()}
    print(f"  {case.name}, 30 queries: untraced {medians[UNTRACED]:.1f} ms ({quick[UNTRACED]:.1f})")
    for recorder in times:
        if recorder is not UNTRACED:
            ratio, best = medians[recorder] / medians[UNTRACED], quick[recorder] / quick[UNTRACED]
            print(f"    {recorder.name:20} {medians[recorder]:7.1f} ms  ×{ratio:.2f} (×{best:.2f}){relative(recorder, medians, quick)}")
    sys.stdout.flush()


def relative(recorder: Recorder, medians: dict[Recorder, float], quick: dict[Recorder, float]) -> str:
    """What a recorder adds, in what the peer adds."""
    if KOLO not in medians or recorder not in (OURS, SPANS):
        return ""
    added, best = ((one[recorder] - one[UNTRACED]) / (one[KOLO] - one[UNTRACED]) for one in (medians, quick))
    return f"  adds {added:.2f} of what kolo adds ({best:.2f})"


if __name__ == "__main__":
    sys.exit(main())
