"""Which models have rows that migrations make: a test database holds them before any test arranges a thing.

Told from the text of the migration files; none is imported or run.
"""

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

WRITES = re.compile(r"\.(?:create|bulk_create|get_or_create|update_or_create|save)\(")
NAMED = re.compile(r"get_model\(\s*(?:app_label\s*=\s*)?[\"'](?:(\w+)\.)?(\w+)[\"'](?:\s*,\s*(?:model_name\s*=\s*)?[\"'](\w+)[\"'])?")
LARGEST = 500_000
"""Bytes of a migration file that is still read."""


@lru_cache(maxsize=1)
def seeded() -> frozenset[str]:
    """Labels, in lower case, of the models that a data migration of the project or its applications writes."""
    return frozenset(label for config in apps.get_app_configs() for path in files(config) for label in written(path))


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
    try:
        text = path.read_text("utf-8", "replace") if path.stat().st_size < LARGEST else ""
    except OSError:
        return []
    if "RunPython" not in text or not WRITES.search(text):
        return []
    return [f"{app or one}.{model or one}".lower() for app, one, model in NAMED.findall(text)]
