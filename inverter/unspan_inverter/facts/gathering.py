"""Events → facts: which rows were there before, which the request left behind, and everything else the test depends on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import CacheUsed, Event, Exchange, HttpAnswered, MailSent, RowsInserted, RowsRead, TapeRead
from unspan_inverter.facts import inheritance, links, parents, predicates, windows
from unspan_inverter.facts.kinds import Facts, Key, Linked, Made, RowBorn, RowChanged, RowExists, RowGone
from unspan_inverter.facts.ledger import Ledger, from_columns

BEHIND_COUNT = "a query counted this row without reading it"
CLASHED = "an INSERT was refused because of this row"
LOGGED_IN = "the user of the session"


def facts(events: Sequence[Event], exchange: Exchange, project: Project) -> Facts:
    """What must hold before this request, and what held after it."""
    ledger = Ledger(project)
    ledger.follow(events)
    logged_in(exchange, ledger)
    ledger.settle()
    for event in ledger.clashes:
        clashed(event, ledger)
    extreme_rows(ledger)
    counted_rows(ledger)
    rows = {
        key: RowExists(key, values, ledger.spans.get(key, ""), ledger.database.get(key, "default")) for key, values in ledger.before.items()
    }
    rows = {key: replace(row, why=key.pk.why if isinstance(key.pk, Made) else ledger.reasons.get(key, "")) for key, row in rows.items()}
    inherited = inheritance.children({**ledger.before, **ledger.now.born}, project)
    rows = completed(parents.with_parents(inheritance.folded(rows, inherited), project, inherited), project)
    plain, linked = split_links(rows, project)
    made, cut = changed_links(ledger, project)
    return Facts(
        rows=tuple(parents.in_order(plain, project, inherited)), linked=linked, born=inheritance.born(born(ledger, project), inherited),
        changed=inheritance.changed(changed(ledger), inherited), gone=gone(ledger, project, inherited), links_made=made, links_cut=cut,
        services=tuple(e for e in events if isinstance(e, HttpAnswered)), tapes=tuple(e for e in events if isinstance(e, TapeRead)),
        mails=tuple(e for e in events if isinstance(e, MailSent)), cache=tuple(e for e in events if isinstance(e, CacheUsed)),
        inherited=inherited, databases=frozenset(str(getattr(e, "database", "default")) for e in events), notes=tuple(ledger.notes),
        keys_seen={**{key: {**values, **ledger.now.changed.get(key, {})} for key, values in ledger.before.items()}, **ledger.now.born},
    )  # fmt: skip


def logged_in(exchange: Exchange, ledger: Ledger) -> None:
    """The session's user, when no statement read its row (a cached user, a custom backend)."""
    user = exchange.user
    model = ledger.concrete(user.label) if user else None
    if user is not None and model is not None and user.pk is not None:
        known = ledger.known(Key(model.label, bare(user.pk)), exchange.span, "default")
        written = ledger.now.changed.get(Key(model.label, bare(user.pk)), {})
        for name, value in (user.fields or {}).items():
            if name not in written:
                known.setdefault(name, value)
        known.setdefault(model.pk, bare(user.pk))


def initial(ledger: Ledger, label: str) -> list[Mapping[str, Any]]:
    return [row for key, row in ledger.before.items() if key.label == label]


def clashed(event: RowsInserted, ledger: Ledger) -> None:
    """A refused INSERT proves a row with one of its unique values."""
    model = ledger.concrete(event.model)
    if model is None:
        return
    for row in event.rows:
        for one in model.fields:
            value = row.get(one.attname)
            if one.unique and value is not None and not lossy(value) and not one.primary_key:
                if not any(known.get(one.attname) == value for known in initial(ledger, model.label)):
                    ledger.known(Key(model.label, Made(ledger.another(), CLASHED)), event.span, event.database)[one.attname] = value
                return


