"""What a condition of a statement may come to for certain rows: true, false or null, as far as that can be told.

An answer is the set of all that it may be. A condition that is not understood may be anything, so nothing is ever taken for certain that is not.
"""

import itertools
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.facts import predicates
from unspan_inverter.facts.kinds import Made

Answers = frozenset[bool | None]
ANY: Final[Answers] = frozenset({True, False, None})
TRUE: Final[Answers] = frozenset({True})
FALSE: Final[Answers] = frozenset({False})
NULL: Final[Answers] = frozenset({None})
UNKNOWN: Final[Any] = object()
"""A value of which nothing is known."""
FRESH: Final = "not asked for"
"""Why there is a key (`Made`) that no other row points to, and that nobody asks for."""

Row = Mapping[str, Any]
"""Values by column; a column that is missing may hold anything."""


class Absent(Mapping[str, Any]):
    """The row of an outer join that found none: null in each column."""

    def __getitem__(self, name: str) -> Any:
        return None

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def get(self, key: str, default: Any = None) -> Any:
        return None


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows that stand for the tables of a scope, by alias, and what the statement was given."""

    rows: Mapping[str, Row]
    models: Mapping[str, Model]
    """By alias; none for what is no model's table."""
    parameters: tuple[Any, ...]
    project: Project

    def column(self, tree: Any) -> tuple[str, Field | None]:
        """The alias and the field of a column; the alias is empty where it is none of this scope."""
        alias = tree.table
        if not alias:
            owners = [name for name in self.rows if name not in self.models or field_of(self.models[name], tree.name)]
            alias = owners[0] if len(owners) == 1 else ""
        return (alias, field_of(self.models.get(alias), tree.name)) if alias in self.rows else ("", None)


def field_of(model: Model | None, column: str) -> Field | None:
    return model.by_column(column) if model is not None else None


def refers(model: Model | None, one: Field | None, project: Project) -> str:
    """Label of the model whose key the column holds; empty for any other."""
    if model is None or one is None:
        return ""
    related = project.model(one.related) if one.related else None
    if related is not None:
        return related.owner if not one.to_field or related.field(one.to_field) is related.field("pk") else ""
    return model.label if one.attname == model.pk else ""


def answers(tree: Any, standing: Standing) -> Answers:
    """What a condition may come to."""
    reader = READERS.get(tree.key)
    return reader(tree, standing) if reader is not None else ANY


def inner(tree: Any, standing: Standing) -> Answers:
    return answers(tree.this, standing)


def negated(found: Answers) -> Answers:
    return frozenset(None if one is None else not one for one in found)


def joined(tree: Any, standing: Standing) -> Answers:
    left, right = answers(tree.left, standing), answers(tree.right, standing)
    join = both if tree.key == "and" else either
    return frozenset(join(one, two) for one, two in itertools.product(left, right))


def bare_column(tree: Any, standing: Standing) -> Answers:
    found = value(tree, standing)
    return NULL if found is None else frozenset({bool(found)}) if isinstance(found, (bool, int)) else ANY


def is_null(tree: Any, standing: Standing) -> Answers:
    if tree.expression.key != "null":
        return ANY
    found = value(tree.this, standing)
    return frozenset({True, False}) if found is UNKNOWN else frozenset({found is None})


def between(tree: Any, standing: Standing) -> Answers:
    low = ordered(tree.this, tree.args["low"], standing, operator.ge)
    high = ordered(tree.this, tree.args["high"], standing, operator.le)
    return frozenset(both(one, two) for one, two in itertools.product(low, high))


def both(one: bool | None, two: bool | None) -> bool | None:
    return False if one is False or two is False else None if one is None or two is None else True


def either(one: bool | None, two: bool | None) -> bool | None:
    return True if one or two else None if one is None or two is None else False


