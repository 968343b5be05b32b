"""Events → facts: which rows were there before, which the request left behind, and everything else the test depends on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.events import (
    CacheUsed,
    Event,
    Exchange,
    FileUsed,
    HttpAnswered,
    Logged,
    MailSent,
    OnCommit,
    RowsSupported,
    TapeRead,
    TaskHanded,
    TestCharset,
)
from unspan_inverter.facts import counting, following, generics, inheritance, links, loose, ordering, parents, unasked
from unspan_inverter.facts.decoys import decoys
from unspan_inverter.facts.kinds import Facts, Key, Linked, Made, RowBorn, RowChanged, RowExists, RowGone
from unspan_inverter.facts.ledger import Ledger

NATURAL = {"contenttypes.contenttype": "app_label", "auth.permission": "codename"}
"""Models whose rows `migrate` makes, and a column without which one cannot be told from the others: of no use, then."""


def facts(
    events: Sequence[Event], exchange: Exchange, project: Project, with_decoys: bool = False, whole: bool = True, later: Sequence[Exchange] = (),
) -> Facts:  # fmt: skip
    """What must hold before this request, and what held after it; `with_decoys`: also what must not matter to it; `whole`: whether the trace lost nothing.

    `later`: requests of the same client that follow, whose events come after its own.
    """
    ledger = Ledger(project)
    following.follow(ledger, events)
    for one in (exchange, *later):
        logged_in(one, ledger)
    cached(events, ledger)
    ledger.settle()
    counting.prove(ledger)
    rows = {key: RowExists(key, values, ledger.spans.get(key, "")) for key, values in ledger.before.items()}
    rows = {key: replace(row, why=key.pk.why if isinstance(key.pk, Made) else ledger.reasons.get(key, "")) for key, row in rows.items()}
    inherited = inheritance.children({**ledger.before, **ledger.now.born}, project)
    asked = unasked.asked(events, project) if whole else unasked.Asked(everything=True)
    rows = unasked.Leaving(asked, known(ledger), project).rows(inheritance.folded(rows, inherited), inherited)
    rows = parents.with_parents(pointed_by_written(rows, ledger, inherited), project, inherited)
    rows = completed(rows, project, ledger.now.changed)
    generic = generics.pointing(ledger.before, {**ledger.now.changed, **ledger.now.born}, project)
    if not asked.everything:
        rows = unasked.Pointing(rows, project, inherited, generic).without(only_pointed(ledger, inherited), written(ledger))
    rows = {key: row for key, row in rows.items() if key.label.lower() not in NATURAL or NATURAL[key.label.lower()] in row.values}
    beside = decoys(events, exchange, project, rows, frozenset(ledger.now.gone)) if with_decoys else ()
    plain, linked = split_links(rows, project)
    made, cut = changed_links(ledger, project)
    ordered = ordering.in_order(plain, project, inherited, generic)
    numbered = ordering.tables({row.key.label for row in (*ordered, *(row for one in beside for row in one.rows))}, project)
    return Facts(
        rows=tuple(ordered), loose=loose.results(events, {row.key: at for at, row in enumerate(ordered)}, project), numbered=numbered, generic=generic, unordered=ordering.out_of_order(ordered, numbered), several=None if asked.everything else frozenset(asked.several), deciding=unasked.decided(asked, project), linked=linked, born=inheritance.born(born(ledger, project), inherited),
        changed=inheritance.changed(changed(ledger), inherited), gone=gone(ledger, project, inherited), links_made=made, links_cut=cut, decoys=beside,
        services=tuple(e for e in events if isinstance(e, HttpAnswered)), tapes=tuple(e for e in events if isinstance(e, TapeRead)),
        mails=tuple(e for e in events if isinstance(e, MailSent)), cache=tuple(e for e in events if isinstance(e, CacheUsed)), files=tuple(e for e in events if isinstance(e, FileUsed)),
        logs=tuple(e for e in events if isinstance(e, Logged)), tasks=tuple(e for e in events if isinstance(e, TaskHanded)), statements=statements(events),
        inherited=inherited, databases=frozenset(str(getattr(e, "database", "default")) for e in events), notes=tuple(ledger.notes), passing=passing(ledger, project), hindrances=tuple(dict.fromkeys(ledger.hindrances)),
        keys_seen={**{key: {**values, **ledger.now.changed.get(key, {})} for key, values in ledger.before.items()}, **ledger.now.born},
    )  # fmt: skip


def statements(events: Sequence[Event]) -> dict[str, int]:
    """How many statements were made of each database."""
    beside = (RowsSupported, TestCharset, OnCommit)
    made = {
        (str(getattr(one, "database", "")), one.span)
        for one in events
        if hasattr(one, "database") and not isinstance(one, beside) and getattr(one, "statement", "-")
    }
    return dict(Counter(database for database, _ in made))


def known(ledger: Ledger) -> dict[Key, set[str]]:
    """Row → attnames that results showed of it, or that it was given."""
    return {key: {*ledger.shown.get(key, ()), *ledger.now.changed.get(key, ())} for key in [*ledger.shown, *ledger.now.changed]}


def only_pointed(ledger: Ledger, inherited: Mapping[Key, Key]) -> frozenset[Key]:
    """The rows that no statement met, by themselves or as a row that they inherit from. What was counted, and is known by no rows beside it, may have
    met any."""
    met = {child for parent, child in inherited.items() if parent in ledger.before and parent not in ledger.only_pointed}
    unsure = {
        model.label for one in ledger.counted if counting.count_of(one) and not one.supported and (model := ledger.concrete(one.model))
    }
    return frozenset(key for key in ledger.only_pointed - met if key.label not in unsure)


AT_ONCE: Final = "mysql"
"""Django's name of the databases that look at foreign keys with each statement, not at the COMMIT."""


