"""Breaks one function of this process: what it returns, that it raises, one of its writes. Runs in the process of an application's tests, beside `unspan_warm`.

A test's source begins with `import breaking; breaking.put(…)` when it is to be run so. Standard library only.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

WRITES = (
    "save",
    "create",
    "delete",
    "update",
    "add",
    "remove",
    "set",
    "clear",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
)
OTHER = "lambda value: not value if isinstance(value, bool) else 'broken' if value is None else None"
"""Another result than the one that it is given."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def put(file: str, line: int, kind: str, at: int = 0) -> None:
    """Breaks the function that begins at a line, as it is in memory. `at`: the line of the write that goes."""
    from unspan_warm import faults  # only there in the process of the tests

    faults.mutations = lambda tree, lines: [None]
    faults.mutated = lambda tree, mutation: broken(tree, line, kind, at)
    faults.in_place(file, [], 0)


def broken(tree: ast.Module, line: int, kind: str, at: int = 0) -> ast.Module:
    """A copy of the tree with the change; lines keep their numbers."""
    changed = copy.deepcopy(tree)
    function = begun(changed, line)
    if function is not None:
        KINDS[kind](function, at)
    return ast.fix_missing_locations(changed)


def begun(tree: ast.Module, line: int) -> Function | None:
    """The function that begins at a line, with its decorators or without."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS) and line in (node.lineno, *(one.lineno for one in node.decorator_list)):
            return node
    return None


def own(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, functions inside of it left out."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield child
            yield from own(child)


def returned(function: Function, at: int) -> None:
    """Each result is another one."""
    for node in [one for one in own(function) if isinstance(one, ast.Return)]:
        other = ast.copy_location(ast.parse(OTHER, mode="eval").body, node)
        node.value = ast.Call(other, [node.value or ast.Constant(None)], [])
    last = function.body[-1]
    if not isinstance(last, (ast.Return, ast.Raise)):
        function.body.append(ast.copy_location(ast.Return(ast.Constant("broken")), last))


def raised(function: Function, at: int) -> None:
    """It raises something else than it ever did."""
    raising = ast.copy_location(ast.parse("raise ArithmeticError('broken')").body[0], function.body[0])
    function.body.insert(0, raising)


def unwritten(function: Function, at: int) -> None:
    """A write is left out."""
    for node in (function, *own(function)):
        for name in ("body", "orelse", "finalbody"):
            some = getattr(node, name, None)
            if isinstance(some, list):
                some[:] = [ast.copy_location(ast.Pass(), one) if is_write(one) and one.lineno == at else one for one in some]


def is_write(node: ast.AST) -> bool:
    """Whether a statement does nothing but write rows."""
    value = node.value if isinstance(node, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr.removeprefix("a") in (*WRITES, "dd")


def writes(function: Function) -> list[int]:
    """The lines of its writes."""
    return sorted({one.lineno for one in own(function) if is_write(one)})


KINDS: Mapping[str, Callable[[Function, int], None]] = {"another result": returned, "an exception": raised, "a write less": unwritten}
