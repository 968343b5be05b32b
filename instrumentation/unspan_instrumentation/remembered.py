"""Rows that Django hands out from its own memory, without asking the database again: content types and the current site.

A request depends on them as on rows that it read. Each is recorded once a request, and not when the request itself brought it to memory:
then its SELECT is there.
"""

from collections.abc import Callable
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current, now

WHAT: Final = "a row from Django's memory"


def looked_up(original: Callable[..., Any], manager: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ContentTypeManager.get_for_model(…)`, `get_for_models(…)`, `get_for_id(…)`, `get_by_natural_key(…)`."""
    found = original(manager, *args, **kwargs)
    recording = current()
    if recording is not None and recording.exchange is not None:
        quietly(recording, WHAT, note, recording, list(found.values()) if type(found) is dict else [found])
    return found


def remember(original: Callable[..., Any], manager: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ContentTypeManager._add_to_cache(using, content_type)`: it was just read."""
    recording = current()
    if recording is not None and recording.exchange is not None and len(args) == 2:
        quietly(recording, WHAT, new, recording, args[1])
    return original(manager, *args, **kwargs)


def note(recording: Recording, rows: list[Any]) -> None:
    for row in rows:
        if new(recording, row):
            at, label = now(), str(row._meta.label)
            attributes = {v.MODEL: label, v.DATABASE: str(row._state.db or "default"), v.REMEMBERED_ROW: freeze(row)}
            recording.emit(v.REMEMBERED, f"remembered {label}", at, at, attributes)


def new(recording: Recording, row: Any) -> bool:
    """Whether this request has not met the row yet; it has by now."""
    met: set[tuple[str, Any]] = recording.exchange.remembered
    key = (str(row._meta.label), row.pk)
    return key not in met and not met.add(key)


def patch_content_types(module: Any) -> None:
    """For `django.contrib.contenttypes.models`."""
    for name in ("get_for_model", "get_for_models", "get_for_id", "get_by_natural_key"):
        around(module.ContentTypeManager, name, looked_up)
    around(module.ContentTypeManager, "_add_to_cache", remember)


def patch_sites(module: Any) -> None:
    """For `django.contrib.sites.models`."""

    def current_site(original: Callable[..., Any], manager: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = frozenset(map(id, module.SITE_CACHE.values()))
        found = original(manager, *args, **kwargs)
        recording = current()
        if recording is not None and recording.exchange is not None and id(found) in before:
            quietly(recording, WHAT, note, recording, [found])
        return found

    around(module.SiteManager, "get_current", current_site)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("django.contrib.contenttypes.models", patch_content_types),
    ("django.contrib.sites.models", patch_sites),
)
"""Module and what to do with it once it is imported."""
