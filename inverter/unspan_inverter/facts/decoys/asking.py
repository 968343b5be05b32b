"""Which conditions somebody wrote down, and which Django adds by itself: to follow a foreign key, to fetch in advance, to delete what hangs on a row."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unspan_proto.project import Field, Model, Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import predicates
from unspan_inverter.facts.decoys.matching import Search
from unspan_inverter.facts.decoys.scopes import Scope, Test, compared
from unspan_inverter.facts.decoys.truth import ABSENT, Row, field_of, refers
from unspan_inverter.facts.kinds import plain_key
from unspan_inverter.facts.writes import from_columns

FRAMEWORK = ("contenttypes.", "sessions.", "sites.", "admin.", "auth.permission")


@dataclass(frozen=True)
class Request:
    """What a request said, and who made it."""

    exchange: Exchange
    project: Project

    def said(self, value: Any) -> bool:
        """Whether a value stands in the request, in the session or in the view's arguments."""
        return plain(value) in self.words

    @cached_property
    def words(self) -> frozenset[str]:
        return words(self.exchange)

    def is_user(self, label: str, value: Any) -> bool:
        user = self.exchange.user
        model = self.project.model(user.label) if user is not None else None
        return user is not None and model is not None and model.owner == label and plain(user.pk) == plain(value)


def words(exchange: Exchange) -> frozenset[str]:
    session = {key: value for key, value in (exchange.session or {}).items() if not str(key).startswith("_")}
    said = [
        exchange.path,
        exchange.query,
        exchange.body.decode("utf-8", "replace"),
        str(exchange.arguments),
        str(exchange.form or ""),
        str(session),
    ]
    return frozenset(plain(word) for text in said for word in re.findall(r"[\w-]+", text))


def plain(value: Any) -> str:
    return plain_key(value).lower()


def wanted(looking: Search, request: Request, own: bool) -> Iterator[int]:
    """The places of the conditions that are worth a decoy. `own`: the project's code asked; else something that the request said must be asked for."""
    scope = looking.scope
    model = looking.models.get(next(iter(scope.tables), ""))
    if model is None or model.auto_created or not model.managed or model.label.lower().startswith(FRAMEWORK):
        return
    if not own and not any(request.said(value) for _, _, value in compared(scope, looking.parameters)):
        return
    for number, test in enumerate(scope.tests):
        if not test.of and simple(test, scope, looking.models) and not by_itself(test, looking, request):
            yield number


def simple(test: Test, scope: Scope, models: Mapping[str, Model]) -> bool:
    """Whether a condition is one on the columns of one table."""
    from sqlglot import exp  # noqa: PLC0415 - see predicates

    return len(test.aliases) == 1 and test.aliases <= models.keys() and test.tree.find(exp.Select) is None


def by_itself(test: Test, looking: Search, request: Request) -> bool:
    """Whether Django asks that by itself: for the row that a foreign key of a known row points to, for the rows of several."""
    from sqlglot import exp  # noqa: PLC0415

    tree = test.tree.unnest()
    if not isinstance(tree, (exp.EQ, exp.In)) or not isinstance(tree.this, exp.Column):
        return False
    (alias,) = test.aliases
    model = looking.models[alias]
    one = field_of(model, tree.this.name)
    label = refers(model, one, looking.project)
    values = [
        predicates.constant(each, looking.parameters)[1] for each in (tree.expressions if isinstance(tree, exp.In) else [tree.expression])
    ]
    if not label or one is None:
        return False
    if any(request.is_user(label, value) for value in values) and (one.primary_key or one.unique):
        return True
    alone = len([other for other in looking.scope.tests if len(other.aliases) == 1]) == 1
    if (isinstance(tree, exp.In) and not one.primary_key) or model.auto_created:
        return alone
    return is_single(one) and not any(request.said(value) for value in values)


def is_single(one: Field) -> bool:
    return one.primary_key or one.unique


def told(looking: Search) -> Mapping[str, Row] | None:
    """A row of the first table as the conditions tell it, where no other table need have one."""
    base, *others = looking.scope.tables
    model = looking.models.get(base)
    tests = [test for test in looking.scope.tests if not test.of]
    if model is None or not set(others) <= looking.scope.outer or any(test.aliases != frozenset({base}) for test in tests):
        return None
    terms = [predicates.terms(test.tree, looking.parameters) for test in tests]
    values = predicates.satisfying(tuple(one for some in terms for one in some or ())) if None not in terms else None
    if values is None:
        return None
    found = from_columns(model, values, looking.project)
    row = {one.column: found[one.attname] for one in model.fields if one.column and one.attname in found}
    return {base: row, **dict.fromkeys(others, ABSENT)}
