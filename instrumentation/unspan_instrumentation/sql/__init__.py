"""SQL through both of Django's own seams: the cursor that every statement goes through, and the compilers that know what statements mean."""

from collections.abc import Callable
from typing import Any, Final

from unspan_instrumentation.sql import callbacks, compiled, cursor, transactions, unwrapping

PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("django.db.backends.base.base", cursor.patch),
    ("django.db.backends.base.base", compiled.patch_connection),
    ("django.db.backends.base.base", transactions.patch),
    ("django.db.backends.base.base", callbacks.patch),
    ("psycopg2._psycopg", unwrapping.patch),
    ("django.db.models.sql.compiler", compiled.patch_compiler),
    ("django.db.models.sql.query", compiled.patch_query),
    ("django.db.models.query", compiled.patch_queryset),
)
"""Module and what to do with it once it is imported."""
