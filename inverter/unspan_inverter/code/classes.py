"""Which tests stand in one class, what its rows are, and what each test is called there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from unspan_inverter.plan.expressions import Assign, Do, Name, Plan, Statement, pieces


@dataclass(frozen=True, slots=True)
class Group:
    """A class and its tests: `shared` are the rows that are made once for all of them, with which each plan's own begin."""

    name: str
    plans: tuple[Plan, ...]
    shared: tuple[Statement, ...] = ()

    @property
    def first(self) -> Plan:
        return self.plans[0]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the tests will stand beside, in a file that is there."""

    tests: frozenset[tuple[str, str]] = frozenset()
    """Class (empty for a function) and name of tests whose names are taken."""
    classes: frozenset[str] = frozenset()
    """Classes that cannot take them."""
    alone: bool = False
    """Whether each test makes all its rows itself."""


NOTHING = Beside()


def grouped(plans: Sequence[Plan], style: str, beside: Beside = NOTHING) -> list[Group]:
    """The classes in the order of their first tests, each test under a name of its own."""
    found: dict[object, list[Plan]] = {}
    for plan in plans:
        kind = (plan.class_name, plan.needs_database, plan.plain, plan.transactions, plan.databases, repr(plan.before_class))
        found.setdefault(kind, []).append(plan)
    groups, used = list[Group](), set(beside.classes)
    for some in found.values():
        name = free(some[0].class_name.removesuffix("Tests"), used, "{}{}", "Tests")
        there = {test for owner, test in beside.tests if owner == (name if style == "django" else "")}
        groups.append(Group(name, tuple(named(some, there)), () if beside.alone or style == "pytest" else shared(some)))
    return groups if style == "django" else functions(groups)


def functions(groups: Sequence[Group]) -> list[Group]:
    """The same where all tests stand side by side: what one class calls a test another may not."""
    used = set[str]()
    return [replace(one, plans=tuple(replace(plan, method_name=free(plan.method_name, used)) for plan in one.plans)) for one in groups]


def shared(plans: Sequence[Plan]) -> tuple[Statement, ...]:
    """The rows with which all tests of a class begin; of one alone, all where nothing that it does changes them."""
    if any(plan.transactions for plan in plans):
        return ()
    if len(plans) == 1:
        return spoken_of(plans[0].rows if plans[0].shareable else (), plans)
    found = list[Statement]()
    for statements in zip(*(plan.rows for plan in plans), strict=False):
        one = next((each for each in statements if isinstance(each, Assign)), statements[0])
        if any(each not in (one, unnamed(one)) for each in statements):
            break
        found.append(one)
    return spoken_of(found, plans)


def spoken_of(shared: Sequence[Statement], plans: Sequence[Plan]) -> tuple[Statement, ...]:
    """The shared rows, those to which neither another nor a test refers without a variable."""
    after = [(plan.rows[len(shared) :], plan.arrange, plan.contexts, plan.act, plan.asserts, plan.then) for plan in plans]
    spoken = {part.id for part in pieces(([unnamed(row) for row in shared], after)) if isinstance(part, Name)}
    return tuple(unnamed(one) if isinstance(one, Assign) and one.target.id not in spoken else one for one in shared)


def own_rows(plan: Plan, shared: Sequence[Statement]) -> list[Statement]:
    """The rows of a test beside the shared ones, those to which nobody refers without a variable."""
    rows, after = plan.rows[len(shared) :], (plan.arrange, plan.contexts, plan.act, plan.asserts, plan.then)
    spoken = {part.id for part in pieces((*(unnamed(row) for row in rows), *after)) if isinstance(part, Name)}
    return [unnamed(row) if isinstance(row, Assign) and row.target.id not in spoken else row for row in rows]


def unnamed(statement: Statement) -> Statement:
    """An assignment as its bare expression."""
    return Do(statement.value, statement.note) if isinstance(statement, Assign) else statement


def named(plans: Sequence[Plan], taken: Collection[str]) -> list[Plan]:
    """Tests of one name are told apart by the first thing in which all of them differ, else by a number; so is one whose name is taken."""
    alike: dict[str, list[int]] = {}
    for place, plan in enumerate(plans):
        alike.setdefault(plan.method_name, []).append(place)
    told: dict[int, str] = {}
    for name, places in alike.items():
        told |= zip(places, names(name, [plans[place] for place in places], name in taken), strict=True)
    used = set(taken)
    return [replace(plan, method_name=free(told[place], used)) for place, plan in enumerate(plans)]


def names(name: str, plans: Sequence[Plan], taken: bool) -> list[str]:
    if len(plans) == 1 and not taken:
        return [name]
    words: list[Mapping[str, str]] = [dict(plan.told_apart) for plan in plans]
    for kind in words[0]:
        found = [one.get(kind) for one in words]
        if None not in found and len(set(found)) == len(found):
            return [f"{name}_{one}" for one in found]
    return [name] * len(plans)


def free(name: str, used: set[str], form: str = "{}_{}", end: str = "") -> str:
    """The name, numbered where it is taken; taken from now on."""
    made, number = name + end, 2
    while made in used:
        made, number = form.format(name, number) + end, number + 1
    used.add(made)
    return made
