"""Caches on Django's own backends and on one of another make: whole records compared."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from unspan_instrumentation import caching
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Derived

BACKENDS = ("locmem.LocMemCache", "filebased.FileBasedCache", "db.DatabaseCache", "other")


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in caching.PATCHES:
        patch(import_module(name))


@pytest.fixture(params=BACKENDS)
def cache(request: pytest.FixtureRequest, django: None, tmp_path: Any) -> Any:
    """An empty cache with the alias `local`."""
    from django.core.cache import CacheHandler
    from django.core.management import call_command
    from django.test import override_settings

    dotted = f"{__name__}.Other" if request.param == "other" else f"django.core.cache.backends.{request.param}"
    location = "cache_table" if "Database" in request.param else str(tmp_path)
    caches = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, "local": {"BACKEND": dotted, "LOCATION": location}}
    handler = CacheHandler(caches)
    if "Database" in request.param:
        with override_settings(CACHES=caches):
            call_command("createcachetable", verbosity=0)
        handler["local"].clear()
    return handler["local"]


def __getattr__(name: str) -> Any:
    """`Other`: a backend as redis's are, with asynchronous methods of its own. Made when a test wants it, because Django must be set up."""
    if name != "Other":
        raise AttributeError(name)
    from django.core.cache.backends.locmem import LocMemCache

    class Other(LocMemCache):
        async def aget(self, key: str, default: Any = None, version: int | None = None) -> Any:
            await asyncio.sleep(0)
            return super().get(key, default, version)

        async def aset(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> None:
            await asyncio.sleep(0)
            super().set(key, value, timeout, version)

    return Other


def operation(name: str, key: Any = None, value: Any = None, hit: bool | None = None, **more: Any) -> dict[str, Any]:
    names = {
        "done": v.CACHE_DONE,
        "timeout": v.CACHE_TIMEOUT,
        "version": v.CACHE_VERSION,
        "delta": v.CACHE_DELTA,
        "computed": v.CACHE_COMPUTED,
    }
    found = {v.CACHE_OPERATION: name, v.CACHE_ALIAS: "local", v.CACHE_KEY: key, v.CACHE_VALUE: value, v.CACHE_HIT: hit}
    return {key: item for key, item in found.items() if item is not None} | {names[key]: item for key, item in more.items()}


def seen(records: Any) -> list[dict[str, Any]]:
    """The records, without attributes that are None and the backend, which is looked at on its own."""
    found = [{name: value for name, value in one.attributes.items() if name != v.CACHE_BACKEND} for one in records.of(v.CACHE)]
    for one in found:
        if v.EXCEPTION_MESSAGE in one:  # some name the key as they keep it
            one[v.EXCEPTION_MESSAGE] = one[v.EXCEPTION_MESSAGE].replace(":1:", "")
    return [{name: value for name, value in one.items() if value is not None or name != v.CACHE_VALUE} for one in found]


def refused(cache: Any) -> None:
    with pytest.raises(ValueError, match="not found"):
        cache.incr("none")


async def asynchronously(cache: Any) -> None:
    await cache.aset("a", 1, 60)
    assert await cache.aget("a") == 1
    assert await cache.aget("none", "other") == "other"
    assert await cache.aget_many(["a"]) == {"a": 1}
    assert await cache.aincr("a") == 2
    assert await cache.aget_or_set("b", lambda: 5) == 5
    await cache.adelete("a")


COMPUTED = operation("get_or_set", "a", 5, False, computed=True)
OPERATIONS: list[Any] = [
    pytest.param(
        lambda c: (c.set("a", {"n": [1]}, 60), c.get("a")),
        [operation("set", "a", {"n": [1]}, timeout=60), operation("get", "a", {"n": [1]}, True)],
        id="set and get",
    ),
    pytest.param(lambda c: (c.set("a", None), c.get("a")), [operation("set", "a"), operation("get", "a", hit=True)], id="a cached None is a hit"),
    pytest.param(lambda c: c.get("none"), [operation("get", "none", hit=False)], id="miss"),
    pytest.param(lambda c: c.get("none", "other"), [operation("get", "none", hit=False)], id="miss with a default"),
    pytest.param(
        lambda c: (c.add("a", 1, None), c.add("a", 2), c.incr("a"), c.decr("a", 2)),
        [
            operation("add", "a", 1, done=True, timeout=None), operation("add", "a", 2, done=False), operation("incr", "a", 2),
            operation("decr", "a", 0, delta=2),
        ],
        id="add and count",
    ),
    pytest.param(refused, [operation("incr", "none") | {v.EXCEPTION_TYPE: "ValueError", v.EXCEPTION_MESSAGE: "Key 'none' not found"}], id="count none"),
    pytest.param(
        lambda c: (c.set("a", 1, version=3), c.get("a", version=3), c.get("a"), c.incr_version("a", version=3), c.get("a", version=4)),
        [
            operation("set", "a", 1, version=3), operation("get", "a", 1, True, version=3), operation("get", "a", hit=False),
            operation("incr_version", "a", version=3, done=4), operation("get", "a", 1, True, version=4),
        ],
        id="versions",
    ),
    pytest.param(
        lambda c: (c.set_many({"a": 1, "b": 2}, timeout=5), c.get_many(["a", "none"]), c.get_many({"none"})),
        [
            operation("set_many", ["a", "b"], {"a": 1, "b": 2}, done=[], timeout=5), operation("get_many", ["a", "none"], {"a": 1}, True),
            operation("get_many", ["none"], hit=False),
        ],
        id="many",
    ),
    pytest.param(
        lambda c: ("a" in c, c.set("a", 1), c.has_key("a"), c.touch("a", 9), c.touch("none"), c.delete("a"), c.delete("a"), c.delete_many(["a"]), c.clear()),
        [
            operation("has_key", "a", hit=False), operation("set", "a", 1), operation("has_key", "a", hit=True), operation("touch", "a", timeout=9, done=True),
            operation("touch", "none", done=False), operation("delete", "a", done=True), operation("delete", "a", done=False),
            operation("delete_many", ["a"]), operation("clear"),
        ],
        id="the rest",
    ),
    pytest.param(
        lambda c: (c.get_or_set("a", lambda: 5, 60), c.get_or_set("a", lambda: 6)),
        [COMPUTED | {v.CACHE_TIMEOUT: 60}, operation("get_or_set", "a", 5, True, computed=False)],
        id="get_or_set",
    ),
    pytest.param(lambda c: c.get_or_set("a", 5), [COMPUTED], id="get_or_set with a value"),
    pytest.param(lambda c: c.get_or_set(key="a", default=5), [COMPUTED], id="get_or_set by names"),
    pytest.param(
        lambda c: c.get_or_set("a", lambda: c.get("b", 5)), [COMPUTED, operation("get", "b", hit=False)], id="get_or_set that uses the cache itself"
    ),
    pytest.param(
        lambda c: asyncio.run(asynchronously(c)),
        [
            operation("set", "a", 1, timeout=60), operation("get", "a", 1, True), operation("get", "none", hit=False),
            operation("get_many", ["a"], {"a": 1}, True), operation("incr", "a", 2), operation("get_or_set", "b", 5, False, computed=True),
            operation("delete", "a", done=True),
        ],
        id="asynchronously",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("act", "expected"), OPERATIONS)
def test_operations(act: Callable[[Any], Any], expected: list[Any], cache: Any, recorded: Recording, records: Any) -> None:
    act(cache)
    assert seen(records) == expected
    assert {one.attributes[v.CACHE_BACKEND] for one in records.of(v.CACHE)} == {f"{type(cache).__module__}.{type(cache).__qualname__}"}
    assert recorded.lost == {}


def page(request: Any) -> Any:
    from django.http import HttpResponse

    return HttpResponse("<p>page</p>", headers={"X-Made": "1"})


def by_cache_page() -> None:
    from django.test import RequestFactory
    from django.views.decorators.cache import cache_page

    view = cache_page(60, cache="local")(page)
    for _ in range(2):
        view(RequestFactory().get("/page"))


def by_template_fragment() -> None:
    from django.template import Context, Engine

    engine = Engine(libraries={"cache": "django.templatetags.cache"})
    template = engine.from_string("{% load cache %}{% cache 60 box user using='local' %}{{ n }}{% endcache %}")
    assert [template.render(Context({"n": n, "user": "ann"})) for n in (1, 2)] == ["1", "1"]


def by_session() -> None:
    from django.contrib.sessions.backends.cache import SessionStore
    from django.test import override_settings

    with override_settings(SESSION_CACHE_ALIAS="local"):
        session = SessionStore()
        session["basket"] = [1]
        session.save()
        assert SessionStore(session.session_key)["basket"] == [1]


MIDDLE: list[Any] = [
    pytest.param(by_cache_page, "views.decorators.cache.", ["get", "set", "set", "get", "get"], id="cache_page"),
    pytest.param(by_template_fragment, "template.cache.box.", ["get", "set", "get"], id="template fragment"),
    pytest.param(by_session, "django.contrib.sessions.cache", ["add", "get"], id="session"),
]


@pytest.mark.parametrize(("act", "beginning", "operations"), MIDDLE)
def test_what_django_caches(
    act: Callable[[], None], beginning: str, operations: list[str], recorded: Recording, records: Any, tmp_path: Any
) -> None:
    from django.core.cache import caches
    from django.test import override_settings

    with override_settings(
        ALLOWED_HOSTS=["*"], CACHES={"local": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}}
    ):
        act()
        assert caches["local"]
    found = [one for one in seen(records) if one[v.CACHE_OPERATION] in ("get", "set", "add")]
    assert [one[v.CACHE_OPERATION] for one in found][-len(operations) :] == operations
    assert all(one[v.CACHE_KEY].startswith(beginning) for one in found)
    assert recorded.lost == {}


def test_a_cached_page_is_kept_by_its_parts(recorded: Recording, records: Any) -> None:
    from django.test import override_settings

    with override_settings(
        ALLOWED_HOSTS=["*"], CACHES={"local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"}}
    ):
        by_cache_page()
    kept = seen(records)[-1][v.CACHE_VALUE]
    assert (type(kept), kept.type, kept.value["status"], kept.value["content"]) == (
        Derived,
        "django.http.response.HttpResponse",
        200,
        b"<p>page</p>",
    )
    assert ["X-Made", "1"] in kept.value["headers"]


