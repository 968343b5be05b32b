"""Django's caches: one record an operation of a configured cache, at its outermost method (`get_many` of some backends calls `get`)."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from inspect import signature
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import Derived, type_name

from unspan_instrumentation.bounds import within
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, not_recorded, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now, unseen
from unspan_instrumentation.told import telling, untold

OPERATIONS: Final[dict[str, tuple[str, ...]]] = {
    "add": ("key", "value", "timeout", "version"), "clear": (), "decr": ("key", "delta", "version"), "delete": ("key", "version"),
    "delete_many": ("keys", "version"), "get": ("key", "default", "version"), "get_many": ("keys", "version"),
    "get_or_set": ("key", "default", "timeout", "version"), "has_key": ("key", "version"), "incr": ("key", "delta", "version"),
    "incr_version": ("key", "delta", "version"), "decr_version": ("key", "delta", "version"), "set": ("key", "value", "timeout", "version"),
    "set_many": ("data", "timeout", "version"), "touch": ("key", "timeout", "version"),
}  # fmt: skip
"""Each operation with the names of its arguments; with an `a` before it, it is asynchronous."""
MOST: Final = 5_000
"""Operations of one request."""
ALONE: Final = frozenset({"get", "get_many", "get_or_set", "incr", "decr"})
"""Operations whose result is a value of the cache."""
SAID: Final = frozenset({"add", "delete", "touch", "set_many", "incr_version", "decr_version"})
"""Operations whose result says what was done."""
inside: ContextVar[bool] = ContextVar("unspan_inside_cache", default=False)


def create_connection(original: Callable[..., Any], handler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`CacheHandler.create_connection(alias)`: the one place where a backend, whatever its class, meets its alias."""
    cache = original(handler, *args, **kwargs)
    try:
        watch(cache, str(args[0]))
    except Exception as error:  # a backend of another make is left as it is
        unseen(not_recorded(f"what the application does with the cache {args[0]}", error))
    return cache


def watch(cache: Any, alias: str) -> None:
    backend = type_name(type(cache))
    for name in OPERATIONS:
        for method, operate in ((name, operate_now), (f"a{name}", operate_later)):
            found = getattr(cache, method, None)
            if found is not None:
                given = defaulted(found) if name == "get" else found
                cache.__dict__[method] = watched = Watched(operate, Operation(name, alias, backend), given)
                watched.__dict__.update(method=found, __doc__=found.__doc__, __module__=found.__module__)


