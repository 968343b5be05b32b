"""Breaks functions that have a unit test: another result, an exception, a write less. Each test must fail. Then smaller faults, on the same lines, for these tests and the client's.

    python trials/broken.py FOLDER [--only NAME …] [--traces DIR] [--json FILE]

Exit code 1 when a test passes although its function is broken.
"""

import ast
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import breaking
from application import program
from functions import Function, functions, judged, read
from making import Home, at_home
from replays import arguments
from unspan_inverter.code import source
from unspan_inverter.errors import InverterError
from unspan_inverter.events.calls import Called, calls
from unspan_inverter.generate import generated
from unspan_inverter.proving.probes import Prober
from unspan_inverter.proving.warm.unspan_warm.mutations import mutations
from unspan_inverter.replaying import included
from unspan_inverter.trace import Trace

MOST = 30
"""Functions."""
FAULTS = 6
"""Smaller faults of each."""


DATABASES = """from django.test import TestCase


class Databases(TestCase):
    databases = "__all__"

    def test_they_are_there(self):
        pass
"""
"""What the runner is begun with: it makes the databases that its tests ask for."""


@dataclass
class Tried:
    """What became of one function: kind of break → whether its test failed; smaller faults that were tried, and noticed by its test and by the client's."""

    name: str
    breaks: dict[str, bool] = field(default_factory=dict[str, bool])
    tried: int = 0
    by_unit: int = 0
    by_client: int = 0
    survived: list[str] = field(default_factory=list[str])


@program
def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(__doc__ or "").parse_args(argv)
    with at_home(wanted.folder, wanted.traces, wanted.only) as (home, traces):
        passed = [one for one in judged(home, functions(traces)) if one.verdict == "passed"]
        found = list(tried(home, traces, spread(passed, MOST))) if passed else []
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    return report(wanted.folder.name, found)


def report(name: str, found: Sequence[Tried]) -> int:
    """The sums; the exit code."""
    there, noticed = Counter[str](), Counter[str]()
    for one in found:
        there.update(one.breaks.keys())
        noticed.update(kind for kind, failed in one.breaks.items() if failed)
    for kind in there:
        print(f"{kind:16} {noticed[kind]} of {there[kind]} noticed")
    faults, by_unit, by_client = (sum(getattr(one, what) for one in found) for what in ("tried", "by_unit", "by_client"))
    print(
        f"\nbroken: {name}: {len(found)} functions: {noticed.total()} of {there.total()} breaks noticed; of {faults} smaller faults on the same lines "
        f"{by_unit} ({by_unit / max(faults, 1):.0%}) by the unit tests, {by_client} ({by_client / max(faults, 1):.0%}) by the client's"
    )
    return 0 if found and noticed.total() == there.total() else 1


def spread(some: Sequence[Function], most: int) -> list[Function]:
    """So many of them, from everywhere."""
    return [some[at * len(some) // min(most, len(some))] for at in range(min(most, len(some)))]


def tried(home: Home, traces: dict[str, Path], some: Sequence[Function]) -> Iterator[Tried]:
    """Each function, in one process of the application's runner."""
    file = home.tests / "test_broken_functions.py"
    file.write_text(DATABASES)
    recordings = [one for one in (read(path) for path in traces.values()) if one is not None]
    environ = {**home.environ, **included(recordings), "PYTHONPATH": str(Path(__file__).parent)}
    by_id = {one.id: one for one in recordings}
    todo = list(some)
    while todo:  # a process that a broken function has spoiled is left: its tests do not pass there any more
        fresh = True
        with Prober(file, home.run(file), environ) as prober:
            while todo:
                trace = by_id[todo[0].plans[0].trace_id]
                result = of_function(todo[0], trace, next(call for call in calls(trace) if call.function == todo[0].name), prober)
                if not result.breaks and not fresh:
                    break
                fresh = False
                said = [f"{kind}: {'noticed' if seen else 'NOT NOTICED'}" for kind, seen in result.breaks.items()]
                print(f"{todo.pop(0).name}: {', '.join(said) or 'could not be tried'}", flush=True)
                yield result


def of_function(one: Function, trace: Trace, call: Called, prober: Prober) -> Tried:
    """`call`: one of its calls, which says where it stands."""
    found, test = Tried(one.name), source(one.plans, "django")
    tree = ast.parse(Path(call.file).read_text(encoding="utf-8"))
    function = breaking.begun(tree, call.line)
    ran = set(prober.probe(test, watched=[call.file]).lines.get(call.file, []))
    if function is None or not ran:
        return found
    for kind in ("another result", "an exception")[call.raised is not None :]:
        found.breaks[kind] = not prober.probe(broken(test, call, kind)).passed
    for at in [line for line in breaking.writes(function) if line in ran][:1]:
        found.breaks["a write less"] = not prober.probe(broken(test, call, "a write less", at)).passed
    client = by_client(trace, prober)
    if client:
        own = (
            ran
            & set(range(function.body[0].lineno, (function.end_lineno or 0) + 1))
            & set(prober.probe(client, watched=[call.file]).lines.get(call.file, []))
        )
        smaller(found, tree, call, sorted(own), test, client, prober)
    return found


def broken(test: str, call: Called, kind: str, at: int = 0) -> str:
    """The test's source, which first breaks the function."""
    return f"import breaking\nbreaking.put({call.file!r}, {call.line}, {kind!r}, {at})\n{test}"


def by_client(trace: Trace, prober: Prober) -> str:
    """The client's test of the request, if it passes."""
    try:
        test = generated([trace]).source
    except InverterError:
        return ""
    return test if prober.probe(test).passed else ""


def smaller(found: Tried, tree: ast.Module, call: Called, lines: list[int], test: str, client: str, prober: Prober) -> None:
    """Some of the faults on these lines, for both tests."""
    every = mutations(tree, frozenset(lines))
    for number in sorted(random.Random(0).sample(range(len(every)), min(FAULTS, len(every)))):
        mutant = {"file": call.file, "lines": lines, "number": number}
        found.tried += 1
        unit, whole = (not prober.probe(text, mutant=mutant).passed for text in (test, client))
        found.by_unit += unit
        found.by_client += whole
        if not unit:
            found.survived.append(f"{every[number].line}: {every[number].said}")


if __name__ == "__main__":
    sys.exit(main())
