"""How long unit tests take, beside the client's tests of the same requests.

    python trials/faster.py FOLDER [--only NAME …] [--traces DIR] [--rounds N]

Seconds by unittest's own watch, of all tests of a kind in one run, the fastest of some rounds: those of the client, of the view, and of level unit by what
they inherit from. Exit code 1 when the unit tests are not ten times as fast as the client's of the same requests.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from application import program
from functions import Function, functions, judged, read, run, written
from making import Home, at_home, stem
from replays import arguments
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated

AIM = 10.0


@program
def main(argv: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    wanted = parser.parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        passed = [one for one in judged(home, functions(traces)) if one.verdict == "passed"]
        groups = {"client": of_client(home, {name: traces[name] for one in passed for name in one.requests}), **by_base(home, passed)}
        took = {name: fastest(home, as_many(home, files, len(groups["client"])), wanted.rounds) for name, files in groups.items() if files}
    return report(wanted.folder.name, took)


def report(name: str, took: Mapping[str, tuple[int, float]]) -> int:
    """Each kind with what a test takes; the exit code."""
    number, seconds = took["client"]
    client = seconds / number
    units = [each for kind, each in took.items() if kind not in ("client", "view")]
    for kind, (number, seconds) in took.items():
        print(
            f"{kind:18} {number:4} tests  {1000 * seconds / number:8.2f} ms a test  {client * number / max(seconds, 1e-9):6.1f} times as fast as the client's"
        )
    free = [each for kind, each in took.items() if kind not in ("client", "view", "TestCase")]
    every, without = times(client, units), times(client, free)
    print(
        f"\nfaster: {name}: unit tests are {every:.1f} times as fast as the client's of the same requests, {without:.1f} times those without a database"
    )
    return 0 if every >= AIM else 1


def times(client: float, some: Sequence[tuple[int, float]]) -> float:
    """How many times as fast these are, together."""
    return client * sum(number for number, _ in some) / max(sum(seconds for _, seconds in some), 1e-9)


def of_client(home: Home, traces: Mapping[str, Path]) -> list[Path]:
    """The client's tests that pass."""
    files = list[Path]()
    for name, path in traces.items():
        trace = read(path)
        try:
            text = generated([trace]).source if trace is not None else ""
        except InverterError:
            continue
        files.append(home.tests / f"test_client_{stem(name)}.py")
        files[-1].write_text(text, encoding="utf-8")
    failed = run(home, files).failed
    return [file for file in files if file.stem not in failed]


def by_base(home: Home, passed: Sequence[Function]) -> dict[str, list[Path]]:
    """The files of unit tests, by what they inherit from; those of functions that are a request's view apart."""
    found: dict[str, list[Function]] = {}
    for one in passed:
        found.setdefault("view" if one.plans[0].level == "view" else one.base, []).append(one)
    return {base: written(home, some) for base, some in found.items()}


def as_many(home: Home, files: Sequence[Path], number: int) -> list[Path]:
    """The files, again and again until there are about as many tests as files of the client's: what the first test of a run pays for all, weighs alike."""
    again = max(number // max(run(home, files).tests, 1), 1)
    copies = [file.with_name(f"{file.stem}_{n}.py") for n in range(1, again) for file in files]
    for at, copy in enumerate(copies):
        copy.write_text(files[at % len(files)].read_text(encoding="utf-8"), encoding="utf-8")
    return [*files, *copies]


def fastest(home: Home, files: Sequence[Path], rounds: int) -> tuple[int, float]:
    """How many tests, and the least time that all of them took."""
    ran = [run(home, files) for _ in range(rounds)]
    return ran[0].tests, min(one.seconds for one in ran)


if __name__ == "__main__":
    sys.exit(main())
