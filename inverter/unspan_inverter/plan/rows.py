"""How a test makes, finds and changes rows: through which manager, in which database."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from unspan_proto.project import Model

from unspan_inverter.facts import Key
from unspan_inverter.plan.expressions import Assign, Attr, Call, Do, Import, Name, Statement, call, method

INSERTED: Final = Name("inserted")
INSERTED_ROW: Final = '''
def inserted(row, using="default"):
    """Writes a row and those that it inherits from, without what `save()` and the receivers of its signals do besides."""
    with mock.patch("django.dispatch.Signal.send"):
        row.save_base(using=using)
    return row
'''


def creation(model: Model, values: Mapping[str, Any], database: str) -> Any:
    """`Model.objects.create(…)`; where saving has effects of its own, which the recording shows already, another way: Django has no `bulk_create` for
    inherited tables.
    """
    if in_bulk(model):
        return method(manager(model, database), "bulk_create", [call(Import(model.module, model.name), **values)])
    if model.save_effects:
        using = (("using", database),) if database != "default" else ()
        return Call(INSERTED, (call(Import(model.module, model.name), **values),), using)
    return method(manager(model, database), "create", **values)


def functions(statements: Sequence[Statement]) -> list[str]:
    """The function that these statements use."""
    used = any(isinstance(one, (Assign, Do)) and getattr(one.value, "function", None) == INSERTED for one in statements)
    return [INSERTED_ROW] if used else []


def in_bulk(model: Model) -> bool:
    """Whether rows are written without `save()`; Django has no `bulk_create` for inherited tables."""
    return model.save_effects and not model.inherits


def manager(model: Model, database: str) -> Any:
    """The manager through which the test makes rows of a model in a database: the first, or where a router says, unless another is named."""
    name = model.default_manager if model.default_manager.isidentifier() else "_default_manager"
    return there(Attr(Import(model.module, model.name), name), database)


def rows_of(model: Model, database: str) -> Any:
    """The manager through which the test finds rows of a model: one that shows all of them."""
    hidden = Attr(Import(model.module, model.name), "_base_manager")
    return manager(model, database) if model.plain_manager else there(hidden, database)


def there(manager: Any, database: str) -> Any:
    return manager if database == "default" else method(manager, "using", database)


def update(model: Model, key: Key, pk: Any, values: Mapping[str, Any]) -> Call:
    return method(method(rows_of(model, key.database), "filter", pk=pk), "update", **values)
