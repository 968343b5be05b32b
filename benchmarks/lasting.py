"""What a process that has recorded 10,000 requests weighs, and what a hundred clients at once wait.

    python benchmarks/lasting.py [--requests 10000] [--path /report/1/]    in an environment that has the product (`make environment`)

The project is served by gunicorn with THREADS threads, untraced and under unspan with every setting at its default, and a real `unspan-collector` receives. (The
development server lets ten connections wait; the others try again after seconds, whatever records.) Prints the memory of both processes (VmRSS, once nothing waits to be sent), and how long clients waited who ask at one time. The exit code is 1 when the traced
process grew by more than MOST over what the untraced one did, after the first tenth of the requests.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import OURS, PROJECT, UNTRACED, Recorder, answered, clean, collecting, free_port, prepared, started, until_ready

MOST = 8 << 20
"""Bytes."""
AT_ONCE = 100
THREADS = 16
SETTLE = 2.0
"""Seconds after which everything was sent."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--path", default="/report/1/")
    parser.add_argument("--rounds", type=int, default=20, help="how often a hundred clients ask at one time (20)")
    options = parser.parse_args()
    python = Path(sys.executable)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        database = prepared(python, folder)
        collector = stack.enter_context(collecting(python, folder))
        ports = {one: stack.enter_context(serving(python, one, database, collector)) for one in (UNTRACED, OURS)}
        grown = lasted(ports, options.path, options.requests)
        crowded(ports, options.path, options.rounds)
    return 1 if grown > MOST else 0


@contextmanager
def serving(python: Path, recorder: Recorder, database: str, collector: str) -> Iterator[int]:
    """The port of gunicorn with one process of many threads."""
    port = free_port()
    wrapper = [str(python.with_name("opentelemetry-instrument"))] if recorder.wrapped else []
    words = [
        "-m",
        "gunicorn",
        "--threads",
        str(THREADS),
        "--timeout",
        "300",
        "--bind",
        f"127.0.0.1:{port}",
        "django.core.wsgi:get_wsgi_application()",
    ]
    env = clean({"BENCHMARK_DATABASE": database, "DJANGO_SETTINGS_MODULE": "mysite.settings", "UNSPAN_ENDPOINT": collector})
    with started([*wrapper, str(python), *words], PROJECT, env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until_ready(port)
        yield port


def lasted(ports: dict[Recorder, int], path: str, requests: int) -> int:
    """Prints the memory after each tenth; by how many bytes more the traced process grew after the first of them."""
    for port in ports.values():
        answered(port, path)
    pids = {one: worker(port) for one, port in ports.items()}
    levels: dict[Recorder, list[int]] = {one: [] for one in ports}
    print(f"memory in MiB after so many requests of {path}: {', '.join(one.name for one in ports)}")
    for tenth in range(1, 11):
        for port in ports.values():
            for _ in range(requests // 10):
                answered(port, path)
        time.sleep(SETTLE)
        for one, pid in pids.items():
            levels[one].append(memory(pid))
        print(f"  {tenth * requests // 10:6,}  {'  '.join(f'{found[-1] / (1 << 20):6.1f}' for found in levels.values())}", flush=True)
    return (levels[OURS][-1] - levels[OURS][0]) - (levels[UNTRACED][-1] - levels[UNTRACED][0])


def crowded(ports: dict[Recorder, int], path: str, rounds: int) -> None:
    """Prints what clients wait who ask at one time."""
    found: dict[Recorder, list[float]] = {one: [] for one in ports}
    for _ in range(rounds):
        for one, port in ports.items():
            found[one] += crowd(port, path)
    print(f"{AT_ONCE} clients at once, {rounds} times: milliseconds that the answer took, median and 99th percentile")
    for one, waited in found.items():
        print(f"  {one.name:10} {share(waited, 0.5):8.0f} {share(waited, 0.99):8.0f}")
    added = share(found[OURS], 0.99) - share(found[UNTRACED], 0.99)
    print(f"  added at the 99th percentile: {added:.0f} ms, {added / AT_ONCE:.1f} ms for each request that is served meanwhile")


def crowd(port: int, path: str) -> list[float]:
    gate = threading.Barrier(AT_ONCE)

    def one(_: int) -> float:
        gate.wait(60)
        return answered(port, path)[0]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def worker(port: int) -> int:
    """The process that answers at a port of this machine: of those that listen the one that is made last."""
    mark = f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(words[9] for words in lines if words[1].endswith(mark) and words[3] == "0A")
    return max(pid for pid in processes() if f"socket:[{inode}]" in held(pid))


def processes() -> Iterator[int]:
    yield from (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def held(pid: int) -> list[str]:
    try:
        return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:  # another user's, or gone
        return []


def memory(pid: int) -> int:
    """Bytes that a process holds."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    sys.exit(main())
