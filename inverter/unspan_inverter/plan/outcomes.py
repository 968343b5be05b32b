"""Assertions on the database: rows made, changed and deleted, links made and cut; all in the registry `OUTCOMES`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from unspan_proto.project import Model
from unspan_proto.values import Opaque, lossy

from unspan_inverter.facts import Facts, Key, Linked, RowChanged
from unspan_inverter.plan.ending import Outcome, holds
from unspan_inverter.plan.expressions import Attr, Call, Check, Do, Name, Statement, method
from unspan_inverter.plan.newborn import born
from unspan_inverter.plan.relevance import plain
from unspan_inverter.plan.rows import rows_of


def changed(outcome: Outcome) -> Iterator[Statement]:
    for row in outcome.facts.changed:
        model = outcome.model(row.key.label)
        checks = list(changes(row, model, outcome))
        if checks and row.key in outcome.bindings.names:
            yield Do(method(outcome.bindings.row(row.key), "refresh_from_db"))
            yield from checks


def changes(row: RowChanged, model: Model, outcome: Outcome) -> Iterator[Statement]:
    name = Name(outcome.bindings.names[row.key], row=True)
    for one in model.fields:
        if one.attname not in row.after or outcome.bindings.habits.ignores(row.key.label, one.name):
            continue
        sure, expected = outcome.known(row.key, one, row.after[one.attname])
        if sure and not one.auto_now:
            yield holds(outcome.column(name, one, row.after[one.attname], row.key), expected, outcome)
        elif sure:
            yield holds(Attr(name, one.name), expected, outcome)
        elif (
            one.attname in row.before
            and not lossy(row.before[one.attname])
            and not isinstance(row.after[one.attname], Opaque)
            and not one.auto_now
            and not one.converted
            and one.kind == "column"
            and not one.related
        ):
            before = plain(row.before[one.attname])
            if before is None:
                yield Check("is not", (Attr(name, one.name), None))
            elif not isinstance(before, datetime):
                yield Check("not equal", (Attr(name, one.name), before))


def gone(outcome: Outcome) -> Iterator[Statement]:
    """Rows that the request deleted, one assertion per model."""
    groups: dict[tuple[str, str], list[Key]] = {}
    for row in outcome.facts.gone:
        if row.key in outcome.bindings.names:
            groups.setdefault((row.key.label, row.key.database), []).append(row.key)
    for (label, database), keys in groups.items():
        pks = [outcome.bindings.pk(key) for key in keys]
        chosen = {"pk": pks[0]} if len(pks) == 1 else {"pk__in": pks}
        yield Check("false", (method(method(rows_of(outcome.model(label), database), "filter", **chosen), "exists"),))


def links(outcome: Outcome) -> Iterator[Statement]:
    """Links made and cut; of a row that the request made, all that it has."""
    whole = of_born(outcome)
    for (owner, name), targets in whole.items():
        related = method(Attr(outcome.bindings.row(owner), name), "all")
        yield Check("all of", (related, [outcome.bindings.row(target) for target in targets]))
    for made, some in ((True, outcome.facts.links_made), (False, outcome.facts.links_cut)):
        for link in some:
            if made and (link.owner, link.field) in whole:
                continue
            if {link.owner, link.target} <= outcome.bindings.names.keys() - outcome.bindings.unfetched and (
                made or not is_gone(link, outcome.facts)
            ):
                field, target = Attr(outcome.bindings.row(link.owner), link.field), outcome.bindings.row(link.target)
                plain_manager = outcome.model(link.target.label).plain_manager  # another may hide the row
                related = method(field if plain_manager else Call(field, (), (("manager", "_base_manager"),)), "all")
                if outcome.inherits(link.target):
                    related, target = Call(Attr(related, "values_list"), ("pk",), (("flat", True),)), Attr(target, "pk")
                yield Check("in" if made else "not in", (target, related))


def of_born(outcome: Outcome) -> dict[tuple[Key, str], list[Key]]:
    """New rows and their relations → all that they are linked with, where each of these has a variable."""
    born = {row.key for row in outcome.facts.born}
    found: dict[tuple[Key, str], list[Key]] = {}
    for link in outcome.facts.links_made:
        if link.owner in born and link not in outcome.facts.links_cut:
            found.setdefault((link.owner, link.field), []).append(link.target)
    spoken = outcome.bindings.names.keys() - outcome.bindings.unfetched
    return {
        place: targets
        for place, targets in found.items()
        if {place[0], *targets} <= spoken
        and not outcome.asynchronous
        and all(outcome.model(target.label).plain_manager and not outcome.inherits(target) for target in targets)
    }


def is_gone(link: Linked, facts: Facts) -> bool:
    return any(row.key in (link.owner, link.target) for row in facts.gone)


OUTCOMES: Mapping[str, Callable[[Outcome], Iterator[Statement]]] = {"created": born, "changed": changed, "deleted": gone, "links": links}
"""Every assertion on the database by its kind, in the order in which they are written."""
