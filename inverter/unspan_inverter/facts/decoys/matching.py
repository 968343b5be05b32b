"""Which rows could stand together in a scope: a search over the known rows, within a budget of steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_proto.project import Model, Project

from unspan_inverter.facts.decoys.scopes import Scope, Test
from unspan_inverter.facts.decoys.truth import ABSENT, TRUE, Row, Standing, answers

MOST_STEPS: Final = 50_000
"""Conditions that are evaluated for one trace: a second or two."""
ANYTHING: Final[Row] = {}
"""A row of which nothing is known."""


class OutOfSteps(Exception):
    """The search would take too long."""


@dataclass(slots=True)
class Budget:
    steps: int = MOST_STEPS

    def spend(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise OutOfSteps


@dataclass(frozen=True, slots=True)
class Search:
    """One scope, with the parameters of its statement and the rows that there are, by table."""

    scope: Scope
    parameters: tuple[Any, ...]
    rows: Mapping[str, Sequence[Row]]
    project: Project
    budget: Budget
    models: Mapping[str, Model] = field(default_factory=dict[str, Model])

    def standing(self, rows: Mapping[str, Row]) -> Standing:
        return Standing(rows, self.models, self.parameters, self.project)

    def found(self, fixed: Mapping[str, Row], sure: bool = False) -> Iterator[dict[str, Row]]:
        """The ways in which rows can stand for all tables; `sure`: only those that certainly meet all conditions."""
        if self.fits(fixed, set(fixed), sure):
            yield from self.extended(dict(fixed), [alias for alias in self.scope.tables if alias not in fixed], sure)

    def extended(self, rows: dict[str, Row], waiting: Sequence[str], sure: bool) -> Iterator[dict[str, Row]]:
        if not waiting:
            yield dict(rows)
            return
        alias = self.next_of(rows, waiting)
        rest = [one for one in waiting if one != alias]
        for row in self.candidates(alias):
            rows[alias] = row
            if self.fits(rows, {alias}, sure):
                yield from self.extended(rows, rest, sure)
            del rows[alias]

    def next_of(self, rows: Mapping[str, Row], waiting: Sequence[str]) -> str:
        """The alias that the chosen rows say most about."""
        known = set(rows)
        return max(waiting, key=lambda alias: sum(alias in test.aliases and test.aliases <= known | {alias} for test in self.scope.tests))

    def candidates(self, alias: str) -> Iterable[Row]:
        yield from self.rows.get(self.scope.tables[alias], (ANYTHING,))
        if alias in self.scope.outer:
            yield ABSENT

    def fits(self, rows: Mapping[str, Row], new: set[str], sure: bool) -> bool:
        """Whether the conditions hold, or may hold, that now can be evaluated."""
        for test in self.scope.tests:
            if test.aliases <= rows.keys() and (test.aliases & new or not test.aliases) and not self.met(test, rows, sure):
                return False
        return True

    def met(self, test: Test, rows: Mapping[str, Row], sure: bool) -> bool:
        if test.of and rows.get(test.of) is ABSENT:
            return True
        self.budget.spend()
        found = answers(test.tree, self.standing(rows))
        return found == TRUE if sure else True in found


def search(scope: Scope, parameters: tuple[Any, ...], rows: Mapping[str, Sequence[Row]], project: Project, budget: Budget) -> Search:
    models = {alias: model for alias, table in scope.tables.items() if table and (model := project.table(table))}
    return Search(scope, parameters, rows, project, budget, models)
