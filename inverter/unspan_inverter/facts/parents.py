"""Completes the rows: parents that foreign keys point to but nobody read, and values that a column must have."""

import uuid
from collections.abc import Container, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from unspan_proto.project import Field, Model, Project
from unspan_proto.values import bare, lossy

from unspan_inverter.facts.kinds import Key, Made, RowBorn, RowChanged, RowExists

NOT_READ = "the request never read this row"
NO_KEYS: Mapping[Key, Key] = {}


def with_parents(rows: Mapping[Key, RowExists], project: Project, inherited: Mapping[Key, Key] = NO_KEYS) -> dict[Key, RowExists]:
    """The rows and, for each foreign key among them, the row it points to."""
    found = dict(rows)
    held: dict[tuple[str, str], set[Any]] = {}
    waiting = list(rows.values())
    while waiting:
        row = waiting.pop()
        model = project.model(row.key.label)
        for key in pointed(row, model, project) if model else ():
            if elsewhere(key, found, project) not in found and inherited.get(key) not in found:
                found[key] = RowExists(key, {}, row.span, NOT_READ)
                waiting.append(found[key])
        for label, column, value in pointed_by_another(row.values, model, project) if model else ():
            if (label, column) not in held:
                family = kin(label, project)
                held[label, column] = {other.values.get(column) for key, other in found.items() if key.label in family}
            if value not in held[label, column]:
                key = Key(label, Made(len(found), NOT_READ), row.key.database)
                found[key] = RowExists(key, {column: value}, row.span, NOT_READ)
                waiting.append(found[key])
                held[label, column].add(value)
    return found


def kin(label: str, project: Project) -> frozenset[str]:
    """Labels of a model and of those that inherit from it: whose rows have its columns."""
    return frozenset({label, *(one.label for one in project.models if any(above.label == label for above in project.ancestors(one)))})


def pointed_by_another(values: Mapping[str, Any], model: Model, project: Project) -> list[tuple[str, str, Any]]:
    """What foreign keys to another column than the primary key point to: label, attname and value."""
    found: list[tuple[str, str, Any]] = []
    for one in model.fields:
        if one.kind != "column" or not one.to_field or (related := project.model(one.related or "")) is None:
            continue
        value = bare(values.get(one.attname))
        if value is not None and not lossy(value) and target(one, value, project, "") is None:
            found.append((related.owner, one.to_field, value))
    return found


def pointed(row: RowExists | RowBorn | RowChanged, model: Model, project: Project) -> list[Key]:
    """The rows that a row's foreign keys point to; not the parent that an inherited row is one with."""
    values = row.after if isinstance(row, RowChanged) else row.values
    keys: list[Key] = []
    for one in model.fields:
        if one.kind == "column" and one.related and not one.parent_link and not lossy(values.get(one.attname)):
            key = target(one, bare(values.get(one.attname)), project, row.key.database)
            if key is not None:
                keys.append(key)
    return keys


def target(one: Field, value: Any, project: Project, database: str) -> Key | None:
    """The row a foreign key's value points to; None for null, and for a key to a column that is not the primary key."""
    owner = project.owner(one.related or "")
    return None if value is None or owner is None or column_pointed_to(one, project) is not None else Key(owner.label, value, database)


def column_pointed_to(one: Field, project: Project) -> Field | None:
    """The column that a foreign key names in the place of the primary key."""
    owner = project.owner(one.related or "")
    column = owner.field(one.to_field) if owner is not None and one.to_field else None
    return column if owner is not None and column is not owner.field("pk") else None


def elsewhere(key: Key, known: Container[Key], project: Project) -> Key:
    """The same row in another database, where only that is known: keys may point across databases."""
    others = (key._replace(database=alias) for alias in project.databases)
    return key if key in known else next((other for other in others if other in known), key)


def sortable(pk: Any) -> tuple[int, int]:
    """Numbers as they grow; other keys tell nothing of when their rows were made, so these stay in the order in which they were read."""
    if isinstance(pk, Made):
        return (2, pk.number)
    return (0, pk) if isinstance(pk, int) else (1, 0)


def stand_in(one: Field, number: int) -> Any:
    """A value that the column accepts, for a row of which it is not known; unique where it must be."""
    kind = one.type
    if one.choices:
        return one.choices[0]
    if kind in ("CharField", "TextField", "SlugField", "FileField", "FilePathField", "ImageField"):
        made = f"{one.name}-{number}"
        return made[-one.max_length :] if one.max_length else made
    if kind in STAND_INS:
        return STAND_INS[kind](number)
    return None


def unlike(one: Field, value: Any) -> Any:
    """A value of a column that differs from this one; None where none is at hand."""
    value = bare(value)
    if one.related or one.unique or one.primary_key:
        return None
    if one.choices:
        return next((choice for choice in one.choices if choice not in (value, "", None)), None)
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, Decimal)):
        return value + 1
    return stand_in(one, 1) if isinstance(value, str) and one.type in ("CharField", "TextField") else None


DAY = datetime(2000, 1, 1, tzinfo=timezone.utc)
STAND_INS: Mapping[str, Any] = {
    "EmailField": lambda n: f"person-{n}@example.com",
    "URLField": lambda n: f"https://example.com/{n}",
    "GenericIPAddressField": lambda n: f"192.0.2.{n % 250 + 1}",
    "UUIDField": lambda n: uuid.UUID(int=n),
    "BooleanField": lambda n: False,
    "DateTimeField": lambda n: DAY + timedelta(minutes=n),
    "DateField": lambda n: date(2000, 1, 1) + timedelta(days=n),
    "TimeField": lambda n: time(0, 0, n % 60),
    "DurationField": lambda n: timedelta(seconds=n),
    "DecimalField": lambda n: Decimal(n % 10),
    "FloatField": lambda n: float(n),
    "JSONField": lambda n: {},
    "BinaryField": lambda n: b"",
    **{f"{size}IntegerField": (lambda n: n) for size in ("", "Big", "Small", "Positive", "PositiveBig", "PositiveSmall")},
}
"""Django's internal type → a value by number."""


def required(one: Field) -> bool:
    """Whether a row cannot be saved, or not twice, unless this column is given a value."""
    if (
        one.kind != "column"
        or one.null
        or (one.has_default and not (one.unique and not lossy(one.default)))  # two rows with one default would clash
        or one.db_default
        or one.generated
        or one.auto
        or one.auto_now
        or one.auto_now_add
    ):
        return False
    return (
        one.unique
        or one.primary_key
        or one.type not in ("CharField", "TextField", "SlugField", "FileField", "ImageField", "EmailField", "URLField")
    )
