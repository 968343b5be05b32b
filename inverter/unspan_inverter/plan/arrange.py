"""Rows → statements that create them: objects for keys, only the fields that matter, nothing saved twice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from unspan_proto.project import Field, Model
from unspan_proto.values import Opaque, bare, lossy

from unspan_inverter.events import Event, RowsDeleted, RowsRead, RowsUpdated
from unspan_inverter.facts import Facts, Key, Made, RowExists
from unspan_inverter.plan import alike, sequences
from unspan_inverter.plan.bindings import Bindings, string_of
from unspan_inverter.plan.expressions import Assign, Attr, Call, Do, Import, Statement, call, method

NOWHERE: Mapping[str, str] = {}
MIGRATED = "migrations leave rows here that the recorded database does not have like this"
DECIDES = re.compile(r"\b(?:WHERE|ORDER BY|GROUP BY)\b|\bDISTINCT\b")
GATHERS = re.compile(r"\bGROUP BY\b|\bDISTINCT\b|\bORDER BY \d")
"""Where columns that are shown decide which rows are one, or are named by their position."""
EMPTY = {"dict": {}, "list": [], "builtins.dict": {}, "builtins.list": []}
"""What a callable default of this name returns."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """What decides whether an incidental field is written out."""

    text: str
    """Everything that the request and the answer said, without the day of the recording."""
    ordered: frozenset[str]
    """The names between quotes in the parts of all statements that decide about rows: WHERE, GROUP BY, ORDER BY."""
    password: bool
    """Whether a password was checked."""
    read: frozenset[tuple[str, str]] = frozenset()
    """Labels of the models that were queried, each with its database."""
    timed: bool = False
    """Whether the project's code compared or reckoned with the time: moments in its rows decided what it did."""

    def matters(self, value: Any, one: Field) -> bool:
        if self.timed and one.type in ("DateTimeField", "DateField") and one.name != "last_login":
            return True
        return one.column in self.ordered or appears(value, self.text)


def relevance(events: Sequence[Event], text: str, password: bool, timed: bool = False) -> Relevance:
    texts = [event.statement for event in events if isinstance(event, (RowsRead, RowsUpdated, RowsDeleted))]
    tails = [text if GATHERS.search(text) else text[found.end() :] for text in texts if (found := DECIDES.search(text))]
    queries = [event for event in events if isinstance(event, RowsRead)]
    read = frozenset((event.model, event.database) for event in queries if event.model)
    read |= {
        (str(label), event.database) for event in queries if event.supported for label in event.shape.get("tables", ())
    }  # of these all rows are known
    ordered = frozenset(name for tail in dict.fromkeys(tails) for quote in '"`' for name in tail.split(quote))
    return Relevance(text, ordered, password, read, timed)


def appears(value: Any, text: str) -> bool:
    """Whether a value can be recognised in a text."""
    if isinstance(value, datetime):
        precise, daily = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"), ("%Y-%m-%d", "%b. %d", "%B %d", "%-d %b")
        return any(value.strftime(form) in text for form in (*precise, *daily))
    found = str(value)
    return len(found) > 2 and (found in text or found.replace("-", "") in text)


def created(facts: Facts, bindings: Bindings, relevance: Relevance, shared: bool, behind: Mapping[str, str] = NOWHERE) -> list[Statement]:
    """The statements that make all rows and links, in order. Call it last, and after `keep_keys`: it knows which variables the others use.

    `behind`: as `sequences.given_by_database` has it.
    """
    rows = [row for row in facts.rows if row.key in bindings.names]
    place = {row.key: at for at, row in enumerate(rows)}
    done: list[list[Statement]] = []
    last = last_given(rows, bindings)
    for at in reversed(range(len(rows))):
        statements, links = row_statements(rows[at], place, bindings, relevance)
        done.append(statements)
        if rows[at].key in last:
            done[-1] += sequences.advanced(last[rows[at].key], behind, bindings.project)
        for other, statement in links:
            done[len(rows) - 1 - other].append(statement)
    links = [link_statement(owner, name, targets, bindings) for (owner, name), targets in grouped_links(facts, bindings).items()]
    spoken = {bindings.names[key] for key in bindings.used if key in bindings.names}  # what later statements use is known only now
    looked_up = {name for key, name in bindings.names.items() if key.label.lower() in LOOKED_UP}
    for statements in done:
        statements[:] = [found for statement in statements if (found := used_only(statement, spoken, looked_up, shared)) is not None]
    made = [statement for statements in reversed(done) for statement in statements]
    return [*emptied(bindings, relevance), *alike.together(said_once(made), spoken, bindings.project), *links]


