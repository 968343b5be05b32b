"""Makes a test of each request of an application, runs it under the recorder, and says whether it passes and does the same as the recording.

    python trials/replays.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Exit code 1 when a test does not pass, or does something else than the recording.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from application import program
from making import Home, Made, at_home, made
from unspan_inverter.replaying import words

SAID = 6
"""Lines of a difference or a failure that are shown."""


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(__doc__ or "").parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        found = replays(home, traces)
    counts = Counter(one.verdict for one in found)
    if wanted.json:
        wanted.json.write_text(json.dumps([{"name": one.name, "verdict": one.verdict, "said": said(one)} for one in found], indent=1))
    print(
        f"\nreplays: {wanted.folder.name}: {len(found)} requests: "
        + "; ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    )
    return 0 if found and counts["green, same"] == len(found) else 1


def arguments(text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=text.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--traces", type=Path, metavar="DIR", help="keep the traces there, and take those that are there")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


def replays(home: Home, traces: dict[str, Path]) -> list[Made]:
    """Each as it comes."""
    found = list[Made]()
    for one in made(home, traces):
        found.append(one)
        print(f"{one.name:32}  {one.verdict}", *said(one), sep="\n    ", flush=True)
    return found


def said(one: Made) -> list[str]:
    """What is to be said of a test that is not green and the same."""
    if one.replay is None:
        return [one.refused]
    if one.replay.verdict.passed:
        return [] if one.replay.same else words(one.replay)[:SAID]
    return [one.replay.verdict.sentence, *one.replay.verdict.lines[-SAID:]]


if __name__ == "__main__":
    sys.exit(main())
