"""Statements' texts and parameters as the recording keeps them: drivers' own wrappers taken off, nothing consumed."""

from collections.abc import Iterator
from typing import Any, Final

from unspan_proto.values import Truncated, type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.sql.limits import frozen_cell, plain

MAX_PARAMETERS: Final = 10_000


def text_of(statement: Any, cursor: Any = None) -> str:
    """The statement's text; psycopg takes bytes and its own `sql.Composable` too, which psycopg2 quotes by the driver's cursor alone."""
    if isinstance(statement, str):
        return str.__str__(statement)
    if isinstance(statement, bytes):
        return statement.decode("utf-8", "replace")
    if type(statement).__module__.startswith("psycopg") and hasattr(statement, "as_string"):
        return str(statement.as_string(cursor))
    return type_name(type(statement))


def parameters(given: Any) -> Any:
    """The parameters of one statement, or the list of them for executemany, frozen."""
    kind = type(given)
    if kind is tuple or kind is list:
        if len(given) > MAX_PARAMETERS:
            return Truncated("list", len(given), parameters(given[:MAX_PARAMETERS]))
        if plain(given) is not None:
            return list(given)
        return [parameters(item) if type(item) in (tuple, list, dict) else parameter(item) for item in given]
    if kind is dict:
        return {key: parameter(item) for key, item in given.items()}
    return None if given is None else freeze(given)


def parameter(value: Any) -> Any:
    """A parameter without the wrapper that Django's PostgreSQL backend puts around it: `Jsonb`, `Int4`, psycopg2's `Json`."""
    kind = type(value)
    if kind.__module__.startswith("psycopg"):
        if isinstance(value, int):
            return int(value)
        for name in ("obj", "adapted"):
            if hasattr(value, name):
                return frozen_cell(getattr(value, name))[0]
    return frozen_cell(value)[0]


def passing(rows: Iterator[Any], seen: list[Any]) -> Iterator[Any]:
    """The rows of an executemany that came as an iterator; each is noted in `seen` as the driver takes it."""
    for row in rows:
        try:
            seen.append(parameters(row))
        except Exception:
            seen.append(None)
        yield row
