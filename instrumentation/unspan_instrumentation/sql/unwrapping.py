"""psycopg2's functions in C that take a cursor, and take no proxy for one: an application hands them `cursor.cursor` of Django's."""

import functools
from collections.abc import Callable
from typing import Any, Final

from unspan_instrumentation.sql.cursor import RecordedCursor

FUNCTIONS: Final = ("quote_ident", "register_type", "encrypt_password")


def patch(module: Any) -> None:
    """For `psycopg2._psycopg`, before the package's other modules take its functions by name."""
    for name in FUNCTIONS:
        if original := getattr(module, name, None):
            setattr(module, name, unwrapping(original))


def unwrapping(original: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called with the driver's own cursors."""

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        return original(*map(own, args), **{name: own(value) for name, value in kwargs.items()})

    return function


def own(value: Any) -> Any:
    return value.__wrapped__ if type(value) is RecordedCursor else value
