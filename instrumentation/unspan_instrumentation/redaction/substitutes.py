"""What stands in a secret's place: made of it with a key that never leaves the process, of the same length, alphabet and kind.

The same secret always has the same substitute, so what was equal stays equal. From a substitute nothing can be computed back.
"""

import base64
import string
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from uuid import UUID

from unspan_instrumentation.redaction import shapes

LOWER, UPPER, DIGITS, HEX = string.ascii_lowercase, string.ascii_uppercase, string.digits, "0123456789abcdef"
SYMBOLS: Final = "!#$%*+-.:=?@^_~"
ACCENTED: Final = "àáâãäåæçèéêëìíîïñòóôõöøùúûü"
SCHEMES: Final = ("basic", "bearer", "digest", "token", "apikey", "negotiate", "jwt")
PREFIXES: Final = (
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "pk_test_",
    "ghp_",
    "github_pat_",
    "glpat-",
    "whsec_",
    "AKIA",
    "ASIA",
    "AIza",
)


class Substitutes:
    """One process's substitutes. `key` is random bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(4096)(self._of)

    def _of(self, text: str) -> str:
        """The substitute of a text that is a secret as a whole."""
        scheme, space, rest = text.partition(" ")
        if space and rest and scheme.lower() in SCHEMES:
            return f"{scheme} {self.basic(rest) if scheme.lower() == 'basic' else self.of(rest.strip())}"
        for kind in (self.jwt, self.uuid, self.card, self.hashed, self.pem, self.email):
            if (made := kind(text)) is not None:
                return made
        prefix = next((one for one in PREFIXES if text.startswith(one)), "")
        return prefix + self.alike(text[len(prefix) :], text)

    def stream(self, text: str) -> Iterator[int]:
        """Numbers from 0 to 65,535 that follow from a text and the key."""
        turn = 0
        while True:
            block = blake2b(turn.to_bytes(4, "big") + text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=64).digest()
            yield from (block[at] << 8 | block[at + 1] for at in range(0, 64, 2))
            turn += 1

    def alike(self, part: str, seed: str) -> str:
        """A text of the same length, each mark of the same alphabet."""
        numbers, made = self.stream(seed), part
        for _ in range(8):
            hexadecimal = len(part) >= 16 and not part.isdigit() and all(mark in HEX for mark in part)
            symbols = not any(map(str.isalnum, part))
            made = "".join(replaced(mark, place, next(numbers), hexadecimal, symbols) for place, mark in enumerate(part))
            if made != part:
                return made
        return made

    def uuid(self, text: str) -> str | None:
        if len(text) not in (32, 36) or (len(text) == 36 and text.count("-") != 4):
            return None
        try:
            hexadecimal = UUID(text).hex
        except ValueError:
            return None
        made = self.alike(hexadecimal, hexadecimal)
        made = made[:12] + hexadecimal[12] + made[13:16] + hexadecimal[16] + made[17:]
        if len(text) == 36:
            made = str(UUID(made))
        return made.upper() if text.isupper() else made

    def card(self, text: str) -> str | None:
        """A valid number of the same kind; the last four digits stay, as on a receipt: applications keep them beside it."""
        if not shapes.CARD.fullmatch(text) or not shapes.luhn(text):
            return None
        digits = [mark for mark in text if mark.isdecimal()]
        made = list(self.alike("".join(digits), "".join(digits)))
        made[:4], made[-4:] = digits[:4], digits[-4:]
        made[-5] = completing(made)
        if made == digits:
            made[-6] = str((int(made[-6]) + 1) % 10)
            made[-5] = completing(made)
        left = iter(made)
        return "".join(next(left) if mark.isdecimal() else mark for mark in text)

    def jwt(self, text: str) -> str | None:
        """What it says stays, for rows and clocks hang on it; the signature, without which nobody can use it, is replaced."""
        if not shapes.JWT.fullmatch(text):
            return None
        said, _, signature = text.rpartition(".")
        return f"{said}.{self.alike(signature, text)}"

    def hashed(self, text: str) -> str | None:
        """The hash of a password keeps what says how it was made."""
        if not shapes.HASHED.fullmatch(text):
            return None
        if "$2" in text[:16]:
            return text[:-53] + self.alike(text[-53:], text)
        kept, salt, digest = text.rsplit("$", 2)
        return "$".join((kept, self.alike(salt, text) if salt else "", self.alike(digest, text + "$")))

    def pem(self, text: str) -> str | None:
        if not shapes.PEM.fullmatch(text):
            return None
        first = text.index("-----", 5) + 5
        last = text.rindex("-----END")
        return text[:first] + self.alike(text[first:last], text) + text[last:]

    def email(self, text: str) -> str | None:
        local, at, domain = text.partition("@")
        if not (at and local and "." in domain[1:-1]) or any(map(str.isspace, text)) or "@" in domain or not text.isascii():
            return None
        host, _, top = domain.rpartition(".")
        return f"{self.alike(local, text)}@{self.alike(host, host)}.{top}" if top.isalpha() else None

    def basic(self, text: str) -> str:
        """`user:password` in base64: the password is the one that it is elsewhere."""
        try:
            user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
        except ValueError:
            return self.of(text)
        return base64.b64encode(f"{user}:{self.of(password)}".encode()).decode() if colon and password else self.of(text)


def completing(digits: list[str]) -> str:
    """The digit in the fifth place from the end with which the sum is right."""
    return next(mark for mark in DIGITS if shapes.luhn("".join([*digits[:-5], mark, *digits[-4:]])))


def replaced(mark: str, place: int, number: int, hexadecimal: bool, symbols: bool) -> str:
    """One mark's substitute. A number keeps no leading zero that it had not, nor loses one."""
    if hexadecimal:
        return HEX[number % 16]
    if mark in DIGITS:
        return mark if place == 0 and mark == "0" else DIGITS[1 + number % 9] if place == 0 else DIGITS[number % 10]
    if mark in LOWER:
        return LOWER[number % 26]
    if mark in UPPER:
        return UPPER[number % 26]
    if not mark.isascii() and mark.isalpha():
        size = len(mark.encode("utf-8", "surrogatepass"))
        return ACCENTED[number % len(ACCENTED)] if size == 2 else chr(0x4E00 + number % 0x5000) if size == 3 else mark
    return SYMBOLS[number % len(SYMBOLS)] if symbols and mark.isascii() and not mark.isspace() else mark
