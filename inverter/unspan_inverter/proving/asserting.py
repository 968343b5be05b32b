"""What the recordings give to assert and a file does not: assertions that were dropped or weakened since it was generated. Pure functions."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_inverter.proving.removable import has_decoys
from unspan_inverter.trace import Trace


def unasserted(source: str, recordings: Sequence[Trace], style: str) -> tuple[str, ...]:
    """The assertions of the test that the recordings make, which this source lacks; none where no test can be made."""
    try:
        whole = generated(recordings, style=style, allow_gaps=True, decoys=has_decoys(source)).source
    except InverterError:
        return ()
    return tuple((Counter(assertions(whole)) - Counter(assertions(source))).elements())


def assertions(source: str) -> Iterator[str]:
    """Every assertion of the tests of a source, as `ast` writes it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and asserts(node.value.func)):
            yield ast.unparse(node)


def asserts(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    return name.startswith("assert")
