"""What secrets look like, whatever they are called: JSON web tokens, cards, keys of well-known services, private keys, hashes of passwords."""

import re
from collections.abc import Iterator
from typing import Final

JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{2,}\.[\w-]{8,}(?![\w-])")
CARD: Final = re.compile(
    r"(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6011|65\d\d|35[2-8]\d)(?P<s>[ -]?)\d{4}(?P=s)\d{4}(?P=s)\d{4}(?![\w-])"
    r"|(?<![\w.-])3[47]\d\d(?P<a>[ -]?)\d{6}(?P=a)\d{5}(?![\w-])"
)
SERVICE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|rk|pk)_(?:live|test)_\w{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}|whsec_\w{16,}|npm_\w{30,}|pypi-[\w-]{40,})(?![A-Za-z0-9])"
)
PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]{20,}-----END [A-Z ]*PRIVATE KEY-----")
HASHED: Final = re.compile(
    r"(?<![\w$])(?:(?:pbkdf2_sha(?:1|256)|scrypt|argon2)\$[\w$=,+/.-]{16,}={0,2}|(?:bcrypt(?:_sha256)?\$)?\$2[abxy]\$\d\d\$[\w./]{53}"
    r"|(?:md5|sha1)\$\w*\$[0-9a-f]{32,40})"
)
USERINFO: Final = re.compile(r"(?<=://)[^\s/:@?#\"']*:([^\s/@?#\"']+)(?=@)")
SCHEMED: Final = re.compile(r"\b(?:Bearer|Token|Basic|Digest|Negotiate|ApiKey) +([\w+/=.~:-]{6,})")
RESET: Final = re.compile(r"(?<![\w-])[0-9a-z]{6}-[0-9a-f]{32}(?![\w-])")
"""A token of Django's for resetting a password."""
RESET_END: Final = re.compile(r"-[0-9a-f]{32}(?![\w-])")
"""Its second half, which is found the faster for the mark that it begins with."""

WHOLE: Final = (JWT, SERVICE, PEM, HASHED, RESET)
DIGITS: Final = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
SIGNS: Final = (
    b"eyJ", b"sk_", b"pk_", b"rk_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"xox", b"AKIA", b"ASIA", b"AIza", b"SG.", b"whsec_", b"npm_", b"pypi-", b"PRIVATE KEY", b"2_sha",
    b"scrypt$", b"argon2", b"$2", b"md5$", b"sha1$",
)  # fmt: skip
RUN: Final = bytes(16)
RUNS: Final = bytes(0 if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_-+/=") else 1 for byte in range(256))
"""Marks that keys are made of stand as zeros: a run of sixteen is in all of them, and in few other texts."""


def signs(data: bytes) -> bool:
    """Whether a text may hold one of these: a cheap first question."""
    if RUN in data.translate(RUNS) and any(sign in data for sign in SIGNS):
        return True
    if (b"://" in data and b"@" in data) or b"Bearer " in data or b"Token " in data or b"Basic " in data:
        return True
    digits = data.translate(DIGITS)
    return b"00000000000000" in digits or b"0000 0000" in digits or b"0000-0000" in digits


def found(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text something stands that looks like a secret."""
    for pattern in WHOLE:
        yield from (one.span() for one in pattern.finditer(text))
    yield from (
        one.span(1) for pattern in (USERINFO, SCHEMED) for one in pattern.finditer(text) if pattern is USERINFO or secretive(one[1])
    )
    yield from (one.span() for one in CARD.finditer(text) if luhn(one[0]))


def secretive(text: str) -> bool:
    """Whether what follows `Token` is one, and no word of a sentence."""
    return len(text) >= 12 or any(map(str.isdigit, text))


def luhn(text: str) -> bool:
    """Whether the digits of a text end with their check digit."""
    digits = [int(mark) for mark in reversed(text) if mark.isdecimal()]
    return sum(sum(divmod(digit * 2, 10)) if place % 2 else digit for place, digit in enumerate(digits)) % 10 == 0


def random_looking(text: str) -> bool:
    """Whether a cookie's value was drawn or signed rather than written: it tells who somebody is."""
    if len(text) < 16 or any(map(str.isspace, text)):
        return False
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def strong(text: str) -> bool:
    """Whether a secret may be looked for everywhere: no word that a page or a statement may hold for reasons of its own."""
    letters, digits = any(map(str.isalpha, text)), any(map(str.isdigit, text))
    if letters and digits:
        return len(text) >= 6
    if digits:
        return len(text) >= 6
    return len(text) >= 8 and text.strip() == text
