"""Every place where we get between the application and a library: a module, and what is done to it once the application has imported it.

One line a seam. Nothing here imports Django or a client library; the hooks run with the module that the application imported.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from wrapt import register_post_import_hook

from unspan_instrumentation import caching, digests, logs, mail, outbound, processes, remembered, signals, sockets, sql, storage, tapes
from unspan_instrumentation.recording import unseen
from unspan_instrumentation.redaction import hashes, signing
from unspan_instrumentation.request import chain, csrf, endings, failures, incoming, sessions, templates, uploads
from unspan_instrumentation.saying import warn

Seam = tuple[str, Callable[[Any], None]]

SEAMS: tuple[Seam, ...] = (
    ("django.http.request", incoming.watch_headers),
    ("django.middleware.csrf", csrf.watch),
    ("django.contrib.sessions.backends.base", sessions.watch_sessions),
    ("django.contrib.auth", sessions.watch_users),
    ("django.contrib.auth.hashers", hashes.watch),
    ("django.core.signing", signing.watch),
    ("django.template.base", templates.watch_django),
    ("django.test.utils", templates.watch_tests),
    ("django.template.backends.jinja2", templates.watch_jinja),
    ("django.core.handlers.base", chain.watch),
    ("django.core.handlers.exception", failures.watch),
    ("django.http.multipartparser", uploads.watch),
    ("django.http.response", endings.watch),
    *sql.PATCHES,
    *outbound.PATCHES,
    *tapes.PATCHES,
    *mail.PATCHES,
    *caching.PATCHES,
    *remembered.PATCHES,
    *logs.PATCHES,
    *signals.PATCHES,
    *storage.PATCHES,
    *processes.PATCHES,
    *sockets.PATCHES,
    *digests.PATCHES,
)


def install(seams: tuple[Seam, ...] = SEAMS) -> None:
    for name, patch in seams:
        register_post_import_hook(guarded(patch), name)


def guarded(patch: Callable[[Any], None]) -> Callable[[ModuleType], None]:
    """A hook that never raises into the import that runs it."""

    def hook(module: ModuleType) -> None:
        try:
            patch(module)
        except Exception as error:
            warn(f"{module.__name__} {getattr(module, '__version__', '')} cannot be watched ({type(error).__name__}: {error})")
            unseen(f"what the application does by {module.__name__} was not recorded, because of {type(error).__name__} inside unspan")

    return hook
