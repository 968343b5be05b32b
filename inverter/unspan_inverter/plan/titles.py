"""The name of a test: what happens, as a sentence."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import unescape

from unspan_proto.project import Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.facts.ledger import SESSIONS
from unspan_inverter.plan import documents, routes, tapes
from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.names import article, cut, identifier, plural, words

GERUNDS = {
    "add": "adding", "archive": "archiving", "cancel": "cancelling", "close": "closing", "complete": "completing", "copy": "copying",
    "create": "creating", "delete": "deleting", "edit": "editing", "import": "importing", "mark": "marking", "move": "moving", "new": "creating",
    "open": "opening", "post": "posting", "publish": "publishing", "register": "registering", "remove": "removing", "rename": "renaming",
    "save": "saving", "send": "sending", "set": "setting", "share": "sharing", "submit": "submitting", "toggle": "toggling", "update": "updating",
    "upload": "uploading", "vote": "voting", "accept": "accepting", "activate": "activating", "approve": "approving", "assign": "assigning", "attach": "attaching",
    "ban": "banning", "block": "blocking", "book": "booking", "buy": "buying", "charge": "charging", "claim": "claiming", "clear": "clearing",
    "confirm": "confirming", "deactivate": "deactivating", "decline": "declining", "disable": "disabling", "duplicate": "duplicating", "enable": "enabling",
    "export": "exporting", "finish": "finishing", "follow": "following", "hide": "hiding", "invite": "inviting", "join": "joining", "leave": "leaving",
    "like": "liking", "lock": "locking", "merge": "merging", "pay": "paying", "pin": "pinning", "rate": "rating", "reject": "rejecting",
    "reopen": "reopening", "reset": "resetting", "resolve": "resolving", "restore": "restoring", "retry": "retrying", "schedule": "scheduling",
    "start": "starting", "stop": "stopping", "subscribe": "subscribing", "transfer": "transferring", "unfollow": "unfollowing", "unlock": "unlocking",
    "unpublish": "unpublishing", "unsubscribe": "unsubscribing", "verify": "verifying", "withdraw": "withdrawing",
}  # fmt: skip
"""Verbs that routes are named after, and how a test speaks of them."""
BY_THEMSELVES = {"login": "logging_in", "logout": "logging_out", "signin": "signing_in", "signout": "signing_out", "signup": "signing_up", "log_in": "logging_in", "log_out": "logging_out", "sign_in": "signing_in", "sign_out": "signing_out", "sign_up": "signing_up"}  # fmt: skip
"""Names of routes that say all that is done."""
SAFE = ("GET", "HEAD", "OPTIONS")
OUTCOMES = {
    400: "is_refused_as_invalid",
    401: "is_unauthorized",
    403: "is_forbidden",
    404: "is_not_found",
    405: "is_not_allowed",
    409: "conflicts",
    415: "is_an_unsupported_type",
    500: "fails",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a request came to, in words. `shown`: the model whose rows the answer shows; `target`: where it redirects; `effect`: what it did to the
    database; `form`: whether a page with a form was the answer."""

    shown: str | None = None
    target: str | None = None
    effect: str | None = None
    form: bool = False


def of_test(answer: Answer, route: str | None) -> str:
    """`test_completing_a_todo_redirects_to_the_list`."""
    exchange, project = answer.exchange, answer.bindings.project
    spoken = [*words(route or ""), *words(exchange.path), *words(exchange.view)]
    told = Told(shown(answer, spoken), target(exchange, project), effect(answer.facts, project, spoken), "<form" in exchange.text)
    return title(exchange, route, models(answer.facts, project), told)


def title(exchange: Exchange, route: str | None, models: Sequence[str], told: Told) -> str:
    """`models`: names of the models of the rows that the route may speak of."""
    subject = words((route or "").rsplit(":", 1)[-1] or exchange.view.rsplit(".", 1)[-1] or "the page") or ["page"]
    subject = subject[:-1] if len(subject) > 1 and subject[-1] == "view" else subject
    mine = next((name.lower() for name in models if name.lower() in subject or name.lower() + "s" in subject), None)
    rest = [word for word in subject if word not in (mine, f"{mine}s")] or subject
    unsafe = exchange.method not in SAFE
    done = told.effect if unsafe and told.effect and 200 <= exchange.status < 300 else None
    if unsafe and "_".join(subject) in BY_THEMSELVES:
        return cut(f"test_{BY_THEMSELVES['_'.join(subject)]}_{done or outcome(exchange, told)}")
    if unsafe and rest[0] in GERUNDS:
        noun = mine or "_".join(rest[1:])
        what = "_".join([GERUNDS[rest[0]], *([article(noun), noun] if noun else [])])
        return cut(f"test_{what}_{outcome(exchange, told) if noun else done or outcome(exchange, told)}")
    what = "_".join(([exchange.method.lower()] if unsafe else []) + rest)
    return cut(f"test_{what}_{done or outcome(exchange, told)}")


