"""The recorder of a process: brings the parts together when Django loads its middleware or a unit of work begins; opens and closes recordings."""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context
from opentelemetry.trace import Span, set_span_in_context

from unspan_instrumentation import provider
from unspan_instrumentation.calls import choosing, coroutines, loops, threads
from unspan_instrumentation.calls.core import Core, Nothing
from unspan_instrumentation.calls.disposition import Project, roots
from unspan_instrumentation.freezing import forget
from unspan_instrumentation.outbox import Outbox
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, current, open_calls
from unspan_instrumentation.records import Within
from unspan_instrumentation.request import middleware
from unspan_instrumentation.sending import Sender
from unspan_instrumentation.settings import Settings

try:
    from unspan_instrumentation import describing
except ImportError:
    describing = None


class Recorder:
    """Holds the settings, the exporter, the span processor and the core that watches calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outbox = Outbox(settings, Sender(settings))
        self.processor = provider.Processor(self.outbox)
        self.calls: Core = Nothing("nothing is watched before Django loads its middleware")
        self._watching = False
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        """In a process that was forked nobody holds it."""
        self._choosing = threading.RLock()

    def prepare(self) -> None:
        """Django's settings are loaded: the tracer provider is final, and the project's folders are known."""
        if provider.join(self.processor):
            middleware.watch(self)
        self.watch_calls()

    def watch_calls(self) -> None:
        """Has calls watched from now on, in this process; asked again, does nothing. Threads that ask at one moment wait for the first of them."""
        with self._choosing:
            if self._watching:
                return
            self._watching = True
            self.calls = choosing.choose(self.settings, self.project())
            self.calls.install()
            threads.watch(self.calls)
            loops.watch(self.calls)
            coroutines.watch(self.calls)

    def project(self) -> Project:
        """What the project's own code is, once Django's settings are loaded."""
        from django.conf import settings

        folders = roots(getattr(settings, "SETTINGS_MODULE", None), sys.argv, getattr(settings, "BASE_DIR", None))
        return Project(folders, self.settings.include, self.settings.exclude, self.settings.values)

    def opened(self, trace_id: int, span_id: int, attributes: dict[str, Any]) -> Recording:
        """A new recording for a server span that has just begun; `attributes` go with that span when it ends.

        Inside a unit of work (a test's client) it belongs to the work's trace, below the innermost call, though the SDK knows nothing of that.
        """
        outer = current()
        inside = outer is not None and (outer.work is not None or outer.within is not None)
        recording = Recording(outer.trace_id if outer and inside else trace_id, span_id, self.outbox.put, self.settings)
        if outer and inside:
            recording.within = Within(trace_id, outer.parent())
        self.processor.opened(recording, attributes)
        self.entered(recording)
        return recording

    def entered(self, recording: Recording) -> None:
        """This thread begins to work for it."""
        self.outbox.entered()
        quietly(recording, "function calls", self.calls.entered, recording)

    def of_work(self, trace_id: int, span_id: int) -> Recording:
        """A new recording for a unit of work whose root will bear this id."""
        if not self.outbox.resource:
            self.outbox.resource = provider.known_resource()
        self.watch_calls()
        return Recording(trace_id, span_id, self.outbox.put, self.settings)

    def describe(self, with_routes: bool = True) -> str | None:
        """The trace id under which the project's description is kept, once that has been sent."""
        return describing.reference(self.outbox.put, with_routes) if describing else None

    def left(self, recording: Recording) -> None:
        """The request's thread has done its work; a streaming response may go on."""
        quietly(recording, "function calls", self.calls.left, recording)
        if stack := open_calls.stack:  # a frame whose end was not seen
            stack[:] = [call for call in stack if call[0] is not recording]
        self.outbox.left()

    @contextmanager
    def resumed(self, recording: Recording, span: Span) -> Generator[None]:
        """What runs inside belongs to the recording, and its spans under the server span, though that has ended.

        A provider of the application's own has those spans where they would be without us.
        """
        attached = context.attach(set_span_in_context(span)) if self.processor.everything else None
        try:
            with threads.working(self.calls, recording, recording.root):
                yield
        finally:
            if attached is not None:
                context.detach(attached)

    def closed(self, recording: Recording) -> None:
        """Nothing more comes: the server span was handed over before."""
        quietly(recording, "function calls", self.calls.finish, recording)
        recording.end()
        forget()
        self.processor.closed(recording)
