"""Mail: one record for each message that is handed to an e-mail backend."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current

TEXTS: Final = ("subject", "body", "from_email")
LISTS: Final = ("to", "cc", "bcc", "reply_to")
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
    if recording is None or recording.closed or inside.get() or not isinstance(email_messages, (list, tuple)):
        return send(email_messages, *args, **kwargs)
    token, start = inside.set(True), time.time_ns()
    error: BaseException | None = None
    try:
        return send(email_messages, *args, **kwargs)
    except BaseException as raised:
        error = raised
        raise
    finally:
        inside.reset(token)
        for message in email_messages:
            quietly(recording, "a mail message", noted, recording, message, start, error)


def noted(recording: Recording, message: Any, start: int, error: BaseException | None) -> None:
    attributes: dict[str, Any] = {v.MESSAGE: described(message)}
    if error is not None:
        attributes[v.EXCEPTION_TYPE] = type_name(type(error))
    recording.emit(v.MAIL, "mail", start, time.time_ns(), attributes, failed=error is not None, span_kind=3)


def described(message: Any) -> dict[str, Any]:
    """The message's parts. Its texts are text by now: a lazy one was resolved when it was sent."""
    found: dict[str, Any] = {name: str(getattr(message, name, "") or "") for name in TEXTS}
    found |= {name: [str(one) for one in getattr(message, name, None) or ()] for name in LISTS}
    found["alternatives"] = [[freeze(part) for part in tuple(one)[:2]] for one in getattr(message, "alternatives", None) or ()]
    found["attachments"] = [attachment(one) for one in getattr(message, "attachments", None) or ()]
    return found


def attachment(one: Any) -> str | None:
    """The file name of an attachment: a tuple that begins with it, or a MIME part."""
    name = one[0] if isinstance(one, tuple) else one.get_filename()
    return None if name is None else str(name)


def patch(module: Any) -> None:
    """For `django.core.mail.backends.base`."""
    around(module.BaseEmailBackend, "__init__", init)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("django.core.mail.backends.base", patch),)
"""Module and what to do with it once it is imported."""
