"""The seam above the cursor: Django's compilers, which know what a statement's columns are, hand out converted rows, and know what they write.

While a compiler runs, what it knows stands on a stack of the thread, where the cursor's seam finds it (`claim`) when the statement arrives.
Nothing is consumed ahead: rows are noted as they pass on to the application.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.sql.limits import frozen_cell
from unspan_instrumentation.sql.statement import Statement

LINK = "_unspan_statement"
"""Name of the attribute of a compiler, or of a RawQuery, that holds the statement whose rows it will convert."""
WHAT = "what a compiler knows of a statement"
MULTI, SINGLE = "multi", "single"
"""Django's own constants (`django.db.models.sql.constants`)."""


class Making(threading.local):
    """What is at work on this thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Any] = []


making = Making()


def claim() -> Any:
    """What is at work on this thread: a compiler that made the statement that now reaches the cursor, or None, Aggregating, Connecting."""
    return making.stack[-1] if making.stack else None


class Compiled:
    """A compiler that selects, updates or deletes. One statement; whatever it is, it is known once the SQL is made."""

    def __init__(self, compiler: Any, holds: bool) -> None:
        self.compiler, self.holds = compiler, holds
        self.table = compiler.query.get_meta().db_table
        self.statement: Statement | None = None
        self.known: dict[str, Any] = {v.MODEL: compiler.query.get_meta().label}

    def made(self, statement: Statement) -> None:
        if self.statement is not None:  # a second statement under the same compiler is not its own
            return
        self.statement, statement.origin, statement.held = statement, self, self.holds
        from unspan_instrumentation.sql import selected, written  # import Django's models, which are whole by now

        query = self.compiler.query
        if statement.operation == "UPDATE":
            self.known[v.WRITTEN] = written.updated(self.compiler)
        if statement.operation in ("UPDATE", "DELETE"):
            keys = written.named_keys(query)
            if keys is not None:
                self.known[v.WRITTEN_KEYS] = keys
        else:
            self.known[v.COLUMNS], self.known[v.DISTINCT_SHAPE] = selected.described(self.compiler, statement.text)
        if self.holds:
            self.compiler.__dict__[LINK] = statement

    def returned(self, fields: Any, rows: Any) -> None:
        """An UPDATE … RETURNING has given rows of these fields."""
        if self.statement is not None and self.statement.description is not None:
            self.known[v.COLUMNS] = [[field.model._meta.label, field.attname, self.table] for field in fields]
            self.statement.converted = []
            for row in rows or ():
                self.statement.convert(row)

    def attributes(self, statement: Statement) -> dict[str, Any]:
        return self.known


class Inserting:
    """A compiler that inserts: one statement for all objects, or one each where the database cannot."""

    def __init__(self, compiler: Any, returning: Any) -> None:
        self.compiler, self.returning = compiler, list(returning or ())
        self.table, self.label = compiler.query.get_meta().db_table, compiler.query.get_meta().label
        self.values: dict[tuple[int, str], Any] = {}
        self.statements: list[tuple[Statement, list[dict[str, Any]]]] = []

    def value(self, field: Any, one: Any) -> Any:
        return self.values.get((id(one), field.attname), one.__dict__.get(field.attname))

    def made(self, statement: Statement) -> None:
        from unspan_instrumentation.sql import written  # imports Django's models, which are whole by now

        objects = list(self.compiler.query.objs)
        if not self.returning and not self.compiler.connection.features.has_bulk_insert:
            objects = objects[len(self.statements) : len(self.statements) + 1]
        statement.origin, statement.held = self, True
        self.statements.append((statement, []))
        self.statements[-1][1].extend(written.inserted(self.compiler, objects, self.value))

    def returned(self, rows: Any) -> None:
        """The database has given keys and other values; they belong to the objects in their order."""
        written_rows = [row for _, some in self.statements for row in some]
        for row, values in zip(written_rows, rows or (), strict=False):
            row.update({field.attname: frozen_cell(value)[0] for field, value in zip(self.returning, values, strict=False)})
        for statement, _ in self.statements:
            if statement.description is not None and rows:
                statement.converted = []
                for values in rows:
                    statement.convert(values)

    def release(self) -> None:
        for statement, _ in self.statements:
            statement.emit()

    def attributes(self, statement: Statement) -> dict[str, Any]:
        found: dict[str, Any] = {v.MODEL: self.label, v.WRITTEN: next(rows for one, rows in self.statements if one is statement)}
        if statement.description is not None:
            found[v.COLUMNS] = [[field.model._meta.label, field.attname, self.table] for field in self.returning]
        return found


class Aggregating:
    """`Query.get_aggregation` at work: it converts the one row of the compiler that it runs."""

    def __init__(self) -> None:
        self.statement: Statement | None = None


class Connecting:
    """A connection being opened: its statements are not those of the compiler that needed it."""


class Raw:
    """A `RawQuery`; its RawQuerySet finds a field for each column once the statement is executed."""

    def __init__(self, query: Any) -> None:
        self.query, self.table, self.known = query, "", dict[str, Any]()

    def made(self, statement: Statement) -> None:
        statement.origin, statement.until_closed = self, True
        self.query.__dict__[LINK] = statement

    def attributes(self, statement: Statement) -> dict[str, Any]:
        return self.known


def under(origin: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls `function` while `origin` stands on the stack; None for nothing to put there."""
    if origin is None:
        return function(*args, **kwargs)
    making.stack.append(origin)
    try:
        return function(*args, **kwargs)
    finally:
        making.stack.pop()


