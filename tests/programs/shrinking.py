"""Makes failing programs small: statements and rows are left out as long as the program still fails in the same way.

All candidates of a step run as one batch: a round costs seconds, a program in it a fiftieth of one. A property library judges one example after the
other, each of which would cost a whole round; therefore the programs are drawn from a number and made small here.
"""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .program import Program
from .rounds import Round, Verdict
from .rows import Row

STEPS = 8


def signature(verdict: Verdict) -> tuple[str, str]:
    """How a program failed, whatever the values."""
    lines = [
        line
        for line in verdict.why.splitlines()
        if re.match(r"[\w.]+(Error|Exception|DoesNotExist|MultipleObjectsReturned|Warning)\b", line)
    ]
    return verdict.kind, lines[-1].partition(":")[0] if lines and verdict.kind == "red" else ""


def shrunk(failed: Sequence[Verdict], folder: Path, database: Mapping[str, Any] | None = None) -> list[Verdict]:
    """The smallest programs found that fail as these do."""
    best = list(failed)
    open_ones = set(range(len(best)))
    for step in range(STEPS):
        tried: list[tuple[int, Program]] = []
        for at in sorted(open_ones):
            for candidate in candidates(best[at].program, step):
                tried.append((at, replace(candidate, name=f"{failed[at].program.name}_{step}_{len(tried)}")))
        if not tried:
            break
        there = folder / f"step{step}"
        verdicts = Round(there, in_labs(one for _, one in tried), database).verdicts()
        shutil.rmtree(there)
        found = {verdict.program.name: verdict for verdict in verdicts}
        for at in sorted(open_ones):
            same = [found[one.name] for number, one in tried if number == at and signature(found[one.name]) == signature(failed[at])]
            if same:
                best[at] = min(same, key=lambda one: size(one.program))
            elif step > 1:
                open_ones.discard(at)
    return best


def in_labs(programs: Iterator[Program]) -> list[Program]:
    return sorted(programs, key=lambda one: one.schema.lab)


def size(program: Program) -> int:
    return 20 * sum(1 for statement in program.statements for _ in statement.source(0)) + len(program.rows)


def candidates(program: Program, step: int) -> Iterator[Program]:
    """Smaller programs: first each statement alone, later without some statement or rows."""
    statements = program.statements
    if step == 0:
        yield from (replace(program, statements=(one,)) for one in statements if len(statements) > 1)
        return
    for i, one in enumerate(statements):
        if len(statements) > 1:
            yield replace(program, statements=statements[:i] + statements[i + 1 :])
        for j in range(len(one.inside)):
            less = replace(one, inside=one.inside[:j] + one.inside[j + 1 :])
            yield replace(program, statements=(*statements[:i], less, *statements[i + 1 :]))
        if one.inside:
            yield replace(program, statements=statements[:i] + one.inside + statements[i + 1 :])
    for width in {len(program.rows) // 2, len(program.rows) // 4, 1 if len(program.rows) < 16 else 3} - {0}:
        for start in range(0, len(program.rows), width):
            yield without(program, {row.name for row in program.rows[start : start + width]})


def without(program: Program, gone: set[str]) -> Program:
    """Without these rows and those that need them."""
    kept: list[Row] = []
    for row in program.rows:
        if row.name in gone or any(mentions(value, gone) for value in row.given.values()):
            gone.add(row.name)
        else:
            kept.append(row)
    rows = tuple(replace(row, after=tuple(line for line in row.after if not mentions(line, gone))) for row in kept)
    asked = tuple((name, row) for name, row in program.asked if row not in gone)
    return replace(program, rows=rows, asked=asked)


def mentions(text: str, names: set[str]) -> bool:
    return bool(names & set(re.findall(r"\b[a-z]+_\d+\b", text)))