def keep_keys(facts: Facts, bindings: Bindings) -> None:
    """Marks the models whose rows need the keys that they had, to be made in an order in which they can be made."""
    rows = [row for row in facts.rows if row.key in bindings.names]
    place = {row.key: at for at, row in enumerate(rows)}
    bindings.explicit |= facts.unordered | ahead(rows, place, bindings)
    bindings.explicit |= kin(facts.numbered, bindings)


def last_given(rows: Sequence[RowExists], bindings: Bindings) -> dict[Key, Model]:
    """The last row of each model whose rows are created with their recorded automatic keys."""
    last = {row.key.label: row.key for row in rows if not isinstance(row.key.pk, Made)}
    models = {key: bindings.project.model(label) for label, key in last.items()}
    return {key: model for key, model in models.items() if model and (model.seeded or model.label in bindings.explicit)}


def said_once(statements: list[Statement]) -> list[Statement]:
    """A note that stands above the statement before is not repeated."""
    pairs = zip([None, *statements], statements, strict=False)
    same = [note_of(before) == note_of(one) != "" for before, one in pairs]
    return [replace(one, note="") if again and isinstance(one, (Assign, Do)) else one for one, again in zip(statements, same, strict=True)]


def note_of(statement: Statement | None) -> str:
    return statement.note if isinstance(statement, (Assign, Do)) else ""


def emptied(bindings: Bindings, relevance: Relevance) -> list[Statement]:
    """Takes away the rows that migrations made in the tables that the request read: the recording shows which were left of them."""
    tables = sorted({(key.label, key.database) for key in bindings.names} | relevance.read)
    found: list[tuple[Model, str]] = []
    for alias in sorted({alias for _, alias in tables}):
        models = [model for label, there in tables if there == alias and (model := bindings.project.model(label))]
        seeded = [model for model in models if model.seeded and model.label.lower() not in SPECIAL]
        found += [(model, alias) for model in pointing_first(seeded)]
    return [Do(method(method(rows_of(model, alias), "all"), "delete"), "" if i else MIGRATED) for i, (model, alias) in enumerate(found)]


def pointing_first(models: Sequence[Model]) -> list[Model]:
    """The models in an order in which their rows can be deleted: those that point to others before those."""
    waiting, found = list(models), list[Model]()
    while waiting:
        free = [one for one in waiting if not any(points(other, one) for other in waiting if other is not one)] or waiting[:1]
        found += free
        waiting = [one for one in waiting if one not in free]
    return found


def points(model: Model, other: Model) -> bool:
    return any(one.kind == "column" and (one.related or "").lower() == other.label.lower() for one in model.fields)


def used_only(statement: Statement, spoken: set[str], looked_up: set[str], shared: bool) -> Statement | None:
    """An assignment to a variable that nobody reads becomes the bare expression; none is left of one that only looks a row up."""
    if not isinstance(statement, Assign) or statement.target.id in spoken:
        return statement
    if statement.target.id in looked_up:
        return None
    return statement if shared else Do(statement.value, statement.note)


def ahead(rows: Sequence[RowExists], place: Mapping[Key, int], bindings: Bindings) -> set[str]:
    """Labels of models whose rows are pointed to before they are made, by a key that may not be empty: such a key is written out."""
    found: set[str] = set()
    for row in rows:
        model = bindings.project.model(row.key.label)
        for one in model.fields if model else ():
            key = pointed(one, row, place, bindings)
            if key is not None and not one.null and place[bindings.one(key)] >= place[row.key]:
                found.add(bindings.one(key).label)
        for key in bindings.facts.generic.get(row.key, {}).values():
            if place.get(bindings.one(key), -1) >= place[row.key]:
                found.add(bindings.one(key).label)
    return found


def kin(numbered: Mapping[str, str], bindings: Bindings) -> set[str]:
    """Labels of models that share their keys' numbers with one whose keys are written out: rows of both would not follow each other as they did."""
    shared = {numbered[label] for label in bindings.explicit if label in numbered}
    return {label for label, table in numbered.items() if table in shared}


