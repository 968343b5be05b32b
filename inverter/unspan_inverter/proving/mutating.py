"""How many small faults in the code that a request ran its test notices, and by which of its assertions."""

import ast
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from unspan_proto import vocabulary as v

from unspan_inverter.proving.probes import Prober
from unspan_inverter.proving.telling import Told, untold
from unspan_inverter.proving.warm.unspan_warm.mutations import Mutation, mutations

MOST: Final = 200
"""So many faults are tried; of more, a sample that is the same each time."""
KINDS: Final = (
    ("rows", r"refresh_from_db|objects\.|\.count\(\)|\.exists\(\)"),
    ("redirect", r"assertRedirects|\bLocation\b|response\.url"),
    ("status", r"status_code"),
    ("mail", r"outbox"),
    ("outbound", r"\.requests|assert_called|mock_calls|call_args"),
    ("body", r"response|assertContains|assertInHTML|assertTemplateUsed|assertJSON"),
    ("rows", r"assert\w*[ (].*\w\.\w+"),
)
"""Kinds of assertions, by what their line says; the first that fits."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How many faults were tried and noticed, those of queries apart; who noticed; the faults that nobody did, in words."""

    tried: int = 0
    noticed: int = 0
    queries: tuple[int, int] = (0, 0)
    by: Mapping[str, int] = field(default_factory=dict[str, int])
    survived: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One mutation of one file."""

    file: str
    lines: tuple[int, ...]
    number: int
    mutation: Mutation


def strength(source: str, prober: Prober, more_time: Callable[[], bool], told: Told = untold) -> Strength:
    """Tries the faults on the lines that the test runs."""
    calls = [span for spans in prober.probe(source).traces.values() for span in spans if span.what == v.CALL]
    files = sorted({str(span.attributes[v.FILE]) for span in calls if span.attributes.get(v.FILE)} - {str(prober.file)})
    found = faults(prober.probe(source, watched=files).lines)
    noticed: Counter[str] = Counter()
    survived: list[str] = []
    tried, queries = 0, [0, 0]
    for fault in found:
        if not more_time():
            break
        told("trying faults", tried, len(found))
        probe = prober.probe(source, mutant={"file": fault.file, "lines": list(fault.lines), "number": fault.number})
        tried += 1
        queries[0] += fault.mutation.query
        if probe.passed:
            survived.append(f"{Path(fault.file).name}:{fault.mutation.line}: {fault.mutation.said}")
        else:
            queries[1] += fault.mutation.query
            noticed[kind(probe.message, str(prober.file), source)] += 1
    return Strength(tried, sum(noticed.values()), (queries[0], queries[1]), dict(noticed), tuple(survived), tried == len(found))


def faults(ran: Mapping[str, list[int]]) -> list[Fault]:
    """The faults on these lines; of too many, some from everywhere."""
    some: list[Fault] = []
    for file, lines in ran.items():
        try:
            tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        some += [Fault(file, tuple(lines), number, one) for number, one in enumerate(mutations(tree, frozenset(lines)))]
    return some if len(some) <= MOST else sorted(random.Random(0).sample(some, MOST), key=lambda one: (one.file, one.number))


def kind(message: str, file: str, source: str) -> str:
    """What of a test failed, by the statement of the test that its traceback names last."""
    own = re.findall(rf'File "{re.escape(file)}", line (\d+), in ', message)
    if not own or (not message.strip().splitlines()[-1].startswith("AssertionError") and "\nAssertionError" not in message):
        return "exception"
    said = statement(source, int(own[-1]))
    return next((name for name, pattern in KINDS if re.search(pattern, said)), "other")


def statement(source: str, line: int) -> str:
    """The innermost statement on a line, whole."""
    around = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.stmt) and one.lineno <= line <= (one.end_lineno or 0)]
    return ast.unparse(max(around, key=lambda one: one.lineno)) if around else ""
