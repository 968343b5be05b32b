"""The project's models, as Django's registry knows them: automatic many-to-many models, proxies and swapped ones included."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from django.apps import apps
from django.db.models import BaseConstraint, CheckConstraint, Manager, QuerySet, UniqueConstraint
from django.db.models.signals import post_save, pre_save
from unspan_proto.project import Constraint
from unspan_proto.project import Model as Described
from unspan_proto.values import type_name

from unspan_instrumentation.describing.fields import fields
from unspan_instrumentation.describing.migrations import seeded
from unspan_instrumentation.describing.pieces import attempt, described

PLAIN_SAVES = ("django.db.models.base", "django.contrib.auth.base_user")
"""Modules whose `save` does no more than write the row (that of users also tells the password validators)."""


def models() -> tuple[Described, ...]:
    found = apps.get_models(include_auto_created=True, include_swapped=True)
    return described(model, sorted(found, key=lambda one: str(one._meta.label)))


def model(cls: Any) -> Described:
    options = cls._meta
    manager = cls._default_manager
    return Described(
        label=options.label,
        module=home(cls),
        name=options.object_name,
        table=options.db_table,
        pk=options.pk.attname,
        fields=fields(cls),
        constraints=tuple(constraints(options)),
        ordering=tuple(order for order in map(ordering, options.ordering) if order),
        managed=bool(options.managed),
        proxy=bool(options.proxy),
        auto_created=bool(options.auto_created),
        swapped=bool(options.swapped),
        concrete=options.concrete_model._meta.label,
        parents=tuple(parent._meta.label for parent in options.parents),
        default_manager=manager.name,
        plain_manager=plain(manager),
        save_effects=cls.save.__module__ not in PLAIN_SAVES or pre_save.has_listeners(cls) or post_save.has_listeners(cls),
        seeded=options.label_lower in (attempt(seeded) or ()),
        factory=attempt(factories, cls),
    )


def home(cls: Any) -> str:
    """The module that has the class under its name. One made by a function does not tell: its own is the function's."""
    return next((name for name in places(cls) if held(name).get(cls.__name__) is cls), cls.__module__)


def places(cls: Any) -> Iterator[str]:
    """Where to look for a model's class: its own module, the application's models, the other modules of the application."""
    yield cls.__module__
    application = cls._meta.app_config
    if application is not None and application.models_module is not None:
        yield application.models_module.__name__
        yield from sorted(name for name in tuple(sys.modules) if name.startswith(f"{application.name}."))


def held(name: str) -> dict[str, Any]:
    """The names of a module, if it is a plain one: no other code is run to see them."""
    module = sys.modules.get(name)
    return vars(module) if type(module) is ModuleType else {}


def ordering(order: Any) -> str | None:
    """`name` or `-name`; None for an expression that is no field."""
    if isinstance(order, str):
        return order
    name = getattr(getattr(order, "expression", order), "name", None)
    return f"-{name}" if name and getattr(order, "descending", False) else name


def constraints(options: Any) -> Iterator[Constraint]:
    for together in options.unique_together:
        yield Constraint("unique", "", tuple(together))
    parts = tuple(one.name for one in getattr(options, "pk_fields", ()))  # Django 5.2 and later
    if len(parts) > 1:
        yield Constraint("unique", "", parts)
    yield from described(constraint, options.constraints)


def constraint(one: BaseConstraint) -> Constraint:
    if isinstance(one, UniqueConstraint):
        return Constraint("unique", str(one.name or ""), tuple(one.fields), one.condition is not None)
    return Constraint("check" if isinstance(one, CheckConstraint) else type(one).__name__, str(one.name or ""))


def plain(manager: Any) -> bool:
    """Whether a default manager shows every row, and creates rows as Django's own does."""
    kind, rows = type(manager), manager._queryset_class
    if kind.get_queryset is not Manager.get_queryset or rows.create is not QuerySet.create:
        return False
    return kind.create.__module__.startswith("django.") and rows.bulk_create is QuerySet.bulk_create


def factories(cls: type) -> str | None:
    """The dotted name of a factory_boy factory of the model, when the application has imported one."""
    base = getattr(sys.modules.get("factory.django"), "DjangoModelFactory", None)
    waiting = list(base.__subclasses__()) if base else []
    while waiting:
        factory = waiting.pop(0)
        if not factory._meta.abstract and factory._meta.model in (cls, cls.__dict__["_meta"].label):
            return type_name(factory)
        waiting += factory.__subclasses__()
    return None
