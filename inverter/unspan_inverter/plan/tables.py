"""Several plans of one function → one that is done with a table of values, where they differ in nothing but values. Its rows are those that show something new."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from unspan_inverter.plan import names
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Do, Import, Item, Name, Plan, SetAttr, SetItem, Table, pieces

FEWEST: Final = 2
"""Rows that are kept although they show no new way, if what comes out differs: one alone would not notice a constant in the place of the result."""
COMPARED: Final = ("equal", "is", "true", "false")


class Different(Exception):
    """Plans that have no common form."""


def tabled(plans: Sequence[Plan]) -> list[Plan]:
    """The plans, those of one function together where they can be, each at the place of its first."""
    groups: list[list[Plan]] = []
    for plan in plans:
        for group in groups:
            if fits(plan, group):
                group.append(plan)
                break
        else:
            groups.append([plan])
    made = [group[0] if len(group) == 1 else table(telling(group)) for group in groups]
    return [one for one in made if one.subject is None or one in telling([each for each in made if same(each, one)])]


def same(one: Plan, other: Plan) -> bool:
    """Whether two plans are of one function, and it ends alike in both."""
    mine, its = one.subject, other.subject
    return mine is not None and its is not None and mine.function == its.function and bool(one.table) == bool(other.table)


def fits(plan: Plan, group: Sequence[Plan]) -> bool:
    """Whether a plan and those of a group become one."""
    if around(plan) is None or around(plan) != around(group[0]):
        return False
    try:
        common([*group, plan])
    except Different:
        return False
    return True


def around(plan: Plan) -> Plan | None:
    """What must be the same; nothing of plans that stand for themselves: what one row writes, the next would find."""
    if plan.subject is None or plan.needs_database or plan.then:
        return None
    subject = replace(plan.subject, ways=frozenset())
    return replace(plan, subject=subject, method_name="", trace_id="", told_apart=(), arrange=(), act=(), asserts=(), notes=())


def telling(group: Sequence[Plan]) -> list[Plan]:
    """Those of which each takes a way that no earlier one takes."""
    found: list[Plan] = []
    taken = frozenset[tuple[str, ...]]()
    for plan in group:
        ways = plan.subject.ways if plan.subject is not None else frozenset[tuple[str, ...]]()
        differs = all(repr(plan.asserts) != repr(one.asserts) for one in found)
        if not ways <= taken or (len(found) < FEWEST and differs and plan.level == "unit"):
            found.append(plan)
            taken |= ways
    return found


def table(group: Sequence[Plan]) -> Plan:
    """One plan of several."""
    first = group[0]
    if len(group) == 1:
        return first
    (arrange, act, asserts), columns = common(group)
    traces = tuple(dict.fromkeys(plan.trace_id for plan in group))
    rows = tuple(zip(*columns.values(), strict=True))
    ways = frozenset(way for plan in group if plan.subject is not None for way in plan.subject.ways)
    alike = len({plan.method_name for plan in group}) == 1
    own = first.subject.function.rpartition(".")[2].strip("_") if first.subject is not None else ""
    return replace(
        first, subject=replace(first.subject, ways=ways) if first.subject is not None else None, arrange=arrange, act=act, asserts=asserts, table=Table(tuple(columns), rows, traces), told_apart=(),
        method_name=first.method_name if alike else names.cut(f"test_{own}"), notes=tuple(dict.fromkeys(note for one in group for note in one.notes)),
    )  # fmt: skip


def common(group: Sequence[Plan]) -> tuple[tuple[Any, Any, Any], dict[str, tuple[Any, ...]]]:
    """The statements that all have, with a name where they differ, and what the names stand for in each. Raises Different."""
    found = Columns(group)
    parts = (
        found.form([plan.arrange for plan in group]),
        found.form([plan.act for plan in group]),
        found.form([plan.asserts for plan in group]),
    )
    return parts, found.columns


class Columns:
    """What plans differ in, by the names that are given to it."""

    def __init__(self, group: Sequence[Plan]) -> None:
        self.columns: dict[str, tuple[Any, ...]] = {}
        self._given = group[0].subject.given if group[0].subject is not None else ()
        self._function = (group[0].subject.function if group[0].subject is not None else "").rpartition(".")[2]
        spoken = list(pieces([(plan.arrange, plan.act, plan.asserts) for plan in group]))
        self._taken = {one.id for one in spoken if isinstance(one, Name)} | {one.name for one in spoken if isinstance(one, Import)}

    def form(self, parts: Sequence[Any], hint: str = "value") -> Any:
        """What the parts have in common."""
        first = parts[0]
        if all(repr(one) == repr(first) for one in parts):
            return first
        if any(type(one) is not type(first) for one in parts):
            return self.named(parts, hint)
        if isinstance(first, Call):
            return self.call(parts, hint)
        if isinstance(first, Check):
            return self.check(parts)
        if isinstance(first, (Assign, Do)) and len({repr(replace(one, value=None)) for one in parts}) == 1:
            return (
                self.assigned(parts) if isinstance(first, Assign) else replace(first, value=self.form([one.value for one in parts], hint))
            )
        if isinstance(first, (SetAttr, SetItem)) and len({repr(replace(one, value=None)) for one in parts}) == 1:
            return replace(
                first, value=self.form([one.value for one in parts], str(first.name if isinstance(first, SetAttr) else first.key))
            )
        if isinstance(first, tuple) and isinstance(first[0] if first else None, (Assign, Do, SetAttr, SetItem, Check)):
            return tuple(one for column in columns(parts) if (one := self.form(column, hint)) is not None)
        if isinstance(first, (Assign, Do, SetAttr, SetItem)):
            raise Different
        return self.named(parts, hint)

    def assigned(self, parts: Sequence[Assign]) -> Assign | None:
        """An assignment; none of a variable that is another value in each: that is a name of the table's."""
        target, before = parts[0].target, set(self.columns)
        value = self.form([one.value for one in parts], target.id)
        if not isinstance(value, Name) or value.id in before or parts[0].note:
            return replace(parts[0], value=value)
        self.columns[target.id] = self.columns.pop(value.id)
        return None

    def call(self, parts: Sequence[Call], hint: str) -> Any:
        """Calls of one function with as many arguments."""
        keys = [[key for key, _ in one.kwargs] for one in parts]
        function = self.function([one.function for one in parts])
        if function is None or any(one != keys[0] for one in keys):
            return self.named(parts, hint)
        own = isinstance(function, (Import, Attr)) and function.name == self._function
        given = self._given if own else ("path",) if isinstance(function, Attr) and function.name in MADE_BY_FACTORY else ()
        args = tuple(
            self.form(column, given[at] if at < len(given) else hint) for at, column in enumerate(columns([one.args for one in parts]))
        )
        kwargs = tuple((key, self.form([dict(one.kwargs)[key] for one in parts], key)) for key in keys[0])
        return Call(function, args, kwargs)

    def function(self, parts: Sequence[Any]) -> Any:
        """What is called by all: one function, or a method of one name; None for several."""
        if len({repr(one) for one in parts}) == 1:
            return parts[0]
        if all(isinstance(one, Attr) for one in parts) and len({one.name for one in parts}) == 1:
            return Attr(self.form([one.of for one in parts], "owner"), parts[0].name)
        return None

    def check(self, parts: Sequence[Check]) -> Check:
        """Assertions on one thing."""
        first = parts[0]
        if (
            any(one.kind not in COMPARED or one.kwargs for one in parts)
            and len({(one.kind, len(one.args), one.kwargs) for one in parts}) > 1
        ):
            raise Different
        if not all(one.kind in COMPARED for one in parts):
            return replace(first, args=tuple(self.form(column, "expected") for column in columns([one.args for one in parts])))
        subjects, expected = [one.args[0] for one in parts], [EXPECTED.get(one.kind, one.args[-1]) for one in parts]
        if len({repr(one) for one in subjects}) > 1:
            raise Different
        key = subjects[0].key if isinstance(subjects[0], Item) else ""
        plain = all(one is None or isinstance(one, bool) for one in expected)
        hint = f"expected_{names.identifier(key)}" if isinstance(key, str) and key else "expected"
        return Check("is" if plain else "equal", (subjects[0], self.form(expected, hint)), note=first.note)

    def named(self, parts: Sequence[Any], hint: str) -> Name:
        """A name that stands for these values; one that stands for them already. Raises Different for what is no value."""
        if any(isinstance(piece, Name) or (isinstance(piece, Call) and isinstance(piece.function, Attr)) for piece in pieces(parts)):
            raise Different
        hint = names.identifier(hint, "value")
        same = next((name for name, column in self.columns.items() if repr(column) == repr(tuple(parts)) and name.startswith(hint)), None)
        if same is not None:
            return Name(same)
        name = next(one for one in numbered(hint) if one not in self.columns and one not in self._taken)
        self.columns[name] = tuple(parts)
        return Name(name)


MADE_BY_FACTORY: Final = ("get", "post", "put", "patch", "delete", "generic")
"""Methods of a RequestFactory, whose first argument is a path."""
EXPECTED: Final = {"true": True, "false": False}


def columns(parts: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Raises Different where there are not as many everywhere."""
    if len({len(one) for one in parts}) > 1:
        raise Different
    return [list(column) for column in zip(*parts, strict=True)]


def numbered(name: str) -> Iterator[str]:
    yield name
    yield f"given_{name}"
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