def test_they_are_bounded(recorded: Recording, records: Any) -> None:
    from django.core.cache import CacheHandler

    cache = CacheHandler({"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}})["default"]
    for _ in range(caching.MOST + 1):
        cache.get("a")
    assert len(records.of(v.CACHE)) == caching.MOST
    assert recorded.lost == {"only the first 5,000 cache operations of the request were recorded": 1}


@pytest.mark.parametrize("where", ["Doing.__init__", "Doing.noted", "valued", "watch"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(where: str, recorded: Recording, monkeypatch: Any) -> None:
    from django.core.cache import CacheHandler

    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.caching.{where}", broken)
    cache = CacheHandler({"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": where}})["default"]
    cache.set("a", 1)
    assert (cache.get("a"), cache.get("b", 2), cache.get_or_set("c", lambda: 3), asyncio.run(cache.aget("a"))) == (1, 2, 3, 1)
    assert recorded.lost or where == "watch"


def test_methods_look_as_before(cache: Any) -> None:
    for name in ("get", "aget", "get_many", "set"):
        plain = getattr(type(cache), name)
        found = getattr(cache, name)
        assert (found.__func__, found.__self__, found.__name__, found.__doc__) == (plain, cache, plain.__name__, plain.__doc__)
        assert iscoroutinefunction(found) is iscoroutinefunction(plain)


def test_nothing_without_a_recording(cache: Any, records: Any) -> None:
    found = SimpleNamespace(set=cache.set("a", 1), get=cache.get("a"), missing=cache.get("b", 2), made=cache.get_or_set("c", lambda: 3))
    assert (found.get, found.missing, found.made, list(records)) == (1, 2, 3, [])
