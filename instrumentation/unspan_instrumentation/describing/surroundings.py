"""What surrounds the models and routes: the settings that matter for a test (never a secret), databases, packages, the project's folder."""

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connections
from unspan_proto.values import type_name

from unspan_instrumentation.describing.pieces import attempt
from unspan_instrumentation.freezing import freeze

SETTINGS: Final = (
    "ALLOWED_HOSTS", "APPEND_SLASH", "AUTHENTICATION_BACKENDS", "AUTH_USER_MODEL", "CSRF_COOKIE_NAME", "CSRF_USE_SESSIONS", "DEBUG",
    "DEFAULT_FILE_STORAGE", "EMAIL_BACKEND", "FORCE_SCRIPT_NAME", "INSTALLED_APPS", "LANGUAGE_CODE", "LANGUAGE_COOKIE_NAME", "LOGIN_REDIRECT_URL",
    "LOGIN_URL", "MEDIA_ROOT", "MIDDLEWARE", "PASSWORD_HASHERS", "ROOT_URLCONF", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_NAME", "SESSION_ENGINE",
    "SITE_ID", "STATIC_URL", "TEST_RUNNER", "TIME_ZONE", "USE_I18N", "USE_TZ",
)  # fmt: skip
PACKAGES: Final = (
    "aiohttp", "boto3", "celery", "channels", "django", "django-filter", "django-ninja", "djangorestframework", "factory-boy", "freezegun", "httpretty",
    "httpx", "mocket", "model-bakery", "pytest", "pytest-django", "pytest-httpx", "pytest-socket", "python-dateutil", "requests",
    "requests-mock", "responses", "respx", "time-machine", "urllib3", "vcrpy", "wagtail",
)  # fmt: skip
"""Distributions whose presence changes how a test is written."""


def settings_that_matter() -> dict[str, Any]:
    found = {name: literal(getattr(settings, name)) for name in SETTINGS if hasattr(settings, name)}
    for name in ("CACHES", "STORAGES"):  # of these only which backend, never a location or a password
        found[name] = attempt(backends, getattr(settings, name, {})) or {}
    return found | {"CACHE_ARGUMENTS": attempt(cache_arguments, getattr(settings, "CACHES", {})) or {}}


def literal(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else freeze(value)


def backends(configured: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {alias: str(one.get("BACKEND", "")) for alias, one in configured.items()}


def cache_arguments(configured: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each cache's settings say of its keys and of how long it keeps things, which code may ask for."""
    names = {"TIMEOUT": (int, float, type(None)), "VERSION": (int,), "KEY_PREFIX": (str,)}
    return {
        alias: {name: one[name] for name, kinds in names.items() if name in one and type(one[name]) in kinds}
        for alias, one in configured.items()
    }


def databases() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for alias, one in settings.DATABASES.items():
        vendor = attempt(lambda name=alias: str(connections[name].vendor)) or ""
        found[alias] = {"engine": str(one.get("ENGINE", "")), "vendor": vendor, "atomic_requests": bool(one.get("ATOMIC_REQUESTS", False))}
    return found


def packages() -> dict[str, str]:
    return {name: version for name in PACKAGES if (version := attempt(metadata.version, name))}


def settings_module() -> str:
    return str(getattr(settings, "SETTINGS_MODULE", "") or "")


def root() -> str:
    """The folder that the settings' top package is imported from; the current one where there is no such module."""
    name = settings_module()
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file:
        return os.getcwd()
    path = Path(file)
    parts = len(name.split("."))
    return str(path.parents[parts if path.stem == "__init__" else parts - 1])


def atomics() -> tuple[str, ...]:
    """The classes below Django's `Atomic` that enter a block in a way of their own."""
    from django.db.transaction import Atomic

    found: list[type] = []
    waiting = list(Atomic.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found += [kind] if "__enter__" in kind.__dict__ else []
    return tuple(sorted(type_name(kind) for kind in found))
