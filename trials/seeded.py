"""Puts faults into tests that were made as small as they can be, and counts how many the test, its replay or `inverter prove` notices.

    python trials/seeded.py FOLDER [--only NAME …] [--traces DIR] [--most N] [--json FILE]

A row, a field or a header less or another literal must make the test fail or do something else than the recording; an assertion less must be named.
With every row and header needed, it also shows that nothing could be left out any more. Exit code 1 when less than 95% are noticed.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from application import program
from making import Home, Made, at_home, same_ones
from replays import arguments
from seeding import Seed, seeds
from unspan_inverter.code.layout import tidied
from unspan_inverter.proving.asserting import unasserted
from unspan_inverter.proving.minimising import minimised
from unspan_inverter.proving.probes import NotWarm, Prober
from unspan_inverter.proving.prover import same_as
from unspan_inverter.replaying import included

AIM = 0.95


@program
def main(argv: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--most", type=int, default=20, help="so many tests")
    wanted = parser.parse_args(argv)
    tried, noticed, rows = Counter[str](), Counter[str](), list[dict[str, object]]()
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        for one in same_ones(home, traces):
            if len(rows) < wanted.most:
                rows.append(seeded(home, one, tried, noticed))
            one.file.unlink()
    if wanted.json:
        wanted.json.write_text(json.dumps(rows, indent=1))
    for kind in tried:
        print(f"{kind:10} {noticed[kind]} of {tried[kind]}")
    share = noticed.total() / max(tried.total(), 1)
    print(f"\nseeded: {wanted.folder.name}: {len(rows)} tests: {noticed.total()} of {tried.total()} faults are noticed ({share:.1%})")
    return 0 if share >= AIM else 1


def seeded(home: Home, one: Made, tried: Counter[str], noticed: Counter[str]) -> dict[str, object]:
    """Tries every fault of one test."""
    assert one.recording is not None
    missed = list[str]()
    with Prober(one.file, home.run(one.file), {**home.environ, **included([one.recording])}) as prober:
        whole = one.file.read_text()
        ways = [same_as([one.recording], prober, used) for used in (True, False)]
        holds = next((way for way in ways if way(whole)), ways[0])
        begun = time.monotonic()
        smaller = minimised(whole, holds, lambda: True)
        source = tidied(smaller.source) if smaller.removed else whole
        took, probes = time.monotonic() - begun, smaller.tried
        for seed in seeds(source):
            tried[seed.kind] += 1
            if notices(seed, one, holds):
                noticed[seed.kind] += 1
            else:
                missed.append(f"{seed.kind}, {seed.said}")
    print(
        f"{one.name:32}  {len(smaller.removed)} left out in {probes} probes, {took / max(probes, 1):.2f} s each",
        *missed,
        sep="\n    ",
        flush=True,
    )
    return {"name": one.name, "left out": len(smaller.removed), "probes": probes, "seconds": took, "missed": missed, "source": source}


def notices(seed: Seed, one: Made, holds: Callable[[str], bool]) -> bool:
    """Whether an assertion is named as missing, or the test fails, or it does something else."""
    assert one.recording is not None
    if unasserted(seed.source, [one.recording], "django"):
        return True
    try:
        return not holds(seed.source)
    except NotWarm:
        return True


if __name__ == "__main__":
    sys.exit(main())
