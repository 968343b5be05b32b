"""The mark in a generated test's docstring: which trace it was made from, and a fingerprint by which an edit made by hand is noticed."""

import ast
import hashlib
import re
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

UNSIGNED: Final = "0" * 8
MARK: Final = re.compile(r"Recorded in trace ([0-9a-f]{32}) \(as generated: ([0-9a-f]{8})\)\.")
AGAIN: Final = re.compile(r"--trace-id ([0-9a-f]{32})")
"""Names each trace of the test, in the command that makes it again."""
JOURNEY: Final = "generate --journey"
"""Stands in that command for a test of several requests in a row."""
SHARED: Final = ("setUpClass", "setUpTestData")
"""What a class does for all its tests: part of each."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


class Marked(NamedTuple):
    """A generated test in a source: where it stands, and the trace it was made from."""

    owner: str
    """Name of its class; empty for a function."""
    name: str
    trace_ids: tuple[str, ...]
    """The trace it was made from, or those of its journey."""
    node: Function
    fingerprint: str
    untouched: bool
    """Whether it is as it was generated."""


def marked(tree: ast.Module) -> list[Marked]:
    """The generated tests of a source, in order."""
    return [
        Marked(owner.name if owner else "", test.name, traces(found), test, now := fingerprint(owner, test), found[2] == now)
        for owner, test in tests(tree)
        if (found := MARK.match(ast.get_docstring(test) or ""))
    ]


def traces(found: re.Match[str]) -> tuple[str, ...]:
    """The traces that a docstring with a mark names, the mark's own first."""
    return tuple(dict.fromkeys([found[1], *AGAIN.findall(found.string)]))


def journeys(source: str) -> list[tuple[str, ...]]:
    """The traces of each test of a file that has several acts."""
    return [one.trace_ids for one in marked(ast.parse(source)) if JOURNEY in (ast.get_docstring(one.node) or "")]


def tests(tree: ast.Module) -> Iterator[tuple[ast.ClassDef | None, Function]]:
    """Each test with its class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((node, one) for one in node.body if isinstance(one, FUNCTIONS) and one.name.startswith("test"))
        elif isinstance(node, FUNCTIONS) and node.name.startswith("test"):
            yield None, node


def signed(source: str, tree: ast.Module) -> str:
    """The source, of which this is the tree, with the fingerprints of its tests in their docstrings."""
    prints = iter([fingerprint(owner, test) for owner, test in tests(tree)])
    blank = re.compile(rf'(?m)(^ *r?"""Recorded in trace [0-9a-f]* \(as generated: ){UNSIGNED}(?=\)\.$)')
    return blank.sub(lambda match: match[1] + next(prints), source)


def resigned(source: str, before: str) -> str:
    """A source that was changed by us: the tests that no hand had changed before are signed as they are now."""
    trusted = {(one.owner, one.name) for one in marked(ast.parse(before)) if one.untouched}
    for one in marked(ast.parse(source)):
        if (one.owner, one.name) in trusted and not one.untouched:
            mark = f"Recorded in trace {one.trace_ids[0]} (as generated: "
            start = source.index(mark, source.index(f"def {one.name}(")) + len(mark)
            source = f"{source[:start]}{one.fingerprint}{source[start + len(UNSIGNED) :]}"
    return source


def fingerprint(owner: ast.ClassDef | None, test: Function) -> str:
    """Of what a test does, its class's shared rows with it: formatting, comments and the docstring do not count."""
    shared = [one for one in owner.body if isinstance(one, FUNCTIONS) and one.name in SHARED] if owner else []
    told = "\n".join(token for function in (*shared, test) for token in meaning(function))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def meaning(function: Function) -> list[str]:
    """The kinds and the values of all nodes, the docstring's left out; the same in every version of Python."""
    found: list[str] = []
    undocumented = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    for part in (*function.decorator_list, function.args, *undocumented):
        waiting: deque[ast.AST] = deque([part])  # in the order of ast.walk, which looks at each field twice
        while waiting:
            node = waiting.popleft()
            found.append(type(node).__name__)
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    waiting.append(value)
                elif isinstance(value, list):
                    waiting.extend(one for one in value if isinstance(one, ast.AST))
                else:
                    found.append(repr(value))
    return found
