"""Statements as trees, and trees as statements again, parameters by their positions.

sqlglot knows the dialects. Django's `%s` travels through it as a named placeholder, because a bare `?` breaks PostgreSQL's JSON operators.
"""

import re
from typing import Any, Final, NamedTuple

from sqlglot import exp, parse

Node = Any
"""A node of sqlglot's tree: what its class is called changes with sqlglot's versions."""

Position = int | str
"""Where a statement's parameter stands among its parameters: an index, or a name."""

DIALECTS: Final = {"postgresql": "postgres", "mariadb": "mysql"}
"""Django's vendor or OpenTelemetry's system → sqlglot's dialect, where they differ."""
GIVEN: Final = re.compile(r"%%|(?:\b_binary )?%s|%\((\w+)\)s")
"""MySQL's word for bytes goes with what it stands before: sqlglot knows it before texts only, and drivers write it themselves."""
HELD: Final = re.compile(r":unspan(\d+)x|%\(unspan(\d+)x\)s")
MARK: Final = "\0"
FROM: Final = "from_" if "from_" in exp.Select.arg_types else "from"
WITH: Final = "with_" if "with_" in exp.Select.arg_types else "with"
"""sqlglot has renamed the two."""


class NotUnderstood(Exception):
    """The statement cannot be rewritten; the message says why."""


class Parsed(NamedTuple):
    """A statement's tree. `positions`: what stands at each of its placeholders; None where the statement is sent without parameters."""

    tree: Node
    dialect: str
    positions: tuple[Position, ...] | None


def parsed(text: str, vendor: str, has_parameters: bool) -> Parsed:
    """The tree of one statement. Raises NotUnderstood, and what sqlglot raises for text that it cannot read."""
    dialect = DIALECTS.get(vendor, vendor)
    positions: list[Position] = []

    def held(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        positions.append(found[1] or len(positions))
        return f":unspan{len(positions) - 1}x"

    trees = [one for one in parse(GIVEN.sub(held, text) if has_parameters else text, read=dialect) if one is not None]
    if len(trees) != 1:
        raise NotUnderstood(f"it is {len(trees)} statements")
    return Parsed(positive(trees[0]), dialect, tuple(positions) if has_parameters else None)


def positive(tree: Node) -> Node:
    """With `IS NOT NULL` as the negation of `IS NULL`: in PostgreSQL's dialect newer versions have a mark for it."""
    for one in [one for one in tree.find_all(exp.Is) if one.args.get("negate")]:
        plain = one.copy()
        plain.set("negate", None)
        one.replace(exp.Not(this=plain))
    return tree


def written(tree: Node, of: Parsed) -> tuple[str, tuple[Position, ...]]:
    """The text of a query made from parts of a statement, and which of the statement's parameters it takes, in order."""
    text = tree.sql(dialect=of.dialect)
    if of.positions is None:
        return text, ()
    pieces = HELD.sub(lambda found: f"{MARK}{found[1] or found[2]}{MARK}", text).replace("%", "%%").split(MARK)
    return "%s".join(pieces[::2]), tuple(of.positions[int(one)] for one in pieces[1::2])


def part(node: Node, name: str) -> Any:
    """An argument of a node; None where it has none."""
    return node.args.get(name)


def identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
