"""Tests of what stands around the views of an application: each route that was taken, and each middleware of its own that answered.

    python trials/around.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Exit code 1 when one of them does not pass.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from application import program
from functions import Function, judged, read
from making import at_home
from replays import arguments
from unspan_inverter.generate import of_middleware
from unspan_inverter.plan import NONE, Plan
from unspan_inverter.plan.tables import tabled
from unspan_inverter.surroundings import surroundings


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(__doc__ or "").parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        made, refused = around(traces)
        found = judged(home, made)
    if wanted.json:
        wanted.json.write_text(json.dumps([{**asdict(one), "plans": len(one.plans)} for one in found], indent=1))
    for one in found:
        if one.verdict != "passed":
            print(f"failed  {one.name}", *(line[:300] for line in one.lines), sep="\n    ")
    for why, number in refused.most_common():
        print(f"{number:5}  excluded: {why}")
    passed = sum(one.verdict == "passed" for one in found)
    print(f"\naround: {wanted.folder.name}: {passed} of {len(found)} tests of routes and middleware pass")
    return 0 if found and passed == len(found) else 1


def around(traces: Mapping[str, Path]) -> tuple[list[Function], Counter[str]]:
    """Each route and middleware with its plan, and why there is none, how often."""
    plans, refused = list[Plan](), Counter[str]()
    for path in traces.values():
        trace = read(path)
        for one in surroundings(trace, partial(of_middleware, trace, False, True, NONE)) if trace is not None else ():
            plans += [one.plan] if one.plan is not None else []
            refused.update([] if one.plan is not None else [one.why])
    return [Function(f"around {number} {one.class_name} {one.method_name}", (one,)) for number, one in enumerate(tabled(plans))], refused


if __name__ == "__main__":
    sys.exit(main())
