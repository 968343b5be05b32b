"""What went out, as attributes."""

from http.client import responses
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated


def attributes(response: Any, limit: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        v.STATUS: int(response.status_code),
        v.RESPONSE_REASON: reason(response),
        v.RESPONSE_HEADERS: [[str(name), str(value)] for name, value in response.items()],
        v.STREAMING: bool(getattr(response, "streaming", False)),
    }
    if is_deferred(response):
        found[v.RESPONSE_DEFERRED] = True
    if charset := response.charset:
        found[v.RESPONSE_CHARSET] = str(charset)
    if cookies := response.cookies:
        found[v.RESPONSE_COOKIES] = {
            str(name): {"value": str(morsel.value), **{key: item for key, item in morsel.items() if item != ""}}
            for name, morsel in cookies.items()
        }
    if not found[v.STREAMING]:
        found[v.RESPONSE_BODY] = body(response, limit)
    return found


def is_deferred(response: Any) -> bool:
    """Whether it is a response that Django renders after the view has returned it."""
    from django.template.response import SimpleTemplateResponse

    return issubclass(type(response), SimpleTemplateResponse)


def reason(response: Any) -> str:
    """The reason phrase that the application chose, else the usual one, as Django has it."""
    chosen = response.__dict__.get("_reason_phrase")
    return chosen if type(chosen) is str else responses.get(int(response.status_code), "Unknown Status Code")


def body(response: Any, limit: int) -> Any:
    """The bytes as they leave; the parts that Django keeps, so that no property of the application's runs."""
    parts = response.__dict__.get("_container")
    content = bytes(response.content) if parts is None else b"".join(parts)
    return content if len(content) <= limit else Truncated("bytes", len(content), content[:limit])
