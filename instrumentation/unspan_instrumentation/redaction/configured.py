"""Secrets of the project's settings: what stands under a secret name there is one wherever it comes up in a trace."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

DEEPEST: Final = 4
MOST: Final = 500


def secrets(secret: Callable[[str], bool]) -> list[tuple[str, str]] | None:
    """`(name, text)` of each; None where no settings are loaded yet. Only plain containers are looked into."""
    module = sys.modules.get("django.conf")
    settings: Any = getattr(module, "settings", None)
    holder: Any = settings.__dict__.get("_wrapped") if settings is not None else None
    values = getattr(holder, "__dict__", None)
    if type(values) is not dict or "SETTINGS_MODULE" not in values:
        return None
    own = [(name, value) for name, value in list(values.items()) if type(name) is str and name.isupper()]
    return [one for name, value in own for one in inside(f"settings.{name}", name, value, secret)][:MOST]


def inside(path: str, name: str, value: Any, secret: Callable[[str], bool], depth: int = 0) -> Iterator[tuple[str, str]]:
    kind = type(value)
    if kind is str or kind is bytes:
        if secret(name) or name == "SECRET_KEY":
            text = value.decode("latin-1") if kind is bytes else value
            yield path, text
    elif kind is dict and depth < DEEPEST:
        for key, item in list(value.items()):
            if type(key) is str:
                yield from inside(f"{path}[{key!r}]", key, item, secret, depth + 1)
    elif kind in (list, tuple) and depth < DEEPEST:
        for item in list(value):
            yield from inside(path, name, item, secret, depth + 1)
