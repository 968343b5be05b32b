"""Shows that the recorder leaves an application as it is: the same requests without and with it, compared in everything that is seen from outside.

    python trials/harmless.py FOLDER [--only NAME …] [--json FILE] [--without-collector]

Plain twice, recorded once; when something differs, plain once more, for it may differ by itself. Exit code 1 on a difference.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from application import TrialError, program, read, scratch
from differences import ASPECTS, Compared, compared
from folders import State
from processes import arrived, collecting, free_port
from runs import Played, played, served
from unspan_inverter.reading import Collector
from unspan_inverter.settings import Endpoint

EXAMPLES = 12


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--without-collector", action="store_true", help="nothing listens where the recorder sends")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    return parser.parse_args(argv)


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    with scratch(wanted.keep) as folder:
        found = trial(wanted, folder)
    report(found)
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    different = sum(bool(one.different) for one in found)
    unsteady = sum(bool(one.unsteady) for one in found)
    print(
        f"harmless: {read(wanted.folder).name}: {len(found) - different} of {len(found)} requests are the same, {different} differ, {unsteady} vary by themselves"
    )
    return 1 if different or not found else 0


def trial(wanted: argparse.Namespace, scratch: Path) -> list[Compared]:
    application = read(wanted.folder)
    application.prepare()
    state = State(application.home, scratch / "state")
    port = free_port()
    """The same in each run: the address is in headers and bodies."""

    def run(label: str, endpoint: str, recorded: bool = False) -> list[Played]:
        print(f"==> {label}", file=sys.stderr, flush=True)
        try:
            with served(wanted.folder, scratch, label, endpoint, recorded, port) as (one, base, log):
                found = list(played(one, base, log, wanted.only))
                if recorded and not wanted.without_collector:
                    require(found, endpoint)
                return found
        finally:
            state.restore()

    with nobody() if wanted.without_collector else collecting(scratch) as endpoint:
        plains = [run("plain", endpoint), run("plain again", endpoint)]
        recorded = run("recorded", endpoint, True)
        found = matched(plains, recorded, port)
        if any(one.different for one in found):
            plains.append(run("plain once more", endpoint))
            found = matched(plains, recorded, port)
    return found


def require(recorded: Sequence[Played], endpoint: str) -> None:
    """That something was recorded: else there was nothing to be harmed by."""
    with Collector(Endpoint(endpoint)) as collector:
        there = arrived(collector, [play.trace_id for play in recorded if not play.error])
    if lost := [play.name for play in recorded if play.trace_id not in there and not play.error]:
        raise TrialError(f"{len(lost)} of {len(recorded)} requests left no trace, {lost[0]} for one: the comparison would show nothing")


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    yield f"127.0.0.1:{free_port()}"


def matched(plains: Sequence[Sequence[Played]], recorded: Sequence[Played], port: int) -> list[Compared]:
    return [compared(of_plain, one, f"127.0.0.1:{port}") for *of_plain, one in zip(*plains, recorded, strict=True)]


def report(found: Sequence[Compared]) -> None:
    width = max((len(one.name) for one in found), default=4)
    print(f"{'request':{width}}  {'sent':>4} {'sql':>4} {'masked':>6}  {'  '.join(ASPECTS)}")
    for one in found:
        marks = [
            ("DIFF" if aspect in one.different else "vary" if aspect in one.unsteady else "same").ljust(len(aspect)) for aspect in ASPECTS
        ]
        print(f"{one.name:{width}}  {one.requests:4} {one.statements:4} {len(one.masked):6}  {'  '.join(marks)}")
        for aspect, where in one.different.items():
            print(f"    {aspect}: {where}")
    pieces = dict.fromkeys(pair for one in found for pair in one.masked)
    print(f"masked besides cookies, CSRF tokens and moments: {len(pieces)} pieces that two plain runs do not agree on")
    for first, second in list(pieces)[:EXAMPLES]:
        print(f"    {first[:60]!r} | {second[:60]!r}")


if __name__ == "__main__":
    sys.exit(main())
