"""Faults put into a generated test, one by one: a row, a field, a header or an assertion less, a literal changed.

Works on the syntax tree, and shares no code with what the product leaves out of tests.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace", "generic", "request"}
SHARED = {"setUp", "setUpTestData"}
NOT_HEADERS = {"data", "content_type", "args", "kwargs", "format", "path", "query_params"}


@dataclass(frozen=True)
class Seed:
    """A version of a test with one fault of a kind: `row`, `field`, `header`, `assertion`, `literal`."""

    kind: str
    said: str
    source: str


def seeds(source: str) -> Iterator[Seed]:
    """Every fault."""
    tree = ast.parse(source)
    for path, function in list(functions(tree)):
        act = next((n for n, one in enumerate(function.body) if acts(one)), len(function.body))
        for n, statement in enumerate(function.body):
            place = (*path, ("body", n))
            if asserts(statement):
                yield made(tree, "assertion", statement, place, None)
            elif (n < act or function.name in SHARED) and not is_text(statement):
                yield made(tree, "row", statement, place, None)
            for kind, below, node in parts(statement, n == act and function.name not in SHARED, n < act or function.name in SHARED):
                yield made(tree, kind, node, (*place, *below), None)
            for below, node in literals(statement):
                yield made(tree, "literal", node, (*place, *below), changed(node))


Path = tuple[tuple[str, int | None], ...]


def functions(tree: ast.Module) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path, node in below(tree):
        if isinstance(node, ast.FunctionDef) and (node.name in SHARED or node.name.startswith("test")):
            yield path, node


def below(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    """Every node with the way to it."""
    for name, value in ast.iter_fields(node):
        for n, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(one, ast.AST):
                yield (*path, (name, n)), one
                yield from below(one, (*path, (name, n)))


def acts(statement: ast.stmt) -> bool:
    return any(is_request(node) for node in ast.walk(statement))


def is_request(node: ast.AST) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in METHODS and ast.unparse(function.value).endswith("client")


def asserts(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(statement, ast.Assert) or (isinstance(call, ast.Call) and "assert" in ast.unparse(call.func))


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def parts(statement: ast.stmt, act: bool, arrange: bool) -> Iterator[tuple[str, Path, ast.AST]]:
    """Headers of a request; fields and rows of an arranging statement."""
    for path, node in below(statement):
        if isinstance(node, ast.Call) and act and is_request(node):
            yield from headers(path, node)
        elif isinstance(node, ast.Call) and arrange and makes_rows(node):
            yield from (("field", (*path, ("keywords", n)), keyword) for n, keyword in enumerate(node.keywords) if keyword.arg)
            for n, argument in enumerate(node.args):
                rows = argument.elts if isinstance(argument, ast.List) and len(argument.elts) > 1 else []
                yield from (("row", (*path, ("args", n), ("elts", k)), row) for k, row in enumerate(rows))


def headers(path: Path, call: ast.Call) -> Iterator[tuple[str, Path, ast.AST]]:
    for n, keyword in enumerate(call.keywords):
        if keyword.arg and keyword.arg not in NOT_HEADERS:
            yield "header", (*path, ("keywords", n)), keyword
            keys = keyword.value.keys if isinstance(keyword.value, ast.Dict) and len(keyword.value.keys) > 1 else []
            yield from (("header", (*path, ("keywords", n), ("value", None), ("entry", k)), key) for k, key in enumerate(keys) if key)


def makes_rows(call: ast.Call) -> bool:
    """A manager's method, or a model."""
    text = ast.unparse(call.func)
    return ".objects." in text or "_base_manager." in text or (isinstance(call.func, ast.Name) and text[:1].isupper())


def literals(statement: ast.stmt) -> Iterator[tuple[Path, ast.Constant]]:
    for path, node in below(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str, bytes)) and not is_text(statement):
            yield path, node


def changed(node: ast.Constant) -> ast.Constant:
    value: Any = node.value
    if isinstance(value, bool):
        return ast.Constant(not value)
    if isinstance(value, (int, float)):
        return ast.Constant(value + 1)
    return ast.Constant(value + ("x" if isinstance(value, str) else b"x"))


def made(tree: ast.Module, kind: str, node: ast.AST, path: Path, new: ast.AST | None) -> Seed:
    """The tree with `new` in the place of a node, or without it."""
    whole = copy.deepcopy(tree)
    parent: Any = whole
    for name, n in path[:-1]:
        parent = getattr(parent, name) if n is None else getattr(parent, name)[n]
    name, n = path[-1]
    if name == "entry":
        del parent.keys[n], parent.values[n]
    elif n is None:
        setattr(parent, name, new)
    elif new is None:
        del getattr(parent, name)[n]
    else:
        getattr(parent, name)[n] = new
    filled(whole)
    return Seed(kind, f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)[:90]}", ast.unparse(ast.fix_missing_locations(whole)))


def filled(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.With)) and not node.body:
            node.body = [ast.Pass()]
