"""Puts a fault into the code of this process, so that its next test runs with it. No file is touched. Standard library only."""

import ast
import gc
import types
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader

from .mutations import mutated, mutations


def in_place(file: str, lines: list[int], number: int) -> None:
    """Puts a fault into the functions as they are in memory, and into the module where it is imported only later. No file is touched."""
    with open(file, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    changed = compile(mutated(tree, mutations(tree, frozenset(lines))[number]), file, "exec")
    codes, plain = dict(inner(changed)), dict(inner(compile(tree, file, "exec")))
    new = {key: code for key, code in codes.items() if key in plain and code != plain[key]}
    for function in [one for one in gc.get_objects() if isinstance(one, types.FunctionType) and one.__code__.co_filename == file]:
        code = new.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code
    before = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: changed if self.path == file else before(self, name)  # type: ignore[method-assign]


def inner(code: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    """The code of every function, by its qualified name and first line."""
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield (one.co_qualname, one.co_firstlineno), one
            yield from inner(one)