def outcome(exchange: Exchange, told: Told) -> str:
    if 300 <= exchange.status < 400:
        return f"redirects_to_the_{told.target}" if told.target else "redirects"
    if exchange.csrf_refused:
        return "is_refused_without_a_csrf_token"
    if exchange.status in OUTCOMES:
        return OUTCOMES[exchange.status]
    if exchange.status == 200 and exchange.method not in SAFE and told.form and not told.effect:
        return "shows_the_form_again"
    if told.shown and exchange.status == 200 and exchange.method in ("GET", "HEAD"):
        return f"shows_the_{told.shown}"
    return {200: "succeeds", 201: "is_created", 202: "is_accepted", 204: "leaves_nothing_to_say"}.get(
        exchange.status, f"answers_{exchange.status}"
    )


def models(facts: Facts, project: Project) -> list[str]:
    keys = [row.key.label for row in facts.rows] + [row.label for row in facts.born] + [model.label for model in project.models]
    return [model.name for label in dict.fromkeys(keys) if (model := project.model(label)) and not model.auto_created]


def shown(answer: Answer, spoken: Sequence[str]) -> str | None:
    """The model whose rows the answer shows most, of several the one that the request speaks of; in the plural where it shows several."""
    text, project = said(answer.exchange), answer.bindings.project
    count: dict[str, int] = {}
    for row in answer.facts.rows:
        if any(isinstance(value, str) and len(value) > 2 and value in text for value in row.values.values()):
            count[row.key.label] = count.get(row.key.label, 0) + 1
    named = {label: model.name for label in count if (model := project.model(label))}
    best = max(named, key=lambda label: (spoken_of(named[label], spoken), count[label]), default=None)
    model = project.model(best) if best else None
    return None if model is None or best is None else plural(identifier(model.name)) if count[best] > 1 else identifier(model.name)


def said(exchange: Exchange) -> str:
    """The answer as a reader sees it, without the escapes of HTML and JSON."""
    text = exchange.text
    if "json" in exchange.header("Content-Type", of_response=True):
        with suppress(ValueError):
            return "\n".join(one for one in tapes.literals(documents.document(text)) if isinstance(one, str))
    return unescape(text) if "html" in exchange.header("Content-Type", of_response=True) else text


def effect(facts: Facts, project: Project, spoken: Sequence[str]) -> str | None:
    """What became of the rows: of the model that the request speaks of, else of the first that was touched."""
    touched = [
        *(("deletes", row.key.label) for row in facts.gone),
        *(("creates", row.label) for row in facts.born),
        *(("changes", row.key.label) for row in facts.changed),
    ]
    known = [
        (verb, model.name)
        for verb, label in touched
        if (model := project.model(label)) and not model.auto_created and label.lower() != SESSIONS
    ]
    verb, name = max(known, key=lambda one: spoken_of(one[1], spoken), default=("", ""))
    noun = identifier(name)
    said = plural(noun) if known.count((verb, name)) > 1 else f"{article(noun)}_{noun}"
    return f"{verb}_{said}" if verb else None


def spoken_of(model: str, spoken: Sequence[str]) -> bool:
    return identifier(model) in spoken or plural(identifier(model)) in spoken


def target(exchange: Exchange, project: Project) -> str | None:
    """How a test speaks of the page it is redirected to."""
    place = exchange.header("Location", of_response=True).partition("?")[0]
    found = routes.resolved(place, project) if place.startswith("/") else None
    if found is None or not found[0].name:
        return None
    some = words(found[0].name.rsplit(":", 1)[-1])
    labels = {model.name.lower() for model in project.models}
    return "_".join([word for word in some if word not in labels] or some)