def execute_sql(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`SQLCompiler.execute_sql(result_type=MULTI, …)`; updates and deletes come here too."""
    recording = current()
    if recording is None or recording.closed:
        return original(compiler, *args, **kwargs)
    result_type = args[0] if args else kwargs.get("result_type", MULTI)
    above = making.stack[-1] if making.stack else None
    aggregating = above if isinstance(above, Aggregating) and result_type == SINGLE else None
    compiler.__dict__.pop(LINK, None)
    compiled = quietly(recording, WHAT, Compiled, compiler, result_type == MULTI or aggregating is not None)
    try:
        return under(compiled, original, compiler, *args, **kwargs)
    finally:
        if aggregating is not None and compiled is not None:
            aggregating.statement = compiled.statement


def results_iter(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    rows = original(compiler, *args, **kwargs)
    statement: Statement | None = compiler.__dict__.pop(LINK, None)
    return rows if statement is None or statement.emitted else converted(rows, statement)


def converted(rows: Iterable[Any], statement: Statement) -> Iterator[Any]:
    """The rows, each noted as it passes on; a statement that was held for its compiler becomes a record when they end."""
    statement.converted = []
    return noting(rows, statement)


def noting(rows: Iterable[Any], statement: Statement) -> Iterator[Any]:
    try:
        for row in rows:
            quietly(statement.recording, "a row", statement.convert, row)
            yield row
    finally:
        if statement.held:
            statement.emit()


def execute_insert(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`SQLInsertCompiler.execute_sql(returning_fields=None)`."""
    recording = current()
    if recording is None or recording.closed:
        return original(compiler, *args, **kwargs)
    inserting = quietly(recording, WHAT, Inserting, compiler, args[0] if args else kwargs.get("returning_fields"))
    try:
        rows = under(inserting, original, compiler, *args, **kwargs)
        if inserting is not None:
            quietly(recording, WHAT, inserting.returned, rows)
        return rows
    finally:
        if inserting is not None:
            inserting.release()


def pre_save_val(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = original(compiler, *args, **kwargs)
    inserting = claim()
    if isinstance(inserting, Inserting) and inserting.compiler is compiler and len(args) == 2:
        inserting.values[id(args[1]), args[0].attname] = value
    return value


def execute_returning_sql(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`SQLUpdateCompiler.execute_returning_sql(returning_fields)` of Django 6: an UPDATE with a cursor of its own."""
    recording = current()
    if recording is None or recording.closed:
        return original(compiler, *args, **kwargs)
    updating = quietly(recording, WHAT, Compiled, compiler, True)
    rows: Any = None
    try:
        rows = under(updating, original, compiler, *args, **kwargs)
        return rows
    finally:
        compiler.__dict__.pop(LINK, None)
        if updating is not None and updating.statement is not None:
            quietly(recording, WHAT, updating.returned, args[0] if args else kwargs.get("returning_fields"), rows)
            updating.statement.emit()


def get_aggregation(original: Callable[..., Any], query: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Query.get_aggregation`: count() and aggregate(); returns alias → converted value."""
    recording = current()
    if recording is None or recording.closed:
        return original(query, *args, **kwargs)
    aggregating = Aggregating()
    result: Any = None
    try:
        result = under(aggregating, original, query, *args, **kwargs)
        return result
    finally:
        statement = aggregating.statement
        if statement is not None:
            if result is not None:
                statement.converted = []
                quietly(recording, "a row", statement.convert, list(result.values()))
            statement.emit()


def execute_raw(original: Callable[..., Any], query: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`RawQuery._execute_query`."""
    recording = current()
    origin = None if recording is None or recording.closed else Raw(query)
    return under(origin, original, query, *args, **kwargs)


def resolve_raw(original: Callable[..., Any], queryset: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`RawQuerySet.resolve_model_init_order`: by now Django has found the field of each column."""
    result = original(queryset, *args, **kwargs)
    statement: Statement | None = queryset.query.__dict__.get(LINK)
    if statement is not None and isinstance(statement.origin, Raw):
        quietly(statement.recording, WHAT, raw_columns, queryset, statement.origin)
    return result


def raw_columns(queryset: Any, origin: Raw) -> None:
    fields = [(name, queryset.model_fields.get(name)) for name in queryset.columns]
    origin.table, origin.known[v.MODEL] = queryset.model._meta.db_table, queryset.model._meta.label
    origin.known[v.COLUMNS] = [[field.model._meta.label, field.attname, None] if field else [None, name, None] for name, field in fields]


def apply_converters(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """For a RawQuerySet alone; elsewhere `results_iter` and `get_aggregation` see the converted rows."""
    rows = original(compiler, *args, **kwargs)
    statement: Statement | None = compiler.query.__dict__.pop(LINK, None) if current() is not None else None
    return rows if statement is None or statement.emitted else converted(rows, statement)


def connect(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return under(Connecting() if making.stack else None, original, connection, *args, **kwargs)


def patch_compiler(module: Any) -> None:
    """For `django.db.models.sql.compiler`."""
    around(module.SQLCompiler, "execute_sql", execute_sql)
    around(module.SQLCompiler, "results_iter", results_iter)
    around(module.SQLCompiler, "apply_converters", apply_converters)
    around(module.SQLInsertCompiler, "execute_sql", execute_insert)
    around(module.SQLInsertCompiler, "pre_save_val", pre_save_val)
    around(module.SQLUpdateCompiler, "execute_returning_sql", execute_returning_sql)


def patch_query(module: Any) -> None:
    """For `django.db.models.sql.query`."""
    around(module.Query, "get_aggregation", get_aggregation)
    around(module.RawQuery, "_execute_query", execute_raw)


def patch_queryset(module: Any) -> None:
    """For `django.db.models.query`."""
    around(module.RawQuerySet, "resolve_model_init_order", resolve_raw)


def patch_connection(module: Any) -> None:
    """For `django.db.backends.base.base`."""
    around(module.BaseDatabaseWrapper, "connect", connect)
