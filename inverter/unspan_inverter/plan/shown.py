"""Assertions on a page: the texts by which it is recognised, those of its rows and what it tells the user."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from html import unescape
from typing import Any

from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts, Made
from unspan_inverter.plan import messages, unordered
from unspan_inverter.plan.answering import RESPONSE, Answer
from unspan_inverter.plan.bindings import TOKEN, plain_key
from unspan_inverter.plan.contents import whole
from unspan_inverter.plan.expressions import Check, Statement

MOST_PIECES, FEW_PIECES = 8, 5
"""Texts by which a page is recognised: those of its rows, or where it shows one at most, others too."""
MOST_TOLD = 4
NOTICE = re.compile(
    r"""(?is)<(\w+)\b[^<>]*?\bclass=["'][^"'<>]*?(?:error|invalid-feedback|alert|message)[^"'<>]*["'][^<>]*>(.{1,2000}?)</\1\s*>"""
)
"""An element of an error list, of a form's feedback, or of Django's messages, as the usual templates write them."""
OLD = "(an old message)"


def page(answer: Answer) -> Iterator[Statement]:
    """An HTML page, by what it shows: the rows' texts, and where there are hardly any, the other texts."""
    if not answer.about_body or not is_page(answer):
        return
    kwargs: tuple[tuple[str, Any], ...] = (("status_code", answer.exchange.status),) if answer.exchange.status != 200 else ()
    pieces = shown(answer)
    for piece in pieces:
        yield Check("contains", (RESPONSE, piece), kwargs)
    if not pieces:
        yield from whole(answer)


def is_page(answer: Answer) -> bool:
    """Whether it can be asserted by its texts: `assertContains` decodes the whole of it."""
    return "html" in answer.kind and answer.exchange.is_text


def shown(answer: Answer) -> list[str]:
    """The pieces of text that the page is recognised by, at most MOST_PIECES."""
    nodes = [node for node in own_nodes(answer) if steady(node, answer)]
    values = row_texts(answer.facts)
    told = [node for node in nodes if node in told_to_the_user(answer.text)][:MOST_TOLD]
    data = [node for node in nodes if node not in told and any(value in unescape(node) for value in values)]
    rest = [node for node in nodes if node not in (*told, *data) and re.search(r"\w", node)]
    return told + data[:MOST_PIECES] if len(data) > 1 else (told + data + rest)[:FEW_PIECES]


def without(old: Sequence[str], html: str) -> str:
    """The page with a mark in the place of each message of an earlier request that holds markup: its pieces may stand elsewhere too."""
    for text in old:
        html = html.replace(text, OLD)
    return html


def own_nodes(answer: Answer) -> list[str]:
    """The texts of a page that are no message of an earlier request, nor stand beside one: they may be there for its sake. Where there are no others, they are not."""
    old = messages.waiting(answer.exchange)
    said = list(text_nodes(without([text for text in old if "<" in text], answer.text)))
    places = {at for at, node in enumerate(said) if OLD in node or unescape(node) in old}
    around = {at + step for at in places for step in (-1, 0, 1)}
    apart = list(dict.fromkeys(node for at, node in enumerate(said) if at not in around))
    return apart or list(dict.fromkeys(node for at, node in enumerate(said) if at not in places))


def told_to_the_user(html: str) -> frozenset[str]:
    """The texts in elements whose class says that they are errors or messages: what an invalid form comes back for."""
    return frozenset(node for found in NOTICE.finditer(html) for node in text_nodes(found[2]))


def text_nodes(html: str) -> Iterator[str]:
    """The raw texts between tags, one line each, scripts, styles and comments left out."""
    bare_html = re.sub(r"(?is)<!--.*?-->|<(script|style|template|noscript)\b.*?</\1\s*>", "<x>", html)
    for node in re.split(r"<[^>]*>", bare_html):
        line = max((part.strip() for part in node.splitlines()), key=len, default="")
        if 1 < len(line) <= 160:
            yield line


def steady(node: str, answer: Answer) -> bool:
    """Whether a text will be the same in the test: it names no automatic key and no time of day, nor rows in an order of the database's."""
    if re.search(r"\d{1,2}:\d{2}|\b(ago|now|today|yesterday|seconds?|minutes?)\b|\bms\b", node, re.I) or not node.isprintable():
        return False
    if any(unordered.shows_several(unescape(node), one) for one in answer.facts.loose):
        return False
    keys = {
        plain_key(key.pk) for key in answer.bindings.names if not isinstance(key.pk, Made) and key.label not in answer.bindings.explicit
    }
    return not any(plain_key(token) in keys for token in TOKEN.findall(node))


def today(exchange: Exchange) -> list[str]:
    """The day of the recording as pages write it: what was saved during it will be saved on another day in the test."""
    day = datetime.fromtimestamp(exchange.began / 1e9, timezone.utc)
    return [
        day.strftime(form)
        for form in ("%Y-%m-%d", "%b. %-d, %Y", "%b %-d, %Y", "%B %-d, %Y", "%-d %b %Y", "%-d %B %Y", "%d/%m/%Y", "%m/%d/%Y")
    ]


def row_texts(facts: Facts) -> set[str]:
    rows: list[Mapping[str, Any]] = (
        [row.values for row in facts.rows] + [row.values for row in facts.born] + [row.after for row in facts.changed]
    )
    return {value for row in rows for item in row.values() if isinstance(value := bare(item), str) and 2 < len(value) <= 160}
