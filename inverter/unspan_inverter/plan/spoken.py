"""Texts that speak of a row which the request made: in the test that row has another automatic key, so the number in the text becomes the row's `pk`.

Whether a number is meant as a key is told by what stands before it: a mark as in `#7`, `/7`, `id=7` and `A-7`, or the model's name; or by its length.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from unspan_proto.values import bare

from unspan_inverter.facts import Key, RowExists
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import text

KEY: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![\d.,])\d+(?![\w-]|[.,]\d)")
MOMENT: Final = re.compile(r"(?<![0-9a-f])(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?![0-9a-f-])|\d{1,2}:\d{2})")
MARKS: Final = "/#=-_"
STR: Final = re.compile(r" object \($")
"""What Django's own `__str__` writes between a model's name and a key."""
LONG: Final = 3
"""A number of as many digits is hardly the same by chance."""


def bound(said: str, bindings: Bindings) -> Any:
    """The text, with the keys of new rows in it replaced by what the test's rows have."""
    parts: list[Any] = []
    end = 0
    for start, stop, key in named(said, bindings):
        parts += [said[end:start], bindings.pk(key)]
        end = stop
    return text([*parts, said[end:]]) if parts else said


def bound_throughout(document: Any, bindings: Bindings) -> Any:
    """The same of every text in a JSON document; a text that is nothing but a number may be any number."""
    if isinstance(document, dict):
        return {name: bound_throughout(item, bindings) for name, item in document.items()}
    if isinstance(document, list):
        return [bound_throughout(item, bindings) for item in document]
    return bound(document, bindings) if isinstance(document, str) and not document.isdecimal() else document


def named(said: str, bindings: Bindings) -> Iterator[tuple[int, int, Key]]:
    """Where a new row's key stands in a text, and whose it is."""
    if not bindings.facts.born:
        return
    moments = [found.span() for found in MOMENT.finditer(said)]
    for found in KEY.finditer(said):
        key = None if any(start <= found.start() < stop for start, stop in moments) else meant(said, found, bindings)
        if key is not None:
            yield *found.span(), key


def meant(said: str, found: re.Match[str], bindings: Bindings) -> Key | None:
    """The new row whose key a number certainly is."""
    born = [row.key for row in bindings.facts.born]
    some = [key for key in bindings.candidates(found[0]) if key in born and isinstance(bare(key.pk), (int, UUID))]
    if not some or "-" in found[0]:
        return some[0] if some else None
    before = said[: found.start()]
    called = [
        key for key in some if before.lower().rstrip(" #:=/-_").endswith(name(key)) or STR.sub("", before.lower()).endswith(name(key))
    ]
    if called:
        return called[0]
    if before[-1:] not in tuple(MARKS) and len(found[0]) < LONG:
        return None
    word = re.search(r"[\w-]*$", before)
    if word and word[0] and any(word[0] + found[0] in texts_of(row) for row in bindings.facts.rows):
        return None  # a slug, say
    others = [key for key in bindings.candidates(found[0]) if key not in born]
    hinted = [key for key in some if name(key) in bindings.hints]
    return hinted[0] if hinted else None if others else some[0]


def texts_of(row: RowExists) -> set[str]:
    return {value for item in row.values.values() if isinstance(value := bare(item), str)}


def name(key: Key) -> str:
    return key.label.rpartition(".")[2].lower()
