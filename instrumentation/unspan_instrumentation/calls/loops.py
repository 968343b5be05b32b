"""An ASGI server's event loop, on whose thread Django runs asynchronous views: that thread works for a request as long as its view runs.

The event loop may be any (uvloop hands nothing over to Python), so the view is what is watched. Other requests' steps in between see the same
thread; whose they are, the context says.
"""

from functools import wraps
from typing import Any

from unspan_instrumentation.calls.core import Core
from unspan_instrumentation.recording import current


def watch(core: Core) -> None:
    """Wraps what calls asynchronous views. Called once per process, before Django loads its middleware."""
    from django.core.handlers import base

    handling: Any = base.BaseHandler
    respond = handling._get_response_async

    @wraps(respond)
    async def _get_response_async(handler: Any, request: Any) -> Any:
        recording = current()
        if recording is None:
            return await respond(handler, request)
        core.entered(recording)
        try:
            return await respond(handler, request)
        finally:
            core.left(recording)

    handling._get_response_async = _get_response_async
