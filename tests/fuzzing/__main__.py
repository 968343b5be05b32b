"""`python -m fuzzing --count 100000 [--first N]` in `tests/`: a tenth goes to the inverter, the rest to the receiver; memory is printed before and after."""

import argparse
import tempfile
from pathlib import Path

from collector.process import Process

from .rounds import inverted, received


def memory(pid: int | str = "self") -> str:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return f"{int(line.split()[1]) >> 10} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--inverter", type=int, default=-1, help="how many go to the inverter instead of a tenth")
    told = parser.parse_args()
    traces = told.inverter if told.inverter >= 0 else told.count // 10
    with tempfile.TemporaryDirectory() as folder, Process(Path(folder) / "traces.sqlite3", "--keep-traces", "500") as process:
        received(process.http, process.grpc, told.first, 500)
        before = memory(process.popen.pid)
        outcomes = received(process.http, process.grpc, told.first + 1, told.count - traces)
        print(f"receiver: {dict(outcomes)}; memory {before} before, {memory(process.popen.pid)} after", flush=True)
        assert not any("Traceback" in line for line in process.said), process.said
    inverted(told.first, min(traces, 20))
    before = memory()
    print(f"inverter: {dict(inverted(told.first, traces))}; memory {before} before, {memory()} after", flush=True)


if __name__ == "__main__":
    main()
