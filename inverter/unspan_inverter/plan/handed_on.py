"""Tokens that a request of a journey answered and that a later one sends: in the test they are taken from the answer, for there they are others.

Only texts that look made by chance, that the test does not hand in itself, and that no replayed randomness makes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.plan import documents, tapes
from unspan_inverter.plan.acting import Acted, Recorded, mentions
from unspan_inverter.plan.answering import RANDOM, Answer, is_json
from unspan_inverter.plan.bindings import ANY
from unspan_inverter.plan.expressions import Assign, Attr, Check, Import, Item, Name, Statement, call, method, pieces
from unspan_inverter.plan.mails import OUTBOX
from unspan_inverter.plan.names import identifier

RESPONSE: Final = Name("response")
FOUND: Final = re.compile(r"[\w.:~-]{16,}")
"""What a token may look like in a request."""
MIXED: Final = re.compile(r"(?=[\w-]{20})[\w-]*?(?:[A-Za-z]+\d+){3}")
"""Letters and digits in turns, as signatures have them that are written in base 36."""
HANDED_IN: Final = ("arrange", "contexts", "act")
BEFORE: Final = re.compile(r"(?:/\w+)?[/=]$")
"""What stands before a token in a link, and tells it from others: `/confirm/`, `=`."""
KINDS: Final = ("[^/]+", "[A-Za-z0-9_-]+", "[A-Za-z0-9_:-]+", "[A-Za-z0-9_.:~-]+")


def handed_on(acts: Sequence[Acted], recorded: Sequence[Recorded]) -> list[Acted]:
    """The acts with a variable for each such token, bound after the act that answers it."""
    found, names = list(acts), dict[str, Name]()
    taken = {*acts[0].answer.bindings.names.values(), *(name.id for one in acts for name in one.tokens.values())}
    for at in range(len(recorded)):
        later = "\n".join(
            text
            for each in found[at + 1 :]
            for text in tapes.literals([getattr(each.plan, part) for part in HANDED_IN])
            if isinstance(text, str)
        )
        for token in tokens(later):
            where = None if token in names or known(token, acts, recorded[: at + 1]) else next(places(token, acts[at].answer), None)
            if where is not None:
                stem, expression = where
                taken = {*taken, *(name.id for name in names.values())}
                names[token] = Name(next(name for n in range(1, 1000) if (name := stem if n == 1 else f"{stem}_{n}") not in taken))
                found[at] = bound(found[at], token, names[token], expression)
                found[at + 1 :] = [spoken(each, {token: names[token]}) for each in found[at + 1 :]]
    return found


def sent(exchange: Exchange) -> str:
    """What a request says, as one text."""
    headers = [value for _, value in exchange.headers]
    return "\n".join([exchange.path, exchange.query, exchange.body.decode("utf-8", "replace"), *headers])


def tokens(text: str) -> list[str]:
    """The texts made by chance in it, the longest first."""
    return sorted({one for one in FOUND.findall(text) if RANDOM.search(one) or MIXED.search(one)}, key=lambda one: (-len(one), one))


def known(token: str, acts: Sequence[Acted], until: Sequence[Recorded]) -> bool:
    """Whether the test has it without an answer: a request sent it, a row had it, replayed randomness makes it."""
    rows = (str(bare(value)) for one in until[:1] for row in one.facts.rows for value in row.values.values())
    drawn = (form for one in acts for value in one.tokens for form in tapes.spellings(value))
    return any(token in text for text in (*(sent(one.exchange) for one in until), *rows)) or token in drawn


Place = tuple[str, Any]
"""What a token is called, and the expression that reads it."""


def places(token: str, answer: Answer) -> Iterator[Place]:
    """The places of what a request answered or mailed at which the token stands."""
    if answer.about_body and is_json(answer):
        yield from (
            (identifier(str(member.key), "token"), member)
            for text, member in members(documents.document(answer.text), method(RESPONSE, "json"))
            if text == token and isinstance(member, Item) and isinstance(member.key, str)
        )
    location = answer.exchange.header("Location", of_response=True)
    yield from searched(token, location, Item(Attr(RESPONSE, "headers"), "Location"))
    mails = answer.facts.mails
    for at, sent_mail in enumerate(mails):
        body = str(bare(sent_mail.message.get("body", "")))
        yield from searched(token, body, Attr(Item(OUTBOX, at - len(mails)), "body"))
    if answer.exchange.is_text and not answer.exchange.streaming:
        yield from searched(token, answer.exchange.text, method(Attr(RESPONSE, "content"), "decode"))


def members(document: Any, at: Any) -> Iterator[tuple[str, Any]]:
    """The texts in a document, each with the expression that reads it."""
    if isinstance(document, str):
        yield document, at
    elif isinstance(document, dict):
        for name, item in document.items():
            yield from members(item, Item(at, name))
    elif isinstance(document, list):
        for number, item in enumerate(document):
            yield from members(item, Item(at, number))


def searched(token: str, text: str, expression: Any) -> Iterator[Place]:
    """A search for it by what stands before it, where that finds it."""
    place = text.find(token)
    before = BEFORE.search(text[:place]) if place > 0 else None
    for kind in KINDS if before else ():
        pattern = f"{before[0]}({kind})" if before else ""
        match = re.search(pattern, text)
        if match is not None and match[1] == token:
            yield "token", Item(call(Attr(Import("re"), "search"), pattern, expression), 1)
            return


def bound(act: Acted, token: str, name: Name, where: Any) -> Acted:
    """The act with the token read from its answer, once the answer was looked at, and before an assertion that speaks of it."""
    asserts = [said(one, token, name) for one in act.plan.asserts]
    first = next((at for at, one in enumerate(asserts) if mentions(one, name)), len(asserts))
    return replace(act, plan=replace(act.plan, asserts=(*asserts[:first], Assign(name, where), *asserts[first:])))


def said(statement: Statement, token: str, name: Name) -> Statement:
    """An assertion that speaks of the token; of the answer itself it says nothing more."""
    of_answer = isinstance(statement, Check) and any(part == RESPONSE for part in pieces(statement.args[:1]))
    told: Mapping[Any, Any] = {token: ANY if of_answer else name}
    return tapes.speaking(statement, dict(told))


def spoken(act: Acted, names: Mapping[Any, Name]) -> Acted:
    """The act with the variables in the place of the tokens."""
    plan = act.plan
    changed = {part: tapes.speaking(getattr(plan, part), dict(names)) for part in ("arrange", "contexts", "act", "asserts")}
    return replace(act, plan=replace(plan, **changed))
