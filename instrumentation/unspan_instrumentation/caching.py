"""Django's caches: one record an operation of a configured cache, at its outermost method (`get_many` of some backends calls `get`)."""

import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from inspect import signature
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
    with suppress(Exception):  # a backend of another make is left as it is
        watch(cache, str(args[0]))
    return cache


def watch(cache: Any, alias: str) -> None:
    for name in OPERATIONS:
        found = getattr(cache, name, None)
        if found is not None:
            cache.__dict__[name] = partial(operate, name, alias, defaulted(found) if name == "get" else found)


class Missing:
    """What `get` returned for a miss: the default that the application gave. Told apart from a cached value that is the same."""

    def __init__(self, default: Any) -> None:
        self.default = default


def defaulted(get: Callable[..., Any]) -> Callable[..., Any]:
    """`get` that returns Missing for a miss; where its signature is another, `get` itself."""
    if "default" not in signature(get).parameters:
        return get

    def read(key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        missing = Missing(default)
        return get(key, missing, *args, **kwargs)

    return read


def operate(name: str, alias: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    recording = current()
    if recording is None or recording.closed or inside.get():
        result = original(*args, **kwargs)
        return result.default if type(result) is Missing else result
    token, start = inside.set(True), time.time_ns()
    try:
        result = original(*args, **kwargs)
    finally:
        inside.reset(token)
    quietly(recording, "a cache operation", noted, recording, name, alias, args, kwargs, result, start)
    return result.default if type(result) is Missing else result


def noted(recording: Recording, name: str, alias: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, start: int) -> None:
    attributes: dict[str, Any] = {v.CACHE_OPERATION: name, v.CACHE_ALIAS: alias}
    key = args[0] if args else next((kwargs[one] for one in ("key", "keys", "data") if one in kwargs), None)
    if key is not None:
        attributes[v.CACHE_KEY] = freeze(list(key) if isinstance(key, (dict, set)) else key)
    hit = hit_of(name, result)
    if hit is not None:
        attributes[v.CACHE_HIT] = hit
    if name == "set_many":
        attributes[v.CACHE_VALUE] = freeze(key)
    elif name in WRITES:
        attributes[v.CACHE_VALUE] = freeze(args[1] if len(args) > 1 else kwargs.get("value"))
    elif name in READS and name != "has_key" and hit is not False:
        attributes[v.CACHE_VALUE] = freeze(result)
    recording.emit(v.CACHE, f"cache {name}", start, time.time_ns(), attributes, span_kind=3)


def hit_of(name: str, result: Any) -> bool | None:
    """Whether a read found something."""
    if name == "get":
        return type(result) is not Missing
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
