"""The product's source files and what they import, for the tests of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = {
    "unspan_proto": CHECKOUT / "proto",
    "unspan_instrumentation": CHECKOUT / "instrumentation",
    "unspan_collector": CHECKOUT / "collector",
    "unspan_inverter": CHECKOUT / "inverter",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported name: `module` with all dots, `name` empty for `import module`; `at_top` unless it stands in a function."""

    module: str
    name: str
    line: int
    at_top: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Source:
    """A module of the product."""

    module: str
    path: Path
    imports: tuple[Imported, ...]

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    def at(self, one: Imported) -> str:
        """The import as a line of a report."""
        return f"{self.path.relative_to(CHECKOUT)}:{one.line} imports {one.name + ' from ' if one.name else ''}{one.module}"


def sources(package: str) -> list[Source]:
    """Every module of a part, generated code left out."""
    return [
        Source(dotted(path, PARTS[package]), path, tuple(imports(path, PARTS[package])))
        for path in sorted((PARTS[package] / package).rglob("*.py"))
        if not path.stem.endswith(("_pb2", "_pb2_grpc"))
    ]


def dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, root: Path) -> Iterator[Imported]:
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    package = dotted(path, root) if path.name == "__init__.py" else dotted(path, root).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, "", node.lineno, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, package)
            yield from (Imported(module, alias.name, node.lineno, id(node) not in inside) for alias in node.names)


def absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])