def pointed(one: Field, row: RowExists, place: Mapping[Key, int], bindings: Bindings) -> Key | None:
    """The row among those that are made which a foreign key points to."""
    value = row.values.get(one.attname)
    key = bindings.pointed(one, bare(value), row.key.database) if one.kind == "column" and not lossy(value) else None
    return key if key is not None and bindings.one(key) in place else None


def row_statements(
    row: RowExists, place: Mapping[Key, int], bindings: Bindings, relevance: Relevance
) -> tuple[list[Statement], list[tuple[int, Statement]]]:
    """The statements that make a row; and what is said of it when the n-th row is made, to which it points."""
    model = bindings.project.model(row.key.label)
    assert model is not None
    spoken, name = row.key in bindings.used, bindings.row(row.key)
    if not spoken:
        bindings.used.discard(row.key)
    if special := SPECIAL.get(model.label.lower()):
        return [Assign(name, special(row, bindings, model), row.why, "pair" if special is site else "plain")], []
    now, later, linked = fields(row, model, place, bindings, relevance)
    statements: list[Statement] = [Assign(name, creation(model, now, row.key.database), note(row), "only" if in_bulk(model) else "plain")]
    if later:
        statements.append(Do(update(model, row.key, bindings.pk(row.key), later)))
    links: list[tuple[int, Statement]] = [
        (place[bindings.one(key)], Do(update(model, row.key, bindings.pk(row.key), {one: bindings.row(key)})))
        for one, key in linked.items()
    ]
    return statements, links


def note(row: RowExists) -> str:
    return f"{row.why}: its values are stand-ins" if row.why else ""


def creation(model: Model, values: Mapping[str, Any], database: str) -> Any:
    """`Model.objects.create(…)`; where saving has effects of its own, which the recording shows already, `bulk_create`."""
    if in_bulk(model):
        return method(manager(model, database), "bulk_create", [call(Import(model.module, model.name), **values)])
    return method(manager(model, database), "create", **values)


def in_bulk(model: Model) -> bool:
    """Whether rows are written without `save()`; Django has no `bulk_create` for inherited tables."""
    return model.save_effects and not any(one.parent_link for one in model.fields)


def manager(model: Model, database: str) -> Any:
    """The manager through which the test makes rows of a model in a database: the first, or where a router says, unless another is named."""
    name = model.default_manager if model.default_manager.isidentifier() else "_default_manager"
    return there(Attr(Import(model.module, model.name), name), database)


def rows_of(model: Model, database: str) -> Any:
    """The manager through which the test finds rows of a model: one that shows all of them."""
    hidden = Attr(Import(model.module, model.name), "_base_manager")
    return manager(model, database) if model.plain_manager else there(hidden, database)


def there(manager: Any, database: str) -> Any:
    return manager if database == "default" else method(manager, "using", database)


def update(model: Model, key: Key, pk: Any, values: Mapping[str, Any]) -> Call:
    return method(method(rows_of(model, key.database), "filter", pk=pk), "update", **values)


def fields(
    row: RowExists, model: Model, place: Mapping[Key, int], bindings: Bindings, relevance: Relevance
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Key]]:
    """Field name → value for the creation, and for an update after it (automatic timestamps); and which rows it points to that come later."""
    now: dict[str, Any] = {}
    later: dict[str, Any] = {}
    linked: dict[str, Key] = {}
    generic = earlier(row, place, bindings)
    for one in model.fields:
        value = row.values.get(one.attname)
        if one.attname == model.pk and not one.related:
            if not isinstance(row.key.pk, Made) and writes_key(one, row, bindings, relevance):
                now[one.name] = bare(row.key.pk)
        elif one.auto and one.primary_key and row.key.label not in bindings.explicit:
            continue  # the inherited key of a child
        elif one.attname in row.values and worth(one, value, model, relevance):
            key = pointed(one, row, place, bindings)
            if one.attname in generic:
                pk = bindings.pk(generic[one.attname])
                now[one.attname] = string_of(pk) if isinstance(bare(value), str) else pk
            elif key is None:
                (later if one.auto_now or one.auto_now_add else now)[one.attname] = plain(value)
            elif place[bindings.one(key)] < place[row.key]:
                now[one.name] = bindings.row(key)
            elif one.null:
                linked[one.name] = key
            else:
                now[one.attname] = plain(value)
    return now, later, linked


