"""Assertions on the messages that were sent: subjects, recipients, and what they say where that is the same each time."""

from collections.abc import Iterator
from typing import Any, Final

from unspan_proto.values import bare

from unspan_inverter.plan import spoken
from unspan_inverter.plan.answering import Answer, canonical
from unspan_inverter.plan.bindings import TOKEN
from unspan_inverter.plan.expressions import Attr, Check, Format, Import, Statement
from unspan_inverter.plan.steadiness import steady

OUTBOX: Final = Attr(Import("django.core", "mail"), "outbox")
LONGEST: Final = 600
"""Characters of a body that has a place in a test."""


def mail(answer: Answer) -> Iterator[Statement]:
    mails = answer.facts.mails
    if not mails:
        return
    subjects = [str(bare(sent.message.get("subject", ""))) for sent in mails]
    recipients = [[str(bare(to)) for to in sent.message.get("to", [])] for sent in mails]
    yield Check("equal each", ("subject", OUTBOX, [spoken.bound(canonical(subject, answer), answer.bindings) for subject in subjects]))
    yield Check("equal each", ("to", OUTBOX, recipients))
    bodies = [body(bare(sent.message.get("body", "")), answer) for sent in mails]
    if None not in bodies and any(bodies):
        yield Check("equal each", ("body", OUTBOX, bodies))


def body(said: Any, answer: Answer) -> Any | None:
    """What a message says in the test; None where that is long, another each time, or names the key of a row."""
    if not isinstance(said, str) or len(said) > LONGEST:
        return None
    found = spoken.bound(canonical(said, answer), answer.bindings)
    left = "".join(part for part in (found.parts if isinstance(found, Format) else [found]) if isinstance(part, str))
    numbered = any(answer.bindings.candidates(token) for token in TOKEN.findall(left))
    return found if steady(left, answer) and not numbered else None
