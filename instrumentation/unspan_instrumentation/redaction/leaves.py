"""The two things that are done with each text of a trace: learning the secrets in it, and putting substitutes in their places."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterable
from typing import Final

from unspan_instrumentation.redaction.documents import walked
from unspan_instrumentation.redaction.names import Names
from unspan_instrumentation.redaction.texts import Place, places
from unspan_instrumentation.redaction.vault import Vault

MOST_BLAND, LONGEST_BLAND = 8_192, 2_000
LONGEST_DOCUMENT: Final = 4 << 20
MOST_UNPACKED: Final = 16 << 20


def mixed(text: str) -> bool:
    """Whether a text is a secret where only something around it has the name of one."""
    return len(text) >= 6 and any(map(str.isdigit, text)) and any(map(str.isalpha, text)) and not any(map(str.isspace, text))


def usable(text: str) -> bool:
    """Whether there is a secret at all: Django's mark of a password that nobody can have is none."""
    return bool(text) and text[0] != "!" and text.strip("*•·xX .-") != ""


def is_form(text: str) -> bool:
    return "=" in text[:200] and not any(mark in text[:2000] for mark in ' <{["\n')


def bland(names: Names, text: str) -> bool:
    """Whether nothing in a text is a secret by its looks, or by a name beside it."""
    known = names.bland.get(text)
    if known is None:
        known = next(iter(places(text, names.secret)), None) is None
        if len(text) <= LONGEST_BLAND:
            if len(names.bland) >= MOST_BLAND:
                names.bland.clear()
            names.bland[text] = known
    return known


class Learning:
    """A leaf (see `documents`) that changes nothing."""

    def __init__(self, names: Names, vault: Vault) -> None:
        self.secret, self._vault, self._names = names.secret, vault, names

    def text(self, text: str, name: str, loose: bool) -> str:
        if name and self.secret(name):
            if usable(text) and (not loose or mixed(text)):
                self._vault.learn(text, name)
        elif len(text) > 7 and not bland(self._names, text):
            self.inside(text)
        return text

    def inside(self, text: str, more: Iterable[Place] = (), form: bool = False) -> None:
        for place in (*more, *places(text, self.secret, form)):
            if usable(place.secret) and (place.sure or mixed(place.secret)):
                self._vault.learn(place.secret, "")

    def known(self, text: str) -> str:
        return text

    def octets(self, data: bytes, name: str) -> bytes:
        if data:
            text = decoded(unpacked(data))
            if name and self.secret(name):
                self._vault.learn(text, name)
            elif text[:1] in "{[" and (document := parsed(text)) is not None:
                walked(document, "", self)
            self.inside(text, form=is_form(text))
        return data

    def number(self, number: int, name: str) -> int:
        if name and abs(number) > 99_999 and self.secret(name):
            self._vault.learn(str(abs(number)), name)
        return number


class Covering:
    """A leaf that puts substitutes in the places of secrets."""

    def __init__(self, names: Names, vault: Vault) -> None:
        self.secret, self._vault, self._names = names.secret, vault, names
        self.holding = True
        """Whether what is covered may hold a secret that is known from elsewhere."""

    def text(self, text: str, name: str, loose: bool) -> str:
        if not text:
            return text
        if name and self.secret(name) and usable(text) and (not loose or mixed(text)):
            return self._vault.substitute(text, name)
        if len(text) < 8 or bland(self._names, text):
            return self._vault.covered(text) if self.holding else text
        return self.inside(text)

    def inside(self, text: str, more: Iterable[Place] = (), form: bool = False) -> str:
        covered = self._vault.covered(text)
        if covered is not text and covered != text and not more:
            return self._named(covered, places(covered, self.secret, form)) if len(covered) > 7 else covered
        return self._named(covered, [*more, *places(text, self.secret, form)]) if len(text) > 7 or more else covered

    def known(self, text: str) -> str:
        """The text of which is known that it tells of no secret by itself."""
        return self._vault.covered(text)

    def _named(self, text: str, found: Iterable[Place]) -> str:
        """The text with what is named in it replaced, from its end on; what was replaced before stays."""
        pieces, end = [], len(text)
        for place in sorted(set(found), key=lambda one: (one.start, one.end), reverse=True):
            if place.end > end or not usable(place.secret) or not (place.sure or mixed(place.secret)) or place.secret in self._vault.made:
                continue
            pieces += [text[place.end : end], place.spelled(self._vault.substitute(place.secret))]
            end = place.start
        return text[:end] + "".join(reversed(pieces))

    def octets(self, data: bytes, name: str) -> bytes:
        plain = unpacked(data)
        text = decoded(plain)
        made = self._vault.substitute(text, name) if name and text and self.secret(name) else self.inside(text, form=is_form(text))
        if made == text:
            return data
        again = encoded(made, plain)
        return gzip.compress(again, mtime=0) if plain is not data else again

    def number(self, number: int, name: str) -> int:
        if abs(number) < 100_000:
            return number
        text = str(abs(number)) if abs(number) < 1 << 200 else ""
        if name and text and self.secret(name):
            made = self._vault.substitute(text, name)
        else:
            made = self._vault.known.get(text) or (self.inside(text) if 14 <= len(text) <= 16 else text)
        return (int(made) if number > 0 else -int(made)) if made.isdigit() else number


def claims_of(part: str) -> bytes:
    """What a part of a JSON web token says."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def parsed(text: str) -> object:
    if len(text) > LONGEST_DOCUMENT:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def unpacked(data: bytes) -> bytes:
    """A body that was compressed, as it was before; the same bytes where it was not."""
    if data[:3] != b"\x1f\x8b\x08":
        return data
    try:
        unpacker = zlib.decompressobj(31)
        plain = unpacker.decompress(data, MOST_UNPACKED)
        return plain if unpacker.eof else data
    except zlib.error:
        return data


def decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def encoded(text: str, was: bytes) -> bytes:
    """As bytes of the encoding that they had."""
    try:
        was.decode()
        return text.encode()
    except UnicodeDecodeError:
        return text.encode("latin-1", "replace")
