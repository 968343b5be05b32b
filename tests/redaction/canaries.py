"""Secrets to be planted, of every kind, in every place; and where one of them is found again."""

import base64
import hmac
import html
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import quote, quote_plus

from unspan_proto.span import Span
from unspan_proto.values import Derived, Instance, ModelRef, Truncated

ANN = '{"name":"ann"}'
KEY = "a-key-of-tests-that-is-long-enough-0123456789"
"""The project's SECRET_KEY."""
SENT = ("header", "authorization", "basic", "cookie", "query", "invite", "form", "document", "upload", "joined", "keyed")
"""Places in a request: each secret has a request of its own."""
HELD = (
    "variables", "objects", "session", "rows", "written", "parameters", "statement", "outbound", "upstream", "logged", "raised", "mailed", "cached", "answered", "page",
    "sets", "settings", "nested_settings",
)  # fmt: skip
"""Places inside of the application."""


def drawn(place: str, kind: str) -> str:
    return sha256(f"{place} {kind}".encode()).hexdigest()


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(salt: str) -> str:
    """As `django.core.signing.dumps` makes it."""
    said = f"{packed(ANN)}:1wXyZ0"
    return f"{said}:{b64(hmac.digest(sha256(f'{salt}signer{KEY}'.encode()).digest(), said.encode(), 'sha256'))}"


def json_web_token() -> str:
    said = f"{HEAD}.{packed(json.dumps({'sub': 'ann', 'exp': 1900000000}))}"
    return f"{said}.{b64(hmac.digest(KEY.encode(), said.encode(), 'sha256'))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


HEAD = packed('{"alg":"HS256","typ":"JWT"}')
KINDS = {
    "hexadecimal": lambda drawn: drawn[:40],
    "urlsafe": lambda drawn: packed(drawn)[:43],
    "password": lambda drawn: f"Tr0ub4dor&{drawn[:6]}",
    "uuid": lambda drawn: f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:32]}",
    "service": lambda drawn: f"sk_live_{drawn[:24]}",
    "jwt": lambda drawn: f"{HEAD}.{packed(json.dumps({'sub': drawn[:12], 'exp': 1900000000}))}.{packed(drawn)[:43]}",
    "words": lambda drawn: f"correct-horse-{drawn[:5]}",
}
SHAPED = {
    "card": lambda drawn: "4539 1488 0343 6467",
    "aws": lambda drawn: f"AKIA{drawn[:16].upper()}",
    "github": lambda drawn: f"ghp_{drawn[:36]}",
    "hash": lambda drawn: f"pbkdf2_sha256$600000${drawn[:22]}${base64.b64encode(drawn[:32].encode()).decode()}",
    "key": lambda drawn: f"-----BEGIN PRIVATE KEY-----\n{packed(drawn)}\n-----END PRIVATE KEY-----",
    "jwt": KINDS["jwt"],
    "service": KINDS["service"],
}
"""What is known by its looks, under a name that says nothing."""
PLANTED = {place: [make(drawn(place, kind)) for kind, make in KINDS.items()] for place in (*SENT, *HELD)} | {
    "shaped": [make(drawn("shaped", kind)) for kind, make in SHAPED.items()],
    "promised": [signed("invitations")],
    "bearer": [json_web_token()],
    "signed_in": [make(drawn("signed_in", kind)) for kind, make in KINDS.items() if kind in ("password", "words")],
}
SECRETS = [secret for secrets in PLANTED.values() for secret in secrets]


def found(texts: Iterable[str]) -> list[str]:
    """The planted secrets that stand somewhere in the texts, in whatever spelling."""
    everything = "\n".join(texts)
    return [
        f"{place}: {secret}"
        for place, secrets in PLANTED.items()
        for secret in secrets
        if any(one in everything for one in spellings(secret))
    ]


def spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    }


def said(span: Span) -> Iterable[str]:
    """Every text of a span, whatever it is wrapped in."""
    yield span.name
    for event in span.events:
        yield str(event)
    for name in span.attributes:
        yield from texts(span.value(name))
        yield str(span.attributes[name])


def texts(value: Any) -> Iterable[str]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        yield bytes(value).decode("utf-8", "replace")
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in texts(one))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from (text for one in value for text in texts(one))
    elif isinstance(value, (ModelRef, Instance)):
        yield from texts(value.fields)
    elif isinstance(value, Derived):
        yield from texts(value.value)
    elif isinstance(value, Truncated):
        yield from texts(value.start)
    else:
        yield str(value)
