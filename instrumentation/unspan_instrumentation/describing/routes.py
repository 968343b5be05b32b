"""The project's routes: the URLconf flattened, each pattern with its whole text, its namespaces and its view."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver
from django.urls.converters import get_converters
from unspan_proto.project import Route
from unspan_proto.values import type_name

from unspan_instrumentation.describing.pieces import attempt


def routes() -> tuple[Route, ...]:
    """Raises what importing the URLconf raises."""
    known = {type(converter): name for name, converter in get_converters().items()}
    return tuple(flattened(get_resolver(), "", (), {}, known))


def flattened(resolver: Any, prefix: str, namespaces: tuple[str, ...], outer: dict[str, str], known: dict[type, str]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        text, parameters = prefix + str(entry.pattern), outer | converters(entry.pattern, known)
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from flattened(entry, text, inner, parameters, known)
        else:
            name = ":".join((*namespaces, entry.name)) if entry.name else None
            yield Route(text, name, attempt(lambda found=entry: found.lookup_str) or "", tuple(parameters), parameters)


def converters(pattern: Any, known: dict[type, str]) -> dict[str, str]:
    """Each parameter's name and the converter that `path()` names, or "" for a group of a regular expression."""
    named = {name: known.get(type(converter), type_name(type(converter))) for name, converter in pattern.converters.items()}
    return named or dict.fromkeys(getattr(getattr(pattern, "regex", None), "groupindex", ()), "")
