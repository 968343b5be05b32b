"""Puts generated tests into a file that is there: those of the same requests are replaced, everything else stays as it is. Text in, text out."""

import ast
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from unspan_inverter.code.classes import NOTHING, Beside
from unspan_inverter.code.layout import packages_of_project
from unspan_inverter.code.marks import FUNCTIONS, SHARED, Function, Marked, marked, tests
from unspan_inverter.errors import NotWritten
from unspan_inverter.formatting import with_sorted_imports
from unspan_inverter.proving.removable import CLIENT

OURS = (*SHARED, "databases")
"""What a generated class has besides its tests."""
Statement = ast.stmt
NAMED = (ast.ClassDef, *FUNCTIONS)


class Apart(Exception):
    """The class that is there makes other rows for all its tests, or is of another kind: the new test must bring its own. The argument: its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and its statements."""

    text: str
    tree: ast.Module

    def of(self, node: Statement) -> str:
        """The lines of a statement, with its decorators and the comments right above it."""
        first, last = self.span(node)
        return "".join(self.lines[first:last])

    def span(self, node: Statement) -> tuple[int, int]:
        """Its first line and the one after its last, counted from 0."""
        decorators = node.decorator_list if isinstance(node, NAMED) else []
        first = min([node.lineno, *(one.lineno for one in decorators)]) - 1
        while first and self.lines[first - 1].lstrip().startswith("#") and indented(self.lines[first - 1]) == indented(self.lines[first]):
            first -= 1
        return first, node.end_lineno or node.lineno

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines(keepends=True)

    @property
    def marks(self) -> list[Marked]:
        return marked(self.tree)

    def named(self, name: str) -> ast.ClassDef | Function | None:
        return next((one for one in self.tree.body if isinstance(one, NAMED) and one.name == name), None)


def indented(line: str) -> int:
    return len(line) - len(line.lstrip())


def parsed(text: str) -> Source:
    return Source(text if text.endswith("\n") else text + "\n", ast.parse(text))


def updated(path: Path, old: str, made: Callable[[Beside], str], *, force: bool = False) -> str:
    """The old text with the tests that `made` gives for what it stands beside. Raises NotWritten where a person's work would be lost."""
    if not old.strip():
        return made(NOTHING)
    try:
        there = parsed(old)
    except (SyntaxError, ValueError):
        if force:
            return made(NOTHING)
        raise NotWritten(
            str(path), "the file there is not Python", "Mend it, choose another name with -o, or write over it with --force."
        ) from None
    fresh, beside = parsed(made(NOTHING)), NOTHING
    if names_taken := taken(there, fresh):
        beside = Beside(tests=names_taken)
        fresh = parsed(made(beside))
    while True:
        if not force:
            untouched(path, there, fresh)
        try:
            return merged(path, there, fresh)
        except Apart as apart:
            beside = replace(beside, classes=beside.classes | {str(apart)}) if beside.alone else replace(beside, alone=True)
            fresh = parsed(made(beside))


def merged(path: Path, there: Source, fresh: Source) -> str:
    """The one file with the tests of the other. Raises Apart, NotWritten."""
    used_before = used(there.tree)
    for node in fresh.tree.body:
        if isinstance(node, ast.ClassDef):
            there = with_class(there, fresh, node)
        elif isinstance(node, FUNCTIONS):
            there = with_function(path, there, fresh, node)
    return imported(path, there, fresh, used_before)


def taken(there: Source, fresh: Source) -> frozenset[tuple[str, str]]:
    """Class and name of the new file's tests that stand in the old one for other requests: the new ones need other names."""
    new = {(one.owner, one.name): one for one in fresh.marks}
    return frozenset(
        name
        for owner, test in tests(there.tree)
        if (one := new.get(name := (owner.name if owner else "", test.name))) and not any(same(each, one) for each in there.marks)
    )


def same(one: Marked, other: Marked) -> bool:
    """Whether two tests are of one trace, or make the same request to the same end. Of a part of a request there may be several: those go by their names."""
    if (level := level_of(one)) != level_of(other):
        return False
    if level != "integration":
        return (one.owner, one.name, one.trace_ids) == (other.owner, other.name, other.trace_ids)
    return one.owner == other.owner and (one.trace_ids == other.trace_ids or (one.name == other.name and act(one) == act(other)))


def level_of(one: Marked) -> str:
    """What its docstring says how it is generated again."""
    found = re.search(r"--level (\w+)", ast.get_docstring(one.node) or "")
    return found[1] if found else "integration"


def act(one: Marked) -> str:
    """The request that a test makes, formatting aside."""
    return next(
        (ast.unparse(node) for node in ast.walk(one.node) if isinstance(node, ast.Call) and CLIENT.search(ast.unparse(node.func) + "(")), ""
    )


def untouched(path: Path, there: Source, fresh: Source) -> None:
    """Raises NotWritten, with the difference, where a test that would be replaced is not as it was generated."""
    mine = fresh.marks
    for one in there.marks:
        new = next((each for each in mine if same(one, each)), None)
        if new is not None and not one.untouched:
            as_it_is, as_generated = there.of(one.node).splitlines(keepends=True), fresh.of(new.node).splitlines(keepends=True)
            shown = "".join(difflib.unified_diff(as_it_is, as_generated, "as it is", "as generated", n=1))
            place = ".".join(filter(None, (one.owner, one.name)))
            raise NotWritten(
                str(path),
                f"{place} was edited since it was generated",
                f"Keep it, or write over it with --force. It would change so:\n{shown}",
            )


