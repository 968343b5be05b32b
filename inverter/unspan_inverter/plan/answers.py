"""Assertions on the response: one function per aspect, all in the registry `ANSWERS`."""

from collections.abc import Callable, Iterator, Mapping
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from unspan_inverter.plan import documents, headers, requests, spoken, unordered
from unspan_inverter.plan.answering import OBJECTS, REDIRECTS, RESPONSE, Answer, born_keys, is_json, location
from unspan_inverter.plan.bindings import ANY, answered_document, literals, plain_key
from unspan_inverter.plan.contents import whole
from unspan_inverter.plan.expressions import Attr, Check, Item, Name, Statement, call, method
from unspan_inverter.plan.mails import mail
from unspan_inverter.plan.shown import is_page, page

WITH_OBJECTS = ("django.db.models.deletion.ProtectedError", "django.db.models.deletion.RestrictedError")
"""Exceptions whose text lists objects after the message."""


def status(answer: Answer) -> Iterator[Statement]:
    if answer.exchange.status not in REDIRECTS or not location(answer):
        yield Check("equal", (Attr(RESPONSE, "status_code"), answer.exchange.status))
    usual = responses.get(answer.exchange.status, "Unknown Status Code")
    if answer.exchange.reason not in ("", usual):
        yield Check("equal", (Attr(RESPONSE, "reason_phrase"), answer.exchange.reason))


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


def other_body(answer: Answer) -> Iterator[Statement]:
    if answer.about_body and not is_page(answer) and not is_json(answer):
        yield from whole(answer)


ANSWERS: Mapping[str, Callable[[Answer], Iterator[Statement]]] = {
    "status": status, "redirect": redirect, "exception": failure, "headers": headers.said, "cookies": headers.cookies, "messages": headers.told,
    "json": document, "html": page, "body": other_body, "mail": mail,
}  # fmt: skip
"""Every assertion on the response by its kind, in the order in which they are written."""
