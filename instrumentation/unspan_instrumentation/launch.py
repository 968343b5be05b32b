"""How recording begins under `opentelemetry-instrument`: its two hooks, and what they leave for the moment Django loads its middleware.

Nothing of Django is imported or asked at start-up: a stock `manage.py` names the settings only when it runs, and OpenTelemetry's Django
instrumentor would configure empty ones before. Neither hook raises: an error there would keep other instrumentors from running.
"""

import atexit
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from wrapt import register_post_import_hook

from unspan_instrumentation import seams, works
from unspan_instrumentation.deferring import Deferral
from unspan_instrumentation.errors import SettingError
from unspan_instrumentation.recorder import Recorder
from unspan_instrumentation.saying import complain
from unspan_instrumentation.seams import guarded
from unspan_instrumentation.settings import read

FLUSH_SECONDS = 2.0
"""How long the end of the process waits for what was not sent yet."""

_started: list[Recorder | None] = []
"""The process's recorder, None where nothing is recorded; empty before the hooks have run."""


def before() -> None:
    """OpenTelemetry's `pre_instrument` hook: reads the settings, keeps the Django instrumentor waiting, and installs the seams."""
    if _started:
        return
    try:
        start(made())
    except Exception as error:
        complain(f"recording could not start ({type(error).__name__}: {error}); the application runs without it")
        if not _started:
            start(None)  # else OpenTelemetry's Django instrumentor, installed with us, would configure empty settings


def after() -> None:
    """OpenTelemetry's `post_instrument` hook. All that is left waits for Django's middleware: only then the tracer provider is final."""


def made() -> Recorder | None:
    """A recorder with the settings of the environment; None where they say so or cannot be read, which is said."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        complain(str(error))
        return None
    return Recorder(settings) if settings.enabled else None


def start(recorder: Recorder | None) -> None:
    _started.append(recorder)
    deferral = Deferral(recorder.prepare if recorder else None)
    register_post_import_hook(guarded(deferral.hold), "opentelemetry.instrumentation.django")
    register_post_import_hook(guarded(deferral.watch), "django.core.handlers.base")
    if recorder is not None:
        seams.install()
        seams.install(works.seams(recorder))
        atexit.register(recorder.outbox.leave, FLUSH_SECONDS)


def flush(timeout: float = 10.0) -> bool:
    """Whether everything recorded so far reached the collector within `timeout` seconds; true where nothing is recorded."""
    return all(recorder.outbox.flush(timeout) for recorder in _started if recorder is not None)


@contextmanager
def aside() -> Generator[None]:
    """Inside, what is recorded goes nowhere. Only where nothing was recorded before."""
    with ExitStack() as stack:
        for one in _started:
            if one is not None:
                stack.enter_context(one.outbox.aside())
        yield


def recorder() -> Recorder | None:
    """The process's recorder; None when recording is off."""
    return _started[0] if _started else None
