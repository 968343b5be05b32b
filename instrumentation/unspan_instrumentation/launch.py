"""How recording begins under `opentelemetry-instrument`: its two hooks, and what they leave for the moment Django loads its middleware.

Nothing of Django is imported or asked at start-up: a stock `manage.py` names the settings only when it runs, and OpenTelemetry's Django
instrumentor would configure empty ones before. Neither hook raises: an error there would keep other instrumentors from running.
"""

import atexit
import os
from typing import Any

from wrapt import register_post_import_hook

from unspan_instrumentation import seams
from unspan_instrumentation.errors import SettingError
from unspan_instrumentation.recorder import Recorder
from unspan_instrumentation.saying import complain
from unspan_instrumentation.seams import guarded
from unspan_instrumentation.settings import read

_recorders: list[Recorder] = []
"""The process's recorder, once there is one."""
FLUSH_SECONDS = 2.0


def before() -> None:
    """OpenTelemetry's `pre_instrument` hook: reads the settings, keeps the Django instrumentor waiting, and installs the seams."""
    if _recorders:
        return
    try:
        settings = read(os.environ)
        if settings.enabled:
            start(Recorder(settings))
    except SettingError as error:
        complain(str(error))
    except Exception as error:
        complain(f"recording could not start ({type(error).__name__}: {error}); the application runs without it")


def after() -> None:
    """OpenTelemetry's `post_instrument` hook. What is left waits for Django's middleware: only then is the provider known to be final."""


def start(recorder: Recorder) -> None:
    _recorders.append(recorder)
    register_post_import_hook(guarded(recorder.defer), "opentelemetry.instrumentation.django")
    register_post_import_hook(guarded(recorder.await_middleware), "django.core.handlers.base")
    seams.install()
    atexit.register(flush, FLUSH_SECONDS)


def flush(timeout: float = 10.0) -> bool:
    """Whether everything recorded so far reached the collector within `timeout` seconds; True where nothing is recorded."""
    return all(recorder.outbox.flush(timeout) for recorder in _recorders)


def recorder() -> Any:
    """The process's recorder; None when recording is off."""
    return _recorders[0] if _recorders else None