def earlier(row: RowExists, place: Mapping[Key, int], bindings: Bindings) -> dict[str, Key]:
    """The columns of generic foreign keys that point to rows made before this one."""
    some = bindings.facts.generic.get(row.key, {})
    return {name: key for name, key in some.items() if place.get(bindings.one(key), len(place)) < place[row.key]}


def writes_key(one: Field, row: RowExists, bindings: Bindings, relevance: Relevance) -> bool:
    """Whether the primary key is written out: it is data of its own, or its number appears where its meaning is not certain."""
    if one.auto:
        model = bindings.project.model(row.key.label)
        return row.key.label in bindings.explicit or (
            model is not None and model.seeded
        )  # code and settings know rows of migrations by number
    several = bindings.number[row.key.label] > 1  # databases give unordered rows in the order of such keys
    return several or not one.has_default or row.key.label in bindings.explicit or appears(row.key.pk, relevance.text)


def worth(one: Field, value: Any, model: Model, relevance: Relevance) -> bool:
    """Whether a field is written out: it differs from what the model would give it, and is not incidental."""
    if one.kind != "column" or one.generated or lossy(value) or (one.parent_link and value is not None):
        return False
    found = bare(value)
    if "password" in one.name and model.field("last_login") is not None:
        return relevance.password
    if (
        one.auto_now
        or one.auto_now_add
        or (isinstance(one.default, Opaque) and one.type in ("DateTimeField", "DateField", "UUIDField"))
        or one.name == "last_login"
    ):
        return found is not None and relevance.matters(found, one)
    if isinstance(one.default, Opaque) and one.default.type in EMPTY:
        return found != EMPTY[one.default.type]
    if one.has_default:
        return type(bare(one.default)) is not type(found) or bare(one.default) != found
    return found is not None and not (found == "" and not one.unique)


def plain(value: Any) -> Any:
    """A column's value as one writes it."""
    found = bare(value)
    return bytes(found) if isinstance(found, (memoryview, bytearray)) else found


def grouped_links(facts: Facts, bindings: Bindings) -> dict[tuple[Key, str], list[Key]]:
    found: dict[tuple[Key, str], list[Key]] = {}
    for link in facts.linked:
        if link.owner in bindings.names and link.target in bindings.names:
            found.setdefault((link.owner, link.field), []).append(link.target)
    return found


def link_statement(owner: Key, name: str, targets: Sequence[Key], bindings: Bindings) -> Do:
    model = bindings.project.model(owner.label)
    one = model.field(name) if model else None
    related = bindings.project.model(one.related or "") if one else None
    by_key = related is not None and related.proxy  # of which Django takes instances only
    return Do(method(Attr(bindings.row(owner), name), "add", *(bindings.pk(key) if by_key else bindings.row(key) for key in targets)))


def content_type(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """Content types are made by `migrate`: they are looked up by what they stand for."""
    known: Any = Attr(Import(model.module, model.name), "objects")
    manager = known if row.key.database == "default" else method(known, "db_manager", row.key.database)
    return method(manager, "get_by_natural_key", plain(row.values.get("app_label", "")), plain(row.values.get("model", "")))


def permission(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """Permissions are made by `migrate` too."""
    values = row.values
    key = Key("contenttypes.ContentType", values.get("content_type_id"), row.key.database)
    chosen: dict[str, Any] = {"codename": plain(values.get("codename", ""))}
    kind = next((row.values for row in bindings.facts.rows if row.key == key), {})
    if "app_label" in kind and "model" not in kind:
        chosen["content_type__app_label"] = plain(kind["app_label"])
    elif key in bindings.names:
        chosen["content_type"] = bindings.row(key)
    return method(manager(model, row.key.database), "get", **chosen)


def site(row: RowExists, bindings: Bindings, model: Model) -> Any:
    """`migrate` makes the default site."""
    values = row.values
    given = {name: plain(values[name]) for name in ("domain", "name") if name in values}
    return method(manager(model, row.key.database), "update_or_create", pk=values.get("id", 1), defaults=given)


SPECIAL = {"contenttypes.contenttype": content_type, "auth.permission": permission, "sites.site": site}
"""Models whose rows `migrate` makes: label → how a row is had."""
LOOKED_UP = {"contenttypes.contenttype", "auth.permission"}
"""Those whose rows are never made or changed, so that what nobody uses need not be looked up."""
