"""A response to be asserted, and its texts as they are in the test. What is asserted of it is in `answers`."""

import re
from dataclasses import dataclass

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan import documents, files, requests
from unspan_inverter.plan.bindings import Bindings, plain_key
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.expressions import Name

RESPONSE = Name("response")
REDIRECTS = (301, 302, 303, 307, 308)
TEXTS = ("text", "xml", "html", "javascript", "json")
OBJECTS = re.compile(r"<[\w.]+(?: object|:)|\b0x[0-9a-f]{6,}")
"""Objects as `repr` writes them: with keys, addresses, or in the order of a set."""
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


def location(answer: Answer) -> str:
    return canonical(answer.exchange.header("Location", of_response=True), answer)


def is_json(answer: Answer) -> bool:
    if not (answer.kind.endswith("/json") or answer.kind.endswith("+json")) or not answer.exchange.is_text:
        return False
    try:
        documents.document(answer.text)
    except ValueError:
        return False
    return True


def born_keys(answer: Answer) -> set[str]:
    return {plain_key(row.key.pk) for row in answer.facts.born}


def given(answer: Answer) -> str:
    """What the test itself hands in: the request, and the rows that were there."""
    rows = [str(value) for row in answer.facts.rows for value in row.values.values()]
    return "\n".join([answer.exchange.path, answer.exchange.query, answer.exchange.body.decode("utf-8", "replace"), *rows])