def written(ledger: Ledger) -> list[RowExists]:
    """The rows that the request made or changed, as it left them; those too that did not last, where the database has looked at what they point to."""
    at_once = {alias for alias, about in ledger.project.databases.items() if about.get("vendor") == AT_ONCE}
    undone = [(key, values) for key, values in ledger.undone if key.database in at_once]
    some = [*ledger.now.born.items(), *ledger.now.changed.items(), *undone]
    return [RowExists(key, values, ledger.spans.get(key, "")) for key, values in some]


def passing(ledger: Ledger, project: Project) -> frozenset[Any]:
    """Automatic keys of rows that came and went, and of no others."""
    numbered = {
        label
        for label in {key.label for key in ledger.made_rows}
        if (model := project.model(label)) and (pk := model.field("pk")) and pk.auto
    }
    there = {key.pk for key in [*ledger.before, *ledger.now.born]}
    return frozenset(key.pk for key in ledger.made_rows if key.label in numbered and isinstance(key.pk, int) and key.pk not in there)


def logged_in(exchange: Exchange, ledger: Ledger) -> None:
    """The session's user, when no statement read its row (a cached user, a custom backend)."""
    user = exchange.user
    model = ledger.concrete(user.label) if user else None
    if user is not None and model is not None and user.pk is not None:
        key = met_row(model, bare(user.pk), ledger)
        if key in ledger.made_rows:  # an earlier request of the client made it
            return
        known, written = ledger.known(key, exchange.span), ledger.now.changed.get(key, {})
        ledger.only_pointed.discard(key)
        if key not in ledger.shown:  # it came from elsewhere than a query, with all that it held
            ledger.shown[key] = set(user.fields or ())
        for name, value in (user.fields or {}).items():
            if name not in written:
                known.setdefault(name, value)
        known.setdefault(model.pk, bare(user.pk))


def cached(events: Sequence[Event], ledger: Ledger) -> None:
    """Rows that came as objects out of a cache: the request knew all of them."""
    for used in events:
        for one in objects(used.value) if isinstance(used, CacheUsed) else ():
            model = ledger.concrete(one.label)
            if model is not None and one.pk is not None:
                key = met_row(model, bare(one.pk), ledger)
                ledger.only_pointed.discard(key)
                ledger.shown.setdefault(key, set()).update(other.attname for other in model.fields)


