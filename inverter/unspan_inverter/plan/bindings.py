"""Which row a number in the request or the answer means: object instead of id wherever that is certain.

A row whose key appears where its meaning is not certain keeps its recorded key (`explicit`).
"""

import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unspan_proto.project import Field, Project
from unspan_proto.values import bare

from unspan_inverter.facts import Facts, Key, Made
from unspan_inverter.facts.kinds import plain_key
from unspan_inverter.facts.parents import elsewhere, target
from unspan_inverter.plan.expressions import Attr, Call, Import, Name
from unspan_inverter.plan.habits import NONE, Habits
from unspan_inverter.plan.packed import unpacked

ANY = Attr(Import("unittest", "mock"), "ANY")
TOKEN = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?<!\w)[0-9a-f]{32}(?!\w)|(?<![\w.])\d+(?![\w.]*\w)")


@dataclass(slots=True)
class Bindings:
    """The rows of a plan: the variable of each, whether its key is written out, and who refers to it."""

    project: Project
    facts: Facts
    names: dict[Key, str] = field(default_factory=dict[Key, str])
    explicit: set[str] = field(default_factory=set[str])
    """Labels of models whose rows are created with their recorded keys."""
    used: set[Key] = field(default_factory=set[Key])
    unfetched: set[Key] = field(default_factory=set[Key])
    """New rows that the test has no object for: it cannot tell them apart from others, or only counts them."""
    hints: frozenset[str] = frozenset()
    """Words of the route and the path: the model that a bare `pk` belongs to is mostly among them."""
    habits: Habits = NONE
    asked: frozenset[Key] = frozenset()
    """Rows that the project's code asked for by their primary key, and by nothing else."""
    addressed: set[Key] = field(default_factory=set[Key])
    """Rows that the request's address names."""
    learned: dict[str, str] = field(default_factory=dict[str, str])
    """Names of members of documents, in lower case, that meant a row: the label of its model. They mean the same wherever they stand again."""
    told: dict[str, list[Key]] = field(init=False, default_factory=dict[str, list[Key]])
    """The rows with a variable, in the order they were met, by how their keys read."""
    number: Counter[str] = field(init=False, default_factory=Counter[str])
    """How many rows of each label have a variable."""

    def __post_init__(self) -> None:
        self.number.update(key.label for key in self.names)
        for key in self.names:
            if not isinstance(key.pk, Made):
                self.told.setdefault(plain_key(key.pk), []).append(key)

    def row(self, key: Key) -> Name:
        """The variable that holds a row; of a parent's row, the child that it is one with."""
        key = self.one(key)
        self.used.add(key)
        return Name(self.names[key], row=True)

    def one(self, key: Key) -> Key:
        return self.facts.inherited.get(key, key)

    def pk(self, key: Key) -> Attr:
        return Attr(self.row(key), "pk")

    def pointed(self, one: Field, value: Any, database: str) -> Key | None:
        """The row with a variable that a foreign key's value points to, from a row of this database."""
        key = target(one, value, self.project, database) if one.related else None
        found = elsewhere(key, self.names, self.project) if key is not None else None
        return found if found in self.names and found not in self.unfetched else None

    def candidates(self, value: Any) -> list[Key]:
        """Rows with a variable whose key reads like `value`, in the order they were met."""
        found = self.told.get(plain_key(value), [])
        return [key for key in found if key not in self.unfetched] if self.unfetched else found

    def meant(self, name: str, value: Any, beside: Collection[str] = ()) -> Key | None:
        """The row that a parameter called `name` with this value certainly means. `beside`: what else the address says; a slug, mostly of the same row."""
        found = self.candidates(value)
        named = [key for key in found if self.suits(name, key.label)]
        if named:
            return named[0]
        if isinstance(value, uuid.UUID) or (isinstance(value, str) and len(value) >= 32):
            return found[0] if found else None
        if bare_name(name) not in ("", "id", "pk", "object"):
            return None
        told = {row.key for row in self.facts.rows if row.key in found and says(row.values, beside)}
        spoken = {key for key in found if key.label.rpartition(".")[2].lower() in self.hints}
        known = [*(key for key in self.facts.keys_seen if key in found), *found]
        return min(known, key=lambda key: (key not in told, key not in spoken, key not in self.asked, known.index(key)), default=None)

    def identified(self, name: str, value: Any) -> Key | None:
        """The row that a number written as a text certainly means: the only one with this key, and one that the code asked for by its key."""
        found = self.candidates(value)
        if not (isinstance(value, str) and value.isdecimal() and len(found) == 1 and found[0] in self.asked):
            return None
        self.learned[name.lower()] = found[0].label
        return found[0]

    def suits(self, name: str, label: str) -> bool:
        """Whether a parameter's name speaks of this model: by the model's name, or by a relation of that name to it."""
        wanted = bare_name(name)
        model = self.project.model(label)
        if self.learned.get(name.lower()) == label:
            return True
        if model is None or not wanted:
            return False
        if wanted in (model.name.lower(), model.name.lower() + "s"):
            return True
        return any(
            (one.name.lower() in (wanted, wanted + "s") or one.name.lower() == name.lower())
            and (one.related or "").lower() == label.lower()
            for other in self.project.models
            for one in other.fields
        )

    def keep(self, texts: Iterable[str]) -> None:
        """Marks the models whose automatic keys appear in texts that are compared literally."""
        tokens = {plain_key(token) for text in texts for token in TOKEN.findall(unpacked(text))}
        self.explicit.update(key.label for token in tokens for key in self.told.get(token, ()))


