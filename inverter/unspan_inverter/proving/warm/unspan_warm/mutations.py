"""Small faults that a test should notice, one by one, in the functions of a source. Standard library only: both sides of a probe count the same.

A mutation is a change of one node of the syntax tree; line numbers stay, so that the changed function takes the place of the old one.
"""

import ast
import copy
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

COMPARISONS: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult}
QUERIES = {"filter": "exclude", "exclude": "filter", "first": "last", "last": "first"}
DROPPED = ("order_by", "distinct", "select_for_update", "reverse")


class Mutation(NamedTuple):
    """What is changed, where: the line, words for it, whether it is a query's, and what changes a copy of the tree at the node's place."""

    line: int
    said: str
    query: bool
    change: Callable[[Any], Any]
    place: int


def mutations(tree: ast.Module, lines: Collection[int]) -> list[Mutation]:
    """Every mutation on these lines, in the order of the tree."""
    found: list[Mutation] = []
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for place, node in enumerate(ast.walk(tree)):
        if getattr(node, "lineno", None) in lines and id(node) not in skipped:
            found += [Mutation(node.lineno, said, query, change, place) for said, query, change in changes(node)]  # type: ignore[attr-defined]
    return found


def mutated(tree: ast.Module, mutation: Mutation) -> ast.Module:
    """A copy of the tree with the change."""
    whole = copy.deepcopy(tree)
    target = list(ast.walk(whole))[mutation.place]
    new = mutation.change(target)
    if new is not target:
        for parent in ast.walk(whole):
            for name, value in ast.iter_fields(parent):
                if value is target:
                    setattr(parent, name, new)
                elif isinstance(value, list):
                    value[:] = [new if one is target else one for one in value]
    return ast.fix_missing_locations(whole)


def changes(node: ast.AST) -> Iterator[tuple[str, bool, Callable[[Any], Any]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield "a comparison turned round", False, comparison
    elif isinstance(node, ast.BoolOp):
        yield "`and` for `or`, or the other way round", False, connective
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "a `not` left out", False, lambda one: one.operand
    elif isinstance(node, ast.If):
        yield "a condition turned round", False, condition
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield "another arithmetic operator", False, operator
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, str)) and node.value != "":
        yield f"another constant for {node.value!r:.40}", False, constant
    elif (
        isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    ):
        yield "nothing returned", False, returning
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"`{ast.unparse(node.value)[:60]}` left out", False, lambda one: ast.copy_location(ast.Pass(), one)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from queries(node, node.func)


def queries(node: ast.Call, function: ast.Attribute) -> Iterator[tuple[str, bool, Callable[[Any], Any]]]:
    if function.attr in QUERIES:
        yield f"`{QUERIES[function.attr]}` for `{function.attr}`", True, query
    if function.attr in DROPPED:
        yield f"`{function.attr}` left out", True, lambda one: one.func.value
    if function.attr in ("filter", "exclude", "get") and node.keywords:
        for number, keyword in enumerate(node.keywords):
            if keyword.arg and (len(node.keywords) > 1 or function.attr == "filter"):
                yield f"the condition {keyword.arg} left out", True, without_keyword(number)


def comparison(node: ast.Compare) -> ast.Compare:
    node.ops[0] = COMPARISONS[type(node.ops[0])]()
    return node


def connective(node: ast.BoolOp) -> ast.BoolOp:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def condition(node: ast.If) -> ast.If:
    node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
    return node


def operator(node: ast.BinOp) -> ast.BinOp:
    node.op = ARITHMETIC[type(node.op)]()
    return node


def constant(node: ast.Constant) -> ast.Constant:
    value = node.value
    node.value = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"not {value}"
    return node


def returning(node: ast.Return) -> ast.Return:
    node.value = None
    return node


def query(node: ast.Call) -> ast.Call:
    assert isinstance(node.func, ast.Attribute)
    node.func.attr = QUERIES[node.func.attr]
    return node


def without_keyword(number: int) -> Callable[[Any], Any]:
    def change(node: ast.Call) -> ast.Call:
        del node.keywords[number]
        return node

    return change
