"""The CSRF check refuses a request, or is asked by the view."""

from functools import wraps
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.recording import current

SAFE: Final = ("GET", "HEAD", "OPTIONS", "TRACE")


def watch(module: Any) -> None:
    """For `django.middleware.csrf`."""
    check = module.CsrfViewMiddleware.process_view

    @wraps(check)
    def process_view(middleware: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        refusal = check(middleware, request, *args, **kwargs)  # a response; REST framework's own check gives the reason and raises it
        recording = current()
        if recording is not None and recording.exchange is not None:
            if refusal is not None:
                recording.exchange.attributes[v.CSRF_ENFORCED] = True
            if recording.exchange.called and recording.exchange.attributes.get(v.METHOD) not in SAFE:
                recording.exchange.attributes[v.CSRF_WITHIN] = True
        return refusal

    module.CsrfViewMiddleware.process_view = process_view
