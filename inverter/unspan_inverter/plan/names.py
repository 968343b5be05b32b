"""Names a developer would have given: of the class and the rows. Those of tests are in `titles`."""

import builtins
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from unspan_proto.project import Model, Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Key, Made
from unspan_inverter.facts.kinds import SECRETS

TAKEN = {
    "self",
    "cls",
    "request",
    "result",
    "context",
    "view",
    "response",
    "document",
    "client",
    "moment",
    "sent",
    "mock",
    "reverse",
    "session",
    "db",
    "rf",
    "mail",
    "json",
    "settings",
    "cache",
    "body",
    "digest",
    "payload",
    "timestamp",
    "caplog",
    "httpx_mock",
    "delay",
    "logs",
    "queue",
    "queued",
    "record",
}
BUILTINS = frozenset(dir(builtins))


def words(text: str) -> list[str]:
    """The words of an identifier or a phrase, in lower case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", spaced)]


def identifier(text: str, otherwise: str = "row") -> str:
    """`text` as a valid, short, free identifier in snake case."""
    made = "_".join(words(text))[:40].strip("_")
    if not made or made[0].isdigit():
        made = f"{otherwise}_{made}" if made else otherwise
    return made + "_" if keyword.iskeyword(made) or keyword.issoftkeyword(made) or made in TAKEN or made in BUILTINS else made


LONGEST: Final = 90
"""Characters of a test's name."""


def of_class(exchange: Exchange, route_name: str | None) -> str:
    """`todo-list` → `TodoListTests`."""
    source = (route_name or "").replace(":", " ") or exchange.view.rsplit(".", 1)[-1] or exchange.path
    made = "".join(word.capitalize() for word in words(source))[:60]
    if not made or made[0].isdigit():
        made = f"Request{made}"
    return made + "Tests"


def article(noun: str) -> str:
    """By the sound: a user, an upload."""
    return "an" if re.match(r"[aeio]|u(?!s|ni|rl|uid|tm)", noun) else "a"


def cut(name: str) -> str:
    made = re.sub(r"_+", "_", re.sub(r"[^a-z0-9_]", "_", name.lower()))
    return made[:LONGEST].rstrip("_")


def plural(noun: str) -> str:
    return (
        noun[:-1] + "ies"
        if noun.endswith("y") and noun[-2:-1] not in "aeiou"
        else noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
    )


def of_rows(rows: Mapping[Key, Mapping[str, Any]], project: Project, taken: Sequence[str] = ()) -> dict[Key, str]:
    """A variable for each row: the model's name for a single one, a telling word of its text where there are several.

    A row without known values is called after its model.
    """
    count: dict[str, int] = {}
    for key in rows:
        count[key.label] = count.get(key.label, 0) + 1
    found: dict[Key, str] = {}
    used = set(taken)
    numbers: dict[str, int] = {}
    for key, values in rows.items():
        model = project.model(key.label)
        noun = identifier(model.name if model else key.label)
        wished = noun if count[key.label] == 1 else telling(values, model, noun)
        name, number = wished, numbers.get(noun, 2)
        while name in used:
            name, number = f"{noun}_{number}", number + 1
        numbers[noun] = number
        used.add(name)
        found[key] = name
    return found


def telling(values: Mapping[str, Any], model: Model | None, noun: str) -> str:
    """A word from the row's first short text: the one after an article (“Give a talk” → `talk`), else the only or first long one."""
    for one in model.fields if model else ():
        value = values.get(one.attname)
        if (
            one.type in ("CharField", "SlugField")
            and type(value) is str
            and 0 < len(value) <= 200
            and not one.choices
            and one.name not in SECRETS
        ):
            found = word_of(value)
            if found:
                return identifier(found, noun)
    return noun


CODE = re.compile(r"(?=.*\d)[A-Z0-9_-]{6,}")
"""A number of another system's, with letters in it, which says nothing to a reader."""


def word_of(text: str) -> str | None:
    if CODE.fullmatch(text):
        return None
    if found := re.search(r"\b(?:a|an|the)\s+([A-Za-z]{2,20})\b", text, re.I):
        return found[1]
    some: list[str] = re.findall(r"[A-Za-z]+", text)
    if len(some) == 1 and len(some[0]) == 1:
        return None
    if len(some) == 1 or (some and len(text) <= 20 and len(some) <= 2):
        return "_".join(some)[:24]
    return next((word for word in some if 3 < len(word) <= 20), None)


def is_made(key: Key) -> bool:
    return isinstance(key.pk, Made)
