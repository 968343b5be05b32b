"""Which column each parameter of a statement is for, and which literals stand in a statement for secret columns: by the text alone, roughly."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from unspan_instrumentation.redaction.texts import Place

MARK: Final = re.compile(r"%s|%\((\w+)\)s|\?|:(\w+)\b|@(\w+)\b")
BEFORE: Final = re.compile(
    r"""["`\[]?([A-Za-z_]\w*)["`\]]?(?:::\w+)?\)?\s*(?:=|<>|!=|(?:NOT\s+)?I?LIKE(?:\s+BINARY)?|(?:NOT\s+)?IN|BETWEEN|<=|>=|<|>)\s*(?:\w*\s*\()*\s*$""",
    re.IGNORECASE,
)
INSERT: Final = re.compile(r"""\s*(?:INSERT|REPLACE)\b[^(]*?\(([^()]*)\)\s*VALUES\s*(?=\()""", re.IGNORECASE)
NAME: Final = re.compile(r"""["`\[]?([A-Za-z_]\w*)["`\]]?""")
ITEM: Final = re.compile(r"""\(|\)|,|'((?:[^']|'')*)'|[^(),']+""")
LONGEST: Final = 200_000


@lru_cache(2048)
def columns(statement: str) -> tuple[str, ...]:
    """A name for each parameter in the statement's order; empty where none is known."""
    if len(statement) > LONGEST:
        return ()
    found = INSERT.match(statement)
    listed = NAME.findall(found[1]) if found else []
    names: list[str] = []
    last = ""
    place = 0
    for mark in MARK.finditer(statement, found.end() if found else 0):
        between = statement[place : mark.start()]
        place = mark.end()
        if found and listed:
            last = listed[len(names) % len(listed)]
        elif (before := BEFORE.search(between[-200:])) is not None:
            last = before[1]
        elif between.strip(" ,(") and between.strip().upper() != "AND":
            last = ""
        names.append(last)
    return tuple(names)


def literals(statement: str, secret: Callable[[str], bool]) -> Iterator[Place]:
    """Literals that an INSERT writes into columns with secret names."""
    found = INSERT.match(statement) if len(statement) < LONGEST else None
    listed = NAME.findall(found[1]) if found else []
    if found is None or not any(map(secret, listed)):
        return
    depth = column = 0
    for item in ITEM.finditer(statement, found.end()):
        depth += {"(": 1, ")": -1}.get(item[0], 0)
        column = 0 if depth == 0 else column + 1 if item[0] == "," and depth == 1 else column
        if depth == 1 and item[1] and column < len(listed) and secret(listed[column]):
            yield Place(item.start(1), item.end(1), item[1].replace("''", "'"), lambda text: text.replace("'", "''"), True)