def counted_rows(ledger: Ledger) -> None:
    """Adds the rows that a COUNT or an EXISTS saw and nothing else read."""
    for event in ledger.counted:
        wanted = count_of(event)
        model = ledger.concrete(event.model)
        if not wanted or model is None:
            continue
        where = predicates.where(event.statement, event.parameters, event.system)
        if where is None:
            ledger.notes.append(f"the rows behind `{event.statement[:90]}` were not recorded: the test has those that other queries read")
            continue
        known = sum(
            predicates.holds(where, columns(model, row)) for row in [*initial(ledger, model.label), *born_rows(ledger, model.label)]
        )
        values = predicates.satisfying(where)
        if known < wanted and values is None:
            ledger.notes.append(f"{wanted - known} rows behind `{event.statement[:90]}` were not recorded, and their values cannot be told")
        elif known < wanted and values is not None:
            count(event, model, values, wanted - known, ledger)


EXTREME = re.compile(r'SELECT (?:MAX|MIN)\([`"]?\w+[`"]?\.[`"]?(\w+)[`"]?\)(?: AS [`"]?\w+[`"]?)? FROM', re.I)
"""A query for the greatest or the least value of one column."""


def extreme_rows(ledger: Ledger) -> None:
    """Adds the row that held the greatest or the least value which a query asked for."""
    for event in ledger.counted:
        model = ledger.concrete(event.model)
        asked = EXTREME.match(event.statement)
        value = bare(event.rows[0][0]) if asked and len(event.rows) == 1 and len(event.rows[0]) == 1 else None
        if model is None or asked is None or value is None or lossy(value):
            continue
        where = predicates.where(event.statement, event.parameters, event.system)
        rows = [columns(model, row) for row in [*initial(ledger, model.label), *born_rows(ledger, model.label)]]
        if where is None or any(row.get(asked[1]) == value and predicates.holds(where, row) for row in rows):
            continue
        if (values := predicates.satisfying(where)) is not None:
            count(event, model, {**values, asked[1]: value}, 1, ledger)


def count(event: RowsRead, model: Model, values: Mapping[str, Any], number: int, ledger: Ledger) -> None:
    """Adds stand-ins for rows that were counted: rows that only foreign keys spoke of first, then new ones beside the page that was shown."""
    given = from_columns(model, values, ledger.project)
    dangling = [key for key in pointed_only(ledger) if key.label == model.label][:number]
    page = windows.window(model, ledger.counted)
    places = windows.outside(page) if page is not None else iter(())
    for i in range(number):
        if i < len(dangling):
            ledger.known(dangling[i], event.span, event.database).update(given)
            continue
        place = next(places, None)
        pk: Any = given[model.pk] if isinstance(given.get(model.pk), int) and number == 1 else Made(ledger.another(), BEHIND_COUNT)
        if (
            page is not None
            and page.attname == model.pk
            and isinstance(place, int)
            and place > 0
            and Key(model.label, place) not in ledger.before
        ):
            pk = place
            ledger.reasons[Key(model.label, pk)] = BEHIND_COUNT
        row = ledger.known(Key(model.label, pk), event.span, event.database)
        row.update({**from_columns(model, unseen(model, values, ledger, event), ledger.project), **given})
        if page is not None and page.attname != model.pk and place is not None:
            row.setdefault(page.attname, place)


def pointed_only(ledger: Ledger) -> list[Key]:
    """Keys that foreign keys name and no query read."""
    rows = {key: RowExists(key, values, "") for key, values in ledger.before.items()}
    return [key for key in parents.with_parents(rows, ledger.project) if key not in rows]


def unseen(model: Model, values: Mapping[str, Any], ledger: Ledger, event: RowsRead) -> dict[str, Any]:
    """Values that keep a stand-in out of the results of the other queries, which did not show it."""
    found: dict[str, Any] = {}
    for other in ledger.counted:
        if other is event or ledger.concrete(other.model) is not model or count_of(other) or other.shape.get("sliced"):
            continue
        where = predicates.where(other.statement, other.parameters, other.system)
        if where and predicates.holds(where, {**columns(model, {}), **found, **values}):
            found |= predicates.breaking(where, values) or {}
    return found


def count_of(event: RowsRead) -> int:
    """How many rows a plain COUNT(*) or EXISTS proves; 0 for any other query."""
    text = event.statement.upper()
    if len(event.rows) == 1 and len(event.rows[0]) == 1 and isinstance(event.rows[0][0], int):
        if text.startswith("SELECT COUNT(*)"):
            return event.rows[0][0]
        if text.startswith("SELECT 1 AS"):
            return 1
    return 0


