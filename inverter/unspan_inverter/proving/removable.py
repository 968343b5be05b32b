"""What could be left out of a test: rows and fields of its arrange, headers and cookies of its request. Text in, places and text out."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

DECOY: Final = re.compile(r"\s*# not asked for: ")
"""The comment above rows that change nothing and are there for just that."""
SHARED: Final = ("setUpTestData", "setUp")
CLIENT: Final = re.compile(r"(?:\b|_)client\.(?:get|post|put|patch|delete|head|options|trace|generic|request)\(")
NEEDED: Final = frozenset({"data", "content_type", "args", "kwargs", "format", "path"})
"""Keywords of a request that are the request."""
COMMA: Final = re.compile(r"[ \t]*,[ \t]*(?:#[^\n]*)?")


class Place(NamedTuple):
    """Characters of a source, and what stands there: `statement`, `field`, `row`, `header`."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A source by lines and UTF-8 columns, as `ast` counts."""

    text: str
    starts: tuple[int, ...]

    def at(self, line: int, column: int) -> int:
        begin = self.starts[line - 1]
        rest = self.text[begin : begin + column]  # a character has at most as many columns
        return begin + len(rest.encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)


def by_lines(text: str) -> Lines:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return Lines(text, tuple(starts))


def places(source: str) -> list[Place]:
    """What can be tried to be left out, larger things first."""
    lines, found = by_lines(source), list[Place]()
    for function in functions(ast.parse(source)):
        body = [one for one in function.body if not is_text(one)]
        act = next((n for n, one in enumerate(body) if CLIENT.search(ast.get_source_segment(source, one) or "")), None)
        arrange = needed(lines, body if function.name in SHARED else body[: act or 0])
        found += [Place(*whole_lines(lines, one), "statement") for one in arrange]
        for one in arrange:
            found += parts(lines, one)
        if function.name not in SHARED and act is not None:
            found += headers(lines, body[act])
    return sorted(found, key=lambda place: (place.what != "statement", place.what != "row", place.start))


def needed(lines: Lines, arrange: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements without those of decoys: each below such a comment, what speaks of it, and what it speaks of that is named so."""
    decoys = [one for one in arrange if DECOY.match(lines.text[lines.starts[max(one.lineno - 2, 0)] : lines.starts[one.lineno - 1]])]
    while True:
        made = {name for one in decoys for name in names(one, ast.Store)}
        spoken = {name for one in decoys for name in names(one, ast.Load) if name.startswith("other_")}
        more = [one for one in arrange if one not in decoys and (made & names(one, ast.Load) or spoken & names(one, ast.Store))]
        if not more:
            return [one for one in arrange if one not in decoys]
        decoys += more


def names(one: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    """The variables, and attributes of the class, that a statement reads or sets."""
    some = [node for node in ast.walk(one) if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, context)]
    return {node.id if isinstance(node, ast.Name) else node.attr for node in some}


def has_decoys(source: str) -> bool:
    return any(DECOY.match(line) for line in source.splitlines())


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.name in SHARED or node.name.startswith("test")):
            yield node


def is_text(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)


def whole_lines(lines: Lines, one: ast.stmt) -> tuple[int, int]:
    return lines.starts[one.lineno - 1], lines.starts[one.end_lineno or one.lineno]


def parts(lines: Lines, one: ast.stmt) -> Iterator[Place]:
    """Fields of rows, and rows of a list."""
    for node in ast.walk(one):
        if isinstance(node, ast.Call):
            if makes_rows(node):
                yield from (Place(*lines.span(keyword), "field") for keyword in node.keywords if keyword.arg)
            for listed in filter(None, map(rows, node.args)):
                if len(listed.elts) > 1:
                    yield from (Place(*lines.span(row), "row") for row in listed.elts)


def rows(argument: ast.expr) -> ast.List | None:
    """The list that an argument is, or is made over."""
    over = argument.generators[0].iter if isinstance(argument, ast.ListComp) else argument
    return over if isinstance(over, ast.List) else None


def makes_rows(call: ast.Call) -> bool:
    """A method of a manager or factory, or a class; not `timedelta(…)` and the like, whose keywords make one value."""
    return isinstance(call.func, ast.Attribute) or (isinstance(call.func, ast.Name) and call.func.id[:1].isupper())


def headers(lines: Lines, act: ast.stmt) -> Iterator[Place]:
    for node in ast.walk(act):
        if not isinstance(node, ast.Call) or not CLIENT.search(ast.unparse(node) + "("):
            continue
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in NEEDED:
                yield Place(*lines.span(keyword), "header")
                if isinstance(keyword.value, ast.Dict) and len(keyword.value.values) > 1:
                    for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                        if key is not None:
                            yield Place(lines.span(key)[0], lines.span(value)[1], "header")


def without(source: str, removed: Collection[Place]) -> str:
    """The source without these places, and without the commas after them."""
    text, end = "", 0
    for place in sorted(removed):
        if place.start < end:
            continue
        text += source[end : place.start]
        comma = COMMA.match(source, place.end) if place.what != "statement" else None
        end = comma.end() if comma else place.end
    return emptied(text + source[end:])


def emptied(text: str) -> str:
    """A function whose body is gone does nothing."""
    return re.sub(r"(?m)^([ \t]*)(def setUp\w*\([^\n]*\)(?: -> None)?:\n)(?=\s*(?:def |@|class |\Z))", r"\1\2\1    pass\n", text)
