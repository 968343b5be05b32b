"""The databases that programs run on: SQLite, or a private server that is gone afterwards."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import mariadb
import postgres

NAMES: Final = ("sqlite", "postgresql", "mariadb")
USED: Final = {
    "postgresql": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": "127.0.0.1"},
    "mariadb": {"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": "shop", "PASSWORD": "shop", "HOST": "127.0.0.1",
                "OPTIONS": {"charset": "utf8mb4"}, "TEST": {"CHARSET": "utf8mb4"}},
}  # fmt: skip


@contextmanager
def running(name: str) -> Generator[Mapping[str, Any] | None]:
    """What Django's settings say of the database while it runs; None for SQLite in the project's folder."""
    if name == "sqlite":
        yield None
        return
    with contextmanager({"postgresql": postgres.served, "mariadb": mariadb.served}[name])() as port:
        yield {**USED[name], "PORT": str(port)}
