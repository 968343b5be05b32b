"""A real Django on SQLite and on a PostgreSQL cluster that the tests start themselves, with every seam in place."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from unspan_instrumentation import recording, sql
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.records import Record

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def django(postgres: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django set up with two databases, `default` (SQLite) and `pg`, migrated; the seams are patched before any of its modules is used."""
    import django
    from django.conf import settings

    sys.path.insert(0, str(PROJECT))
    folder = tmp_path_factory.mktemp("project")
    server = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": "127.0.0.1", "PORT": postgres}
    settings.configure(
        SECRET_KEY="tests", USE_TZ=True, TIME_ZONE="UTC", INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "library"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}, "pg": server},
        MEDIA_ROOT=folder / "media", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", MIGRATION_MODULES={"library": None},
    )  # fmt: skip
    patch_all()
    django.setup()
    from django.core.management import call_command

    for alias in settings.DATABASES:
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0)


def patch_all() -> None:
    """The patches of the SQL seams, on the modules imported now (in a recorded process, after each module's own import)."""
    for name, patch in sql.PATCHES:
        patch(import_module(name))


@pytest.fixture
def emptied(django: None) -> Callable[[str], None]:
    """Empties the library's tables of a database; keys begin at 1 again."""
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connections

    tables = [
        model._meta.db_table for model in apps.get_app_config("library").get_models(include_auto_created=True) if not model._meta.proxy
    ]

    def empty(alias: str) -> None:
        operations = connections[alias].ops
        operations.execute_sql_flush(operations.sql_flush(no_style(), tables, reset_sequences=True))

    return empty


class Tape(list[Record]):
    """What a recording's sink was given."""

    def take(self, record: Record) -> bool:
        self.append(record)
        return True

    def of(self, kind: str) -> list[Record]:
        return sorted((record for record in self if record.kind == kind), key=lambda record: record.start)


@pytest.fixture
def records() -> Tape:
    return Tape()


@pytest.fixture
def recorded(records: Tape) -> Iterator[Recording]:
    """A recording under way; what it sends is in `records`."""
    one = Recording(1, 2, records.take)
    token = recording.begin(one)
    yield one
    recording.finish(token)
    one.end()


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process of its own: what one test makes unseen is seen by the next."""
    monkeypatch.setattr(recording, "UNSEEN", {})
