"""The tables of the project's models, as `rewriting` asks for them, and how the values of their columns become Python's and go back.

Values go through Django's own converters. A field of the project's own that converts values by itself is given as the database has it: its code is
not ours to call.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from unspan_instrumentation.lineage.covering import Table
from unspan_instrumentation.lineage.rewriting import Remembered

SESSIONS: Final = "sessions.Session"
"""Never asked for: a test logs in instead."""

Converter = Callable[[Any, Any, Any], Any]
"""As Django calls it: with a value, the expression that was selected, and the connection."""


class Pointer(NamedTuple):
    """A foreign key: the attname that holds it, and the table and column that it points to."""

    attname: str
    table: str
    column: str


class Model:
    """A model as the owner of a table. `fields`: the columns that are read, in order."""

    def __init__(self, options: Any, fields: Sequence[Any], connection: Any) -> None:
        self.label: str = options.label
        self.table: str = options.db_table
        self.fields = tuple(fields)
        self.columns: tuple[str, ...] = tuple(one.column for one in fields)
        keys = [one.column for one in getattr(options, "pk_fields", None) or (options.pk,)]
        self.keys: tuple[int, ...] = tuple(self.columns.index(key) for key in keys if key in self.columns)
        """Places of the primary key's columns."""
        self.key_column, self.key_attname = str(options.pk.column), str(options.pk.attname)
        """Of a key of one column."""
        self.has_key = len(self.keys) == len(keys)
        self.attnames: tuple[str, ...] = (*(one.attname for one in fields), *(("pk",) if len(keys) > 1 else ()))
        self.names = frozenset(self.attnames)
        self.heavy = any(is_heavy(one) for one in fields)
        self.shape = Table(self.columns, tuple(keys), tuple(unique(options)))
        self._converters = tuple(converters(one, connection) for one in fields)

    def values(self, cells: Sequence[Any], connection: Any) -> list[Any]:
        """The values of a row's columns as the fields have them, and the tuple of a composite key."""
        found: list[Any] = []
        for value, converters in zip(cells, self._converters, strict=True):
            for convert, expression in converters:
                value = convert(value, expression, connection)
            found.append(value)
        return found if len(self.keys) == 1 else [*found, tuple(found[at] for at in self.keys)]

    def key(self, values: Sequence[Any]) -> Any:
        return values[self.keys[0]] if len(self.keys) == 1 else values[-1]

    @cached_property
    def pointers(self) -> tuple[Pointer, ...]:
        targets = [(one, one.target_field) for one in self.fields if one.is_relation and one.related_model is not None]
        return tuple(Pointer(one.attname, target.model._meta.db_table, target.column) for one, target in targets)

    def parameter(self, column: str, value: Any, connection: Any) -> Any:
        """A value of a column as the driver takes it."""
        field = self.fields[self.columns.index(column)]
        return field.get_db_prep_value(value, connection) if type(field).__module__.startswith("django.") else value


class Tables(NamedTuple):
    """All tables of a database: for planning, and for reading."""

    remembered: Remembered
    models: dict[str, Model]
    labels: dict[str, Model]


_tables: dict[tuple[Any, ...], Tables] = {}


def tables(connection: Any, bound: int) -> Tables:
    """The tables as this connection reads them."""
    from django.apps import apps  # in the user's process Django comes when the application brings it

    key = (connection.alias, type(connection), bound, len(apps.all_models))
    if key not in _tables:
        if len(_tables) > 10:
            _tables.clear()
        _tables[key] = read(connection, bound)
    return _tables[key]


def read(connection: Any, bound: int) -> Tables:
    from django.apps import apps

    found: dict[str, Model] = {}
    for one in sorted(apps.get_models(include_auto_created=True), key=lambda one: not one._meta.managed):
        options = one._meta
        if not options.proxy and options.label != SESSIONS and options.db_table not in found:
            model = Model(options, [field for field in options.local_concrete_fields if field.column and is_plain(field)], connection)
            if model.has_key:
                found[model.table] = model
    shapes = {table: model.shape for table, model in found.items()}
    return Tables(Remembered(shapes, bound), found, {model.label: model for model in found.values()})


def is_plain(field: Any) -> bool:
    """Whether a column is selected by its name, as it is, and read without code of the project's: not so for geometries, or a decoder of JSON."""
    from django.db.models import Field

    inner = getattr(field, "base_field", None)
    foreign = getattr(field, "decoder", None) is not None or (inner is not None and not type(inner).__module__.startswith("django."))
    return type(field).select_format is Field.select_format and not foreign


SMALL: Final = re.compile(
    r"(?:(?:Big|Small|Positive\w*)?Integer|\w*Auto|Boolean|NullBoolean|Decimal|Float|Date|DateTime|Time|Duration|UUID|\w*IPAddress)Field"
)


def is_heavy(field: Any) -> bool:
    """Whether its values may be of any size."""
    return not SMALL.fullmatch(field.get_internal_type()) and not field.max_length and not field.is_relation


def unique(options: Any) -> list[tuple[str, ...]]:
    """The sets of columns that no two rows share."""
    columns = {one.name: one.column for one in options.local_concrete_fields}
    sets = [(one.name,) for one in options.local_concrete_fields if one.unique]
    sets += [tuple(some) for some in options.unique_together]
    sets += [tuple(one.fields) for one in options.total_unique_constraints]
    return [tuple(columns[name] for name in some) for some in sets if set(some) <= columns.keys()]


def converters(field: Any, connection: Any) -> tuple[tuple[Converter, Any], ...]:
    """With the expression that each is called with."""
    expression = field.get_col(field.model._meta.db_table)
    found = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
    return tuple((one, expression) for one in found if is_djangos(one))


def is_djangos(convert: Any) -> bool:
    return str(getattr(getattr(convert, "__func__", convert), "__module__", "")).startswith("django.")
