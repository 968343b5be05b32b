"""Django's caches: one record an operation of a configured cache, at its outermost method (`get_many` of some backends calls `get`)."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current

OPERATIONS: Final = ("add", "clear", "decr", "delete", "delete_many", "get", "get_many", "has_key", "incr", "set", "set_many", "touch")
READS: Final = frozenset({"get", "get_many", "has_key", "incr", "decr"})
WRITES: Final = frozenset({"add", "set"})
inside: ContextVar[bool] = ContextVar("unspan_inside_cache", default=False)


def create_connection(original: Callable[..., Any], handler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`CacheHandler.create_connection(alias)`: the one place where a backend, whatever its class, meets its alias."""
    cache = original(handler, *args, **kwargs)
    for name in OPERATIONS:
        if hasattr(cache, name) and hasattr(cache, "__dict__"):
            cache.__dict__[name] = partial(operate, name, str(args[0]), getattr(cache, name))
    return cache


def operate(name: str, alias: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    recording = current()
    if recording is None or recording.closed or inside.get():
        return original(*args, **kwargs)
    token, start = inside.set(True), time.time_ns()
    try:
        result = original(*args, **kwargs)
    finally:
        inside.reset(token)
    quietly(recording, "a cache operation", noted, recording, name, alias, args, kwargs, result, start)
    return result


def noted(recording: Recording, name: str, alias: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, start: int) -> None:
    attributes: dict[str, Any] = {v.CACHE_OPERATION: name, v.CACHE_ALIAS: alias}
    key = args[0] if args else next((kwargs[one] for one in ("key", "keys", "data") if one in kwargs), None)
    if key is not None:
        attributes[v.CACHE_KEY] = freeze(list(key) if isinstance(key, (dict, set)) else key)
    hit = hit_of(name, key, args, kwargs, result)
    if hit is not None:
        attributes[v.CACHE_HIT] = hit
    if name == "set_many":
        attributes[v.CACHE_VALUE] = freeze(key)
    elif name in WRITES:
        attributes[v.CACHE_VALUE] = freeze(args[1] if len(args) > 1 else kwargs.get("value"))
    elif name in READS and name != "has_key" and hit is not False:
        attributes[v.CACHE_VALUE] = freeze(result)
    recording.emit(v.CACHE, f"cache {name}", start, time.time_ns(), attributes, span_kind=3)


def hit_of(name: str, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> bool | None:
    """Whether a read found something; a cached value that is the default itself counts as a miss, as it does for the application."""
    if name == "get":
        return result is not (args[1] if len(args) > 1 else kwargs.get("default"))
    if name == "has_key":
        return bool(result)
    if name == "get_many":
        return len(result) > 0
    return None


def patch(module: Any) -> None:
    """For `django.core.cache`."""
    around(module.CacheHandler, "create_connection", create_connection)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("django.core.cache", patch),)
"""Module and what to do with it once it is imported."""
