"""What came in, as attributes: read from the request's metadata, which asks nothing of the application."""

import re
from functools import wraps
from typing import Any
from urllib.parse import quote

from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current

SAFE_IN_PATH = "/:@!$&'()*+,;=~-._"
BROKEN = re.compile("%25([89A-F][0-9A-F])")
"""A byte that is no UTF-8, which Django has left percent-encoded."""


def attributes(request: Any) -> dict[str, Any]:
    meta = request.META
    found: dict[str, Any] = {
        v.METHOD: str(request.method),
        v.PATH: path(request),
        v.SCHEME: scheme(request),
        v.HOST: host(request),
        v.REQUEST_HEADERS: headers(request),
    }
    for name, key in ((v.QUERY, "QUERY_STRING"), (v.CLIENT_ADDRESS, "REMOTE_ADDR"), (v.SCRIPT_NAME, "SCRIPT_NAME")):
        if value := meta.get(key):
            found[name] = str(value)
    if sent := meta.get("HTTP_COOKIE"):
        found[v.REQUEST_COOKIES] = cookies(sent, wsgi=not hasattr(request, "scope"))
    return found


def host(request: Any) -> str:
    """The host as the request names it, also one that the application does not allow."""
    try:
        return str(request._get_raw_host())
    except Exception:  # no host, and no server that says its name
        return ""


def scheme(request: Any) -> str:
    try:
        return str(request.scheme)
    except Exception:  # SECURE_PROXY_SSL_HEADER is not what Django wants, and the application will be told
        return str(request.META.get("wsgi.url_scheme", "http"))


def cookies(header: str, wsgi: bool) -> dict[str, str]:
    """Name → value, as `request.COOKIES` has them: Django decodes the header under WSGI, and not under ASGI."""
    from django.http.cookie import parse_cookie

    return dict(parse_cookie(header.encode("iso-8859-1", "replace").decode("utf-8", "replace") if wsgi else header))


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
        __traceback_hide__ = True
        recording = current()
        if recording is not None and recording.exchange is not None:
            quietly(recording, "a header", recording.exchange.asked, key)
        return look(found, key)

    module.HttpHeaders.__getitem__ = __getitem__


def titled(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))
