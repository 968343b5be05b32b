"""The fields of a model: columns, many-to-many and generic relations."""

from typing import Any

from django.db.models import NOT_PROVIDED, AutoField
from unspan_proto.project import Field
from unspan_proto.values import Opaque, type_name

from unspan_instrumentation.describing.pieces import attempt, described
from unspan_instrumentation.freezing import freeze


def fields(cls: Any) -> tuple[Field, ...]:
    options = cls._meta
    return (
        *described(column, options.concrete_fields),
        *described(many_to_many, options.many_to_many),
        *described(generic, [one for one in options.private_fields if not one.auto_created]),
    )


def column(one: Any) -> Field:
    related = one.remote_field.model._meta.label if one.is_relation and one.remote_field else None
    return Field(
        name=one.name,
        attname=one.attname,
        column=one.column,
        type=one.get_internal_type(),
        cls=type_name(type(one)),
        null=bool(one.null),
        blank=bool(one.blank),
        primary_key=bool(one.primary_key),
        unique=bool(one.unique),
        has_default=bool(one.has_default()),
        default=default(one),
        db_default=getattr(one, "db_default", NOT_PROVIDED) is not NOT_PROVIDED,
        generated=bool(getattr(one, "generated", False)),
        auto=isinstance(one, AutoField),
        auto_now=bool(getattr(one, "auto_now", False)),
        auto_now_add=bool(getattr(one, "auto_now_add", False)),
        max_length=number(one, "max_length"),
        max_digits=number(one, "max_digits"),
        decimal_places=number(one, "decimal_places"),
        choices=choices(one),
        related=related,
        to_field=attempt(lambda: one.target_field.attname) if related else None,
        accessor=accessor(one),
        parent_link=bool(getattr(one.remote_field, "parent_link", False)),
        converted=converted(one),
        decoded=decoded(one),
    )


def many_to_many(one: Any) -> Field:
    through = one.remote_field.through
    return Field(
        name=one.name,
        attname=one.attname,
        column=None,
        type=one.get_internal_type(),
        cls=type_name(type(one)),
        kind="many_to_many",
        blank=bool(one.blank),
        related=one.remote_field.model._meta.label,
        through=through._meta.label,
        through_auto=bool(through._meta.auto_created),
        accessor=accessor(one),
    )


def converted(one: Any) -> bool:
    """Whether what stands in the model's class under the column's name is not Django's own. Nothing is asked for its value."""
    found = next((vars(cls)[one.attname] for cls in one.model.__mro__ if one.attname in vars(cls)), None)
    return found is not None and not type(found).__module__.startswith("django.")


def decoded(one: Any) -> bool:
    """Whether the field's class makes values of a column's by a method of its own that is not Django's."""
    found = getattr(type(one), "from_db_value", None)
    return found is not None and not str(getattr(found, "__module__", "")).startswith("django.")


def generic(one: Any) -> Field:
    """A GenericForeignKey or a GenericRelation, which have no column of their own."""
    pointer = [getattr(one, name, None) for name in ("ct_field", "fk_field")]
    return Field(
        name=one.name,
        attname=one.name,
        column=None,
        type=type(one).__name__,
        cls=type_name(type(one)),
        kind="generic",
        pointer=tuple(name for name in pointer if isinstance(name, str)),
    )


def default(one: Any) -> Any:
    """The default as a value; a callable by its dotted name, never called."""
    found = one.default if one.has_default() else None
    if not callable(found):
        return freeze(found)
    if isinstance(found, type):
        return Opaque(type_name(found))
    name = getattr(found, "__qualname__", None)
    return Opaque(f"{found.__module__}.{name}" if isinstance(name, str) else type_name(type(found)))


def choices(one: Any) -> tuple[Any, ...]:
    """The values that may be chosen, groups flattened, without their labels (which may be lazy); none where a function makes them."""
    given = one.choices
    if not isinstance(given, (list, tuple)):
        return ()
    flat: list[Any] = []
    for value, label in given:
        flat.extend(inner for inner, _ in label) if isinstance(label, (list, tuple)) else flat.append(value)
    return tuple(freeze(value) for value in flat)


def accessor(one: Any) -> str | None:
    """The attribute of the related model that leads back."""
    if not one.is_relation or one.remote_field is None or one.remote_field.hidden:
        return None
    return attempt(lambda: one.remote_field.get_accessor_name())


def number(one: Any, name: str) -> int | None:
    found = getattr(one, name, None)
    return found if type(found) is int else None
