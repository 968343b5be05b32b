"""Signed requests: the test signs what it sends with the project's own key, as the sender did, where the recording shows how.

What was signed is told as texts around the body and around the time; nothing is known of any sender's scheme.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unspan_proto.values import bare

from unspan_inverter.events import Event, Exchange, Signed
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import MOMENT, Clock
from unspan_inverter.plan.expressions import Assign, Attr, Import, Item, Name, Statement, call, method, text

BODY, TIMESTAMP, DIGEST = Name("body"), Name("timestamp"), Name("digest")
STAMP: Final = re.compile(r"(?<!\d)1\d{9}(?!\d)")
"""Seconds since 1970."""
AWAY: Final = 5
"""Seconds that a request may have been under way: a time so near is the test's own."""
ALGORITHMS: Final = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Signature:
    """How the request was signed. `around`: the texts before and after its body in what was signed; `key`: an expression for the key's bytes.

    `written`: the forms in which the digest stands in headers, as text, each with the expression for it; `stamp`: the recorded time that the test tells anew.
    """

    algorithm: str
    key: Any
    around: tuple[str, str]
    written: tuple[tuple[str, Any], ...]
    stamp: str = ""

    def statements(self) -> Iterator[Statement]:
        """What the test computes once it has the body."""
        if self.stamp:
            yield Assign(TIMESTAMP, call(Name("str"), call(Name("int"), method(MOMENT, "timestamp"))))
        message = text([*self.told(self.around[0]), BODY, *self.told(self.around[1])])
        plain = BODY if not any(self.around) else message
        yield Assign(DIGEST, call(Attr(Import("hmac"), "new"), self.key, method(plain, "encode"), Attr(Import("hashlib"), self.algorithm)))

    def header(self, recorded: str) -> Any:
        parts = self.told(recorded)
        return parts[0] if len(parts) == 1 else text(parts)

    def told(self, recorded: str) -> list[Any]:
        """A recorded text with the test's own time and digest in the place of the recorded."""
        parts: list[Any] = [recorded]
        for old, new in (*self.written, *(((self.stamp, TIMESTAMP),) if self.stamp else ())):
            parts = [piece for part in parts for piece in (split(part, old, new) if isinstance(part, str) else [part])]
        return [part for part in parts if part != ""]


def split(recorded: str, old: str, new: Any) -> list[Any]:
    """A text with an expression in the place of each occurrence of a part."""
    first, *rest = recorded.split(old)
    return [first, *(piece for one in rest for piece in (new, one))]


def signature(events: Sequence[Event], exchange: Exchange, bindings: Bindings, time: Clock) -> Signature | None:
    """How the test signs; None for a request that was not signed, or in a way that is not known."""
    headers = "\n".join(value for _, value in exchange.headers)
    for one in events:
        if not isinstance(one, Signed) or one.algorithm not in ALGORITHMS or not exchange.body_whole:
            continue
        written = tuple((form, made) for form, made in forms(one.digest) if form in headers)
        around = parted(one.message, exchange.body)
        key = key_of(one, bindings) if written and around else None
        if key is not None and around:
            return Signature(one.algorithm, key, around, written[:1], stamp(around, headers, time))
    return None


def forms(digest: bytes) -> Iterator[tuple[str, Any]]:
    made = method(DIGEST, "digest")
    yield digest.hex(), method(DIGEST, "hexdigest")
    for name, written in (("b64encode", base64.b64encode(digest)), ("urlsafe_b64encode", base64.urlsafe_b64encode(digest))):
        yield written.decode(), method(call(Attr(Import("base64"), name), made), "decode")


def parted(message: bytes, body: bytes) -> tuple[str, str] | None:
    """The texts around the body in a message that has it once."""
    before, found, after = message.partition(body) if body else (b"", b"", b"")
    try:
        return (before.decode(), after.decode()) if found and body not in after else None
    except UnicodeDecodeError:
        return None


def stamp(around: tuple[str, str], headers: str, time: Clock) -> str:
    """The time that was signed, where it is the one that the test's clock stands at."""
    if time.moment is None or time.moving:
        return ""
    for found in STAMP.findall("\n".join(around)):
        if found in headers and abs(int(found) - int(time.at.timestamp())) <= AWAY:
            return found
    return ""


def key_of(one: Signed, bindings: Bindings) -> Any:
    """The key as bytes: a setting's, or a column's of a row whose value gives the same digest."""
    if one.key:
        first, *rest = one.key.split(".")
        found: Any = Attr(Import("django.conf", "settings"), first)
        for name in rest:
            found = Item(found, name)
        return method(found, "encode")
    for row in bindings.facts.rows:
        for name, value in row.values.items():
            held = bare(value)
            if isinstance(held, str) and held and row.key in bindings.names and gives(held, one):
                return method(Attr(bindings.row(row.key), name), "encode")
    return None


def gives(key: str, one: Signed) -> bool:
    return hmac.digest(key.encode("utf-8", "replace"), one.message, getattr(hashlib, one.algorithm)) == one.digest
