"""Makes a unit test of every function of the project that an application's requests called, and says which have one that passes, and why the others have none.

    python trials/units.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Exit code 1 when less than half of the functions whose arguments and result were recorded by value have a test that passes.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from application import program
from functions import Function, functions, judged
from making import at_home
from replays import arguments

AIM = 0.5


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(__doc__ or "").parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        found = judged(home, functions(traces))
    if wanted.json:
        wanted.json.write_text(json.dumps([{**asdict(one), "plans": len(one.plans)} for one in found], indent=1))
    report(found)
    passed, known = [one for one in found if one.verdict == "passed"], [one for one in found if one.by_value]
    told = [one for one in known if one.verdict == "passed"]
    share = len(told) / max(len(known), 1)
    print(
        f"\nunits: {wanted.folder.name}: {len(found)} functions ran, {len(passed)} have a unit test that passes ({len(passed) / max(len(found), 1):.0%}); "
        f"of {len(known)} recorded by value, {len(told)} ({share:.0%})"
    )
    return 0 if found and share >= AIM else 1


def report(found: Sequence[Function]) -> None:
    """The table: functions with a test by what it inherits from, failed ones with their lines, excluded ones by reason."""
    for base, number in Counter[str](one.base for one in found if one.verdict == "passed").most_common():
        print(f"{number:5}  passed    {base}")
    for one in found:
        if one.verdict == "failed":
            print(f"       failed    {one.name}", *(line[:300] for line in one.lines), sep="\n                 ")
    left_out = Counter[tuple[str, bool]]((grouped(one.why), one.by_value) for one in found if one.verdict == "excluded")
    for (why, known), number in left_out.most_common():
        print(f"{number:5}  excluded{', though by value' if known else ''}: {why}")


def grouped(why: str) -> str:
    """A reason without the names in it."""
    return why.partition(": ")[0] if not why.startswith("no name") else "no name leads to it"


if __name__ == "__main__":
    sys.exit(main())
