"""What of a recorded request's body a test can expect again: no boundary of a form, no token that nobody knows where it came from."""

import re
from collections.abc import Iterable
from typing import Any, Final

from unspan_proto.values import bare

from unspan_inverter.events import HttpAnswered
from unspan_inverter.facts.kinds import plain_key
from unspan_inverter.plan.answering import Answer, canonical
from unspan_inverter.plan.answers import unknown_keys
from unspan_inverter.plan.bindings import TOKEN, bound_document, literals
from unspan_inverter.plan.documents import document
from unspan_inverter.plan.services.kinds import Payload

LONGEST: Final = 4_000
"""Bytes of a body beyond which a test compares nothing of it."""
OPAQUE: Final = re.compile(r"[A-Za-z0-9_\-+=/.]{24,}")
STAMP: Final = re.compile(r"(?<!\d)1\d{9}(?:\d{3})?(?!\d)")
"""Seconds or milliseconds since 1970."""


def payload(one: HttpAnswered, answer: Answer, known: str) -> Payload | None:
    """The body of a request as the test expects it. `known`: all that the request itself was given, as one text."""
    if not one.body or len(one.body) > LONGEST or not one.body_whole:
        return None
    kind = next((value for name, value in one.headers if name.lower() == "content-type"), "").split(";")[0].strip().lower()
    try:
        text = canonical(one.body.decode(), answer)
    except UnicodeDecodeError:
        return None if unexplained(one.body.hex(), known) else Payload("bytes", one.body)
    if kind.startswith("multipart/") or unexplained(text, known) or "\r" in text:
        return None
    if kind.endswith(("/json", "+json")):
        return document_of(text, answer)
    if speaks_of_new_rows(text, answer):
        return None
    answer.bindings.keep([text])
    return Payload("text", text)


def document_of(text: str, answer: Answer) -> Payload | None:
    try:
        found = document(text)
    except ValueError:
        return None
    bound = unknown_keys(bound_document(found, answer.bindings, answer.facts.keys_seen), answer)
    answer.bindings.keep(literals(bound))
    return Payload("json", bound)


def speaks_of_new_rows(text: str, answer: Answer) -> bool:
    """Whether a key may stand in it that the database gave."""
    made = {plain_key(row.key.pk) for row in answer.facts.born}
    return any(plain_key(token) in made for token in TOKEN.findall(text))


def unexplained(text: str, known: str) -> bool:
    """Whether it holds what a test may not expect again: a token or a moment that comes from nowhere that was recorded."""
    return any(found not in known for pattern in (OPAQUE, STAMP) for found in pattern.findall(text))


def known_texts(answer: Answer, tokens: Iterable[str]) -> str:
    """All that the request was given: what came in, rows, tokens that the test hands out, answers to its own requests, times that are held."""
    facts, exchange, clock = answer.facts, answer.exchange, answer.clock
    rows = [str(bare(value)) for row in (*facts.rows, *facts.born) for value in row.values.values()]
    answers = [(one.response_body or b"").decode("utf-8", "replace") + str(one.response_headers) for one in facts.services]
    times: list[Any] = [str(int(clock.at.timestamp()))] if clock.moment is not None else []
    asked = [exchange.path, exchange.query, str(exchange.headers), exchange.body.decode("utf-8", "replace"), str(exchange.session)]
    settings = [str(value) for value in answer.bindings.project.settings.values()]
    return "\n".join([*asked, *rows, *answers, *tokens, *times, *settings])
