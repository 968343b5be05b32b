"""Assertions on a body as it is: a text, what is in an archive, the beginning of anything else."""

import re
from collections.abc import Iterator
from typing import Any

from unspan_inverter.plan import archives, spoken
from unspan_inverter.plan.answering import RESPONSE, TEXTS, Answer, canonical
from unspan_inverter.plan.expressions import Attr, Check, Item, Statement, call, method

MOST_TEXT = 6000


def whole(answer: Answer) -> Iterator[Statement]:
    """The body as it is, where it is short; else how it begins. Whole chunks are joined: an asynchronous stream has no `getvalue` that works."""
    if not answer.exchange.response_body and not answer.exchange.streaming:
        yield Check("equal", (Attr(RESPONSE, "content"), b""))
        return
    content = call(Attr(b"", "join"), RESPONSE) if answer.exchange.streaming else method(RESPONSE, "getvalue")
    body = answer.exchange.response_body or b""
    text = answer.text
    if answer.exchange.is_text and any(kind in answer.kind for kind in TEXTS):
        answer.bindings.keep([text[:MOST_TEXT]])
        decoded = call(
            Attr(content, "decode"),
            *([answer.exchange.charset] if answer.exchange.charset.lower() not in ("utf-8", "utf8") else []),
        )
        if len(text) <= MOST_TEXT:
            yield Check("equal", (decoded, spoken.bound(text, answer.bindings)))
        else:
            yield Check("equal", (Item(decoded, slice(0, 1000)), text[:1000]))
    elif (found := archives.members(body)) is not None:
        yield from archives.asserted(content, found, lambda member: member_text(member, answer))
    elif body.startswith(archives.GZIP):  # the time of its packing comes next
        yield Check("equal", (Item(content, slice(0, 4)), body[:4]))
    elif len(body) <= 64:
        yield Check("equal", (content, body))
    else:
        yield Check("equal", (Item(content, slice(0, 16)), body[:16]))


def member_text(text: str, answer: Answer) -> Any | None:
    """What the text of an archive's member is in the test."""
    found = canonical(text, answer)
    if re.search(r"\d{1,2}:\d{2}", found) and answer.clock.moment is None:
        return None
    answer.bindings.keep([found])
    return spoken.bound(found, answer.bindings)
