"""Long texts of calls that came before: arguments and locals say the same again and again, and looking for secrets in them takes most of the exporter's time."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from unspan_proto import vocabulary as v

LONG: Final = 256
"""Bytes from which on a text is remembered."""
OF_CALLS: Final = frozenset({v.ARGUMENTS, v.LOCALS, v.RETURN})
"""What a call says of itself: what is to be done with it hangs on nothing beside it."""
MOST, MOST_BYTES = 20_000, 8 << 20

Mark = tuple[int, bytes]
"""The number of a vault, which knows what was learnt of the text, and a digest of that."""


def marks(vault: int, texts: Mapping[str, bytes]) -> dict[str, Mark]:
    """Those of the texts that are remembered, with what they are remembered by."""
    return {key: (vault, blake2b(data, digest_size=16).digest()) for key, data in texts.items() if len(data) >= LONG and key in OF_CALLS}


class Repeats:
    """What became of texts, the latest of all traces: whether they tell of secrets, and how they read without them."""

    def __init__(self) -> None:
        self._telling: OrderedDict[Mark, bool] = OrderedDict()
        self._made: OrderedDict[Mark, tuple[int, bytes | None]] = OrderedDict()
        self._bytes = 0

    def telling(self, mark: Mark) -> bool | None:
        """Whether a text tells of a secret, which has been learnt; None for one that was not looked at."""
        return self._telling.get(mark)

    def looked(self, mark: Mark, telling: bool) -> None:
        self._telling[mark] = telling
        if len(self._telling) > MOST:
            self._telling.popitem(last=False)

    def made(self, mark: Mark, version: int, data: bytes) -> bytes | None:
        """The text without the secrets that were known at this version of the vault; None where that is not remembered."""
        found = self._made.get(mark)
        if found is None or found[0] != version:
            return None
        return data if found[1] is None else found[1]

    def covered(self, mark: Mark, version: int, data: bytes, made: bytes) -> None:
        """`made` is what became of `data`."""
        self._forget(self._made.pop(mark, None))
        self._made[mark] = version, None if made == data else made
        self._bytes += 0 if made == data else len(made)
        while len(self._made) > MOST or self._bytes > MOST_BYTES:
            self._forget(self._made.popitem(last=False)[1])

    def _forget(self, one: tuple[int, bytes | None] | None) -> None:
        self._bytes -= len(one[1] or b"") if one is not None else 0
