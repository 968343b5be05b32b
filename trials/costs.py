"""What recording costs the requests of an application: how long the client waits for each, plain, recorded, and recorded with lineage.

    python trials/costs.py FOLDER [--rounds N] [--only NAME …] [--json FILE]

Each form is served and plays the list N times in one process, and all that once more in the opposite order. Of a request the quickest play counts;
the first, which imports and parses what later ones find ready, stands beside it. Exit code 1 when lineage makes the median request take more than
MOST times what it takes plain.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from application import program, read, scratch
from folders import State
from processes import collecting
from runs import played, served

FORMS = {"plain": (False, ""), "rows": (True, "rows"), "lineage": (True, "lineage")}
"""Whether it is recorded, and with which UNSPAN_SQL."""
MOST = 2.0


@dataclass
class Cost:
    """The seconds that a request took: the first play of each process, and all others, by form."""

    name: str
    first: dict[str, list[float]] = field(default_factory=lambda: {form: [] for form in FORMS})
    later: dict[str, list[float]] = field(default_factory=lambda: {form: [] for form in FORMS})

    def ratio(self, form: str) -> float:
        return min(self.later[form]) / min(self.later["plain"])


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=4, help="plays of the list in one process, the first included (4)")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(argv)


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(argv)
    with scratch() as folder:
        found = [cost for cost in trial(wanted, folder) if all(cost.later.values())]
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    return report(found, read(wanted.folder).name)


def trial(wanted: argparse.Namespace, scratch: Path) -> list[Cost]:
    application = read(wanted.folder)
    application.prepare()
    state = State(application.home, scratch / "state")
    found: dict[str, Cost] = {}
    with collecting(scratch) as endpoint:
        for form in (*FORMS, *reversed(FORMS)):
            print(f"==> {form}", file=sys.stderr, flush=True)
            try:
                measure(wanted, scratch, endpoint, form, found)
            finally:
                state.restore()
    return list(found.values())


def measure(wanted: argparse.Namespace, scratch: Path, endpoint: str, form: str, found: dict[str, Cost]) -> None:
    recorded, sql = FORMS[form]
    with served(wanted.folder, scratch, form, endpoint, recorded, more={"UNSPAN_SQL": sql} if sql else {}) as (application, base, log):
        for number in range(wanted.rounds):
            if number:
                application.reseed()
            for play in played(application, base, log, wanted.only, look=False):
                if play.as_expected and play.exchange is not None:
                    cost = found.setdefault(play.name, Cost(play.name))
                    (cost.later if number else cost.first)[form].append(play.exchange.seconds)


def report(found: Sequence[Cost], name: str) -> int:
    width = max((len(one.name) for one in found), default=4)
    print(f"{'request':{width}}  {'plain':>8}  {'rows':>6}  {'lineage':>7}  first of the process: plain, rows, lineage")
    for one in sorted(found, key=lambda one: one.ratio("lineage")):
        first = "  ".join(f"{min(one.first[form], default=0) * 1e3:6.1f}" for form in FORMS)
        quickest = f"{min(one.later['plain']) * 1e3:5.1f} ms"
        print(f"{one.name:{width}}  {quickest}  ×{one.ratio('rows'):5.2f}  ×{one.ratio('lineage'):6.2f}  {first}")
    if not found:
        print(f"costs: {name}: no request was answered as expected in every form")
        return 1
    middle = {form: median(one.ratio(form) for one in found) for form in FORMS}
    worst = max(one.ratio("lineage") for one in found)
    print(
        f"costs: {name}: {len(found)} requests, the median takes ×{middle['rows']:.2f} with rows, ×{middle['lineage']:.2f} with lineage, "
        f"the worst ×{worst:.2f}"
    )
    return 0 if middle["lineage"] <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
