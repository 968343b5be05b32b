"""What a probe must leave as it was: the rows of the databases that all probes share. Needs Django."""

import contextlib
from collections.abc import Generator
from typing import Any

from django.core.cache.backends import locmem
from django.core.management import call_command
from django.db import connections


@contextlib.contextmanager
def kept(emptying: bool) -> Generator[None, None, None]:
    """Puts the rows back that tests without a transaction of their own empty at their end: the next probe shall find those of the migrations."""
    some = [connections[alias] for alias in connections if not in_memory(connections[alias])] if emptying else []
    rows = {one.alias: one.creation.serialize_db_to_string() for one in some}
    yield
    for alias, text in rows.items():
        call_command("flush", verbosity=0, interactive=False, database=alias, reset_sequences=False, inhibit_post_migrate=True)
        connections[alias].creation.deserialize_db_from_string(text)


def disconnected() -> None:
    """Closes what a fork could not share. A database in memory is copied with the process."""
    for alias in connections:
        if not in_memory(connections[alias]):
            connections[alias].close()


def emptied() -> None:
    """Empties the caches that live in this process: the next run of a test shall find what it puts there, and no more."""
    for name in ("_caches", "_expire_info"):
        for kept_values in getattr(locmem, name).values():
            kept_values.clear()


def in_memory(connection: Any) -> bool:
    return connection.vendor == "sqlite" and connection.is_in_memory_db()
