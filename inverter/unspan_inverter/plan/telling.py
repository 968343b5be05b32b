"""What tells a test from others of its name, in words: who asked, with which parameters, of what, and what there was."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from unspan_proto.project import Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.facts.kinds import SECRETS
from unspan_inverter.plan import documents, names
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.session import user_key

LONGEST = 30
"""Characters of a value that become part of a name."""
NONE = "without_a_query"


def told_apart(exchange: Exchange, facts: Facts, bindings: Bindings) -> tuple[tuple[str, str], ...]:
    """Kind → words, the most telling first; tests of one name take the first kind that all of them have in words of their own."""
    user = user_key(exchange, bindings)
    asked = dict(parse_qsl(exchange.query))
    arguments = {**{str(n): value for n, value in enumerate(exchange.arguments[0])}, **exchange.arguments[1]}
    return (
        *((f"query {name}", f"with_{words}") for name, words in spoken(asked)),
        ("query", f"with_{names.identifier(' and '.join(asked))}" if asked else NONE),
        *((f"body {name}", f"with_{words}") for name, words in spoken(body(exchange))),
        ("user", f"as_{bindings.names[user]}" if user else "as_a_stranger"),
        *((f"argument {name}", f"of_{names.identifier(value)}") for name, value in arguments.items() if isinstance(value, str) and names.words(value)),
        ("rows", with_rows(facts, bindings.project)),
    )  # fmt: skip


def spoken(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each parameter with its words: name and value, as an identifier."""
    for name, value in values.items():
        if isinstance(value, (str, int)) and not any(secret in name.lower() for secret in (*SECRETS, "csrf")):
            yield name, names.identifier(f"{name} {str(value)[:LONGEST]}")


def body(exchange: Exchange) -> dict[str, Any]:
    """The fields that were sent: of a form, or of an object in JSON."""
    if exchange.form is not None:
        return dict(exchange.form)
    try:
        found = documents.document(exchange.body.decode("utf-8", "replace")) if "json" in exchange.header("Content-Type") else None
    except ValueError:
        return {}
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else {}


def with_rows(facts: Facts, project: Project) -> str:
    """The kinds of rows that there were."""
    labels = [row.key.label for row in facts.rows]
    nouns = [(names.identifier(model.name), labels.count(label)) for label in dict.fromkeys(labels) if (model := project.model(label))]
    said = [names.plural(noun) if number > 1 else f"{names.article(noun)}_{noun}" for noun, number in nouns]
    return f"with_{'_and_'.join(said[:3])}" if said else "on_an_empty_database"
