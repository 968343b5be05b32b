"""Signed requests: what the test puts together and signs, for each way in which a sender may have signed; each test is read by Python and signs the same."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from unspan_proto import vocabulary as v

from .making import Happening, blocks, read, source, tape, trace

KEY = b"secret"
NOW = datetime(2021, 3, 1, 10, 0, 0, 250_000, tzinfo=timezone.utc)
STAMP = str(int(NOW.timestamp()))
FORM = urlencode({"payload": json.dumps({"type": "vote", "value": "20"})}).encode()
DOCUMENT = json.dumps({"event": "paid", "book": "20"}).encode()


def signed(message: bytes, key: str | None = "HOOK_SECRET", algorithm: str = "sha256", secret: bytes = KEY) -> tuple[bytes, Happening]:
    digest = hmac.digest(secret, message, algorithm)
    return digest, Happening(
        v.DIGEST, {v.DIGEST_ALGORITHM: algorithm, v.DIGEST_MESSAGE: message, v.DIGEST_VALUE: digest.hex(), v.DIGEST_KEY: key}
    )


def arranged(body: bytes, kind: str, headers: dict[str, str], *happened: Happening) -> tuple[list[str], str]:
    """The lines that put the request together, and the request."""
    given = [["Host", "testserver"], ["Content-Type", kind], *([name, value] for name, value in headers.items())]
    text = source(
        trace(
            *happened,
            tape("time.time", NOW.timestamp()),
            method="POST",
            path="/books/",
            body=body,
            headers=given,
            answer=b"",
            view="shop.views.hook",
        )
    )
    *before, act, _ = blocks(text)
    names = ("payload", "body", "timestamp", "digest")
    return [line.strip() for block in before for line in block.splitlines() if line.strip().startswith(names)], act


URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"
NEW = "digest = hmac.new(settings.HOOK_SECRET.encode(), {}.encode(), hashlib.sha256)"
PAYLOAD = 'payload = {"type": "vote", "value": "20"}'


def test_a_form_with_a_document_signed_with_the_time() -> None:
    digest, happened = signed(f"v0:{STAMP}:".encode() + FORM)

    lines, act = arranged(FORM, URLENCODED, {"X-Stamp": STAMP, "X-Signature": f"v0={digest.hex()}"}, happened)

    assert lines == [
        PAYLOAD,
        'body = urlencode({"payload": json.dumps(payload)})',
        "timestamp = str(int(moment.timestamp()))",
        NEW.format('f"v0:{timestamp}:{body}"'),
    ]
    assert 'headers={"X-Stamp": timestamp, "X-Signature": f"v0={digest.hexdigest()}"}' in act


HEADERS: dict[str, tuple[Any, Any, str]] = {
    "hexadecimal": (lambda body: body, lambda digest: digest.hex(), '"X-Signature": digest.hexdigest()'),
    "with a prefix": (lambda body: body, lambda digest: f"sha256={digest.hex()}", '"X-Signature": f"sha256={digest.hexdigest()}"'),
    "base64": (
        lambda body: body, lambda digest: base64.b64encode(digest).decode(), '"X-Signature": base64.b64encode(digest.digest()).decode()'
    ),
    "the time in the same header": (
        lambda body: f"{STAMP}.".encode() + body, lambda digest: f"t={STAMP},v1={digest.hex()}",
        '"X-Signature": f"t={timestamp},v1={digest.hexdigest()}"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_a_document_and_how_its_header_is_written(name: str) -> None:
    message, header, expected = HEADERS[name]
    digest, happened = signed(message(DOCUMENT))

    lines, act = arranged(DOCUMENT, JSON, {"X-Signature": header(digest)}, happened)

    assert lines[:2] == ['payload = {"event": "paid", "book": "20"}', "body = json.dumps(payload)"]
    assert expected in act


LEFT: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a key that is nowhere": (DOCUMENT, {"key": None}),
    "a message without the body": (b"id-and-time", {}),
    "a hash that the standard library may lack": (DOCUMENT, {"algorithm": "blake2b"}),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_signed_again_is_sent_as_it_was(name: str) -> None:
    message, more = LEFT[name]
    digest, happened = signed(message, **more)

    lines, act = arranged(DOCUMENT, JSON, {"X-Signature": digest.hex()}, happened)

    assert lines == []
    assert (digest.hex() in act, repr(DOCUMENT.decode()) in act) == (True, True)


def test_the_key_of_a_row_is_taken_from_it() -> None:
    author = read("shop.Author", {"id": 3, "name": "row secret", "email": "ada@example.org"})
    digest, happened = signed(DOCUMENT, None, secret=b"row secret")

    lines, _ = arranged(DOCUMENT, JSON, {"X-Signature": digest.hex()}, author, happened)

    assert lines[-1] == "digest = hmac.new(author.name.encode(), body.encode(), hashlib.sha256)"


def test_a_setting_inside_of_a_dict() -> None:
    digest, happened = signed(DOCUMENT, "HOOKS.SECRET")

    lines, _ = arranged(DOCUMENT, JSON, {"X-Signature": digest.hex()}, happened)

    assert lines[-1] == 'digest = hmac.new(settings.HOOKS["SECRET"].encode(), body.encode(), hashlib.sha256)'


def test_a_row_that_the_code_asked_for_by_the_number_in_the_document_is_meant_by_it() -> None:
    book = read("shop.Book", {"id": 20, "title": "Emma"}, where='"shop_book"."id" = %s', parameters=[20])
    asking = Happening(v.CALL, {v.FUNCTION: "shop.views.hook", v.FILE: "/srv/mysite/shop/views.py"})
    digest, happened = signed(FORM)

    lines, _ = arranged(FORM, URLENCODED, {"X-Signature": digest.hex()}, asking, Happening(book.kind, book.attributes, parent=2), happened)

    assert lines[0] == 'payload = {"type": "vote", "value": str(book.pk)}'


def test_hashes_are_those_of_the_standard_library() -> None:
    from unspan_inverter.plan.signing import ALGORITHMS

    assert hashlib.algorithms_guaranteed >= ALGORITHMS
