"""What is learnt of one request while it runs: the attributes that its server span will bear.

Methods may raise what Django raises; who calls them keeps that from the application.
"""

from typing import Any

from opentelemetry.trace import Span
from unspan_proto import FORMAT
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef, Truncated, type_name

from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.records import Heard
from unspan_instrumentation.request import bodies, failures, incoming, outgoing, parsed, viewing
from unspan_instrumentation.request.failures import message
from unspan_instrumentation.request.stock import is_async
from unspan_instrumentation.request.uploads import MAX_FILES, File

__all__ = ["Exchange", "message"]

MAX_TEMPLATES = 200
MAX_HEADERS = 100
MAX_FAILURES = 20
USER_ID, USER_BACKEND = "_auth_user_id", "_auth_user_backend"
"""Django's keys of a login in the session."""
READ_BEFORE = "the request's body was read before the recording began, by middleware that stands before OpenTelemetry's"
BODY_CUT = "the request's body was not recorded whole: it is over UNSPAN_MAX_BODY"
BODY_SKIPPED = "a part of the request's body that the application passed over was not recorded"
ANSWER_CUT = "the response's body was not recorded whole: it is over UNSPAN_MAX_BODY"


class Exchange:
    """One request and its response. `project`: which frames of a traceback are the project's."""

    def __init__(self, request: Any, span: Span, recording: Recording, attributes: dict[str, Any], project: Project) -> None:
        self.request, self.span, self.recording, self.attributes, self.project = request, span, recording, attributes, project
        attributes |= {v.KIND: v.REQUEST, v.FORMAT: FORMAT}
        self.token: Any = None
        self.body: bodies.Body | None = None
        self.files: list[File] = []
        self.session: Any = None
        self.user: ModelRef | None = None
        self.templates: list[str] = []
        self.contexts: list[list[Any]] = []
        self.headers: set[str] = set()
        self.remembered: set[tuple[str, Any]] = set()
        self.failures: list[dict[str, Any]] = []
        self.layer = self.asked_view = self.asked_failure = ""
        """The middleware last entered, last asked before the view, last asked for an answer to the view's exception."""
        self.called = False

    def came_in(self, limit: int) -> None:
        self.body = bodies.watched(self.request, limit)
        if self.body is None:
            self.recording.lose(READ_BEFORE)
        self.attributes |= (brought := incoming.attributes(self.request))
        if self.recording.settings.redact is not None:
            self.recording.sink(Heard(self.recording.trace_id, brought))

    def entered(self, layer: str) -> None:
        """The request has come to a middleware, or (no name) to the end of the chain."""
        self.layer = layer

    def asking(self, middleware: str, *view: Any) -> None:
        """A middleware's `process_view` is about to be called."""
        self.asked_view = middleware

    def excusing(self, middleware: str, error: Any = None) -> None:
        """A middleware's `process_exception` is about to be called with the view's exception."""
        self.asked_failure = middleware
        if isinstance(error, BaseException):
            self.raised(error)

    def reached(self, view: Any) -> None:
        """The URLconf has found the view, and it is about to be called."""
        self.attributes |= viewing.attributes(self.request.resolver_match, view)
        self.attributes[v.VIEW_OWN] = self.project.owns(viewing.module_of(view))
        if hasattr(self.request, "scope") and is_async(view):
            self.attributes[v.VIEW_ASYNC] = True

    def raised(self, error: BaseException) -> None:
        if v.EXCEPTION not in self.attributes:
            self.attributes[v.EXCEPTION] = [type_name(type(error)), message(error)]

    def failed(self, error: BaseException) -> None:
        """Django makes a response of an exception."""
        self.asked_failure = ""
        if len(self.failures) < MAX_FAILURES:
            self.failures.append({**failures.told(error, self.project), "status": None})

    def failure_answered(self, error: BaseException, response: Any) -> None:
        status = int(response.status_code)
        if self.failures:
            self.failures[-1]["status"] = status
        if status >= 500:
            self.raised(error)

    def rendered(self, template: object) -> None:
        if isinstance(template, str) and len(self.templates) < MAX_TEMPLATES:
            self.templates.append(str.__str__(template))

    def given(self, template: str, types: dict[str, str]) -> None:
        """The application had a template rendered, with these names to hand."""
        if len(self.contexts) < MAX_TEMPLATES:
            self.contexts.append([template, types])

    def asked(self, header: object) -> None:
        """The application looked a header up by its name."""
        if type(header) is str and len(self.headers) < MAX_HEADERS:
            self.headers.add(header.replace("_", "-").lower())

    def uploaded(self, file: File) -> None:
        if len(self.files) < MAX_FILES:
            self.files.append(file)
        else:
            self.recording.lose(f"an uploaded file was not described: there were more than {MAX_FILES}")

    def loaded_session(self, store: Any, content: Any) -> None:
        """The session was read for the first time."""
        if self.session is None:
            self.session = store
            self.attributes[v.SESSION] = freeze(content)

    def loaded_user(self, user: Any) -> None:
        frozen = freeze(user)
        if self.user is None and isinstance(frozen, ModelRef):
            self.user = frozen

    def answered(self, response: Any, limit: int) -> None:
        self.attributes |= outgoing.attributes(response, limit)
        if isinstance(self.attributes.get(v.RESPONSE_BODY), Truncated):
            self.recording.lose(ANSWER_CUT)
        self.came_to_know(limit)
        self._logged_in()
        self._session_changed()

    def came_to_know(self, limit: int) -> None:
        """What was gathered while the request ran, with or without an answer."""
        for name, found in (
            (v.REQUEST_HEADERS_ASKED, sorted(self.headers)), (v.RESPONSE_TEMPLATES, list(self.templates)), (v.RESPONSE_CONTEXT, list(self.contexts)),
            (v.EXCEPTIONS, list(self.failures)), (v.ANSWERED_BY, self._answerer()),
        ):  # fmt: skip
            if found:
                self.attributes[name] = found
        self._body_read(limit)

    def _answerer(self) -> str:
        """The middleware that answered for the view, or for its exception; nothing where the view or Django itself did."""
        if self.called:
            return self.asked_failure
        return self.asked_view if v.VIEW in self.attributes else self.layer

    def _body_read(self, limit: int) -> None:
        body = self.body
        if body is not None:
            self.attributes |= body.attributes()
            if body.skipped:
                self.recording.lose(BODY_SKIPPED)
            elif not body.whole:
                self.recording.lose(BODY_CUT)
        if (form := parsed.form(self.request, limit)) is not None:
            self.attributes[v.REQUEST_FORM] = form
        if self.files:
            cut = body is None or not body.whole
            self.attributes[v.REQUEST_FILES] = [file.attributes(with_content=cut) for file in self.files]

    def _logged_in(self) -> None:
        """The session's user is the one that the session named before the request could change it."""
        before = self.attributes.get(v.SESSION)
        if self.user is not None and type(before) is dict and str(self.user.pk) == before.get(USER_ID):
            self.attributes[v.USER] = self.user
            self.attributes[v.USER_BACKEND] = str(before.get(USER_BACKEND, ""))

    def _session_changed(self) -> None:
        store = self.request.__dict__.get("session", self.session)
        if self.session is None or store is None:
            return
        after = freeze(store.__dict__.get("_session_cache"))
        if after is not None and after != self.attributes.get(v.SESSION):
            self.attributes[v.SESSION_AFTER] = after
