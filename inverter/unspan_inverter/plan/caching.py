"""The cache of the test: one of its own, holding what the request found in the recorded one."""

from collections.abc import Iterator, Mapping
from typing import Any

from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.facts import Facts, Key
from unspan_inverter.facts.parents import elsewhere
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Call, Do, Import, Item, Statement, method
from unspan_inverter.plan.numbered import numbers, place
from unspan_inverter.plan.relevance import plain

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
SESSIONS = "django.contrib.sessions"
FRAMEWORK = (SESSIONS, "views.decorators.cache")
"""Beginnings of keys under which Django itself caches."""


def entries(facts: Facts) -> dict[tuple[str, str], Any]:
    """What reads found before anything wrote it: (alias, key) → value."""
    found: dict[tuple[str, str], Any] = {}
    written: set[tuple[str, str]] = set()
    for used in facts.cache:
        keys = used.key if isinstance(used.key, (list, tuple)) else [used.key]
        for key in keys:
            place = (used.alias, str(bare(key)))
            value = used.value.get(key) if isinstance(used.value, dict) and isinstance(used.key, (list, tuple)) else used.value
            if place[1].startswith(FRAMEWORK) or place in found or place in written:
                continue
            if used.operation.startswith("get") and used.hit and value is not None and not lossy(value):
                found[place] = bare(value)
            elif not used.operation.startswith(("get", "has")):
                written.add(place)
    return found


def arranged(facts: Facts, bindings: Bindings) -> Iterator[Statement]:
    for (alias, key), value in entries(facts).items():
        made = remade(numbers(key, value, bindings), bindings)
        yield Do(method(cache(alias), "set", place(key, bindings), made))


def cache(alias: str) -> Any:
    return Import("django.core.cache", "cache") if alias == "default" else Item(Import("django.core.cache", "caches"), alias)


def remade(value: Any, bindings: Bindings) -> Any:
    """A cached value in the test: of a row, which caches keep as an object, the object that was made for it, else one with the same fields."""
    if isinstance(value, ModelRef):
        key = elsewhere(Key(value.label, bare(value.pk)), bindings.names, bindings.project)
        return bindings.row(key) if key in bindings.names else instance(value, bindings)
    if isinstance(value, dict):
        return {name: remade(item, bindings) for name, item in value.items()}
    return type(value)(remade(item, bindings) for item in value) if type(value) in (list, tuple) else value


def instance(value: ModelRef, bindings: Bindings) -> Any:
    """A row's object that is not saved; the stand-in itself, which has no source form, where a field is not known."""
    model = bindings.project.model(value.label)
    if model is None or not value.fields or any(lossy(item) for item in value.fields.values()):
        return value
    return Call(Import(model.module, model.name), (), tuple((name, plain(item)) for name, item in value.fields.items()))


def settings(facts: Facts, bindings: Bindings, name: str) -> Mapping[str, Any]:
    """The setting that gives the test caches of its own, where the request used any."""
    if all(str(bare(used.key)).startswith(SESSIONS) for used in facts.cache):
        return {}
    known = bindings.project.settings.get("CACHES")
    aliases = sorted(
        {"default", *(str(alias) for alias in (known if isinstance(known, dict) else {})), *(used.alias for used in facts.cache)}
    )
    return {"CACHES": {alias: {"BACKEND": LOCMEM, "LOCATION": f"{name}-{alias}", **arguments(alias, bindings)} for alias in aliases}}


def arguments(alias: str, bindings: Bindings) -> Mapping[str, Any]:
    """How long the recorded cache keeps things, and how it writes keys."""
    known = bindings.project.settings.get("CACHE_ARGUMENTS")
    own = known.get(alias) if isinstance(known, dict) else None
    return {str(name): bare(value) for name, value in own.items() if not lossy(value)} if isinstance(own, dict) else {}
