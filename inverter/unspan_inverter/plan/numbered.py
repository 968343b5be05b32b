"""Keys of rows in the names and values of a cache, as those of the test's rows: `f"rate-user_{user.pk}"`, and not the recorded number."""

import re
from typing import Any, Final

from unspan_inverter.plan import spoken
from unspan_inverter.plan.bindings import Bindings, as_same_type, literals
from unspan_inverter.plan.expressions import text
from unspan_inverter.plan.names import plural, words

NUMBER: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<!\d)\d+(?!\d)")
BEFORE: Final = re.compile(r"([A-Za-z]+)[^A-Za-z0-9]{0,2}$")


def place(key: str, bindings: Bindings) -> Any:
    """The name of an entry: a number behind a model's name is the key of that row, any other the recorded one, and so are the keys that read like it."""
    parts: list[Any] = []
    end = 0
    for found in NUMBER.finditer(key):
        before = BEFORE.search(key[: found.start()])
        word = before[1].lower() if before else ""
        rows = [row for row in bindings.candidates(found[0]) if "-" in found[0] or word in called(row)]
        if len(rows) == 1:
            parts += [key[end : found.start()], bindings.pk(rows[0])]
            end = found.end()
        else:
            bindings.explicit.update(row.label for row in bindings.candidates(found[0]))
    return text([*parts, key[end:]]) if parts else key


def called(row: Any) -> tuple[str, str]:
    name = spoken.name(row)
    return name, plural(name)


def numbers(key: str, value: Any, bindings: Bindings) -> Any:
    """What an entry holds: keys of rows of the model that its name speaks of as those of the test's rows; other numbers are the recorded ones."""
    items = value if isinstance(value, (list, tuple)) else [value]
    if all(type(item) is int for item in items) and items and len(set(items)) == len(items):
        said = set(words(key))
        found = [[row for row in bindings.candidates(item) if said & set(called(row))] for item in items]
        one_each = all(len(rows) == 1 for rows in found) and len({row.label for rows in found for row in rows}) == 1
        if one_each and (isinstance(value, (list, tuple)) or words(key)[-1] in ("id", "pk")):
            pks = [as_same_type(bindings.pk(rows[0]), item) for rows, item in zip(found, items, strict=True)]
            return type(value)(pks) if isinstance(value, (list, tuple)) else pks[0]
    bindings.keep([str(value), *literals(value)])
    return value
