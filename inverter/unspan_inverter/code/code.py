"""A piece of source and what it needs imported, composed upwards, never patched afterwards."""

import keyword
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from unspan_inverter.errors import InverterError


class NoName(InverterError):
    """A recorded name that cannot stand in source."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no test from this trace: {name[:60]!a} is not a Python name.\nThe trace's project description is damaged; record again."
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """`from module import name`, or `import module` when the name is empty."""

    module: str
    name: str = ""
    alias: str = ""


class Code(NamedTuple):
    """A piece of source and what it needs imported."""

    text: str
    imports: frozenset[Imported] = frozenset()


@cache
def needs(module: str, name: str = "", alias: str = "") -> frozenset[Imported]:
    """One import."""
    return frozenset({Imported(dotted(module), identifier(name) if name else "", alias)})


def identifier(name: str) -> str:
    """A single name that is safe to write into source. Raises NoName."""
    if not (name.isidentifier() and name.isascii() and not keyword.iskeyword(name)):
        raise NoName(name)
    return name


def dotted(name: str) -> str:
    """Names joined by dots. Raises NoName."""
    return ".".join(identifier(part) for part in name.split("."))


def joined(pieces: Iterable[Code], by: str = ", ") -> Code:
    """Pieces in a row, with all that they need."""
    some = list(pieces)
    return Code(by.join([text for text, _ in some]), frozenset[Imported]().union(*{imports for _, imports in some if imports}))


def import_lines(imports: Iterable[Imported]) -> list[str]:
    """The import statements, merged by module."""
    plain = sorted({one.module for one in imports if not one.name})
    named: dict[str, set[str]] = {}
    for one in imports:
        if one.name:
            named.setdefault(one.module, set()).add(f"{one.name} as {one.alias}" if one.alias else one.name)
    return [f"import {module}" for module in plain] + [
        f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(named.items())
    ]
