"""Mail: one record for each message that is handed to an e-mail backend, with all its parts."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.bounds import within
from unspan_instrumentation.contents import content_of
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now
from unspan_instrumentation.told import telling

TEXTS: Final = ("subject", "body", "from_email")
LISTS: Final = ("to", "cc", "bcc", "reply_to")
MOST: Final = 500
"""Messages of one request."""
inside: ContextVar[bool] = ContextVar("unspan_inside_mail", default=False)
"""Whether a backend above is at work already: one may hand its messages on to another."""


def init(original: Callable[..., Any], backend: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`BaseEmailBackend.__init__`: the class that overrides `send_messages` is known here, and only here."""
    result = original(backend, *args, **kwargs)
    if hasattr(backend, "__dict__"):
        backend.__dict__["send_messages"] = partial(send_messages, backend)
    return result


def send_messages(backend: Any, email_messages: Any, *args: Any, **kwargs: Any) -> Any:
    recording = current()
    send = partial(type(backend).send_messages, backend)
    if recording is None or recording.closed or inside.get():
        return send(email_messages, *args, **kwargs)
    if not isinstance(email_messages, (list, tuple)):
        recording.lose(f"mail that was handed over as {type_name(type(email_messages))}, and not as a list, was not recorded")
        return send(email_messages, *args, **kwargs)
    token, start = inside.set(True), now()
    error: BaseException | None = None
    sent: Any = None
    try:
        with telling():
            sent = send(email_messages, *args, **kwargs)
        return sent
    except BaseException as raised:
        error = raised
        raise
    finally:
        inside.reset(token)
        for message in email_messages:
            quietly(recording, "a mail message", noted, recording, backend, message, start, sent, error)


def noted(recording: Recording, backend: Any, message: Any, start: int, sent: Any, error: BaseException | None) -> None:
    if not within(recording, "mail messages", MOST):
        return
    attributes: dict[str, Any] = {v.MESSAGE: described(message), v.MAIL_BACKEND: type_name(type(backend)), **exception(error)}
    if type(sent) is int:
        attributes[v.MAIL_SENT] = sent
    recording.emit(v.MAIL, "mail", start, now(), attributes, failed=error is not None, span_kind=3)


def described(message: Any) -> dict[str, Any]:
    """The message's parts."""
    found: dict[str, Any] = {name: text(getattr(message, name, "")) for name in TEXTS}
    found |= {name: [text(one) for one in getattr(message, name, None) or ()] for name in LISTS}
    found["headers"] = {text(name): text(value) for name, value in (getattr(message, "extra_headers", None) or {}).items()}
    found["content_type"] = text(getattr(message, "content_subtype", ""))
    found["alternatives"] = [[freeze(part) for part in tuple(one)[:2]] for one in getattr(message, "alternatives", None) or ()]
    found["attachments"] = [attachment(one) for one in getattr(message, "attachments", None) or ()]
    return found


def text(value: Any) -> str:
    """A text as the message was sent with. Django's lazy texts were resolved for that; of other objects the type."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if value is None:
        return ""
    return str(value) if kind.__module__ == "django.utils.functional" or kind in (int, float) else type_name(kind)


def attachment(one: Any) -> dict[str, Any]:
    """Name, type and content: of a tuple of those three, or of a MIME part of the standard library's or Django's."""
    if isinstance(one, tuple):
        given: tuple[Any, ...] = (*one, None, None)
        name, content, kind = given[:3]
        if type(content).__module__.startswith("email."):  # a message within the message
            content = content.as_bytes()
    elif type(one).__module__.startswith(("email.", "django.core.mail")):
        name, content, kind = one.get_filename(), one.get_payload(decode=True), one.get_content_type()
    else:
        return {"name": "", "type": type_name(type(one)), "size": -1, "sha256": None, "content": freeze(one)}
    found: dict[str, Any] = {"name": text(name), "type": text(kind)}
    if not isinstance(content, (str, bytes)):
        return found | {"size": -1, "sha256": None, "content": freeze(content)}
    held = content_of(content)
    return found | {"size": held.size, "sha256": held.sha256(), "content": held.value()}


def patch(module: Any) -> None:
    """For `django.core.mail.backends.base`."""
    around(module.BaseEmailBackend, "__init__", init)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("django.core.mail.backends.base", patch),)
"""Module and what to do with it once it is imported."""
