"""Mending a generated test that fails or does not do the same as its recording: lines that the recording gives, and assertions on what varies.

A version is judged by running it (`Judge`); nothing here runs or writes anything.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from unspan_inverter.proving.asserting import asserts
from unspan_inverter.proving.removable import by_lines

MOST: Final = 20
"""Assertions that are weakened at most; where more fail, it is not the assertions."""


class Judged(NamedTuple):
    """What a version did: whether it passed and did the same as the recording, and on which of its lines an assertion failed."""

    passed: bool
    same: bool
    line: int | None = None

    @property
    def holds(self) -> bool:
        return self.passed and self.same


Judge = Callable[[str], Judged]


@dataclass(frozen=True, slots=True)
class Repaired:
    """A test that holds, and what was done to it, in words."""

    source: str
    said: tuple[str, ...]


def repaired(source: str, generated: str, judge: Judge) -> Repaired | None:
    """The test with as little changed as makes it hold; None where nothing here does. `generated`: the test that the recording gives today."""
    found = judge(source)
    said: tuple[str, ...] = ()
    if not found.same:
        mended = restored(source, generated, judge)
        if mended is None:
            return None
        source, said = mended.source, mended.said
        found = judge(source)
    if found.passed:
        return Repaired(source, said)
    weaker = weakened(source, judge)
    return Repaired(weaker.source, (*said, *weaker.said)) if weaker else None


Hunk = tuple[int, int, tuple[str, ...]]
"""Lines from, to, and what stands there in the generated test."""


def restored(source: str, generated: str, judge: Judge) -> Repaired | None:
    """With the fewest of the generated test's own lines that let it do the same: rows that are missing, keys that were bound, headers."""
    mine, theirs = source.splitlines(keepends=True), generated.splitlines(keepends=True)
    matched = SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
    hunks: list[Hunk] = [
        (a, b, tuple(theirs[c:d])) for tag, a, b, c, d in matched if tag != "equal" and not header(mine[a:b] + theirs[c:d])
    ]
    if not hunks or not judge(applied(mine, hunks)).same:
        return None
    for one in list(hunks):
        fewer = [other for other in hunks if other != one]
        if judge(applied(mine, fewer)).same:
            hunks = fewer
    said = [f"restored: {line.strip()}" for a, b, new in hunks for line in new or mine[a:b] if line.strip()]
    return Repaired(applied(mine, hunks), tuple(said))


def header(lines: Sequence[str]) -> bool:
    return all(line.startswith("# ") for line in lines)


def applied(lines: Sequence[str], hunks: Sequence[Hunk]) -> str:
    found, at = list[str](), 0
    for start, end, new in hunks:
        found += [*lines[at:start], *new]
        at = end
    return "".join([*found, *lines[at:]])


def weakened(source: str, judge: Judge) -> Repaired | None:
    """With every assertion that fails although the same was done asserting less: any value where the values vary, else gone."""
    said: list[str] = []
    for _ in range(MOST):
        found = judge(source)
        if found.holds:
            return Repaired(source, tuple(said))
        statement = assertion(source, found.line) if found.same and not found.passed else None
        if statement is None:
            return None
        source, what = weaker(source, statement, judge)
        said.append(what)
    return None


def assertion(source: str, line: int | None) -> ast.stmt | None:
    """The assertion on a line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Assert, ast.Expr)) and line and node.lineno <= line <= (node.end_lineno or 0):
            call = node.value if isinstance(node, ast.Expr) else None
            if isinstance(node, ast.Assert) or (isinstance(call, ast.Call) and asserts(call.func)):
                return node
    return None


def weaker(source: str, statement: ast.stmt, judge: Judge) -> tuple[str, str]:
    """The source with less asserted there, and words for it."""
    lines, text = by_lines(source), ast.unparse(statement)
    leaves = [lines.span(leaf) for leaf in values(statement)]

    def passes(chosen: Sequence[tuple[int, int]]) -> bool:
        """Whether this assertion is not what fails; values change no line."""
        found = judge(anything(source, chosen))
        return found.passed or found.line is None or not statement.lineno <= found.line <= (statement.end_lineno or 0)

    if leaves and passes(leaves):
        for one in list(leaves):
            fewer = [other for other in leaves if other != one]
            leaves = fewer if passes(fewer) else leaves
        return anything(source, leaves), f"weakened, {' and '.join(source[a:b] for a, b in leaves)} may be anything: {text}"
    start, end = lines.starts[statement.lineno - 1], lines.starts[statement.end_lineno or statement.lineno]
    return source[:start] + source[end:], f"left out, what it asserts varies: {text}"


def values(statement: ast.stmt) -> Iterator[ast.Constant]:
    """The values in dictionaries and lists of an assertion."""
    for node in ast.walk(statement):
        inside = node.values if isinstance(node, ast.Dict) else node.elts if isinstance(node, (ast.List, ast.Tuple)) else ()
        yield from (one for one in inside if isinstance(one, ast.Constant))


ANYTHING: Final = "mock.ANY"


def anything(source: str, places: Sequence[tuple[int, int]]) -> str:
    """With any value at these places."""
    for start, end in sorted(places, reverse=True):
        source = source[:start] + ANYTHING + source[end:]
    return source


def imported(source: str) -> str:
    """With the import that `mock.ANY` needs, above the others."""
    if ANYTHING not in source or "from unittest import mock\n" in source:
        return source
    first = next(one for one in ast.parse(source).body if isinstance(one, (ast.Import, ast.ImportFrom)))
    at = by_lines(source).starts[first.lineno - 1]
    return f"{source[:at]}from unittest import mock\n{source[at:]}"
