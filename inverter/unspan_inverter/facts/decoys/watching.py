"""All statements of a trace, and whether any of them might take a row that is not there in the recording."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from unspan_proto.project import Project

from unspan_inverter.facts.decoys.known import Asked, Known, whole
from unspan_inverter.facts.decoys.matching import Budget, OutOfSteps, Search, search
from unspan_inverter.facts.decoys.scopes import Scope, compared, shape
from unspan_inverter.facts.decoys.truth import Row, field_of, refers
from unspan_inverter.facts.kinds import RowExists


@dataclass(slots=True)
class Watch:
    """The scopes of all statements, each with its parameters, and the rows that they meet."""

    known: Known
    budget: Budget = field(default_factory=Budget)
    scopes: dict[str, list[tuple[Scope, tuple[Any, ...]]]] = field(default_factory=dict[str, list[tuple[Scope, tuple[Any, ...]]]])
    """Table → the scopes that take rows from it."""
    unread: set[str] = field(default_factory=set[str])
    """Tables that a statement names which cannot be read."""
    rows: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    def met(self, rows: Sequence[RowExists]) -> bool:
        """Whether a statement might take one of these rows, all of them being there; true where that cannot be told."""
        project = self.known.project
        new = [(model.table, whole(model, row.values, row.key.pk)) for row in rows if (model := project.model(row.key.label))]
        there = dict(self.rows)
        for table, row in new:
            there[table] = [*there.get(table, ()), row]
        try:
            return any(table in self.unread or self.taken(table, row, there) for table, row in new)
        except OutOfSteps:
            return True

    def taken(self, table: str, row: Row, there: Mapping[str, Sequence[Row]]) -> bool:
        for scope, parameters in self.scopes.get(table, ()):
            looking = search(scope, parameters, there, self.known.project, self.budget)
            if any(next(looking.found({alias: row}), None) is not None for alias, name in scope.tables.items() if name == table):
                return True
        return False

    def add(self, rows: Iterable[RowExists]) -> None:
        """From now on these rows are there too."""
        self.known = replace(self.known, rows={**self.known.rows, **{row.key: row for row in rows}})
        for row in rows:
            if (model := self.known.project.model(row.key.label)) is not None:
                self.rows.setdefault(model.table, []).append(whole(model, row.values, row.key.pk))

    def there_anyway(self, looking: Search, number: int) -> bool:
        """Whether rows that are there certainly meet all conditions but the one with this number, and certainly not that one."""
        tests = looking.scope.tests
        rest = Scope(looking.scope.tables, looking.scope.outer, tests[:number] + tests[number + 1 :])
        others = search(rest, looking.parameters, self.rows, self.known.project, self.budget)
        missing = Scope(looking.scope.tables, looking.scope.outer, (tests[number],))
        one = search(missing, looking.parameters, self.rows, self.known.project, self.budget)
        return any(not one.fits(rows, set(rows), sure=False) for rows in others.found({}, sure=True))


def watch(known: Known, statements: Iterable[Asked]) -> Watch:
    """The watch over these statements."""
    found = Watch(known, rows=known.tables())
    tables = {model.table for model in known.project.models}
    seen: set[str] = set()
    for event in statements:
        if event.statement and (told := f"{event.statement} {event.parameters!r}") not in seen:
            seen.add(told)
            made = shape(event.statement, event.system)
            if made is None:
                found.unread |= tables & set(re.findall(r"\w+", event.statement))
            for scope in made.scopes if made is not None else ():
                for table in set(scope.tables.values()) & tables:
                    found.scopes.setdefault(table, []).append((scope, event.parameters))
    return found


def keys_asked(found: Watch, project: Project) -> dict[str, frozenset[Any]]:
    """Label → the keys of that model that statements were given."""
    keys: dict[str, set[Any]] = {}
    for scope, parameters in (pair for pairs in found.scopes.values() for pair in pairs):
        for alias, name, value in compared(scope, parameters):
            model = project.table(scope.tables.get(alias, ""))
            if label := refers(model, field_of(model, name), project):
                keys.setdefault(label, set()).add(str(value))
    return {label: frozenset(some) for label, some in keys.items()}
