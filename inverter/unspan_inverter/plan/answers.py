"""Assertions on the response: one function per aspect, all in the registry `ANSWERS`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import unescape
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts, Made
from unspan_inverter.plan import archives, documents, files, headers, messages, requests, spoken, unordered
from unspan_inverter.plan.bindings import ANY, TOKEN, Bindings, answered_document, literals, plain_key
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.expressions import Attr, Check, Import, Item, Name, Statement, call, method

RESPONSE = Name("response")
REDIRECTS = (301, 302, 303, 307, 308)
MOST_PIECES, FEW_PIECES = 8, 5
"""Texts by which a page is recognised: those of its rows, or where it shows one at most, others too."""
MOST_TOLD = 4
NOTICE = re.compile(
    r"""(?is)<(\w+)\b[^<>]*?\bclass=["'][^"'<>]*?(?:error|invalid-feedback|alert|message)[^"'<>]*["'][^<>]*>(.{1,2000}?)</\1\s*>"""
)
"""An element of an error list, of a form's feedback, or of Django's messages, as the usual templates write them."""
OLD = "(an old message)"
MOST_TEXT = 6000
TEXTS = ("text", "xml", "html", "javascript", "json")
OBJECTS = re.compile(r"<[\w.]+(?: object|:)|\b0x[0-9a-f]{6,}")
"""Objects as `repr` writes them: with keys, addresses, or in the order of a set."""
WITH_OBJECTS = ("django.db.models.deletion.ProtectedError", "django.db.models.deletion.RestrictedError")
"""Exceptions whose text lists objects after the message."""
RANDOM = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{20,}|[0-9a-f]{24,}")
"""Texts that look made by chance: tokens, nonces, signatures."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to be asserted, with what it is compared against."""

    exchange: Exchange
    facts: Facts
    bindings: Bindings
    clock: Clock

    @property
    def kind(self) -> str:
        """Media type of the body."""
        return self.exchange.header("Content-Type", of_response=True).split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as it will be in the test: its host the test's, its clock standing."""
        return files.as_saved(canonical(self.exchange.text, self), self.facts)

    @property
    def about_body(self) -> bool:
        """Whether there is a body that the view made on purpose: not a redirect, not Django's own error page."""
        x = self.exchange
        body = x.response_body is not None and x.response_whole and x.method != "HEAD"
        return body and x.status not in (204, 304, *REDIRECTS) and not self.of_django

    @property
    def of_django(self) -> bool:
        """Whether Django itself wrote the page: its error pages differ between development and tests."""
        x = self.exchange
        if x.status < 400 or ("html" not in self.kind and not self.told_in_development):
            return False
        if x.failures is None or not x.answered_by:
            return x.exception is not None or x.csrf_refused or not x.view
        return x.answered_by.startswith("django.") or bool(x.failures and x.failures[-1].status == x.status)

    @property
    def told_in_development(self) -> bool:
        """Whether it is what Django tells in development of a failure to a client that takes no page."""
        return self.exchange.failed is not None and self.kind == "text/plain"


def canonical(text: str, answer: Answer) -> str:
    """A recorded text with the recorded host and times replaced by those of the test."""
    exchange = answer.exchange
    host = exchange.header("Host") or exchange.host
    if host and not requests.own_host(exchange, answer.bindings.project):
        text = re.sub(rf"(https?:)?//{re.escape(host)}(?![\w.:-])", lambda m: f"{m[1] or ''}//testserver", text)
        if host[-1:].isdecimal() and ":" in host:  # with a port it is hardly anything else
            text = re.sub(rf"(?<![\w.:-]){re.escape(host)}(?![\w.:-])", "testserver", text)
    return answer.clock.text(text)


def status(answer: Answer) -> Iterator[Statement]:
    if answer.exchange.status not in REDIRECTS or not location(answer):
        yield Check("equal", (Attr(RESPONSE, "status_code"), answer.exchange.status))
    usual = responses.get(answer.exchange.status, "Unknown Status Code")
    if answer.exchange.reason not in ("", usual):
        yield Check("equal", (Attr(RESPONSE, "reason_phrase"), answer.exchange.reason))


def location(answer: Answer) -> str:
    return canonical(answer.exchange.header("Location", of_response=True), answer)


def redirect(answer: Answer) -> Iterator[Statement]:
    target = location(answer)
    if answer.exchange.status not in REDIRECTS or not target:
        return
    if not of_this_site(target):
        answer.bindings.keep([target])
        yield Check("equal", (Attr(RESPONSE, "status_code"), answer.exchange.status))
        yield Check("equal", (Item(Attr(RESPONSE, "headers"), "Location"), spoken.bound(target, answer.bindings)))
        return
    kwargs: list[tuple[str, Any]] = [("status_code", answer.exchange.status)] if answer.exchange.status != 302 else []
    made = requests.reversed_or_text(target, answer.exchange, answer.bindings, answer.bindings.project)
    yield Check("redirects", (RESPONSE, made), (*kwargs, ("fetch_redirect_response", False)))


