"""The CSRF check refuses a request."""

from functools import wraps
from typing import Any

from unspan_proto import vocabulary as v

from unspan_instrumentation.recording import current


def watch(module: Any) -> None:
    """For `django.middleware.csrf`."""
    refuse = module.CsrfViewMiddleware._reject

    @wraps(refuse)
    def _reject(middleware: Any, request: Any, reason: str) -> Any:
        recording = current()
        if recording is not None and recording.exchange is not None:
            recording.exchange.attributes[v.CSRF_ENFORCED] = True
        return refuse(middleware, request, reason)

    module.CsrfViewMiddleware._reject = _reject