def objects(value: Any) -> Iterator[ModelRef]:
    """The rows in a value."""
    if isinstance(value, ModelRef):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from objects(item)


def met_row(model: Model, pk: Any, ledger: Ledger) -> Key:
    """The row with this key where one was read, else one of the first database."""
    return parents.elsewhere(Key(model.label, pk), ledger.before, ledger.project)


def pointed_by_written(rows: Mapping[Key, RowExists], ledger: Ledger, inherited: Mapping[Key, Key]) -> dict[Key, RowExists]:
    """The rows, and those that the request's own writes point to without having read them."""
    found = dict(rows)
    for row in written(ledger):
        model = ledger.project.model(row.key.label)
        for other in parents.pointed(row, model, ledger.project) if model else ():
            there = inherited.get(other, other)
            if not any(parents.elsewhere(there, some, ledger.project) in some for some in (found, ledger.now.born, ledger.made_rows)):
                found[other] = RowExists(other, {}, row.span, parents.NOT_READ)
    return found


def completed(rows: Mapping[Key, RowExists], project: Project, changed: Mapping[Key, Mapping[str, Any]]) -> dict[Key, RowExists]:
    """Gives every row the values without which it cannot be saved, and others than those that the request wrote over unseen ones."""
    found = dict(rows)
    waiting = list(rows)
    number = 0
    while waiting:
        row = found[waiting.pop(0)]
        model = project.model(row.key.label)
        values = dict(row.values)
        if model is None:
            continue
        for one in model.fields:
            if one.attname in values and not lossy(values[one.attname]):
                continue
            written = changed.get(row.key, {}).get(one.attname)
            if written is not None and not lossy(written) and (other := parents.unlike(one, written)) is not None:
                values[one.attname] = other
                continue
            if not parents.required(one) or one.parent_link or (one.primary_key and not isinstance(row.key.pk, Made)):
                continue
            number += 1
            if one.related:
                key = some_row(one, model, found, project, number, row.key.database)
                if key not in found:
                    found[key] = RowExists(key, {}, row.span, parents.NOT_READ)
                    waiting.append(key)
                values[one.attname] = pointing(one, key, found, project, number)
            else:
                values[one.attname] = parents.stand_in(one, number)
        found[row.key] = replace(row, values=values)
    return found


def pointing(one: Field, key: Key, rows: dict[Key, RowExists], project: Project, number: int) -> Any:
    """What a foreign key to this row holds: its key, or what stands in the column that it names, which is given to a row of which that is not known."""
    column = parents.column_pointed_to(one, project)
    if column is None:
        return key.pk
    values = rows[key].values
    if values.get(column.attname) is None or lossy(values[column.attname]):
        rows[key] = replace(rows[key], values={**values, column.attname: parents.stand_in(column, number)})
    return rows[key].values[column.attname]


def some_row(one: Field, model: Model, rows: Mapping[Key, RowExists], project: Project, number: int, database: str) -> Key:
    """A row for a foreign key of which nothing is known: one that is there anyhow, unless rows must differ in it."""
    label = links.project_label(one, project)
    known = [key for key in rows if (key.label, key.database) == (label, database)]
    apart = one.unique or any(one.name in constraint.fields for constraint in model.constraints if constraint.kind == "unique")
    return known[0] if known and not apart else Key(label, Made(-number), database)


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
        elif (model := project.model(key.label)) and (link := links.as_link(model, dict(row.values), project, key.database)):
            found[link] = None
    return plain, tuple(found)


def changed_links(ledger: Ledger, project: Project) -> tuple[tuple[Linked, ...], tuple[Linked, ...]]:
    """Links that the request made and left, and those that it cut."""
    made: list[Linked] = []
    for key, values in ledger.now.born.items():
        model = project.model(key.label)
        if (
            model
            and model.auto_created
            and (link := links.as_link(model, {name: bare(value) for name, value in values.items()}, project, key.database))
        ):
            made.append(link)
    cut: list[Linked] = []
    for key in ledger.now.gone:
        model = project.model(key.label)
        if model and model.auto_created and (link := links.as_link(model, ledger.before.get(key, {}), project, key.database)):
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