def value(tree: Any, standing: Standing) -> Any:
    """The value of an expression, or UNKNOWN."""
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(tree, exp.Paren):
        return value(tree.this, standing)
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Column):
        alias, _ = standing.column(tree)
        found = bare(standing.rows[alias].get(tree.name, UNKNOWN)) if alias else UNKNOWN
        return UNKNOWN if found is not UNKNOWN and lossy(found) else found
    if isinstance(tree, (exp.Upper, exp.Lower)):
        found = value(tree.this, standing)
        return (found.upper() if isinstance(tree, exp.Upper) else found.lower()) if isinstance(found, str) else UNKNOWN
    if isinstance(tree, exp.Cast):
        found = value(tree.this, standing)
        return found if found is None or (isinstance(found, str) and tree.to.this.name in ("TEXT", "VARCHAR")) else UNKNOWN
    known, found = predicates.constant(tree, standing.parameters)
    found = bare(found)
    return found if known and not lossy(found) else UNKNOWN


def is_fresh(found: Any) -> bool:
    return isinstance(found, Made) and found.why == FRESH


def equal(left: Any, right: Any, standing: Standing) -> Answers:
    one, two = value(left, standing), value(right, standing)
    if one is None or two is None:
        return NULL
    if is_fresh(one) or is_fresh(two):
        return fresh_equal((left, one), (right, two), standing)
    if one is UNKNOWN or two is UNKNOWN:
        return ANY
    return same(one, two)


def fresh_equal(left: tuple[Any, Any], right: tuple[Any, Any], standing: Standing) -> Answers:
    """A fresh key equals itself, and neither a key that a statement was given nor one that another row has or points to."""
    from sqlglot import exp  # noqa: PLC0415

    if is_fresh(left[1]) and is_fresh(right[1]):
        return frozenset({left[1] == right[1]})
    mine, (tree, other) = (left, right) if is_fresh(left[1]) else (right, left)
    if not isinstance(tree, exp.Column):
        return FALSE if other is not UNKNOWN else ANY
    alias, one = standing.column(tree)
    label = refers(standing.models.get(alias), one, standing.project)
    own = standing.column(mine[0])
    return FALSE if label and label == refers(standing.models.get(own[0]), own[1], standing.project) else ANY


def inside(tree: Any, standing: Standing) -> Answers:
    """Of a subquery only this is told: it yields no fresh key, as long as no fresh row is in its own result."""
    from sqlglot import exp  # noqa: PLC0415

    if tree.expressions:
        found = [equal(tree.this, one, standing) for one in tree.expressions]
        if any(one == TRUE for one in found):
            return TRUE
        return FALSE if all(one == FALSE for one in found) else frozenset(itertools.chain.from_iterable(found)) | {False}
    query = tree.args.get("query")
    inner = query.this if isinstance(query, exp.Subquery) else query
    if is_fresh(value(tree.this, standing)) and isinstance(inner, exp.Select) and len(inner.expressions) == 1:
        return FALSE if key_of_own(inner, standing, tree.this) else ANY
    return ANY


def key_of_own(inner: Any, standing: Standing, asked: Any) -> bool:
    """Whether a subquery yields keys of the same model as the column that is compared with it."""
    from sqlglot import exp  # noqa: PLC0415

    column = inner.expressions[0].unalias()
    source = predicates.source_of(inner)
    tables = [source, *(join.this for join in inner.args.get("joins") or [])]
    table = next((one for one in tables if isinstance(one, exp.Table) and one.alias_or_name == getattr(column, "table", "")), None)
    model = standing.project.table(table.name) if table is not None else None
    label = refers(model, field_of(model, column.name), standing.project)
    alias, one = standing.column(asked)
    return bool(label) and label == refers(standing.models.get(alias), one, standing.project)


