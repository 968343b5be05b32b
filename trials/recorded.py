"""Lists what was recorded of each request of an application, and checks that the trace is complete and holds what the client sent and got.

    python trials/recorded.py FOLDER [--only NAME …] [--full] [--json FILE]

Exit code 1 when a trace is incomplete or something is missing in it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from application import program, read, scratch
from finding import missing
from folders import State
from listing import counts, lines
from processes import arrived, collecting
from runs import Played, played, served
from unspan_inverter.errors import InverterError
from unspan_inverter.reading import Collector
from unspan_inverter.settings import Endpoint
from unspan_inverter.trace import Trace, built


@dataclass
class Found:
    """What became of one request. `gaps` are the trace's own reasons, `missing` what the client knows and the trace does not."""

    name: str
    trace_id: str
    request: str
    expected: bool
    gaps: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.expected and not self.gaps and not self.missing


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--full", action="store_true", help="every value whole, every attribute")
    parser.add_argument("--quiet", action="store_true", help="the table alone, no listings")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", action="store_true", help="keep the traces and the logs")
    return parser.parse_args(argv)


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    with scratch(wanted.keep) as folder:
        found = trial(wanted, folder)
    report(found)
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    whole = sum(one.whole for one in found)
    print(
        f"recorded: {read(wanted.folder).name}: {whole} of {len(found)} traces are complete and hold everything that was sent and received"
    )
    return 0 if found and whole == len(found) else 1


def trial(wanted: argparse.Namespace, scratch: Path) -> list[Found]:
    application = read(wanted.folder)
    application.prepare()
    state = State(application.home, scratch / "state")
    with collecting(scratch) as endpoint, Collector(Endpoint(endpoint)) as collector:
        try:
            with served(wanted.folder, scratch, "recorded", endpoint, True, more={"UNSPAN_REDACT": "off"}) as (one, base, log):
                plays = list(played(one, base, log, wanted.only, look=False))
                there = arrived(collector, [play.trace_id for play in plays])
                return [looked_at(play, collector, there, wanted) for play in plays]
        finally:
            state.restore()


def looked_at(play: Played, collector: Collector, there: set[str], wanted: argparse.Namespace) -> Found:
    exchange = play.exchange
    found = Found(
        play.name, play.trace_id, f"{exchange.method} {exchange.target} {exchange.status}" if exchange else play.error, play.as_expected
    )
    if play.trace_id not in there:
        found.gaps.append("no trace of it reached the collector")
        return found
    try:
        fetched = collector.fetched(play.trace_id)
        trace = built(fetched.spans(), fetched.project_spans())
    except InverterError as error:
        found.gaps.append(str(error))
        return found
    found.gaps, found.counts = list(trace.gaps), counts(trace)
    found.missing = missing(exchange, trace) if exchange else []
    if not wanted.quiet:
        show(found, trace, wanted.full)
    return found


def show(found: Found, trace: Trace, full: bool) -> None:
    print(f"\n{found.name}: {found.request} (trace {found.trace_id}) {'complete' if not found.gaps else 'INCOMPLETE'}")
    for line in lines(trace, full):
        print(line)


def report(found: Sequence[Found]) -> None:
    width = max((len(one.name) for one in found), default=4)
    print()
    for one in found:
        verdict = "whole" if one.whole else "not as expected" if not one.expected else "INCOMPLETE" if one.gaps else "MISSING"
        print(
            f"{one.name:{width}}  {verdict:10}  {one.request[:60]:60}  {', '.join(f'{count} {kind}' for kind, count in one.counts.items())}"
        )
        for sentence in (*one.gaps, *one.missing):
            print(f"    {sentence[:600]}")


if __name__ == "__main__":
    sys.exit(main())
