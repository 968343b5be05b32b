"""Messages, which Django keeps in a signed cookie: those of earlier requests, whose cookie a test does not send again, and those of this one."""

import json
import zlib
from base64 import urlsafe_b64decode
from http.cookies import CookieError, SimpleCookie
from typing import Any

from unspan_proto.values import bare

from unspan_inverter.events import Exchange

COOKIE = "messages"


def waiting(exchange: Exchange) -> frozenset[str]:
    """The texts of the messages that came with the request's cookie; none where it is of another form."""
    try:
        found = SimpleCookie(exchange.header("Cookie")).get(COOKIE)
        return frozenset(texts(json.loads(unsigned(found.value)))) if found else frozenset()
    except (CookieError, ValueError, zlib.error, TypeError):
        return frozenset()


def sent(exchange: Exchange) -> list[str]:
    """The texts of the messages that the response's cookie holds and the request's did not, where its answer is another page to go to."""
    cookie = exchange.cookies.get(COOKIE)
    value = bare(cookie.get("value")) if cookie else None
    if not isinstance(value, str) or not 300 <= exchange.status < 400:
        return []
    try:
        found = texts(json.loads(unsigned(value)))
    except (ValueError, zlib.error, TypeError):
        return []
    old = waiting(exchange)
    return [text for text in found if text not in old]


def unsigned(value: str) -> bytes:
    """What `django.core.signing` packed, without its signature."""
    packed = value.partition(":")[0]
    data = packed.removeprefix(".").encode("ascii")
    plain = urlsafe_b64decode(data + b"=" * (-len(data) % 4))
    return zlib.decompress(plain) if packed.startswith(".") else plain


def texts(document: Any) -> list[str]:
    """`["__json_message", safe, level, text, …]` at any depth."""
    if isinstance(document, list) and len(document) > 3 and document[0] == "__json_message":
        return [str(document[3])]
    return [text for item in document for text in texts(item)] if isinstance(document, list) else []
