"""What a statement of Django's compiler writes: the values before they are adapted to the database, and the keys that it names.

INSERT: the values as `pre_save` gave them, as the field would hold them in Python; a later stage adds the key that the database gave.
UPDATE: likewise; `bulk_update`'s CASE is taken apart into one value a row. What the database computes is Opaque.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import FileField, Model
from django.db.models.expressions import Case, Col, Value
from django.db.models.functions import Cast
from django.db.models.sql.where import AND, WhereNode
from django.utils import timezone
from unspan_proto.values import Opaque, type_name

from unspan_instrumentation.describing.fields import decoded
from unspan_instrumentation.sql.limits import frozen_cell, of_column

Row = dict[str, Any]
WORDS = ("CharField", "TextField", "SlugField", "EmailField", "URLField")


def inserted(compiler: Any, objects: list[Any], value: Callable[[Any, Any], Any], sent: Any) -> list[Row]:
    """One dict an object of an INSERT: attname → value. `value` gives what the field's `pre_save` returned for an object; `sent` are the parameters."""
    fields = compiler.query.fields
    cells = [(field, value(field, one)) for one in objects for field in fields]
    made = [cleaned(field, cell) for field, cell in cells]
    if isinstance(sent, (list, tuple)) and len(sent) == len(cells):
        made = [as_sent(field, cell, one, text) for (field, cell), one, text in zip(cells, made, sent, strict=True)]
    names = [field.attname for field in fields]
    return [dict(zip(names, made[start : start + len(names)], strict=True)) for start in range(0, len(made), len(names) or 1)]


def updated(compiler: Any, sent: Any) -> Row | list[Row]:
    """attname → new value of an UPDATE; for bulk_update a list of dicts with each row's key. `sent` are the parameters."""
    by_key = per_key(compiler.query)
    if by_key is not None:
        return by_key
    values = compiler.query.values
    row = {field.attname: cleaned(field, value) for field, _, value in values}
    if isinstance(sent, (list, tuple)) and not any(hasattr(type(value), "resolve_expression") for _, _, value in values):
        left = list(reversed(sent))
        for field, _, value in values:
            if value is not None and left:
                row[field.attname] = as_sent(field, value, row[field.attname], left.pop())
            elif value is None and left and left[-1] is None:  # up to Django 5.2 a NULL stands in the statement itself
                left.pop()
    return row


def as_sent(field: Any, value: Any, made: Any, sent: Any) -> Any:
    """What a column got of an object that cannot be carried: a text of a lazy translation or a model's row, what a library's field made of an object of
    the library's. Django has asked the object and the field by now."""
    if hasattr(type(value), "resolve_expression"):
        return made
    if type(made) is Opaque and type(sent) is str and field.get_internal_type() in WORDS and not decoded(field):
        return sent
    return of_column(made, value, sent) if decoded(field) else made


def per_key(query: Any) -> list[Row] | None:
    """bulk_update: the rows that its `CASE WHEN pk = …` name, or None where an expression is of another kind."""
    key = query.get_meta().pk
    rows: dict[Any, Row] = {}
    for field, _, value in query.values:
        case = value.get_source_expressions()[0] if isinstance(value, Cast) else value
        if not isinstance(case, Case):
            return None
        for when in case.cases:
            keys = keys_of(when.condition, key)
            if keys is None or len(keys) != 1:
                return None
            rows.setdefault(keys[0], {key.attname: cleaned(key, keys[0])})[field.attname] = cleaned(field, when.result)
    return list(rows.values()) or None


def named_keys(query: Any) -> list[Any] | None:
    """The primary keys that the WHERE of an UPDATE or DELETE lists, or None when it is another condition."""
    key = query.get_meta().pk
    found = keys_of(query.where, key)
    return None if found is None else [cleaned(key, one) for one in found]


def keys_of(condition: Any, key: Any) -> list[Any] | None:
    """The literals of `pk = x` or `pk IN (…)`."""
    while isinstance(condition, WhereNode):
        if condition.negated or len(condition.children) != 1 or condition.connector != AND:
            return None
        condition = condition.children[0]
    left, name = getattr(condition, "lhs", None), getattr(condition, "lookup_name", None)
    if not isinstance(left, Col) or left.target is not key or name not in ("exact", "in"):
        return None
    right = condition.rhs
    keys = [right] if name == "exact" else list(right) if isinstance(right, (list, tuple, set, frozenset, dict)) else None
    if keys is None and hasattr(right, "__iter__") and not hasattr(right, "as_sql") and not hasattr(right, "resolve_expression"):
        keys = list(right)  # Django's OrderedSet
    if keys is None or any(hasattr(type(one), "resolve_expression") for one in keys):
        return None
    return [None] if keys == [None] else [one for one in keys if one is not None]


def cleaned(field: Any, value: Any) -> Any:
    """The value as the field holds it in Python after it was saved, frozen: a file by its name, text that Django would parse parsed."""
    if type(value) is Value:
        value = value.value
    if hasattr(type(value), "resolve_expression"):
        return Opaque(type_name(type(value)))
    if isinstance(value, Model):
        value = value.__dict__.get(field.target_field.attname) if field.is_relation else Opaque(type_name(type(value)))
    if isinstance(field, FileField):
        return str(getattr(value, "name", value) or "")
    if type(value) in (str, int, float) and field.is_relation:
        field = field.target_field
    if type(value) in (str, int, float) and of_django(field):
        value = field.to_python(value)
    if type(value) is datetime and field.get_internal_type() == "DateTimeField" and settings.USE_TZ and timezone.is_naive(value):
        value = timezone.make_aware(value, timezone.get_default_timezone())
    return frozen_cell(value)[0]


def of_django(field: Any) -> bool:
    """Whether the field's `to_python` is Django's own, so that no user code runs. JSON text is a value, not a document."""
    return type(field).to_python.__module__.startswith("django.") and field.get_internal_type() != "JSONField"