class Watched(partial[Any]):
    """Stands in for a method of a cache, and looks like it: Django asks for its `__func__`, asgiref whether it is a coroutine function."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["method"], name)


class Operation:
    """An operation of one cache."""

    __slots__ = ("alias", "backend", "name")

    def __init__(self, name: str, alias: str, backend: str) -> None:
        self.name, self.alias, self.backend = name, alias, backend


class Missing:
    """What `get` returned for a miss: the default that the application gave. Told apart from a cached value that is the same."""

    def __init__(self, default: Any) -> None:
        self.default = default


def defaulted(get: Callable[..., Any]) -> Callable[..., Any]:
    """`get` that returns Missing for a miss; where its signature is another, `get` itself."""
    if "default" not in signature(get).parameters:
        return get

    def read(key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        return get(key, Missing(default), *args, **kwargs)

    return read


class Default:
    """The default of `get_or_set`, which the cache calls when it has none. What that does has records of its own."""

    def __init__(self, given: Any) -> None:
        self.given, self.asked = given, False

    def __call__(self) -> Any:
        self.asked = True
        if not callable(self.given):
            return self.given
        token = inside.set(False)
        try:
            with untold():
                return self.given()
        finally:
            inside.reset(token)


class Doing:
    """One operation under way."""

    def __init__(self, operation: Operation, recording: Recording, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.operation, self.recording, self.start = operation, recording, now()
        self.given = dict(zip(OPERATIONS[operation.name], args, strict=False)) | kwargs
        self.args, self.kwargs = args, kwargs
        self.default: Default | None = None
        if operation.name == "get_or_set" and "default" in self.given:
            self.default = Default(self.given["default"])
            self.args, self.kwargs = (
                ((args[0], self.default, *args[2:]), kwargs) if len(args) > 1 else (args, {**kwargs, "default": self.default})
            )
        self.result: Any = None
        self.error: BaseException | None = None

    @contextmanager
    def recorded(self) -> Generator[None]:
        token = inside.set(True)
        try:
            with telling():
                yield
        except BaseException as error:
            self.error = error
            raise
        finally:
            inside.reset(token)
            quietly(self.recording, "a cache operation", self.noted)

    def noted(self) -> None:
        if not within(self.recording, "cache operations", MOST):
            return
        failed = self.error is not None
        attributes = {**self.asked(), **(exception(self.error) if failed else self.answered())}
        self.recording.emit(v.CACHE, f"cache {self.operation.name}", self.start, now(), attributes, failed=failed, span_kind=3)

    def asked(self) -> dict[str, Any]:
        name, given = self.operation.name, self.given
        found: dict[str, Any] = {v.CACHE_OPERATION: name, v.CACHE_ALIAS: self.operation.alias, v.CACHE_BACKEND: self.operation.backend}
        key = next((given[one] for one in ("key", "keys", "data") if one in given), None)
        if key is not None:
            found[v.CACHE_KEY] = freeze(list(key) if type(key) in (dict, set) else key)
        if "timeout" in given and type(given["timeout"]) is not object:  # Django's mark for the cache's own
            found[v.CACHE_TIMEOUT] = freeze(given["timeout"])
        if given.get("version") is not None:
            found[v.CACHE_VERSION] = freeze(given["version"])
        if "delta" in given:
            found[v.CACHE_DELTA] = freeze(given["delta"])
        if name in ("add", "set"):
            found[v.CACHE_VALUE] = valued(given.get("value"))
        elif name == "set_many":
            found[v.CACHE_VALUE] = freeze(given.get("data"))
        return found

    def answered(self) -> dict[str, Any]:
        name, result = self.operation.name, self.result
        found: dict[str, Any] = {}
        hit = self.hit()
        if hit is not None:
            found[v.CACHE_HIT] = hit
        if self.default is not None:
            found[v.CACHE_COMPUTED] = self.default.asked
        if name in ALONE and (hit is not False or self.default is not None):
            found[v.CACHE_VALUE] = valued(result)
        if name in SAID:
            found[v.CACHE_DONE] = freeze(result)
        return found

    def hit(self) -> bool | None:
        """Whether a read found something."""
        if self.operation.name == "get":
            return type(self.result) is not Missing
        if self.operation.name == "get_or_set":
            return None if self.default is None else not self.default.asked
        if self.operation.name == "has_key":
            return self.result is True
        if self.operation.name == "get_many":
            return type(self.result) is dict and len(self.result) > 0
        return None


def valued(value: Any) -> Any:
    """A value of a cache. A whole response, as `cache_page` keeps it, by its status, headers and content, whatever class of the application's or a library's it is of."""
    if not any(type_name(one) == "django.http.response.HttpResponseBase" for one in mro(type(value))):
        return freeze(value)
    state = object.__getattribute__(value, "__dict__")
    chunks, headers = state.get("_container"), getattr(state.get("headers"), "_store", None)
    if type(chunks) is not list or type(headers) is not dict or not all(type(chunk) is bytes for chunk in chunks):
        return freeze(value)
    said = [[str(name), str(item)] for name, item in headers.values()]
    return Derived(type_name(type(value)), freeze({"status": status_of(value, state), "headers": said, "content": b"".join(chunks)}))


def mro(cls: type) -> tuple[type, ...]:
    """The classes that it inherits from, whatever its metaclass says."""
    return type.__dict__["__mro__"].__get__(cls)


def attributes_of(cls: type) -> Any:
    """What stands in a class itself."""
    return type.__dict__["__dict__"].__get__(cls)


def status_of(response: Any, state: dict[str, Any]) -> Any:
    """The status that the response was given, else that of its class."""
    return next((one["status_code"] for one in (state, *map(attributes_of, mro(type(response)))) if "status_code" in one), None)


def opened(operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Doing | None:
    recording = current()
    if recording is None or recording.closed or inside.get():
        return None
    return quietly(recording, "a cache operation", Doing, operation, recording, args, kwargs)


def operate_now(operation: Operation, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    doing = opened(operation, args, kwargs)
    if doing is None:
        if operation.name == "get_or_set":  # which calls the application
            return original(*args, **kwargs)
        with telling():  # a connection made now stays told
            result = original(*args, **kwargs)
    else:
        with doing.recorded():
            result = doing.result = original(*doing.args, **doing.kwargs)
    return result.default if type(result) is Missing else result


async def operate_later(operation: Operation, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    doing = opened(operation, args, kwargs)
    if doing is None:
        result = await original(*args, **kwargs)
    else:
        with doing.recorded():
            result = doing.result = await original(*doing.args, **doing.kwargs)
    return result.default if type(result) is Missing else result


def patch(module: Any) -> None:
    """For `django.core.cache`."""
    around(module.CacheHandler, "create_connection", create_connection)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("django.core.cache", patch),)
"""Module and what to do with it once it is imported."""
