"""What is learnt of one request while it runs: the attributes that its server span will bear.

Methods may raise what Django raises; who calls them keeps that from the application.
"""

from typing import Any

from opentelemetry.trace import Span
from unspan_proto import FORMAT
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef, type_name

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.request import incoming, outgoing
from unspan_instrumentation.request.bodies import Tee

MAX_TEMPLATES = 200
MAX_HEADERS = 100
USER_ID, USER_BACKEND = "_auth_user_id", "_auth_user_backend"
"""Django's keys of a login in the session."""


class Exchange:
    """One request and its response."""

    def __init__(self, request: Any, span: Span, recording: Recording, attributes: dict[str, Any]) -> None:
        self.request, self.span, self.recording, self.attributes = request, span, recording, attributes
        attributes |= {v.KIND: v.REQUEST, v.FORMAT: FORMAT}
        self.token: Any = None
        self.body: Tee | None = None
        self.session: Any = None
        self.user: ModelRef | None = None
        self.templates: list[str] = []
        self.headers: set[str] = set()
        self.remembered: set[tuple[str, Any]] = set()

    def came_in(self, limit: int) -> None:
        self.attributes |= incoming.attributes(self.request)
        self.body = incoming.watched_body(self.request, limit)

    def reached(self, view: Any) -> None:
        """The URLconf has found the view, and it is about to be called."""
        match = self.request.resolver_match
        self.attributes |= incoming.view(match, view)

    def raised(self, error: BaseException) -> None:
        if v.EXCEPTION not in self.attributes:
            self.attributes[v.EXCEPTION] = [type_name(type(error)), message(error)]

    def rendered(self, template: object) -> None:
        if isinstance(template, str) and len(self.templates) < MAX_TEMPLATES:
            self.templates.append(str.__str__(template))

    def asked(self, header: object) -> None:
        """The application looked a header up by its name."""
        if type(header) is str and len(self.headers) < MAX_HEADERS:
            self.headers.add(header.replace("_", "-").lower())

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
        if self.headers:
            self.attributes[v.REQUEST_HEADERS_ASKED] = sorted(self.headers)
        if self.templates:
            self.attributes[v.RESPONSE_TEMPLATES] = list(self.templates)
        if self.body is not None:
            self.attributes |= self.body.attributes()
        self._logged_in()
        self._session_changed()

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


def message(error: BaseException) -> str:
    """The text of an exception's arguments, without asking the exception."""
    return ", ".join(str(part) for part in error.args if type(part) in (str, int, float))[:2_000]
