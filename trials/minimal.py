"""Tries what could be left out of tests as they are generated: rows, fields, headers that nothing needs.

    python trials/minimal.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Each row and field of the arrange, and each header of the request, is left out by itself and with others, as `inverter prove` does, while the test passes and
does the same as the recording. What a row that went took with it counts with it. Exit code 1 when more than 10% of the rows and fields could go.
"""

import ast
import json
import sys
from collections import Counter
from collections.abc import Sequence

from application import program
from making import Home, Made, at_home, same_ones
from replays import arguments
from unspan_inverter.proving.minimising import covered, minimised
from unspan_inverter.proving.probes import Prober
from unspan_inverter.proving.prover import same_as
from unspan_inverter.proving.removable import Place, places
from unspan_inverter.replaying import included

AIM = 0.10
ARRANGED = ("statement", "row", "field")


@program
def main(argv: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__ or "")
    wanted = parser.parse_args(argv)
    there, gone, rows = Counter[str](), Counter[str](), list[dict[str, object]]()
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        for one in same_ones(home, traces):
            rows.append(left_out(home, one, there, gone))
            one.file.unlink()
    if wanted.json:
        wanted.json.write_text(json.dumps(rows, indent=1))
    for kind in there:
        print(f"{kind:10} {gone[kind]} of {there[kind]}")
    some, all_of = (sum(count[kind] for kind in ARRANGED) for count in (gone, there))
    share = some / max(all_of, 1)
    print(f"\nminimal: {wanted.folder.name}: {len(rows)} tests: {some} of {all_of} rows and fields could be left out ({share:.1%})")
    return 0 if share <= AIM else 1


def left_out(home: Home, one: Made, there: Counter[str], gone: Counter[str]) -> dict[str, object]:
    """What one test could do without."""
    assert one.recording is not None
    source = one.file.read_text()
    every = places(source)
    with Prober(one.file, home.run(one.file), {**home.environ, **included([one.recording])}) as prober:
        ways = [same_as([one.recording], prober, used) for used in (True, False)]
        smaller = minimised(source, next((way for way in ways if way(source)), ways[0]), lambda: True)
    lost = [place for place in every if covered(place, smaller.removed)]
    there.update(kind(source, place) for place in every)
    gone.update(kind(source, place) for place in lost)
    said = [told(source, place) for place in smaller.removed]
    print(f"{one.name:32}  {len(lost)} of {len(every)}", *said, sep="\n    ", flush=True)
    return {"name": one.name, "of": len(every), "left out": said}


def kind(source: str, place: Place) -> str:
    """What stands at a place: a statement that gives the client a cookie is no row."""
    return "header" if "client.cookies" in source[place.start : place.end] else place.what


def told(source: str, place: Place) -> str:
    """A place as one line."""
    text = " ".join(source[place.start : place.end].split())
    try:
        text = ast.unparse(ast.parse(text)) if place.what == "statement" else text
    except SyntaxError:
        pass
    return f"{place.what}: {text[:150]}"


if __name__ == "__main__":
    sys.exit(main())
