"""The description of the user's project: built once per process, when the first request is recorded, and sent in a trace of its own.

Reads Django's registries; evaluates no default, no choices function, no lazy text of the application. A piece that cannot be described is
left out.
"""

import os
import platform
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.project import Project, as_plain, fingerprint
from unspan_proto.values import encode

from unspan_instrumentation.recording import FORMAT
from unspan_instrumentation.records import Record

AGAIN: Final = 300.0
"""Seconds after which the same record is sent once more: the collector may be another one by now."""
ATTEMPTS: Final = 3
"""The attempt that leaves out the routes, because the URLconf could not be imported before."""


def describe(with_routes: bool = True) -> Project:
    """The project as it is now. Raises what importing the URLconf raises."""
    import django  # in the user's process Django comes when the application brings it
    from django.conf import settings
    from django.utils import translation

    from unspan_instrumentation.describing import models, routes, surroundings

    with translation.override(settings.LANGUAGE_CODE):
        return Project(
            format=FORMAT,
            django=django.get_version(),
            python=platform.python_version(),
            settings_module=surroundings.settings_module(),
            root=surroundings.root(),
            settings=surroundings.settings_that_matter(),
            databases=surroundings.databases(),
            packages=surroundings.packages(),
            models=models.models(),
            routes=routes.routes() if with_routes else (),
            atomics=surroundings.atomics(),
        )


class Description:
    """What has been described and sent in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.records: dict[bool, Record] = {}
        """With the routes, and without them."""
        self.failures = 0
        self.sent: dict[bool, tuple[int, float]] = {}

    def reference(self, send: Callable[[Record], object], with_routes: bool = True) -> str | None:
        """The project's fingerprint, with its record sent; None while the project cannot be described."""
        record = self.records.get(with_routes) or self.described(with_routes)
        if record is None:
            return None
        pid, at = self.sent.get(with_routes, (0, 0.0))
        now = time.monotonic()
        if pid != os.getpid() or now - at > AGAIN:
            self.sent[with_routes] = os.getpid(), now
            send(record)
        return f"{record.trace_id:032x}"

    def described(self, with_routes: bool) -> Record | None:
        with self.lock:
            if with_routes not in self.records and ready() and (made := self.attempted(with_routes)) is not None:
                self.records[with_routes] = made
            return self.records.get(with_routes)

    def attempted(self, with_routes: bool) -> Record | None:
        try:
            return as_record(describe(with_routes and self.failures < ATTEMPTS - 1))
        except Exception:  # a URLconf that cannot be imported answers every request with the same error: next time, then
            self.failures += 1
            return None


def ready() -> bool:
    """Whether the application's models are all there."""
    from django.apps import apps  # in the user's process Django comes when the application brings it

    return bool(apps.ready)


def as_record(project: Project) -> Record:
    plain: dict[str, Any] = as_plain(project)
    trace_id, now = fingerprint(encode(plain)), time.time_ns()
    span_id = hash((trace_id, os.getpid(), now)) & 0x7FFFFFFFFFFFFFFF or 1
    return Record(int(trace_id, 16), span_id, 0, v.PROJECT, "project", now, now, {v.FORMAT: FORMAT, v.DESCRIPTION: plain})


_description = Description()
reference = _description.reference
