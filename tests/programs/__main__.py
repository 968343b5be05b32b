"""The long form: `make programs COUNT=2000 SEED=1 DATABASE=sqlite`. Prints how many programs pass, and the smallest one found of each class of failure."""

import argparse
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

import django

from .databases import NAMES, running
from .program import Program, batch
from .rounds import Round, Verdict
from .shrinking import shrunk, signature

AT_ONCE = 100
"""Programs in one project."""
SHOWN = 12
"""Classes of which the smallest program is shown."""


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make programs", description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", default="")
    parser.add_argument("--database", choices=NAMES, default="sqlite")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these programs alone are run, made small and shown")
    parser.add_argument("--every", action="store_true", help="every program that failed is shown, not one of each class")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    asked = arguments(words)
    seed = asked.seed or secrets.token_hex(4)
    print(f"{asked.count} programs on {asked.database}, SEED={seed}", flush=True)
    vendor = {"mariadb": "mysql"}.get(asked.database, asked.database)
    programs = batch(asked.count, seed, vendor, django.VERSION[:2])
    if asked.only:
        programs = [one for one in programs if one.name in asked.only]
    kinds: Counter[str] = Counter()
    failed: list[Verdict] = []
    invalid: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="programs-") as scratch, running(asked.database) as database:
        for start in range(0, len(programs), AT_ONCE):
            verdicts = Round(Path(scratch, f"round{start}"), programs[start : start + AT_ONCE], database).verdicts()
            kinds.update(verdict.kind for verdict in verdicts)
            failed += [verdict for verdict in verdicts if verdict.failed]
            invalid |= {verdict.program.name: verdict.why[:150] for verdict in verdicts if verdict.kind == "invalid"}
            print(f"{start + len(verdicts)} of {len(programs)}: {said(kinds)}", flush=True)
        classes = Counter(map(signature, failed))
        firsts = failed if asked.every else list({signature(verdict): verdict for verdict in reversed(failed)}.values())[:SHOWN]
        for verdict in shrunk(firsts, Path(scratch, "smaller"), database) if asked.shrink else firsts:
            show(verdict, classes[signature(verdict)], firsts)
    print(*(f"invalid: {name}: {why}" for name, why in invalid.items()), sep="\n")
    print("failed:", *(verdict.program.name for verdict in failed))
    counted = sum(kinds.values()) - kinds["invalid"]
    print(f"programs: {kinds['same']} of {counted} the same on {asked.database}, SEED={seed}")
    return 1 if failed else 0


def said(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def show(verdict: Verdict, count: int, firsts: list[Verdict]) -> None:
    program: Program = verdict.program
    print(f"\n==== {count} × {' '.join(signature(verdict))}: {program.schema.lab} {program.name}\n{verdict.why[-1500:]}\n")
    print("\n".join([*program.view(), "", *program.made(), "", verdict.test]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
