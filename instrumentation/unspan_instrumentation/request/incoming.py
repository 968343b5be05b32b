"""What came in, as attributes: read from the request's metadata, which asks nothing of the application."""

import re
from functools import partial, wraps
from typing import Any
from urllib.parse import quote

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.request.bodies import Tee

SAFE_IN_PATH = "/:@!$&'()*+,;=~-._"
BROKEN = re.compile("%25([89A-F][0-9A-F])")
"""A byte that is no UTF-8, which Django has left percent-encoded."""
MAX_WRAPPERS = 20


def attributes(request: Any) -> dict[str, Any]:
    meta = request.META
    found: dict[str, Any] = {
        v.METHOD: str(request.method),
        v.PATH: path(request),
        v.SCHEME: str(request.scheme),
        v.HOST: str(request.get_host()),
        v.REQUEST_HEADERS: headers(request),
    }
    if query := meta.get("QUERY_STRING", ""):
        found[v.QUERY] = str(query)
    return found


def path(request: Any) -> str:
    """The path as sent, where the server says so; else Django's, quoted again."""
    meta, scope = request.META, getattr(request, "scope", None)
    if scope and scope.get("raw_path"):
        return str(scope["raw_path"].decode("latin-1"))
    sent = meta.get("REQUEST_URI") or meta.get("RAW_URI")
    if isinstance(sent, str) and sent.startswith("/"):
        return sent.partition("?")[0]
    return BROKEN.sub(r"%\1", quote(request.path, safe=SAFE_IN_PATH))


def headers(request: Any) -> list[list[str]]:
    """`[name, value]` of each header; under ASGI as sent, under WSGI with the names' dashes and capitals put back."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        return [[titled(name.decode("latin-1")), value.decode("latin-1")] for name, value in scope.get("headers", ())]
    found: list[list[str]] = []
    for key, value in request.META.items():
        if type(value) is not str:
            continue
        if key.startswith("HTTP_"):
            found.append([titled(key[5:].replace("_", "-")), value])
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            found.append([titled(key.replace("_", "-")), value])
    return found


def watch_headers(module: Any) -> None:
    """For `django.http.request`: which headers somebody looks up by `request.headers`. What reads `request.META` is not seen."""
    look = module.HttpHeaders.__getitem__

    @wraps(look)
    def __getitem__(found: Any, key: Any) -> Any:
        recording = current()
        if recording is not None and recording.exchange is not None:
            quietly(recording, "a header", recording.exchange.asked, key)
        return look(found, key)

    module.HttpHeaders.__getitem__ = __getitem__


def titled(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))


def watched_body(request: Any, limit: int) -> Tee | None:
    """Puts a tee between the request and its stream, when it has a body that nobody has read yet."""
    stream = request.__dict__.get("_stream")
    if stream is None or request._read_started or "_body" in request.__dict__:
        return None
    tee = Tee(stream, limit, announced(request.META))
    request._stream = tee
    return tee


def announced(meta: Any) -> int:
    """The body's length as announced, -1 when unknown."""
    try:
        return max(int(meta.get("CONTENT_LENGTH") or 0), 0)
    except (TypeError, ValueError):
        return -1


def view(match: Any, function: Any) -> dict[str, Any]:
    """What the URLconf resolved to, and the language at that moment."""
    from django.utils.translation import get_language

    found: dict[str, Any] = {v.VIEW: dotted(function)}
    if match is not None:
        found[v.VIEW_ARGUMENTS] = freeze([list(match.args), dict(match.kwargs)])
        found[v.ROUTE] = str(match.route or "")
    if language := get_language():
        found[v.LANGUAGE] = language
    return found


def dotted(function: Any) -> str:
    """The dotted name of a view callable: of the class for a class-based one."""
    for _ in range(MAX_WRAPPERS):
        if isinstance(function, partial):
            function = function.func
        else:
            break
    cls = getattr(function, "view_class", None) or getattr(function, "cls", None)
    if cls is None and not hasattr(function, "__name__"):
        cls = type(function)
    named = cls or function
    return f"{named.__module__}.{getattr(named, '__qualname__', named.__name__)}"
