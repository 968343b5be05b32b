"""Whether requests on a network database are slower while unspan's exporter converts what others left it.

    python benchmarks/following.py                                            with this interpreter
    python benchmarks/following.py --python python3.12 --python python3.13    with others, one after the other

A request of 301 calls is followed at once by one that makes 31 round trips to PostgreSQL, of which each gives the interpreter up and wants it back:
where another thread holds on to it, each waits up to 5 ms. Measured twice: with the following request recorded itself, and left out of recording
(by OpenTelemetry's own setting), so that only the exporter is beside it. The exit code is 1 when either takes more than MOST times what the request
takes without unspan, in the median.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from recording import asked
from servers import OURS, SPANS, UNTRACED, Environment, collecting, environment, network_database, prepared, serving

MOST = 1.2
BUSY, AWAY = "/report/1/", "/away/"
APART = {"OTEL_PYTHON_DJANGO_EXCLUDED_URLS": "away"}
KINDS = ((UNTRACED, "untraced", {}), (OURS, "unspan, exporter only", APART), (OURS, "unspan", {}), (SPANS, "OpenTelemetry spans", {}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="an interpreter to make environments for; may be given again")
    parser.add_argument("--rounds", type=int, default=30, help="rounds of 5 pairs of requests for each kind (30)")
    options = parser.parse_args()
    return max(measured(environment(python), options.rounds) for python in options.python or [sys.executable])


def measured(where: Environment, rounds: int) -> int:
    print(f"{where.ours}: {rounds * 5} pairs of requests of each kind", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        database, port = prepared(where.ours, folder), stack.enter_context(network_database(folder))
        collector = stack.enter_context(collecting(where.ours, folder))
        ports = {
            name: stack.enter_context(serving(where.ours, recorder, database, collector, folder, "--nothreading", BENCHMARK_AWAY=str(port), **more))
            for recorder, name, more in KINDS
        }  # fmt: skip
        taken: dict[str, list[float]] = {name: [] for name in ports}
        for number in range(rounds + 1):
            for name, server in ports.items():
                found = in_pairs(server)
                if number:  # the first round loads and connects
                    taken[name] += found
                time.sleep(1.2)  # what is left to convert is converted, and disturbs nobody else
    return show(taken)


def in_pairs(port: int) -> list[float]:
    found: list[float] = []
    for _ in range(5):
        asked(port, BUSY)
        found.append(asked(port, AWAY)[0])
    return found


def show(taken: dict[str, list[float]]) -> int:
    plain = taken["untraced"]
    for name, values in taken.items():
        median, slow = statistics.median(values), sorted(values)[len(values) * 9 // 10]
        ratio = median / statistics.median(plain)
        print(
            f"  31 round trips, {name:22} {median:6.1f} ms  ×{ratio:.2f}  (nine of ten under {slow:.1f} ms, quickest {min(values):.1f})",
            flush=True,
        )
    broken = [name for name in taken if name.startswith(OURS.name) and statistics.median(taken[name]) > MOST * statistics.median(plain)]
    if broken:
        print(f"  BROKEN: more than ×{MOST}: {'; '.join(broken)}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
