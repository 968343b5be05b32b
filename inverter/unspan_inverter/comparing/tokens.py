"""What texts are made of: their pieces, and what of them looks drawn or computed, or is a moment. Text in, answers out."""

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote_plus

SIGNED: Final = r"(?<![\w-])[\w-]++([:.])[0-9A-Za-z]{6}\1[\w-]{27,}"
"""A text that Django signed together with a moment."""
IN_LINKS: Final = r"(?<![\w-])[0-9a-z]{6}-[0-9a-z]{32}(?![\w-])"
"""What Django writes into the link by which a password is set: a moment and a hash."""
LENGTH: Final = re.compile(r"(\d+\.\d+) ?(seconds|secs?|s|ms|µs|us)\b")
"""How long something took."""
UNITS: Final = {"s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6}
UNIQUE: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SAVEPOINT: Final = r"s\d+_x\d+"
"""How Django calls one: by the thread, and a count."""
EXACT: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?"
PIECE: Final = re.compile(rf"{SIGNED}|{IN_LINKS}|{UNIQUE}|{EXACT}|{LENGTH.pattern}|\w+|[^\w\s]")
TOKEN: Final = re.compile(rf"[0-9a-fA-F]{{16,}}|{UNIQUE}|{SAVEPOINT}|{SIGNED}|{IN_LINKS}")
PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
NUMBER: Final = re.compile(r"[0-9]+")
RUN: Final = re.compile(r"[A-Za-z0-9]{12,}")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
MICROSECONDS: Final = re.compile(r"\d{6}Z?")
SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
HASH: Final = re.compile(r"[\w-]+\$[^\s$]*\$\S+")
"""A password as Django keeps it."""


def pieces(text: str) -> list[str]:
    """The words of a text, and its marks."""
    return [one[0] for one in PIECE.finditer(text)]


def unquoted(text: str) -> str:
    """A text without the percent-encoding of forms and addresses, whose digits run into those of what is encoded."""
    return unquote_plus(text) if PERCENT.search(text) else text


def moment(text: str) -> datetime | None:
    """The moment that a text is, as documents write it."""
    if not MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def alternative(asked: str, given: str) -> str:
    """The last word of the stem of a file's name as a storage gave it: the one that was asked for, or with letters of Django's behind it."""
    path = PurePosixPath(asked)
    stem, end = str(path.with_suffix("")), path.suffix
    if not re.fullmatch(rf"{re.escape(stem)}(_[A-Za-z0-9]{{7}})?{re.escape(end)}", given):
        return ""
    return pieces(given.removesuffix(end))[-1]


def length(text: str) -> float | None:
    """How many seconds a text says that something took."""
    found = LENGTH.fullmatch(text)
    return float(found[1]) * UNITS[found[2]] if found else None


def arbitrary(text: str) -> bool:
    """Whether a text looks as if it had been drawn or computed: a hash, a UUID, a signed or random token; no word, no slug."""
    if TOKEN.fullmatch(text):
        return True
    if any(mark.isspace() for mark in text):
        return False
    if any(sum(map(str.isdigit, run)) > 1 and sum(map(str.isalpha, run)) > 1 for run in RUN.findall(text)):
        return True
    return any(mixed(run) for run in SIGNATURE.findall(text))


def mixed(text: str) -> bool:
    """Whether upper and lower case alternate as in no name: a token that happens to have few digits."""
    capitals, small = sum(map(str.isupper, text)), sum(map(str.islower, text))
    return min(capitals, small) > 3 and (len(text) >= 32 or any(map(str.isdigit, text)))
