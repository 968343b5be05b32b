"""Django's objects that functions hand around: what matters of them, read from where they keep it. Nothing is executed, validated or rendered."""

from collections.abc import Callable
from typing import Any, Final

from unspan_proto.values import Opaque, type_name

from unspan_instrumentation.freezing.kinds import declared, inherits, of, state
from unspan_instrumentation.freezing.limits import MAX_DEPTH
from unspan_instrumentation.freezing.objects import of_fields
from unspan_instrumentation.freezing.snapshot import Snapshot, Way

Fields = Callable[[dict[str, Any], type], dict[str, Any]]
"""What is kept of an object, from all that it holds and its class."""


def some(**names: str) -> Fields:
    """The fields that are there, under the names that users know."""
    return lambda held, kind: {shown: held[name] for shown, name in names.items() if name in held}


def query_set(held: dict[str, Any], kind: type) -> dict[str, Any]:
    """The model, and the rows once they were fetched. The query itself would have to be compiled by lookups of the application's."""
    options = declared(held["model"], "_meta") if isinstance(held.get("model"), type) else None
    rows = held.get("_result_cache")
    return {"model": getattr(options, "label", None), "evaluated": rows is not None} | ({"rows": rows} if rows is not None else {})


def form(held: dict[str, Any], kind: type) -> dict[str, Any]:
    """What came in, and what validation has found, where it has run."""
    return some(data="data", initial="initial", prefix="prefix", cleaned_data="cleaned_data", instance="instance")(held, kind) | (
        {"errors": held["_errors"]} if held.get("_errors") is not None else {}
    )


def response(held: dict[str, Any], kind: type) -> dict[str, Any]:
    return {"status_code": held.get("status_code", declared(kind, "status_code"))}


OF_DJANGO: Final = frozenset({
    "environ", "scope", "path_info", "script_name", "META", "content_type", "content_params", "resolver_match", "COOKIES", "GET", "POST", "FILES", "headers",
    "session", "user", "auser", "csrf_processing_done", "urlconf", "current_app", "LANGUAGE_CODE", "_stream", "_read_started", "_body", "_post",
    "_files", "_encoding", "_upload_handlers", "_messages", "_cached_user", "_acached_user", "_dont_enforce_csrf_checks", "_post_parse_error",
    "_body_receive_channel", "_current_scheme_host", "accepted_types", "accepted_types_by_precedence", "method", "path",
})  # fmt: skip
"""What Django itself keeps in a request, and what is recorded of it elsewhere."""
RECORDERS: Final = ("_unspan_", "_otel_")
"""How the names begin under which we and OpenTelemetry's middleware keep something there."""


def request(held: dict[str, Any], kind: type) -> dict[str, Any]:
    """The method, the path, and what the application's middleware and decorators have put there."""
    return some(method="method", path="path")(held, kind) | {
        name: held[name] for name in held if name not in OF_DJANGO and not name.startswith(RECORDERS)
    }


KNOWN: Final[tuple[tuple[str, str, Fields], ...]] = (
    ("django.http.request", "HttpRequest", request),
    ("django.http.response", "HttpResponseBase", response),
    ("django.db.models.query", "QuerySet", query_set),
    ("django.forms.forms", "BaseForm", form),
    ("django.core.files.uploadedfile", "UploadedFile", some(name="_name", size="size", content_type="content_type", charset="charset")),
    ("django.core.files.base", "File", some(name="name", size="size")),
)


def known(kind: type) -> Way | None:
    """An object of a class in the table."""
    for module, name, fields in KNOWN:
        if inherits(kind, module, name):
            return chosen(kind, fields)
    return None


def chosen(kind: type, fields: Fields) -> Way | None:
    read = state(kind)
    return None if read is None else of_fields(type_name(kind), lambda value: fields(read(value), kind))


def lazy(kind: type) -> Way | None:
    """A lazy object of Django's: what it wraps when something has asked it already."""
    read = state(kind) if inherits(kind, "django.utils.functional", "LazyObject") else None
    if read is None:
        return None
    stand_in = Opaque(type_name(kind))

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        wrapped = read(value).get("_wrapped", None)
        if wrapped is None or wrapped is of("django.utils.functional", "empty") or depth >= MAX_DEPTH:
            return stand_in
        return snapshot.part(wrapped, depth + 1)

    return way
