"""Rows → statements that create them: objects for keys, only the fields that matter, nothing saved twice."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from unspan_proto.project import Field, Model
from unspan_proto.values import SIMPLE, bare, lossy

from unspan_inverter.facts import Facts, Key, Made, RowExists
from unspan_inverter.plan import alike, documents, sequences
from unspan_inverter.plan.bindings import Bindings, string_of
from unspan_inverter.plan.expressions import Assign, Attr, Do, Statement, method
from unspan_inverter.plan.migrated import LOOKED_UP, SPECIAL, emptied, site
from unspan_inverter.plan.relevance import Relevance, appears, plain, worth
from unspan_inverter.plan.rows import creation, in_bulk, update

KEYLIKE: Final = re.compile(r"(?:^|_)(?:id|pk|uuid)s?$|Ids?$")
"""Names of members of documents that hold keys."""
NO_DOCUMENTS: Final = SIMPLE - {str}
"""Types whose values are no documents, and hold none."""
NOWHERE: Mapping[str, str] = {}


def created(facts: Facts, bindings: Bindings, relevance: Relevance, shared: bool, behind: Mapping[str, str] = NOWHERE) -> list[Statement]:
    """The statements that make all rows and links, in order. Call it last, and after `keep_keys`: it knows which variables the others use.

    `behind`: as `sequences.given_by_database` has it.
    """
    rows = arranged(facts, bindings)
    place = places(rows)
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


def arranged(facts: Facts, bindings: Bindings) -> list[RowExists]:
    """The rows that the test makes, in order."""
    return [row for row in facts.rows if row.key in bindings.names]


def places(rows: Sequence[RowExists]) -> dict[Key, int]:
    return {row.key: at for at, row in enumerate(rows)}


def keep_keys(facts: Facts, bindings: Bindings) -> None:
    """Marks the models whose rows need the keys that they had, to be made in an order in which they can be made."""
    rows = arranged(facts, bindings)
    place = places(rows)
    bindings.explicit |= facts.unordered | ahead(rows, place, bindings)
    bindings.keep(key for row in rows for value in row.values.values() if type(value) not in NO_DOCUMENTS for key in noted(bare(value)))
    bindings.explicit |= kin(facts.numbered, bindings)


def noted(value: Any, name: str = "") -> Iterator[str]:
    """The keys that a column's document names, also one that is kept as text: `{"pk": 7}`, `{"book_id": 7}`, `{"books": {"ids": [7]}}`."""
    if isinstance(value, dict):
        yield from (key for member, item in value.items() for key in noted(item, str(member)))
    elif isinstance(value, list):
        yield from (key for item in value for key in noted(item, name))
    elif isinstance(value, str) and value[:1] in ("{", "[") and not name:
        try:
            yield from noted(documents.document(value))
        except ValueError:
            return
    elif type(value) in (int, str) and KEYLIKE.search(name):
        yield str(value)


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


def used_only(statement: Statement, spoken: set[str], looked_up: set[str], shared: bool) -> Statement | None:
    """An assignment to a variable that nobody reads becomes the bare expression; none is left of one that only looks a row up."""
    if not isinstance(statement, Assign) or statement.target.id in spoken:
        return statement
    if statement.target.id in looked_up:
        return None
    return statement if shared else Do(statement.value, statement.note, statement.row)


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
    key = bindings.pointed(one, bare(value), row.key.database) if one.related and one.kind == "column" and not lossy(value) else None
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
    statements: list[Statement] = [
        Assign(name, creation(model, now, row.key.database), note(row), "only" if in_bulk(model) else "plain", row.key)
    ]
    if later:
        statements.append(Do(update(model, row.key, bindings.pk(row.key), later)))
    links: list[tuple[int, Statement]] = [
        (place[bindings.one(key)], Do(update(model, row.key, bindings.pk(row.key), {one: bindings.row(key)})))
        for one, key in linked.items()
    ]
    return statements, links


def note(row: RowExists) -> str:
    return f"{row.why}: its values are stand-ins" if row.why else ""


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
    """Whether the primary key is written out: it is data of its own, its number appears where its meaning is not certain, or it may decide an order."""
    label, model, taken = row.key.label, bindings.project.model(row.key.label), bindings.facts.several
    if label in bindings.explicit or (not one.auto and appears(row.key.pk, relevance.text)):
        return True
    if one.auto:
        return model is not None and model.seeded  # code and settings know rows of migrations by number
    return not one.has_default or (bindings.number[label] > 1 and (taken is None or label in taken))


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