def of_this_site(target: str) -> bool:
    """Whether it is a path without a host; `assertRedirects` takes no other."""
    try:
        split = urlsplit(target)
    except ValueError:
        return False
    return target.startswith("/") and not split.scheme and not split.netloc


def failure(answer: Answer) -> Iterator[Statement]:
    """A view that raised: what it raised, which the client keeps when it does not raise it again."""
    if (failed := answer.exchange.failed) is not None:
        name, message = failed
        yield Check("equal", (Attr(Item(Attr(RESPONSE, "exc_info"), 0), "__name__"), name.rsplit(".", 1)[-1]))
        if message and len(message) < 200 and not OBJECTS.search(message):
            said, expected = call(Name("str"), Item(Attr(RESPONSE, "exc_info"), 1)), spoken.bound(message, answer.bindings)
            yield Check("in", (expected, said)) if name in WITH_OBJECTS else Check("equal", (said, expected))


def document(answer: Answer) -> Iterator[Statement]:
    """A JSON body, whole."""
    return documented(answer, method(RESPONSE, "json"))


def documented(answer: Answer, answered: Any) -> Iterator[Statement]:
    """The same of a body that `answered` parses."""
    if not answer.about_body or not is_json(answer):
        return
    found = documents.document(answer.text)
    bound = unknown_keys(answered_document(found, answer.bindings, answer.facts.keys_seen), answer)
    bound = spoken.bound_throughout(bound, answer.bindings)
    answer.bindings.keep(literals(bound))
    yield from unordered.compared(found, bound, answer.facts.loose, answered)


def is_json(answer: Answer) -> bool:
    if not (answer.kind.endswith("/json") or answer.kind.endswith("+json")) or not answer.exchange.is_text:
        return False
    try:
        documents.document(answer.text)
    except ValueError:
        return False
    return True


def unknown_keys(document: Any, answer: Answer, name: str = "") -> Any:
    """The automatic key of a row that the request made, where it is not certain whose it is: any value will do."""
    if isinstance(document, dict):
        return {
            key: ANY if answer.bindings.habits.ignores_member(str(key)) else unknown_keys(item, answer, key)
            for key, item in document.items()
        }
    if isinstance(document, list):
        return [unknown_keys(item, answer, name) for item in document]
    keylike = name.lower() in ("id", "pk") or name.lower().endswith(("_id", "_pk"))
    if keylike and isinstance(document, (int, str)) and not isinstance(document, bool) and plain_key(document) in born_keys(answer):
        return ANY
    return document


def born_keys(answer: Answer) -> set[str]:
    return {plain_key(row.key.pk) for row in answer.facts.born}


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


def given(answer: Answer) -> str:
    """What the test itself hands in: the request, and the rows that were there."""
    rows = [str(value) for row in answer.facts.rows for value in row.values.values()]
    return "\n".join([answer.exchange.path, answer.exchange.query, answer.exchange.body.decode("utf-8", "replace"), *rows])


def row_texts(facts: Facts) -> set[str]:
    rows: list[Mapping[str, Any]] = (
        [row.values for row in facts.rows] + [row.values for row in facts.born] + [row.after for row in facts.changed]
    )
    return {value for row in rows for item in row.values() if isinstance(value := bare(item), str) and 2 < len(value) <= 160}


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


def other_body(answer: Answer) -> Iterator[Statement]:
    if answer.about_body and not is_page(answer) and not is_json(answer):
        yield from whole(answer)


def mail(answer: Answer) -> Iterator[Statement]:
    """Messages sent, by subject and recipients."""
    if not answer.facts.mails:
        return
    box = Attr(Import("django.core", "mail"), "outbox")
    subjects = [str(bare(sent.message.get("subject", ""))) for sent in answer.facts.mails]
    recipients = [[str(bare(to)) for to in sent.message.get("to", [])] for sent in answer.facts.mails]
    yield Check(
        "equal each",
        ("subject", box, [spoken.bound(canonical(subject, answer), answer.bindings) for subject in subjects]),
    )
    yield Check("equal each", ("to", box, recipients))


ANSWERS: Mapping[str, Callable[[Answer], Iterator[Statement]]] = {
    "status": status, "redirect": redirect, "exception": failure, "headers": headers.said, "cookies": headers.cookies, "messages": headers.told,
    "json": document, "html": page, "body": other_body, "mail": mail,
}  # fmt: skip
"""Every assertion on the response by its kind, in the order in which they are written."""