def same(one: Any, two: Any) -> Answers:
    """Whether two values are equal in each database: texts that differ in case, accents or blanks alone are in some."""
    if isinstance(one, (datetime, date)) or isinstance(two, (datetime, date)):
        moments = moment(one), moment(two)
        return frozenset({moments[0] == moments[1]}) if None not in moments else ANY
    if isinstance(one, (dict, list, bytes)) or isinstance(two, (dict, list, bytes)) or isinstance(one, Made) or isinstance(two, Made):
        return ANY
    if predicates.same(one, two):
        return TRUE
    if isinstance(one, str) and isinstance(two, str):
        return ANY if folded(one) == folded(two) else FALSE
    if isinstance(one, timedelta) is not isinstance(two, timedelta):  # SQLite and MySQL are given microseconds
        numbers = number(one), number(two)
        return frozenset({numbers[0] == numbers[1]}) if None not in numbers else ANY
    if isinstance(one, str) is not isinstance(two, str):
        numbers = number(one), number(two)
        return frozenset({numbers[0] == numbers[1]}) if None not in numbers else FALSE if uuid_like(one) or uuid_like(two) else ANY
    return FALSE


def uuid_like(found: Any) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]{32}", str(found).replace("-", "")))


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one)).strip()


def number(found: Any) -> Decimal | None:
    if isinstance(found, timedelta):
        return Decimal(found // timedelta(microseconds=1))
    try:
        return Decimal(str(int(found) if isinstance(found, bool) else found))
    except ArithmeticError:
        return None


def moment(found: Any) -> datetime | None:
    """A date or moment without its zone, in UTC; SQLite is given them as text."""
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            return None
    if isinstance(found, datetime):
        return found.astimezone(timezone.utc).replace(tzinfo=None) if found.tzinfo else found
    return datetime(found.year, found.month, found.day) if isinstance(found, date) else None


def ordered(left: Any, right: Any, standing: Standing, sign: Callable[[Any, Any], bool]) -> Answers:
    one, two = value(left, standing), value(right, standing)
    if one is None or two is None:
        return NULL
    if one is UNKNOWN or two is UNKNOWN or isinstance(one, Made) or isinstance(two, Made):
        return ANY
    if isinstance(one, (datetime, date)) or isinstance(two, (datetime, date)):
        pair: tuple[Any, Any] = (moment(one), moment(two))
    else:
        pair = (number(one), number(two))
    return frozenset({sign(*pair)}) if None not in pair else ANY


def alike(text: Any, pattern: Any) -> Answers:
    """LIKE; case counts in some databases."""
    if text is None or pattern is None:
        return NULL
    if not isinstance(text, str) or not isinstance(pattern, str):
        return ANY
    made = predicates.liked(pattern)
    if re.compile(made.pattern, re.S).fullmatch(text):
        return TRUE
    return frozenset({True, False}) if predicates.liked(folded(pattern)).fullmatch(folded(text)) or made.fullmatch(text) else FALSE


READERS: Final[Mapping[str, Callable[[Any, Standing], Answers]]] = {
    "paren": inner,
    "escape": inner,
    "not": lambda tree, standing: negated(answers(tree.this, standing)),
    "and": joined,
    "or": joined,
    "column": bare_column,
    "boolean": lambda tree, standing: frozenset({bool(tree.this)}),
    "is": is_null,
    "in": inside,
    "between": between,
    "eq": lambda tree, standing: equal(tree.left, tree.right, standing),
    "neq": lambda tree, standing: negated(equal(tree.left, tree.right, standing)),
    "like": lambda tree, standing: alike(value(tree.this, standing), value(tree.expression, standing)),
    "ilike": lambda tree, standing: alike(value(tree.this, standing), value(tree.expression, standing)),
    "lt": lambda tree, standing: ordered(tree.left, tree.right, standing, operator.lt),
    "lte": lambda tree, standing: ordered(tree.left, tree.right, standing, operator.le),
    "gt": lambda tree, standing: ordered(tree.left, tree.right, standing, operator.gt),
    "gte": lambda tree, standing: ordered(tree.left, tree.right, standing, operator.ge),
}
"""sqlglot's name of a kind of condition → what it may come to. Every other kind may come to anything."""