def columns(model: Model, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by column name, with defaults for what is not known of it."""
    plain = {one.column: one.default for one in model.fields if one.column and one.has_default and not lossy(one.default)}
    return plain | {one.column: row[one.attname] for one in model.fields if one.column and one.attname in row}


def born_rows(ledger: Ledger, label: str) -> list[Mapping[str, Any]]:
    return [row for key, row in ledger.now.born.items() if key.label == label]


def completed(rows: Mapping[Key, RowExists], project: Project) -> dict[Key, RowExists]:
    """Gives every row the values without which it cannot be saved."""
    found = dict(rows)
    waiting = list(rows.values())
    number = 0
    while waiting:
        row = waiting.pop(0)
        model = project.model(row.key.label)
        values = dict(row.values)
        if model is None:
            continue
        for one in model.fields:
            if one.attname in values and not lossy(values[one.attname]):
                continue
            if not parents.required(one) or one.parent_link or (one.primary_key and not isinstance(row.key.pk, Made)):
                continue
            number += 1
            if one.related:
                key = some_row(one, model, found, project, number)
                if key not in found:
                    found[key] = RowExists(key, {}, row.span, row.database, parents.NOT_READ)
                    waiting.append(found[key])
                values[one.attname] = key.pk
            else:
                values[one.attname] = parents.stand_in(one, number)
        found[row.key] = replace(row, values=values)
    return found


def some_row(one: Field, model: Model, rows: Mapping[Key, RowExists], project: Project, number: int) -> Key:
    """A row for a foreign key of which nothing is known: one that is there anyhow, unless rows must differ in it."""
    label = links.project_label(one, project)
    known = [key for key in rows if key.label == label]
    apart = one.unique or any(one.name in constraint.fields for constraint in model.constraints if constraint.kind == "unique")
    return known[0] if known and not apart else Key(label, Made(-number))


def is_auto(label: str, project: Project) -> bool:
    model = project.model(label)
    return model is not None and model.auto_created


def split_links(rows: Mapping[Key, RowExists], project: Project) -> tuple[list[RowExists], tuple[Linked, ...]]:
    """Rows of automatic many-to-many tables apart from all others."""
    plain: list[RowExists] = []
    found: dict[Linked, None] = {}
    for key, row in rows.items():
        if not is_auto(key.label, project):
            plain.append(row)
        elif (model := project.model(key.label)) and (link := links.as_link(model, dict(row.values), project)):
            found[link] = None
    return plain, tuple(found)


def changed_links(ledger: Ledger, project: Project) -> tuple[tuple[Linked, ...], tuple[Linked, ...]]:
    """Links that the request made and left, and those that it cut."""
    made: list[Linked] = []
    for key, values in ledger.now.born.items():
        model = project.model(key.label)
        if model and model.auto_created and (link := links.as_link(model, {name: bare(value) for name, value in values.items()}, project)):
            made.append(link)
    cut: list[Linked] = []
    for key in ledger.now.gone:
        model = project.model(key.label)
        if model and model.auto_created and (link := links.as_link(model, ledger.before.get(key, {}), project)):
            cut.append(link)
    return tuple(made), tuple(cut)


def born(ledger: Ledger, project: Project) -> tuple[RowBorn, ...]:
    rows = ledger.now.born.items()
    return tuple(RowBorn(key, key.label, values, ledger.spans.get(key, "")) for key, values in rows if not is_auto(key.label, project))


def gone(ledger: Ledger, project: Project, inherited: Mapping[Key, Key]) -> tuple[RowGone, ...]:
    rows = ledger.now.gone
    return tuple(RowGone(key, span) for key, span in rows.items() if not is_auto(key.label, project) and inherited.get(key) not in rows)


def changed(ledger: Ledger) -> tuple[RowChanged, ...]:
    found: list[RowChanged] = []
    for key, values in ledger.now.changed.items():
        before = ledger.before.get(key, {})
        after = {name: value for name, value in values.items() if name not in before or before[name] != value or lossy(value)}
        if after and key not in ledger.now.gone:
            found.append(RowChanged(key, before, after, ledger.spans.get(key, "")))
    return tuple(found)