def with_class(there: Source, fresh: Source, new: ast.ClassDef) -> Source:
    """The class added, replaced where nothing of another's stands in it, or else test by test."""
    old = there.named(new.name)
    if old is None:
        return appended(there, fresh.of(new))
    if not isinstance(old, ast.ClassDef):
        raise Apart(new.name)
    mine = fresh.marks
    replaced = [one.node for one in there.marks if any(same(one, each) and each.owner == new.name for each in mine)]
    others = [
        one
        for one in old.body
        if not (one in replaced or (isinstance(one, FUNCTIONS) and one.name in OURS) or (names(one) and names(one) <= set(OURS)))
    ]
    if not others:
        return spliced(there, old, fresh.of(new))
    if head(there, old) != head(fresh, new):
        raise Apart(new.name)
    for test in (one for one in new.body if isinstance(one, FUNCTIONS) and one.name.startswith("test")):
        there = with_test(there, fresh, new.name, test)
    return there


def head(source: Source, one: ast.ClassDef) -> list[str]:
    """What a class does for all its tests, formatting and comments aside."""
    shared = [part for part in one.body if (isinstance(part, FUNCTIONS) and part.name in SHARED) or names(part) & set(OURS)]
    return sorted([*map(ast.unparse, one.bases), *map(ast.unparse, one.decorator_list), *map(ast.unparse, shared)])


def names(statement: Statement) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {one.id for one in targets if isinstance(one, ast.Name)}


def with_test(there: Source, fresh: Source, owner: str, test: Function) -> Source:
    """A test of a class replaced, or added at the class's end."""
    old = there.named(owner)
    assert isinstance(old, ast.ClassDef)
    mine = next(one for one in fresh.marks if one.owner == owner and one.name == test.name)
    found = next((one.node for one in there.marks if same(one, mine)), None)
    if found is not None:
        return spliced(there, found, fresh.of(test))
    lines = there.lines
    end = old.end_lineno or len(lines)
    return parsed("".join([*lines[:end], "\n", fresh.of(test), *lines[end:]]))


def with_function(path: Path, there: Source, fresh: Source, new: Function) -> Source:
    """A test in pytest's style, or what answers for the outside world."""
    if not new.name.startswith("test"):
        old = there.named(new.name)
        if old is not None and ast.unparse(old) != ast.unparse(new):
            raise NotWritten(str(path), f"its {new.name}() is another than this test needs", "Choose another name with -o.")
        return there if old is not None else before_classes(there, fresh.of(new))
    mine = next(one for one in fresh.marks if not one.owner and one.name == new.name)
    found = next((one.node for one in there.marks if same(one, mine)), None)
    return spliced(there, found, fresh.of(new)) if found is not None else appended(there, fresh.of(new))


def spliced(there: Source, old: Statement, text: str) -> Source:
    first, last = there.span(old)
    lines = there.lines
    return parsed("".join([*lines[:first], text, *lines[last:]]))


def appended(there: Source, text: str) -> Source:
    return parsed(f"{there.text.rstrip()}\n\n\n{text}" if there.text.strip() else text)


def before_classes(there: Source, text: str) -> Source:
    first = next((there.span(one)[0] for one in there.tree.body if isinstance(one, NAMED)), len(there.lines))
    lines = there.lines
    return parsed("".join([*lines[:first], text, "\n\n", *lines[first:]]))


def imported(path: Path, there: Source, fresh: Source, used_before: set[str]) -> str:
    """The file with the new one's imports, and without those that only what was replaced had used."""
    imports = [one for one in fresh.tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
    added = "".join(f"{ast.unparse(one)}\n" for one in imports)
    lines = there.lines
    place = after_imports(there)
    text = "".join([*lines[:place], added, *lines[place:]])
    unused = used_before - used(there.tree)
    kept = without_imports(parsed(text), unused)
    modules = [
        name for one in imports for name in ([one.module or ""] if isinstance(one, ast.ImportFrom) else [each.name for each in one.names])
    ]
    return with_sorted_imports(kept, path, packages_of_project(modules))


def after_imports(there: Source) -> int:
    """The line below the last import at the head of a file; below its docstring and comments where it has none."""
    place = 0
    for node in there.tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and not place):
            place = node.end_lineno or place
        else:
            break
    if place:
        return place
    return next((n for n, line in enumerate(there.lines) if line.strip() and not line.startswith("#")), len(there.lines))


def used(tree: ast.Module) -> set[str]:
    """The names that a file's code speaks of, its imports aside."""
    return {node.id for one in tree.body for node in ast.walk(one) if isinstance(node, ast.Name)}


def without_imports(there: Source, unused: set[str]) -> str:
    """The text without imports of these names."""
    lines = there.lines
    for node in reversed(there.tree.body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            kept = [one for one in node.names if bound(one) not in unused]
            if len(kept) < len(node.names):
                node.names = kept
                lines[node.lineno - 1 : node.end_lineno] = [ast.unparse(node) + "\n"] if kept else []
    return "".join(lines)


def bound(one: ast.alias) -> str:
    return one.asname or one.name.partition(".")[0]
