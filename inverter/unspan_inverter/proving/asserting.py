"""What the recordings give to assert and a file does not: assertions that were dropped or weakened since it was generated. Pure functions."""

import ast
from collections import Counter
from collections.abc import Iterator


def unasserted(source: str, whole: str) -> tuple[str, ...]:
    """The assertions of `whole`, the test that its recordings give today, which this source lacks."""
    return tuple((Counter(assertions(whole)) - Counter(assertions(source))).elements())


def assertions(source: str) -> Iterator[str]:
    """Every assertion of the tests of a source, as `ast` writes it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and asserts(node.value.func)):
            yield ast.unparse(node)


def asserts(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    return name.startswith("assert")
