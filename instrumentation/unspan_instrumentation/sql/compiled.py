"""The seam above the cursor: Django's compilers, which know what a statement's columns are, hand out converted rows, and know what they write.

While a compiler runs, what it knows stands where the cursor's seam finds it when the statement arrives (`origins`). Nothing is consumed
ahead: rows are noted as they pass on to the application.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.sql.origins import LINK, Aggregating, Compiled, Connecting, Inserting, Raw, Tableless, claim, making
from unspan_instrumentation.sql.statement import Statement
from unspan_instrumentation.told import telling

WHAT: Final = "what a compiler knows of a statement"
MULTI, SINGLE = "multi", "single"
"""Django's own constants (`django.db.models.sql.constants`)."""


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
    if recording is None:
        return original(compiler, *args, **kwargs)
    result_type = args[0] if args else kwargs.get("result_type", MULTI)
    stack = making.stack
    above = stack[-1] if stack else None
    aggregating = above if isinstance(above, Aggregating) and result_type == SINGLE else None
    compiler.__dict__.pop(LINK, None)
    if compiler.query.model is None:
        return under(Tableless(), original, compiler, *args, **kwargs)
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
    """The rows as they pass on. None of them is the application's before it asks."""
    statement.converted = []
    return statement.passing(rows)


def execute_insert(original: Callable[..., Any], compiler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`SQLInsertCompiler.execute_sql(returning_fields=None)`."""
    recording = current()
    if recording is None:
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
    if recording is None:
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
    if recording is None:
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
    origin = None if recording is None else Raw(query)
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
    statement: Statement | None = compiler.query.__dict__.pop(LINK, None)
    return rows if statement is None or statement.emitted or current() is None else converted(rows, statement)


def connect(original: Callable[..., Any], connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Also without a recording: the sockets of a driver written in Python stay told by its statements."""
    with telling():
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
