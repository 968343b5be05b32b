"""What is known of one trace's secrets, and the texts in which they are replaced. Where secrets are found is `looking`'s business."""

import base64
import html
import json
import re
from collections.abc import Iterator
from itertools import count
from types import CodeType
from typing import Final
from urllib.parse import quote, quote_plus

from unspan_instrumentation.redaction import shapes
from unspan_instrumentation.redaction.names import by_default
from unspan_instrumentation.redaction.substitutes import Substitutes

MOST: Final = 4_000
"""Spellings of secrets that are looked for in one trace; what is over that is replaced where it is named."""
FEW: Final = 40
"""Up to so many are looked for one by one."""
WORD: Final = re.compile(r"[^\W_]+")
ESCAPED: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9a-f]{4}|\\.")


BORNE: Final = ("bearer", "token", "digest", "apikey", "jwt")
"""Schemes of the Authorization header after which a secret stands as it is."""


NUMBERS: Final = count()


class Vault:
    """One trace's secrets: each spelling with what stands in its place."""

    def __init__(self, substitutes: Substitutes, kept: frozenset[str] = frozenset(), always: "Vault | None" = None) -> None:
        self._substitutes, self._kept = substitutes, kept
        self.known: dict[str, str] = dict(always.known) if always else {}
        self.given: dict[str, tuple[str, str]] = {}
        """Substitutes that stand somewhere in the trace, with the secret and the name that it went by. Only the latter is ever told."""
        self.made: set[str] = set()
        """All substitutes so far, in every spelling: what one of them stands in the place of is no secret any more."""
        self.origins: dict[str, str] = dict(always.origins) if always else {}
        self.signed: dict[str, str] = {}
        """Texts under which the application found its own signature, with how it signs: `django SALT`, `cookie SALT`."""
        self.hashes: set[str] = set()
        """Hashes whose passwords are known, so that they stand for each other's substitutes."""
        self.code: dict[CodeType, str] = {}
        """The project's functions that ran, with their names."""
        self.sources: dict[str, str] = dict(always.sources) if always else {}
        """Each spelling, with the secret that it is of."""
        self.full = False
        self.early = False
        """Whether something was sent before it was known what its substitute has to be."""
        self.number = next(NUMBERS)
        self.version = 0
        """Counts what changes the texts that are made of others."""
        self._needles: list[bytes] | None = None
        self._anchors: dict[str, list[str]] | None = None

    def substitute(self, secret: str, name: str = "") -> str:
        """What stands in a secret's place. A substitute of another process that a test was given stands for itself."""
        if secret in self._kept or not secret.strip():
            return secret
        scheme, space, rest = secret.partition(" ")
        if space and rest and scheme.lower() in BORNE:
            return f"{scheme} {self.substitute(rest, name)}"
        made = self.known.get(secret) or self._made(secret)
        if made != secret:
            self.made.add(made)
            self.given.setdefault(made, (secret, self.origins.get(secret, name)))
        return made

    def said(self, secret: str) -> bool:
        """Whether something stands in its place already, in what was sent."""
        return any(secret == one for one, _ in self.given.values())

    def learn(self, secret: str, name: str) -> None:
        """This text is a secret, wherever it stands."""
        if secret in self.known or secret in self._kept or not shapes.strong(secret):
            return
        if secret.isalpha() and by_default(secret):  # a password that is the word `password`: pages say it for reasons of their own
            return
        scheme, _, rest = secret.partition(" ")
        if rest and scheme.lower() in (*BORNE, "basic"):
            if scheme.lower() == "basic":
                self._learn_basic(rest.strip(), name)
            self.learn(rest.strip(), name)
            return
        self.stands_for(secret, self._made(secret), name)

    def _made(self, secret: str) -> str:
        """Of what is signed only the signature is a secret."""
        if secret not in self.signed:
            return self._substitutes.of(secret)
        said, mark, signature = secret.rpartition(":")
        return said + mark + self._substitutes.of(signature)

    def signatures(self, secret: str) -> Iterator[tuple[str, str]]:
        """What stands before a signature in each text that the application had signed with it, and how; not where that holds a secret too."""
        for text, how in self.signed.items():
            said = text.removesuffix(secret)
            if said != text and said.endswith(":") and not any(one in said for one in self.known):
                yield said, how

    def _learn_basic(self, text: str, name: str) -> None:
        try:
            password = base64.b64decode(text, validate=True).decode().partition(":")[2]
        except ValueError:
            return
        if password:
            self.learn(password, name)

    def stands_for(self, secret: str, made: str, name: str) -> None:
        """`made` stands in the place of `secret` from now on, in every spelling."""
        if len(self.known) >= MOST:
            self.full = True
            return
        self.origins[secret] = name
        for spelled in SPELLINGS:
            self.known.setdefault(spelled(secret), spelled(made))
            self.sources.setdefault(spelled(secret), secret)
        self.known[secret] = made
        self.made.add(made)
        if len(secret) == 36 and self._substitutes.uuid(secret) is not None:
            self.known[secret.replace("-", "")] = made.replace("-", "")
        elif len(secret) == 32 and self._substitutes.uuid(secret) is not None:
            self.known[dashed(secret)] = dashed(made)
        self._needles = self._anchors = None
        self.version += 1

    def forget(self, secret: str) -> None:
        """Something else is to stand in its place from now on."""
        self.version += 1
        for spelled in SPELLINGS:
            self.known.pop(spelled(secret), None)
        self.known.pop(secret, None)

    def holds(self, data: bytes) -> bool:
        """Whether an encoded text may hold one of the known secrets."""
        if not self.known:
            return False
        if len(self.known) > FEW:
            return next(self._candidates(data.decode("utf-8", "replace")), None) is not None
        needles = self._needles
        if needles is None:
            needles = self._needles = [inside_json(one) for one in self.known]
        return any(needle in data for needle in needles)

    def covered(self, text: str) -> str:
        """The text with every known secret in it replaced."""
        known = self.known
        if (whole := known.get(text)) is not None:
            self._note(text, whole)
            return whole
        candidates = known if len(known) <= FEW else self._candidates(text)
        for one in sorted({one for one in candidates if one in text}, key=len, reverse=True):
            text = self._within(text, one)
        return text

    def _candidates(self, text: str) -> Iterator[str]:
        """Those that share their longest word with a text: many cannot be looked for one by one."""
        if self._anchors is None:
            self._anchors = {}
            for one in self.known:
                self._anchors.setdefault(max(words(one), key=len, default=""), []).append(one)
        yield from self._anchors.get("", ())
        for word in self._anchors.keys() & words(text):
            yield from self._anchors[word]

    def _within(self, text: str, one: str) -> str:
        made = self.known[one]
        if one.isalpha() or one.isdigit():  # a word, a number: never a part of another
            again = re.sub(rf"(?<![^\W_]){re.escape(one)}(?![^\W_])", lambda _: made, text)
        else:
            again = text.replace(one, made)
        if again != text:
            self._note(one, made)
        return again

    def _note(self, one: str, made: str) -> None:
        self.made.add(made)
        secret = self.sources.get(one, one)
        self.given.setdefault(self.known.get(secret, made), (secret, self.origins.get(secret, "")))


def words(text: str) -> set[str]:
    """Letters and digits that stand together, and no sign of what escapes others."""
    found = set(WORD.findall(text))
    return found.union(WORD.findall(ESCAPED.sub(" ", text))) if "%" in text or "\\" in text else found


def dashed(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def inside_json(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_json_as_is(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def percent(text: str) -> str:
    return quote(text, safe="", errors="replace")


def plus(text: str) -> str:
    return quote_plus(text, errors="replace")


def based(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


SPELLINGS: Final = (in_json, in_json_as_is, percent, plus, html.escape, based)
