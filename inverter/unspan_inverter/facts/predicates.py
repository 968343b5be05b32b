"""The simple conditions of a statement: which known rows they choose, and which values would satisfy them.

Only conjunctions of comparisons of one column with a value are understood; `where` answers None for anything else.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite"}
PLACEHOLDER = re.compile(r"%%|(?:\b_binary )?%s")


UNDASHED = re.compile(r"(?<=[0-9a-fA-F])-(?=[0-9a-fA-F]{4})")
"""The dashes inside of a UUID."""
STEPS = {"<": -1, "<=": 0, ">": 1, ">=": 0}
"""Comparison → the step from its bound to a value that satisfies it."""


BEYOND = {"<=": 1, ">=": -1}
"""Comparison → the step from its bound to a value that does not satisfy it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`column OP value`; `op` is one of =, !=, <, <=, >, >=, in, null, like; `no` negates it."""

    column: str
    op: str
    value: Any
    no: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several conjunctions."""

    options: tuple[tuple["Term", ...], ...]


Term = Condition | Either
PRESENT: Any = object()
"""Stands for some value that is not null."""


@lru_cache(maxsize=512)
def tree_of(statement: str, system: str = "") -> Any:
    """A statement as sqlglot's tree, `IS NOT NULL` the negation of `IS NULL` in every dialect; None for one that cannot be read.

    All who ask share the tree: it is to be looked at only.
    """
    from sqlglot import errors, exp, parse_one  # noqa: PLC0415 - a fifth of a second that most traces need not pay

    try:
        tree = parse_one(named(statement), read=DIALECTS.get(system, "sqlite"))
        for one in [one for one in tree.find_all(exp.Is) if one.args.get("negate")]:
            positive = one.copy()
            positive.set("negate", None)
            one.replace(exp.Not(this=positive))
    except (errors.SqlglotError, ValueError, RecursionError):
        return None
    return tree


def where(statement: str, parameters: tuple[Any, ...], system: str = "") -> tuple[Term, ...] | None:
    """The conditions of a statement on one table, () when it has none, None when they are not simple."""
    from sqlglot import exp  # noqa: PLC0415 - see tree_of

    tree = tree_of(statement, system)
    if tree is None or tree.find(exp.Join, exp.Subquery, exp.Group, exp.Having, exp.Union, exp.Distinct) is not None:
        return None
    found = tree.args.get("where")
    if found is None:
        return ()
    return terms(found.this, parameters)


def source_of(tree: Any) -> Any:
    """What stands behind a statement's FROM, None where nothing does; versions of sqlglot keep it under two names."""
    found = tree.args.get("from_") or tree.args.get("from")
    return None if found is None else found.this


def terms(tree: Any, parameters: tuple[Any, ...], no: bool = False) -> tuple[Term, ...] | None:
    """A condition, or its negation, as a conjunction; None when a part of it is not simple."""
    from sqlglot import exp  # noqa: PLC0415

    while isinstance(tree, (exp.Paren, exp.Not)):
        no = no is not isinstance(tree, exp.Not)
        tree = tree.this
    if not isinstance(tree, (exp.And, exp.Or)):
        one = condition(tree, parameters, no)
        return None if one is None else (one,)
    left, right = terms(tree.left, parameters, no), terms(tree.right, parameters, no)
    if left is None or right is None:
        return None
    return (*left, *right) if isinstance(tree, exp.And) is not no else (Either((left, right)),)


def named(statement: str) -> str:
    """`%s` placeholders as numbered ones: a bare `?` is an operator of PostgreSQL's JSON."""
    numbers = itertools.count()
    return PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else f":p{next(numbers)}", statement)


def placeholders(text: str) -> int:
    """How many `%s` stand in a piece of a statement; the `%%s` of a date format is none."""
    return sum(found != "%%" for found in PLACEHOLDER.findall(text))


def parts(tree: Any) -> list[Any]:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, exp.Paren):
        return parts(tree.this)
    if isinstance(tree, exp.And):
        return [*parts(tree.left), *parts(tree.right)]
    return [tree]


def condition(tree: Any, parameters: tuple[Any, ...], no: bool = False) -> Condition | None:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, exp.Column):
        return Condition(tree.name, "=", True, no)
    operators = {exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
    if type(tree) in operators and isinstance(tree.left, exp.Column):
        known, value = constant(tree.right, parameters)
        return Condition(tree.this.name, operators[type(tree)], value, no) if known else None
    if isinstance(tree, exp.Escape):
        tree = tree.this
    if isinstance(tree, (exp.Like, exp.ILike)) and isinstance(tree.this, exp.Column):
        known, value = constant(tree.expression, parameters)
        return Condition(tree.this.name, "like", value, no) if known and isinstance(value, str) else None
    if isinstance(tree, exp.Is) and isinstance(tree.this, exp.Column) and isinstance(tree.expression, exp.Null):
        return Condition(tree.this.name, "null", None, no)
    if isinstance(tree, exp.In) and isinstance(tree.this, exp.Column) and tree.expressions:
        values = [constant(one, parameters) for one in tree.expressions]
        return Condition(tree.this.name, "in", [value for _, value in values], no) if all(known for known, _ in values) else None
    return None


def constant(tree: Any, parameters: tuple[Any, ...]) -> tuple[bool, Any]:
    """Whether the expression is a value, and which."""
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, (exp.Placeholder, exp.Parameter)):
        name = tree.name or getattr(tree.this, "name", "")
        if re.fullmatch(r"p\d+", name) and int(name[1:]) < len(parameters):
            return True, parameters[int(name[1:])]
        return False, None
    if isinstance(tree, exp.Literal):
        return True, tree.this if tree.is_string else number(tree.this)
    if isinstance(tree, exp.Boolean):
        return True, bool(tree.this)
    return False, None


