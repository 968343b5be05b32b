"""Keeps OpenTelemetry's Django instrumentor waiting until Django loads its middleware.

At start-up it would ask for settings that a stock `manage.py` has not named yet, and configure empty ones, which breaks the application; so
it waits also where nothing is recorded.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from unspan_instrumentation.saying import warn

ASGI: Final = "opentelemetry-instrumentation-asgi"


class Deferral:
    """What waits, and what is done before it runs. `prepare` is called once, when settings are surely loaded and an instrumentor waits; None where
    nothing is recorded."""

    def __init__(self, prepare: Callable[[], None] | None) -> None:
        self._prepare = prepare
        self._waiting: list[Callable[[], None]] = []
        self._over = False

    def hold(self, module: Any) -> None:
        """For `opentelemetry.instrumentation.django`."""
        instrument = module.DjangoInstrumentor._instrument

        @wraps(instrument)
        def _instrument(instance: Any, **kwargs: Any) -> None:
            if self._over:
                instrument(instance, **kwargs)
            else:
                self._waiting.append(lambda: instrument(instance, **kwargs))

        module.DjangoInstrumentor._instrument = _instrument

    def watch(self, module: Any) -> None:
        """For `django.core.handlers.base`."""
        load = module.BaseHandler.load_middleware

        @wraps(load)
        def load_middleware(handler: Any, *args: Any, **kwargs: Any) -> Any:
            self.release()
            if args[0] if args else kwargs.get("is_async"):
                self.check_asgi()
            return load(handler, *args, **kwargs)

        module.BaseHandler.load_middleware = load_middleware

    def release(self) -> None:
        """Runs what waits. Never raises."""
        if self._over:
            return
        self._over = True
        for step in [self._prepare, *self._waiting] if self._waiting else ():
            try:
                if step is not None:
                    step()
            except Exception as error:
                warn(f"recording could not start ({type(error).__name__}: {error}); the application runs without it")
                return

    def check_asgi(self) -> None:
        """The Django instrumentor passes over ASGI requests, silently, where a package is missing."""
        stock = sys.modules.get("opentelemetry.instrumentation.django.middleware.otel_middleware")
        if self._prepare is not None and self._waiting and getattr(stock, "_is_asgi_supported", True) is False:
            warn(f"requests that come by ASGI are not recorded because {ASGI} is missing: pip install {ASGI}")
