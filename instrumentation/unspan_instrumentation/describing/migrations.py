"""Which models have rows that `migrate` makes: a test database holds them before any test arranges a thing.

Told from the text of the migration files, none of which is imported or run, and of the modules whose functions `post_migrate` calls.
"""

import re
import weakref
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models.signals import post_migrate

WRITES = re.compile(r"\.(?:create|bulk_create|get_or_create|update_or_create|save)\(")
NAMED = re.compile(r"get_model\(\s*(?:app_label\s*=\s*)?[\"'](?:(\w+)\.)?(\w+)[\"'](?:\s*,\s*(?:model_name\s*=\s*)?[\"'](\w+)[\"'])?")
CREATES = re.compile(r"\.(?:create|bulk_create|get_or_create|update_or_create)\(")
HELD = re.compile(r"(\w+)\s*=\s*[\w.]*get_model\(")
MADE = re.compile(r"get_model\([^()]*\)\(")
"""A model that is called where it is looked up."""
WORD = re.compile(r"[A-Za-z_]\w*")
LARGEST = 500_000
"""Bytes of a file that is still read."""


@lru_cache(maxsize=1)
def seeded() -> frozenset[str]:
    """Labels, in lower case, of the models that a data migration of the project or its applications writes, or what follows migrations."""
    migrated = (label for config in apps.get_app_configs() for path in files(config) for label in written(path))
    return frozenset(migrated) | frozenset(label for path in followers() for label in named(path))


def followers() -> set[Path]:
    """The files of the functions that `post_migrate` calls; what Django's own make is known."""
    found = set[Path]()
    for _, held, *_ in post_migrate.receivers:
        function = held() if isinstance(held, weakref.ref) else held
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if code is not None and not str(getattr(function, "__module__", "")).startswith("django."):
            found.add(Path(code.co_filename))
    return found


def named(path: Path) -> list[str]:
    """The models that a file names by their classes, if anything in it writes rows."""
    text = content(path)
    words = frozenset(WORD.findall(text)) if WRITES.search(text) else frozenset[str]()
    return [model._meta.label_lower for model in apps.get_models() if model.__name__ in words]


def files(config: Any) -> list[Path]:
    module = getattr(settings, "MIGRATION_MODULES", {}).get(config.label, f"{config.name}.migrations")
    if module is None:
        return []
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return []
    folders = list(spec.submodule_search_locations or []) if spec else []
    return sorted(path for folder in folders for path in Path(folder).glob("[0-9]*.py"))


def written(path: Path) -> list[str]:
    """The models that a migration file names in a function that writes rows."""
    text = content(path)
    if "RunPython" not in text or not makes_rows(text):
        return []
    return [f"{app or one}.{model or one}".lower() for app, one, model in NAMED.findall(text)]


def makes_rows(text: str) -> bool:
    """Whether a migration may make rows, and not only save those anew that it finds: it creates them, or calls a model to save what that gives."""
    models = "|".join(HELD.findall(text))
    called = re.search(rf"\b(?:{models})\(", text) if models else None
    return bool(CREATES.search(text) or ("save(" in text and (called or MADE.search(text))))


def content(path: Path) -> str:
    """The text of a file, or nothing where it cannot be read or is too large."""
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size < LARGEST else ""
    except OSError:
        return ""