def number(text: str) -> int | float:
    """A numeric literal of SQL: `1e10` has no point and is no int."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def holds(conditions: tuple[Term, ...], row: Mapping[str, Any]) -> bool:
    """Whether a row (by column name) satisfies all; a column that is not known does not."""
    return all(
        any(holds(option, row) for option in one.options)
        if isinstance(one, Either)
        else one.column in row and holds_one(one, row[one.column])
        for one in conditions
    )


def holds_one(one: Condition, value: Any) -> bool:
    if one.op == "null":
        return (value is None) is not one.no
    if value is None:
        return False
    try:
        found = compared(one.op, value, one.value)
    except TypeError:
        found = False
    return found is not one.no


def compared(op: str, left: Any, right: Any) -> bool:
    if op == "in":
        return any(same(left, item) for item in right)
    if op in ("=", "!="):
        return same(left, right) is (op == "=")
    if op == "like":
        return liked(str(right)).fullmatch(str(left)) is not None
    left, right = comparable(left), comparable(right, like=left)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]


def liked(pattern: str) -> re.Pattern[str]:
    """A LIKE pattern with backslash escapes as a regular expression; case is ignored, as SQLite does and `icontains` asks."""
    parts = re.findall(r"\\.|.", pattern, re.S)
    made = "".join(".*" if part == "%" else "." if part == "_" else re.escape(part[-1]) for part in parts)
    return re.compile(made, re.I | re.S)


def comparable(value: Any, like: Any = None) -> Any:
    """A value in a form that compares with others of its column: SQLite is given moments as text, without their zone."""
    if isinstance(value, str) and isinstance(like, datetime):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value).isoformat(" ", "microseconds")
    return value if isinstance(value, (int, float, str)) else float(value) if isinstance(value, Decimal) else str(value)


def same(left: Any, right: Any) -> bool:
    """Equality across what drivers are given: a UUID or Decimal may be bound as text, with or without dashes."""
    if left == right or isinstance(left, bool):
        return bool(left == right)
    return UNDASHED.sub("", str(left)) == UNDASHED.sub("", str(right))


def choices(conditions: tuple[Term, ...]) -> int:
    """How many ways to satisfy the conditions are written out in them, by an OR or an IN."""
    several = [
        len(one.options) if isinstance(one, Either) else len(one.value)
        for one in conditions
        if isinstance(one, Either) or (one.op == "in" and not one.no)
    ]
    return max(several, default=1)


def satisfying(conditions: tuple[Term, ...], turn: int = 0) -> Mapping[str, Any] | None:
    """Values by column that satisfy all conditions, None when they cannot be told. `turn`: which of several ways that an OR or an IN leaves."""
    values: dict[str, Any] = {}
    for one in conditions:
        if isinstance(one, Either):
            inner = satisfying(one.options[turn % len(one.options)], turn)
            if inner is None:
                return None
            values |= inner
        elif one.op == "null":
            values.setdefault(one.column, PRESENT) if one.no else values.update({one.column: None})
        elif one.op in ("=", "in") and not one.no:
            values[one.column] = one.value if one.op == "=" else one.value[turn % len(one.value)] if one.value else None
        elif one.op == "like" and not one.no:
            values[one.column] = re.sub(r"\\(.)", r"\1", one.value.strip("%"))
        elif one.op == "=" and isinstance(one.value, bool):
            values[one.column] = not one.value
        elif one.op in STEPS and not one.no and (near := beside(one.value, STEPS[one.op])) is not None:
            values.setdefault(one.column, near)
        elif not (one.no or one.op == "!="):
            return None
    known = {name: value for name, value in values.items() if value is not PRESENT}
    return None if any(forbids(one, known) for one in conditions) else values


def forbids(one: Term, values: Mapping[str, Any]) -> bool:
    """Whether a condition is broken by a value that is there."""
    return not isinstance(one, Either) and one.column in values and not holds_one(one, values[one.column])


def beside(value: Any, step: int) -> Any:
    """The value itself, or the next one below or above; None where there is none of its kind."""
    if isinstance(value, str):
        try:
            return beside(datetime.fromisoformat(value), step)
        except ValueError:
            return None
    if isinstance(value, (datetime, date)):
        return value + timedelta(days=step)
    return value + step if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) else None


def breaking(conditions: tuple[Term, ...], keep: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A value by column that breaks one of the conditions without touching the columns of `keep`, None when there is none."""
    for one in conditions:
        if isinstance(one, Either) or one.column in keep:
            continue
        if one.op in ("=", "!=") and isinstance(one.value, bool):
            return {one.column: (not one.value) is not (one.no or one.op == "!=")}
        if one.op == "=" and not one.no and isinstance(one.value, int):
            return {one.column: one.value + 1}
        if one.op == "=" and not one.no and isinstance(one.value, str):
            return {one.column: f"not {one.value}"}
        if one.op in ("<", ">") and not one.no:
            return {one.column: one.value}
        if one.op in BEYOND and not one.no and isinstance(one.value, (int, float, Decimal)):
            return {one.column: one.value + BEYOND[one.op]}
    return None