def says(values: Mapping[str, Any], texts: Collection[str]) -> bool:
    """Whether a row holds one of these texts."""
    return any(isinstance(bare(value), str) and bare(value) in texts for value in values.values())


def bare_name(name: str) -> str:
    """`todo_id`, `todoId`, `todo_pk`, `todos[]` → `todo`."""
    found = name.lower().removesuffix("[]")
    for ending in ("_ids", "_id", "_pk", "_uuid", "ids", "id", "pk"):
        if found.endswith(ending) and (ending.startswith("_") or found == ending or ending in ("id", "pk")):
            return found.removesuffix(ending) if found != ending else found
    return found


def string_of(expression: Any) -> Call:
    """`str(…)` of an expression."""
    return Call(Name("str"), (expression,))


def bound_document(document: Any, bindings: Bindings, seen: Mapping[Key, Mapping[str, Any]]) -> Any:
    """A JSON document with the keys that certainly are a row's replaced by that row's `pk`."""
    if isinstance(document, list):
        return [bound_document(item, bindings, seen) for item in document]
    if not isinstance(document, dict):
        return bound_text(document, bindings) if isinstance(document, str) else document
    key = described_row(document, bindings, seen)
    return {name: bound_item(name, item, key, bindings, seen) for name, item in document.items()}


def answered_document(document: Any, bindings: Bindings, seen: Mapping[Key, Mapping[str, Any]]) -> Any:
    """The same of a whole answer: an object with the key that stands in the address is about the row there, where it shows nothing of others."""
    bound = bound_document(document, bindings, seen)
    name = next((one for one in ("id", "pk") if isinstance(document, dict) and one in document), None)
    if name is None or bound[name] is not document[name] or isinstance(document[name], bool):
        return bound
    born = {row.key for row in bindings.facts.born}
    keys = bindings.candidates(document[name])
    own = [key for key in keys if key in bindings.addressed]
    return {**bound, name: as_same_type(bindings.pk(own[0]), document[name])} if len(own) == 1 and not born & {*keys} else bound


def bound_text(text: str, bindings: Bindings) -> Any:
    """A text that is the UUID of a row is about that row, whatever it is called."""
    found = [key for key in bindings.candidates(text) if isinstance(bare(key.pk), uuid.UUID) and str(bare(key.pk)) == text]
    return string_of(bindings.pk(found[0])) if found else text


def described_row(document: Mapping[str, Any], bindings: Bindings, seen: Mapping[Key, Mapping[str, Any]]) -> Key | None:
    """The one row that an object with an `id` is about: its other members are that row's values."""
    value = document.get("id", document.get("pk"))
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    found = [(alike(document, seen.get(key, {})), key) for key in bindings.candidates(value)]
    best = max((score for score, _ in found), default=0)
    keys = [key for score, key in found if score == best]
    if isinstance(value, str) and len(value) >= 32 and keys:
        return keys[0]
    only = len(document) == 1 and len(keys) == 1 and bindings.facts.born and any(row.key == keys[0] for row in bindings.facts.born)
    return keys[0] if len(keys) == 1 and (best > 0 or only) else None


def alike(document: Mapping[str, Any], row: Mapping[str, Any]) -> int:
    """How many members of the object are this row's values."""
    return sum(
        name in row and name not in ("id", "pk") and item not in (None, "", False, True) and str(bare(row[name])) == str(item)
        for name, item in document.items()
    )


def bound_item(name: str, item: Any, key: Key | None, bindings: Bindings, seen: Mapping[Key, Mapping[str, Any]]) -> Any:
    if key is not None and name in ("id", "pk"):
        return as_same_type(bindings.pk(key), item)
    if key is not None and isinstance(item, (int, str)) and not isinstance(item, bool):
        model = bindings.project.model(key.label)
        one = model.field(name) if model else None
        if one is not None and one.related:
            target = bindings.pointed(one, seen.get(key, {}).get(one.attname), key.database)
            if target is not None and plain_key(target.pk) == plain_key(item):
                return as_same_type(bindings.pk(target), item)
    if (name in ("id", "pk") or name.endswith("_id")) and type(item) is int and item in bindings.facts.passing:
        return ANY
    if isinstance(item, (int, str)) and not isinstance(item, bool) and item != "":
        named = [found for found in bindings.candidates(item) if bindings.suits(name, found.label)]
        if isinstance(item, int) and name.lower().endswith("s"):  # how many there are
            named = []
        if named and (len(named) == 1 or len(str(item)) >= 32):
            return as_same_type(bindings.pk(named[0]), item)
    return bound_document(item, bindings, seen)


def as_same_type(expression: Any, like: Any) -> Any:
    return string_of(expression) if isinstance(like, str) else expression


def literals(document: Any) -> list[str]:
    """The literal members of a document in which a key could hide: numbers, and texts that are one, look like an address or are packed."""
    if isinstance(document, dict):
        return [text for name, item in document.items() for text in (*literals(item), *literals(str(name)))]
    if isinstance(document, (list, tuple)):
        return [text for item in document for text in literals(item)]
    if isinstance(document, str):
        return [document] if TOKEN.fullmatch(document) or re.search(r"[/=]|eyJ", document) else []
    return [str(document)] if isinstance(document, (int, float)) and not isinstance(document, bool) else []
